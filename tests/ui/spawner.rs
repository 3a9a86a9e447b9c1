#[pipeline_notify::notify]
fn start() -> tokio::task::JoinHandle<u8> {
    tokio::spawn(async { 1 })
}

fn main() {
    let _ = start();
}
