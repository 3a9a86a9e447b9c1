
fn run() -> u8 {
    let value = 1 +;
    value
}

fn main() {
    run();
}
