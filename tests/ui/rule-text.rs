#[pipeline_notify::notify(rule = "third")]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
