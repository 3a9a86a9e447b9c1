use proc_macro2::{TokenStream, TokenTree};

use super::expand;
use crate::args::Args;
use crate::function::Function;

/// An editor parses what is half-typed in a body as well as it can, but not in the arguments of a macro.
#[test]
fn no_body_stands_in_the_arguments_of_a_macro() {
    for function in [
        "fn load() -> u8 { body }",
        "fn load() { body }",
        "async fn load() -> u8 { body }",
        "async fn load() { body }",
        "async fn load() -> ! { body }",
        "fn load() -> impl Future<Output = u8> { body }",
        "fn load() -> impl Termination { body }",
        "fn load() -> impl Fn() { body }",
    ] {
        let parsed: Function = syn::parse_str(function).unwrap();
        let expanded = expand(&Args::default(), &parsed).unwrap();
        let counts = count(expanded, false);
        assert_eq!(
            counts,
            (1, 0),
            "of `{function}`: bodies, and those in a macro"
        );
    }
}

fn count(tokens: TokenStream, in_macro: bool) -> (usize, usize) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut counts = (0, 0);
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                let before = &trees[at.saturating_sub(2)..at];
                let is_call = matches!(before, [TokenTree::Ident(_), TokenTree::Punct(bang)] if bang.as_char() == '!');
                let inner = count(group.stream(), in_macro || is_call);
                counts = (counts.0 + inner.0, counts.1 + inner.1);
            }
            TokenTree::Ident(ident) if ident == "body" => {
                counts = (counts.0 + 1, counts.1 + usize::from(in_macro));
            }
            _ => {}
        }
    }
    counts
}
