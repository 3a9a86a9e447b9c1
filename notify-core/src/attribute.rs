//! What the expansion of `#[notify]` calls.

#[expect(missing_docs, reason = "the expansion alone calls it")]
pub(crate) mod classify;
mod error_text;
#[expect(missing_docs, reason = "the expansion alone calls it")]
pub(crate) mod filter;
#[expect(missing_docs, reason = "the expansion alone calls it")]
pub(crate) mod future;
#[expect(missing_docs, reason = "the expansion alone calls it")]
pub(crate) mod run;
