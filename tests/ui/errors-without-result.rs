#[pipeline_notify::notify(errors(std::io::Error))]
fn run() -> u8 {
    1
}

fn main() {
    run();
}
