#[pipeline_notify::notify(rule = |occasion| true)]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
