use std::future::Ready;

#[pipeline_notify::notify]
fn run() -> Ready<u8> {
    std::future::ready(1)
}

fn main() {
    let _ = run();
}
