#[pipeline_notify::notify]
fn run() -> Result<_, std::num::ParseIntError> {
    Ok(1)
}

fn main() {
    let _ = run();
}
