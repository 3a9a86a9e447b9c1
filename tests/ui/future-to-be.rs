#[pipeline_notify::notify]
fn run() -> impl IntoFuture<Output = u8> {
    async { 1 }
}

fn main() {
    let _ = run();
}
