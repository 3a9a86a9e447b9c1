//! The annotated function, as far as it must be understood: never its body.

mod output;
mod parameters;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, Result, ReturnType, Signature, Token, Visibility};

use crate::args::place;
pub(crate) use output::Returns;
use output::blank;
use parameters::name_all;

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The very group that the user wrote: compiler, lints and editors look at its braces.
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if let Some(message) = refusal(input) {
            return Err(input.error(message));
        }
        let mut signature: Signature = input
            .parse()
            .map_err(|error| Error::new(error.span(), UNREADABLE))?;
        if let Some(token) = &signature.constness {
            let message = "`#[notify]` cannot report from a `const fn`: remove `const`";
            return Err(Error::new_spanned(token, message));
        }
        if input.peek(Token![;]) || input.is_empty() {
            let message = "`#[notify]` needs a body: put it on the function where its body is, as in each `impl` of a trait";
            return Err(Error::new_spanned(&signature.ident, message));
        }
        if let ReturnType::Type(_, output) = &signature.output
            && let Some(blank) = blank(output)
        {
            let message =
                "`#[notify]` must know the type that is returned: write it in the place of the `_`";
            return Err(Error::new_spanned(blank, message));
        }
        let mut attributes = attributes;
        let body = body(input, &mut attributes)?;
        if attributes
            .iter()
            .any(|attribute| is_of_a_copied(attribute, &signature, &body))
        {
            return Err(Error::new_spanned(&signature.ident, COPIED));
        }
        name_all(&mut signature);
        if let Some(second) = attributes.iter().find(|attribute| is_notify(attribute)) {
            return Err(Error::new_spanned(second, TWICE));
        }
        if is_ours(&body) {
            return Err(Error::new_spanned(&signature.ident, TWICE));
        }
        Ok(Self {
            attributes,
            visibility,
            signature,
            body,
        })
    }
}

/// Said in place of a list of what may stand there. What the compiler cannot read either it says itself, at the same place.
const UNREADABLE: &str = "`#[notify]` cannot read the function from here on";

const COPIED: &str = "another attribute runs a copy of this function's body, and never this function: nothing would be \
     reported. Put `#[notify]` above that attribute";

/// Recognizes the `#[allow(dead_code)]` of an attribute that has taken the body elsewhere, as
/// `rocket::launch` does: it stands where the body is, and no user can write one there. In a function that
/// a macro makes all is in one place.
fn is_of_a_copied(attribute: &Attribute, signature: &Signature, body: &Group) -> bool {
    let is_allow = attribute.path().is_ident("allow");
    let arguments = attribute.meta.require_list().ok();
    let first = arguments.and_then(|all| all.tokens.clone().into_iter().next());
    let body = place(body.span());
    is_allow
        && matches!(first, Some(TokenTree::Ident(lint)) if lint == "dead_code")
        && place(attribute.pound_token.span) == body
        && place(signature.fn_token.span) != body
}

const TWICE: &str = "`#[notify]` is on this function twice: remove one";

/// Recognizes `#[notify]` by its last segment, under which it is imported.
pub(crate) fn is_notify(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "notify")
}

/// The name of the static in a function that was expanded: by it a second attribute, whatever its
/// name, knows the first. The core cuts type names there.
pub(crate) const STATIC: &str = "__NOTIFY_SITE";

fn is_ours(body: &Group) -> bool {
    // let site = { static __NOTIFY_SITE
    let Some(TokenTree::Group(first)) = body.stream().into_iter().nth(3) else {
        return false;
    };
    let second = first.stream().into_iter().nth(1);
    matches!(second, Some(TokenTree::Ident(ident)) if ident == STATIC)
}

/// Says what to do where the item is no function.
fn refusal(input: ParseStream) -> Option<&'static str> {
    Some(
        if input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]) {
            "`#[notify]` goes on a function: put it on those of this `impl` that are to be reported"
        } else if input.peek(Token![trait])
            || input.peek(Token![unsafe]) && input.peek2(Token![trait])
        {
            "`#[notify]` goes on a function: put it on those of each `impl` of this trait"
        } else if input.peek(Token![mod]) {
            "`#[notify]` goes on a function: put it on those of this module that are to be reported"
        } else if is_foreign_block(input) || is_safe_foreign(input) {
            "`#[notify]` goes on a function with a body, which a foreign one has elsewhere"
        } else if [
            input.peek(Token![struct]),
            input.peek(Token![enum]),
            input.peek(Token![union]) && !input.peek2(Token![fn]),
            input.peek(Token![type]),
            input.peek(Token![static]),
            input.peek(Token![use]),
            input.peek(Token![const]) && !is_function(input),
            input.peek(Token![macro]),
            input.peek(Ident) && !input.peek(Token![fn]) && input.peek2(Token![!]),
        ]
        .contains(&true)
        {
            "`#[notify]` goes on a function"
        } else {
            return None;
        },
    )
}

fn is_function(input: ParseStream) -> bool {
    input.fork().parse::<Signature>().is_ok()
}

fn is_safe_foreign(input: ParseStream) -> bool {
    let ahead = input.fork();
    ahead.parse::<Ident>().is_ok_and(|ident| ident == "safe") && ahead.peek(Token![fn])
}

fn is_foreign_block(input: ParseStream) -> bool {
    let ahead = input.fork();
    let _ = ahead.parse::<Token![unsafe]>();
    ahead.parse::<syn::Abi>().is_ok() && ahead.peek(syn::token::Brace)
}

/// Takes the body, and moves the attributes inside it to those before the function.
fn body(input: ParseStream, attributes: &mut Vec<Attribute>) -> Result<Group> {
    let mut tree: TokenTree = input.parse()?;
    // `$body:block` of a `macro_rules!` comes in an invisible group.
    while let TokenTree::Group(group) = &tree
        && group.delimiter() == Delimiter::None
        && let Some(inner) = group.stream().into_iter().next()
    {
        tree = inner;
    }
    let TokenTree::Group(body) = tree else {
        return Err(Error::new_spanned(tree, "expected the function's body"));
    };
    if !has_inner_attribute(&body) {
        return Ok(body);
    }
    let split = |input: ParseStream| -> Result<(Vec<Attribute>, TokenStream)> {
        Ok((input.call(Attribute::parse_inner)?, input.parse()?))
    };
    let (inner, rest) = syn::parse::Parser::parse2(split, body.stream())?;
    attributes.extend(inner.into_iter().map(|mut attribute| {
        attribute.style = syn::AttrStyle::Outer;
        attribute
    }));
    let mut without = Group::new(Delimiter::Brace, rest);
    without.set_span(body.span());
    Ok(without)
}

fn has_inner_attribute(body: &Group) -> bool {
    let mut tokens = body.stream().into_iter();
    let is = |tree: Option<TokenTree>, char| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == char);
    is(tokens.next(), '#') && is(tokens.next(), '!')
}

/// Attributes that leave the body and its value as they are.
const PLAIN: [&str; 17] = [
    "allow", "warn", "deny", "forbid", "expect", "cfg", "doc", "must_use", "deprecated", "inline",
    "cold", "track_caller", "no_mangle", "export_name", "link_section", "target_feature", "unsafe",
];

/// Tools whose attributes are notes for them.
const TOOLS: [&str; 3] = ["clippy", "rustfmt", "diagnostic"];

impl Function {
    /// Returns whether it may be the program's `main`, and another attribute what makes the exit code of it.
    pub(crate) fn is_wrapped_main(&self) -> bool {
        let is_plain = |attribute: &Attribute| {
            let path = attribute.path();
            let first = path.segments.first().map(|first| first.ident.to_string());
            first.is_some_and(|first| match path.segments.len() {
                1 => PLAIN.contains(&&*first),
                _ => TOOLS.contains(&&*first),
            })
        };
        self.signature.ident == "main" && !self.attributes.iter().all(is_plain)
    }
}

/// Returns whether a block is no more than one expression.
pub(crate) fn is_one_expression(body: &Group) -> bool {
    let mut tokens = body.stream().into_iter();
    !tokens.any(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'))
}
