#[pipeline_notify::notify(runbook = "https://anna:pass@wiki.example.com/orders")]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
