//! The `#[notify]` attribute; its documentation is written here and read in `pipeline-notify`.

mod args;
mod expand;
mod function;

use proc_macro::TokenStream;
use syn::parse::Parser as _;

/// Reports each run of the function.
#[proc_macro_attribute]
pub fn notify(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse::<function::Function>(item.clone()).and_then(|function| {
        let args = syn::parse::<args::Args>(arguments)?;
        expand::expand(&args, &function)
    });
    match expanded {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            // With the item as it was: without it each use of it would be an error too.
            let mut tokens = once(item);
            tokens.extend(TokenStream::from(error.into_compile_error()));
            tokens
        }
    }
}

/// Takes further `#[notify]` off an item, so that a mistake is told once.
fn once(item: TokenStream) -> TokenStream {
    let strip = |input: syn::parse::ParseStream| {
        let mut attributes = input.call(syn::Attribute::parse_outer)?;
        attributes.retain(|attribute| !function::is_notify(attribute));
        let rest: proc_macro2::TokenStream = input.parse()?;
        Ok(quote::quote!(#(#attributes)* #rest).into())
    };
    strip.parse(item.clone()).unwrap_or(item)
}
