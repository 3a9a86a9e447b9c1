//! Threads of ours.

use std::io;
use std::thread::{Builder, JoinHandle};

pub(crate) fn spawn(
    name: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    boxed(name, Box::new(work))
}

/// One function, whatever the work is: the standard one is 2 KB of code for each kind.
fn boxed(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(work)
}
