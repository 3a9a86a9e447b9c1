#![deny(warnings)]

#[pipeline_notify::notify]
fn never_used(unused: u8) {
    let unused_too = 1;
}

fn main() {}
