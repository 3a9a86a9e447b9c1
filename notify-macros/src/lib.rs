//! The `#[notify]` attribute; its documentation is written here and read in `pipeline-notify`.

use proc_macro::TokenStream;

/// Reports each run of the function.
#[proc_macro_attribute]
pub fn notify(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    item
}
