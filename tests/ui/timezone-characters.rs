fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(schedule = "@daily", timezone = "Europe Berlin")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
