//! An `async fn` reports what its future came to.
//!
//!     cargo run --example tokio

use std::time::Duration;

use pipeline_notify::notify;

#[expect(dead_code, unreachable_pub, reason = "this example uses a part of it")]
mod support;

#[notify]
async fn fetch(page: u32) -> Result<u32, String> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    if page == 3 {
        Err(format!("page {page} is gone"))
    } else {
        Ok(page)
    }
}

#[notify]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;
    for page in 1..=4 {
        println!("{:?}", fetch(page).await);
    }
    // A future that is dropped before it has finished counts as cancelled.
    let _ = tokio::time::timeout(Duration::from_millis(1), fetch(5)).await;
    Ok(())
}
