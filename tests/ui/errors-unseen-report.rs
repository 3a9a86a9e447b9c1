use std::error::Error;
use std::ops::Deref;

/// A report of the shape of `miette`'s: what it holds may stand in a wrapper.
#[derive(Debug)]
struct Report(Box<dyn Diagnostic>);

trait Diagnostic: Error {}

impl Report {
    fn downcast_ref<T>(&self) -> Option<&T> {
        None
    }
}

impl Deref for Report {
    type Target = dyn Diagnostic;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// One of the shape of `rootcause`'s: it points to an error, and cannot be asked.
#[derive(Debug)]
struct Tree(Box<dyn Error>);

impl Deref for Tree {
    type Target = dyn Error;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

#[pipeline_notify::notify(errors(std::io::Error))]
fn diagnosed(report: Report) -> Result<(), Report> {
    let _ = report.downcast_ref::<u8>();
    Err(report)
}

#[pipeline_notify::notify(errors(std::io::Error))]
fn rooted(tree: Tree) -> Result<(), Tree> {
    Err(tree)
}

fn main() {
    let _ = (diagnosed, rooted);
}
