
fn run(value: u8) -> u8 {
    vaule
}


async fn load(value: u8) -> u8 {
    value.missing()
}

fn main() {
    run(1);
    let _ = load(1);
}
