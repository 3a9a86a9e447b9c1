//! A whole program without the library: what `annotated` is measured against.

fn main() -> Result<(), String> {
    if std::env::args().nth(1).as_deref() == Some("fail") {
        Err("connection refused".to_owned())
    } else {
        Ok(())
    }
}
