#[derive(Debug)]
struct Borrowed<'a>(&'a str);

impl std::fmt::Display for Borrowed<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Borrowed<'_> {}

#[pipeline_notify::notify(errors(std::io::Error))]
fn run(text: &str) -> Result<(), Borrowed<'_>> {
    Err(Borrowed(text))
}

fn main() {
    let _ = run("a");
}
