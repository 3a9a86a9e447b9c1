fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(channel = "a", silent_seconds = 1, channel = "b")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
