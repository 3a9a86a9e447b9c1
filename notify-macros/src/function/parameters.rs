//! The parameters of a function: the names that they bind, and a name for each `_`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Pat, PatSlice, PatTuple, Signature, Token, Type};

use super::Function;
use crate::args::located_at;

/// The beginning of the names of parameters that have none.
const UNNAMED: &str = "__notify_";

/// Gives a name to each `_` of the parameters, so that it is dropped in its turn and not after all that
/// is taken into the body.
pub(super) fn name_all(signature: &mut Signature) {
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
        Pat::Tuple(PatTuple { elems, .. }) | Pat::Slice(PatSlice { elems, .. }) => {
            elems.iter_mut().for_each(|part| name_parts(part, number));
        }
        _ => {}
    }
}

impl Function {
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
        // All alternatives bind the same names, in the order of the first.
        Pat::Or(pattern) => {
            if let Some(first) = pattern.cases.first() {
                bindings(first, names);
            }
        }
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
