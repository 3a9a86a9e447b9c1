trait Step {
    #[pipeline_notify::notify]
    fn run(&self);
}

struct Load;

impl Step for Load {
    fn run(&self) {}
}

fn main() {
    Load.run();
}
