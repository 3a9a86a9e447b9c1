#[pipeline_notify::notify(errors(std::io::Error, std::fmt::Error))]
fn run() -> Result<(), Vec<std::io::Error>> {
    Err(vec![std::io::Error::other("disk full")])
}

fn main() {
    let _ = run();
}
