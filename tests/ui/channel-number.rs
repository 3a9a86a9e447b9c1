fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(channel = 7)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
