fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(schedule = "5 3 * * monday")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
