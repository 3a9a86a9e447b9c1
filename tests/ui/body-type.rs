#[pipeline_notify::notify]
fn run() -> u8 {
    "text"
}

#[pipeline_notify::notify]
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
