//! A program that runs as many jobs as its argument says, by the names of a fleet's; one in a
//! thousand fails. One job goes on running while there is the file that `WHILE` names.

use pipeline_notify::notify;

const GROUPS: [&str; 5] = [
    "etl.load",
    "etl.extract",
    "reports.monthly",
    "web.crawl",
    "models.regression.linear",
];

const TABLES: [&str; 8] = [
    "customers", "orders", "products", "prices", "shipments", "returns", "invoices", "visits",
];

const ERRORS: [&str; 4] = [
    "connection refused (db:5432)",
    "no space left on device",
    "the answer has 3 columns, and 4 were expected: id, name, price, currency (line 17 of 20311)",
    "timed out after 30 s",
];

fn main() {
    let jobs = std::env::args().nth(1).and_then(|jobs| jobs.parse().ok());
    for number in 0..jobs.unwrap_or(1) {
        let _ = job(number);
    }
    let file = std::env::var_os("WHILE").map(std::path::PathBuf::from);
    while file.as_ref().is_some_and(|file| file.exists()) {
        let _ = job(1);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[notify(
    name = format!(
        "{}.{}{number:05}",
        GROUPS[number % GROUPS.len()],
        TABLES[number / GROUPS.len() % TABLES.len()],
    ),
    every_hours = 24
)]
fn job(number: usize) -> Result<(), &'static str> {
    if number.is_multiple_of(1000) {
        Err(ERRORS[number / 1000 % ERRORS.len()])
    } else {
        Ok(())
    }
}
