#[pipeline_notify::notify]
trait Step {
    fn run(&self) {}
}

struct Load;

impl Step for Load {}

fn main() {
    Load.run();
}
