fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(ok_silent_hours = "never")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
