fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(channel = "https://hooks.slack.com/services/T0/B0/key")]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
