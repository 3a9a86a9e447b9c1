#[pipeline_notify::notify(errors(std::io::Error))]
fn run<E>(error: E) -> Result<(), E> {
    Err(error)
}

fn main() {
    let _ = run(1);
}
