#[pipeline_notify::notify(when = |error| error.)]
fn run() -> Result<(), std::num::ParseIntError> {
    Ok(())
}

fn main() {
    let _ = run();
}
