#[pipeline_notify::notify(errors(std::io::Error))]
fn run<E: std::fmt::Debug + 'static>(error: E) -> Result<(), E> {
    Err(error)
}

fn main() {
    let _ = run(1);
}
