#[pipeline_notify::notify(cancelled = "ignore")]
async fn run() {}

#[pipeline_notify::notify(cancelled = true)]
async fn other() {}

fn main() {
    let _ = (run, other);
}
