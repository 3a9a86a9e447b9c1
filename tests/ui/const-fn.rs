#[pipeline_notify::notify]
const fn run() {}

fn main() {
    run();
}
