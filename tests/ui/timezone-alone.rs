fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(timezone = "Europe/Berlin")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
