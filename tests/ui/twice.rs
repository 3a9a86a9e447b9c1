use pipeline_notify::notify;

#[notify]
#[notify(channel = "data-alerts")]
fn run() {}

fn main() {
    run();
}
