//! The command `pipeline-notify`: what it shows and explains, and what it silences.
#![cfg(all(feature = "cli", unix))]

mod deeds;
mod explain;
mod mistakes;
mod page;
mod shown;
mod silences;
#[path = "../support/mod.rs"]
mod support;
mod texts;
