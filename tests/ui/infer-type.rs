#[pipeline_notify::notify]
fn run() -> _ {
    1
}

fn main() {
    let _ = run();
}
