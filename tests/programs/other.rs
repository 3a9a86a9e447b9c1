//! A program with a job that succeeds, in another crate's place.

use pipeline_notify::notify;

#[notify]
fn main() {}
