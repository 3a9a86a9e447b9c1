//! The README's first program, whose outcome the README shows.

use pipeline_notify::notify;

#[notify]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orders = std::fs::read_to_string("orders.csv")?;
    println!("{} orders", orders.lines().count());
    Ok(())
}
