#![deny(dead_code)]

#[pipeline_notify::notify]
fn never_used() {}

fn main() {}
