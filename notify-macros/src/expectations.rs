//! `#[expect(…)]` of lints that do not look into an annotated function: without a change each would be
//! a warning that it was not fulfilled.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Meta, Token, parse_quote};

use crate::args::located_at;

/// The lints that are lost, as `benches/lints.md` explains.
const LOST: &[&str] = &[
    "unconditional_recursion",
    "clippy::elidable_lifetime_names",
    "clippy::implicit_return",
    "clippy::manual_async_fn",
    "clippy::missing_const_for_fn",
    "clippy::needless_lifetimes",
    "clippy::needless_pass_by_value",
    "clippy::needless_return",
    "clippy::only_used_in_recursion",
    "clippy::ptr_arg",
    "clippy::redundant_locals",
    "clippy::unnecessary_wraps",
    "clippy::unused_async",
    "clippy::unwrap_in_result",
];

/// Writes an attribute, with `allow` in the place of `expect` for what is lost.
pub(crate) fn of(attribute: &Attribute) -> TokenStream {
    let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
    if !attribute.path().is_ident("expect") {
        return attribute.to_token_stream();
    }
    let Ok(lints) = attribute.parse_args_with(parse) else {
        return attribute.to_token_stream();
    };
    let is_lost = |lint: &Meta| {
        let path = lint.path().to_token_stream().to_string();
        LOST.contains(&&*path.replace(' ', ""))
    };
    let (lost, kept): (Vec<_>, Vec<_>) = lints.into_iter().partition(is_lost);
    if lost.is_empty() {
        return attribute.to_token_stream();
    }
    let mut tokens = quote_spanned!(located_at(attribute.span())=> #[allow(#(#lost),*)]);
    // A reason alone expects nothing.
    if kept.iter().any(|lint| matches!(lint, Meta::Path(_))) {
        let mut rest = attribute.clone();
        rest.meta = parse_quote!(expect(#(#kept),*));
        rest.to_tokens(&mut tokens);
    }
    tokens
}
