fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(schedule = "61 3 * * 1-5")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
