#[pipeline_notify::notify(when = |_| true)]
fn run() -> u8 {
    1
}

fn main() {
    run();
}
