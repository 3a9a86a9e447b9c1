fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(schedule = "5 3 * *")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
