#![deny(warnings)]

#[pipeline_notify::notify]
fn run(unused: u8) {
    let unused_too = 1;
}

fn main() {
    run(1);
}
