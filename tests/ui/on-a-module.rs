#[pipeline_notify::notify]
mod load {
    pub fn run() {}
}

fn main() {
    load::run();
}
