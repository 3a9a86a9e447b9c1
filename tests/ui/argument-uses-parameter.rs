#[pipeline_notify::notify(channel = channel)]
fn run(channel: &str) {
    let _ = channel;
}

fn main() {
    run("a");
}
