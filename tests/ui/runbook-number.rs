#[pipeline_notify::notify(runbook = 7)]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
