use pipeline_notify::notify;
use pipeline_notify::notify as watch;

#[watch]
#[notify]
fn run() {}

#[notify]
#[watch]
fn load() {}

fn main() {
    run();
    load();
}
