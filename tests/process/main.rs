//! A program around its jobs: its exits, its exit codes, the signals that stop it, its clock, what it runs in, and its
//! warnings.
#![cfg(unix)]

mod clock;
mod codes;
mod exits;
mod late;
mod stops;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod warnings;
