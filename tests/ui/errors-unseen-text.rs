#[pipeline_notify::notify(errors(std::io::Error))]
fn run() -> Result<(), String> {
    Err("disk full".to_owned())
}

fn main() {
    let _ = run();
}
