//! Two types of error, two channels: the people who can mend it get the alert.
//!
//!     cargo run --example channels

use pipeline_notify::{Config, Decision, Occasion, notify};

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("the database does not answer")]
    Database,
    #[error("a row of orders.csv cannot be read")]
    Csv,
}

fn by_error(occasion: &Occasion<'_>) -> Decision {
    match occasion.as_error().and_then(|error| error.downcast_ref()) {
        Some(LoadError::Database) => occasion.built_in().to("platform"),
        Some(LoadError::Csv) => occasion.built_in().to("shop"),
        None => occasion.built_in(),
    }
}

#[notify(name = format!("load.{part}"), rule = by_error)]
fn load(part: &str) -> Result<(), LoadError> {
    match part {
        "prices" => Err(LoadError::Database),
        _ => Err(LoadError::Csv),
    }
}

fn main() -> anyhow::Result<()> {
    Config::new()
        .directory(support::directory()?)
        .channel("platform", support::receiver()?)
        .channel("shop", support::receiver()?)
        .install()?;
    println!("{:?} {:?}", load("prices"), load("orders"));
    Ok(())
}
