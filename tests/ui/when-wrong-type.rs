fn give() -> Result<(), std::io::Error> {
    Ok(())
}

#[pipeline_notify::notify(when = |_: &String| true)]
fn run() -> Result<(), std::io::Error> {
    give()
}

fn main() {
    let _ = run();
}
