fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(silent_seconds = "60")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
