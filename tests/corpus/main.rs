//! `#[notify]` on every function that Rust can express: each line of the corpus is an annotated
//! function, under a user's strictest settings, and what its run leaves in the status file.
//!
//! The package `edition-2021` runs all of it once more, in that edition.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_qualifications)]
#![allow(
    clippy::allow_attributes,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "what is to be annotated is not always pretty"
)]

mod arguments;
mod errors;
mod filters;
mod futures;
mod macros;
mod methods;
mod opaque;
mod panics;
#[allow(dead_code, clippy::allow_attributes, reason = "each part uses some")]
mod support;
mod surroundings;
mod values;
