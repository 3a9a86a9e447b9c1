fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(channel = std::time::Duration::ZERO)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
