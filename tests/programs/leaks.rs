//! A program whose error quotes the variable `TEXT`: `err`, `panic` and `passed` name how it ends. With `IN_CODE`
//! its webhook is set by a `Config`.

use pipeline_notify::{Config, Slack, notify};

#[notify(when = |error: &String| !error.starts_with("benign"))]
fn main() -> Result<(), String> {
    if let Ok(webhook) = std::env::var("IN_CODE") {
        let slack = Slack::new(&webhook).map_err(|error| error.to_string())?;
        let config = Config::new().channel("alerts", slack);
        config.install().map_err(|error| error.to_string())?;
    }
    let text = std::env::var("TEXT").unwrap_or_default();
    match std::env::args().nth(1).as_deref() {
        Some("panic") => panic!("{text}"),
        Some("passed") => Err(format!("benign: {text}")),
        _ => Err(text),
    }
}
