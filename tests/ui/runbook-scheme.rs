#[pipeline_notify::notify(runbook = "wiki.example.com/orders")]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
