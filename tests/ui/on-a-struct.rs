#[pipeline_notify::notify]
struct Load;

fn main() {
    let _ = Load;
}
