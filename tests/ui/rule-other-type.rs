#[pipeline_notify::notify(rule = |occasion: &String| todo!())]
fn run() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = run();
}
