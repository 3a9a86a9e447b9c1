
fn run() -> u8 {
    "text"
}


async fn load(fail: bool) -> Result<u8, String> {
    if fail {
        return 1;
    }
    "text"
}

fn main() {
    run();
    let _ = load(true);
}
