unsafe extern "C" {
    #[pipeline_notify::notify]
    safe fn abs(value: i32) -> i32;
}

fn main() {
    abs(1);
}
