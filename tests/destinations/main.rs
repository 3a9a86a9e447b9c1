//! What arrives at each destination, and what its answers mean.
#![cfg(unix)]

mod answers;
mod apprise;
mod authorities;
mod services;
mod slack;
#[path = "../support/mod.rs"]
mod support;
mod webhooks;
