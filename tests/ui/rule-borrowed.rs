use std::fmt;

#[derive(Debug)]
struct Borrowed<'a>(&'a str);

impl fmt::Display for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Borrowed<'_> {}

#[pipeline_notify::notify(rule = |occasion| occasion.built_in())]
fn run(text: &str) -> Result<(), Borrowed<'_>> {
    Err(Borrowed(text))
}

fn main() {
    let _ = run("");
}
