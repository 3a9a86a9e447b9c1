//! Alerts from the decision to the delivery: incidents, rules, nested jobs, and what waits while a destination is away.
#![cfg(unix)]

mod broken;
mod delivery;
mod incidents;
mod left;
mod nested;
mod outbox;
mod rules;
mod storm;
#[path = "../support/mod.rs"]
mod support;
