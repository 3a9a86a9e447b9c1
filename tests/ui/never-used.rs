#![deny(warnings)]

#[pipeline_notify::notify]
fn never_used() {}

fn main() {}
