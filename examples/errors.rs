//! Only some errors are worth waking somebody.
//!
//!     cargo run --example errors
//!
//! The first run meets a benign error, and its status is `OK`; the second fails, and its alert is sent.

use pipeline_notify::notify;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no orders on {0}")]
    NoOrders(&'static str),
    #[error("the shop does not answer")]
    ShopDown,
}

// Name the benign errors, not the bad ones: a new kind of error is then sent too.
#[notify(when = |error| !matches!(error, Error::NoOrders(_)))]
fn load(day: &'static str) -> Result<u32, Error> {
    match day {
        "Sunday" => Err(Error::NoOrders(day)),
        "Monday" => Err(Error::ShopDown),
        _ => Ok(17),
    }
}

fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;
    for day in ["Saturday", "Sunday", "Monday", "Tuesday"] {
        println!("{day}: {:?}", load(day));
    }
    Ok(())
}
