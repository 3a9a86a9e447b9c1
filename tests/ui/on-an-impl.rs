struct Load;

#[pipeline_notify::notify]
impl Load {
    fn run(&self) {}
}

fn main() {
    Load.run();
}
