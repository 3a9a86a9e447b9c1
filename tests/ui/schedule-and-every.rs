fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(schedule = "5 3 * * 1-5", every_hours = 24)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
