#[pipeline_notify::notify(errors(std::num::))]
fn run() -> Result<(), std::num::ParseIntError> {
    Ok(())
}

fn main() {
    let _ = run();
}
