#[pipeline_notify::notify(when = |error| error.len() > limit)]
fn run(limit: usize) -> Result<(), String> {
    Err(limit.to_string())
}

fn main() {
    let _ = run(1);
}
