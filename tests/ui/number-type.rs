fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(remind_hours = Some(1))]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
