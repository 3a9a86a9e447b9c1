fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(flapping)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
