//! The annotated function, as far as it must be understood: never its body.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, ReturnType,
    Signature, Token, Type, TypeImplTrait, TypeNever, TypeParamBound, Visibility,
};

use crate::args::located_at;

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
        let mut signature: Signature = input.parse()?;
        if let Some(token) = &signature.constness {
            let message = "`#[notify]` cannot report from a `const fn`: remove `const`";
            return Err(Error::new_spanned(token, message));
        }
        if input.peek(Token![;]) {
            let message = "`#[notify]` needs a body: put it on the function where its body is, as in each `impl` of a trait";
            return Err(Error::new_spanned(&signature.ident, message));
        }
        if let ReturnType::Type(_, output) = &signature.output
            && matches!(**output, Type::Infer(_))
        {
            let message =
                "`#[notify]` must know the type that is returned: write it in the place of the `_`";
            return Err(Error::new_spanned(output, message));
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

const COPIED: &str = "another attribute runs a copy of this function's body, and never this function: nothing would be \
     reported. Put `#[notify]` above that attribute";

/// Tells the `#[allow(dead_code)]` of an attribute that has taken the body elsewhere, as
/// `rocket::launch` does: it stands where the body is, and no user can write one there. In a function that
/// a macro makes all is in one place.
fn is_of_a_copied(attribute: &Attribute, signature: &Signature, body: &Group) -> bool {
    let is_allow = attribute.path().is_ident("allow");
    let mut arguments = attribute
        .meta
        .require_list()
        .ok()
        .map(|list| list.tokens.clone().into_iter());
    let first = arguments.as_mut().and_then(Iterator::next);
    let place = |span: Span| {
        let span = span.unwrap();
        (span.line(), span.column(), span.local_file())
    };
    let body = place(body.span());
    is_allow
        && matches!(first, Some(TokenTree::Ident(lint)) if lint == "dead_code")
        && place(attribute.pound_token.span) == body
        && place(signature.fn_token.span) != body
}

/// The beginning of the names of parameters that have none.
const UNNAMED: &str = "__notify_";

/// Gives a name to each `_` of the parameters, so that it is dropped in its turn and not after all that
/// is taken into the body.
fn name_all(signature: &mut Signature) {
    let mut number = 0;
    for parameter in &mut signature.inputs {
        if let FnArg::Typed(parameter) = parameter
            && !is_conditional(&parameter.attrs)
            && !matches!(*parameter.ty, Type::Reference(_) | Type::Ptr(_))
        {
            name_parts(&mut parameter.pat, &mut number);
        }
    }
}

/// Of tuples and arrays alone: what else has parts may not let go of one, for it is dropped as a whole.
fn name_parts(pattern: &mut Pat, number: &mut usize) {
    match pattern {
        Pat::Wild(wild) => {
            let span = located_at(wild.underscore_token.span);
            let name = Ident::new(&format!("{UNNAMED}{number}"), span);
            *number += 1;
            *pattern = syn::parse_quote!(#name);
        }
        Pat::Paren(inner) => name_parts(&mut inner.pat, number),
        Pat::Tuple(tuple) => tuple
            .elems
            .iter_mut()
            .for_each(|part| name_parts(part, number)),
        Pat::Slice(slice) => slice
            .elems
            .iter_mut()
            .for_each(|part| name_parts(part, number)),
        _ => {}
    }
}

const TWICE: &str = "`#[notify]` is on this function twice: remove one";

/// Tells `#[notify]` by its last segment, under which it is imported.
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

/// How a function hands back its result.
pub(crate) enum Returns {
    /// By value, or a boxed future: the type decides.
    Value,
    /// By the future of an `async fn`.
    Async,
    /// `impl Future`, and the type of its output.
    Future(Box<Type>),
    /// `impl Termination`
    Termination,
    /// Another opaque type.
    Opaque,
}

/// Attributes that leave the body and its value as they are.
const PLAIN: [&str; 17] = [
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "cfg",
    "doc",
    "must_use",
    "deprecated",
    "inline",
    "cold",
    "track_caller",
    "no_mangle",
    "export_name",
    "link_section",
    "target_feature",
    "unsafe",
];

/// Tools whose attributes are notes for them.
const TOOLS: [&str; 3] = ["clippy", "rustfmt", "diagnostic"];

impl Function {
    /// Tells whether it may be the program's `main`, and another attribute what makes the exit code of it.
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

    pub(crate) fn returns(&self) -> Result<Returns> {
        if self.signature.asyncness.is_some() {
            return Ok(Returns::Async);
        }
        let ReturnType::Type(_, output) = &self.signature.output else {
            return Ok(Returns::Value);
        };
        let Some(opaque) = opaque(output) else {
            return Ok(Returns::Value);
        };
        for bound in &opaque.bounds {
            let TypeParamBound::Trait(bound) = bound else {
                continue;
            };
            let Some(last) = bound.path.segments.last() else {
                continue;
            };
            match last.ident.to_string().as_str() {
                "Future" => return Ok(Returns::Future(Box::new(future_output(&last.arguments)))),
                "Termination" => return Ok(Returns::Termination),
                "IntoFuture" => {
                    let message = "`#[notify]` cannot follow an `IntoFuture`: make the function `async`, or return `impl Future<Output = …>`";
                    return Err(Error::new_spanned(opaque, message));
                }
                _ => {}
            }
        }
        Ok(Returns::Opaque)
    }

    /// The return type, with `_` for each `impl Trait` in it.
    pub(crate) fn output(&self) -> Type {
        match &self.signature.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, output) => erase((**output).clone()),
        }
    }

    /// Tells whether the return type can be written elsewhere.
    pub(crate) fn is_written(&self) -> bool {
        struct Unwritten(bool);
        impl<'ast> syn::visit::Visit<'ast> for Unwritten {
            fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
                self.0 = true;
            }
        }
        let mut unwritten = Unwritten(self.never().is_some());
        if let ReturnType::Type(_, output) = &self.signature.output {
            syn::visit::Visit::visit_type(&mut unwritten, output);
        }
        !unwritten.0
    }

    /// The `!` of a function that never returns.
    pub(crate) fn never(&self) -> Option<&TypeNever> {
        match &self.signature.output {
            ReturnType::Type(_, output) => match &**output {
                Type::Never(never) => Some(never),
                _ => None,
            },
            ReturnType::Default => None,
        }
    }

    /// The names that the parameters bind and the body uses, in the order in which they are dropped.
    ///
    /// A name that is not used is left where it is, so that the compiler says so.
    pub(crate) fn bound_names(&self) -> Vec<Ident> {
        let mut names = Vec::new();
        for parameter in &self.signature.inputs {
            match parameter {
                FnArg::Receiver(receiver) => {
                    if !is_conditional(&receiver.attrs) {
                        names.push(Ident::from(receiver.self_token));
                    }
                }
                FnArg::Typed(parameter) => {
                    if !is_conditional(&parameter.attrs) {
                        let mut bound = Vec::new();
                        bindings(&parameter.pat, &mut bound);
                        // What a pattern leaves is dropped after what it binds, the first part first.
                        let is_left = |name: &Ident| name.to_string().starts_with(UNNAMED);
                        let (left, bound): (Vec<_>, Vec<_>) = bound.into_iter().partition(is_left);
                        names.extend(left.into_iter().rev().chain(bound));
                    }
                }
            }
        }
        if !names.is_empty() {
            let mut words = Words::default();
            words.read(self.body.stream());
            names.retain(|name| words.has(&name.to_string()));
        }
        names.reverse();
        names
    }
}

fn opaque(output: &Type) -> Option<&TypeImplTrait> {
    match output {
        Type::ImplTrait(opaque) => Some(opaque),
        Type::Group(group) => opaque(&group.elem),
        Type::Paren(paren) => opaque(&paren.elem),
        _ => None,
    }
}

fn future_output(arguments: &PathArguments) -> Type {
    if let PathArguments::AngleBracketed(arguments) = arguments {
        for argument in &arguments.args {
            if let GenericArgument::AssocType(argument) = argument
                && argument.ident == "Output"
            {
                return erase(argument.ty.clone());
            }
        }
    }
    syn::parse_quote!(_)
}

fn erase(mut output: Type) -> Type {
    struct Erase;
    impl syn::visit_mut::VisitMut for Erase {
        fn visit_type_mut(&mut self, node: &mut Type) {
            if matches!(node, Type::ImplTrait(_)) {
                *node = syn::parse_quote!(_);
            } else {
                syn::visit_mut::visit_type_mut(self, node);
            }
        }
    }
    syn::visit_mut::VisitMut::visit_type_mut(&mut Erase, &mut output);
    output
}

fn is_conditional(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr"))
}

fn bindings(pattern: &Pat, names: &mut Vec<Ident>) {
    match pattern {
        Pat::Ident(pattern) => {
            names.push(pattern.ident.clone());
            if let Some((_, inner)) = &pattern.subpat {
                bindings(inner, names);
            }
        }
        Pat::Paren(pattern) => bindings(&pattern.pat, names),
        Pat::Reference(pattern) => bindings(&pattern.pat, names),
        Pat::Type(pattern) => bindings(&pattern.pat, names),
        Pat::Slice(pattern) => all(&pattern.elems, names),
        Pat::Tuple(pattern) => all(&pattern.elems, names),
        Pat::TupleStruct(pattern) => all(&pattern.elems, names),
        Pat::Struct(pattern) => {
            for field in &pattern.fields {
                bindings(&field.pat, names);
            }
        }
        _ => {}
    }
}

fn all(patterns: &Punctuated<Pat, Token![,]>, names: &mut Vec<Ident>) {
    for pattern in patterns {
        bindings(pattern, names);
    }
}

/// Tells whether a block is no more than one expression.
pub(crate) fn is_one_expression(body: &Group) -> bool {
    let mut tokens = body.stream().into_iter();
    !tokens.any(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'))
}

/// The words of a body: its identifiers, and the literals that may hold some (`"{name}"`).
#[derive(Default)]
struct Words {
    identifiers: std::collections::HashSet<String>,
    literals: Vec<String>,
}

impl Words {
    fn read(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(ident) => {
                    self.identifiers.insert(ident.to_string());
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if text.contains('{') {
                        self.literals.push(text);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        let in_format = |literal: &String| {
            literal.match_indices(name).any(|(index, _)| {
                let after = literal[index + name.len()..].chars().next();
                literal[..index].ends_with('{') && matches!(after, Some('}' | ':'))
            })
        };
        name.starts_with('_')
            || self.identifiers.contains(name)
            || self.literals.iter().any(in_format)
    }
}
