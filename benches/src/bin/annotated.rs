//! A whole program under `#[notify]`; else it is `bare`.

#[pipeline_notify::notify]
fn main() -> Result<(), String> {
    if std::env::args().nth(1).as_deref() == Some("fail") {
        Err("connection refused".to_owned())
    } else {
        Ok(())
    }
}
