#[pipeline_notify::notify(message = |alert| "one line")]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
