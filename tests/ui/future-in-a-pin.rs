use std::pin::Pin;

#[pipeline_notify::notify]
fn run() -> Pin<Box<impl Future<Output = u8>>> {
    Box::pin(async { 1 })
}

fn main() {
    let _ = run();
}
