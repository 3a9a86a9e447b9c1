#[pipeline_notify::notify(runbook = "https://wiki.example.com/a b")]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
