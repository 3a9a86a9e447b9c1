fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(ok_silent_hours = f64::NAN)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
