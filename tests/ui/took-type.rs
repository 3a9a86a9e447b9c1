fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(took_hours = "4"..)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
