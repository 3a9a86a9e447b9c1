use std::error::Error;
use std::sync::Arc;

trait AppError: Error {}

#[pipeline_notify::notify(errors(std::io::Error))]
fn boxed(error: Box<dyn AppError>) -> Result<(), Box<dyn AppError>> {
    Err(error)
}

#[pipeline_notify::notify(errors(std::io::Error))]
fn shared(error: Arc<dyn AppError>) -> Result<(), Arc<dyn AppError>> {
    Err(error)
}

fn main() {
    let _ = (boxed, shared);
}
