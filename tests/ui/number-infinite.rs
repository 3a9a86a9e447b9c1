fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(silent_seconds = f64::INFINITY)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
