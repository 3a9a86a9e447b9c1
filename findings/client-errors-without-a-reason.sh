#!/usr/bin/env bash
# Guess: a Rust client's error, printed with `{}`, says why: "connection refused", "relation does not exist".
# Seen: tokio-postgres says "error connecting to server" and, of each failed statement, "db error"; reqwest and tonic say no reason either. It is in `source()`
# alone. sqlx and lettre say it in both, so that a report with all causes has it twice; ureq in `{}` alone, without a source.
# Why it matters: `error!("load failed: {e}")` is the same two words for a table that is gone and a division by zero, and what groups
# alerts by their text takes them for one.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' 'tokio-postgres = "=0.7.18"' \
    'reqwest = { version = "=0.12.28", default-features = false }' 'tonic = { version = "=0.14.9", default-features = false, features = ["channel"] }' \
    'sqlx = { version = "=0.8.6", default-features = false, features = ["runtime-tokio", "postgres"] }' \
    'lettre = { version = "=0.11.23", default-features = false, features = ["smtp-transport", "builder"] }' \
    'ureq = { version = "=3.5.2", default-features = false }' << 'RUST'
use lettre::{Message, SmtpTransport, Transport};
use sqlx::Connection;
use std::error::Error;
use tokio_postgres::NoTls;

fn say(who: &str, reason: &str, error: impl Error) {
    let mut sources = String::new();
    let mut source = error.source();
    while let Some(error) = source {
        sources += &error.to_string();
        source = error.source();
    }
    let has = |there: bool| if there { "has it" } else { "has it not" };
    let text = error.to_string();
    println!("{who}: \"{}\" {}, source() {}", text.split(" (").next().unwrap(), has(text.contains(reason)), has(sources.contains(reason)));
}

#[tokio::main]
async fn main() {
    let [url, port] = [1, 2].map(|i| std::env::args().nth(i).unwrap());
    let (nobody, http) = (format!("postgres://job@127.0.0.1:{port}/db"), format!("http://127.0.0.1:{port}"));
    let refused = "Connection refused";
    say("tokio-postgres", refused, tokio_postgres::connect(&nobody, NoTls).await.err().unwrap());
    say("sqlx", refused, sqlx::PgConnection::connect(&nobody).await.err().unwrap());
    let http_error = reqwest::get(&http).await.err().unwrap().without_url();
    say("reqwest", refused, http_error);
    say("tonic", refused, tonic::transport::Channel::from_shared(http.clone()).unwrap().connect().await.err().unwrap());
    tokio::task::spawn_blocking(move || {
        say("ureq", refused, ureq::get(http).call().err().unwrap());
        let mail = Message::builder().from("a@example.com".parse().unwrap()).to("b@example.com".parse().unwrap()).body(String::new()).unwrap();
        say("lettre", refused, SmtpTransport::builder_dangerous("127.0.0.1").port(port.parse().unwrap()).build().send(&mail).err().unwrap());
    }).await.unwrap();

    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for (sql, reason) in [("SELECT * FROM gone", "\"gone\" does not exist"), ("SELECT 1 / 0", "division by zero")] {
        say(&format!("tokio-postgres, {reason}"), reason, client.simple_query(sql).await.err().unwrap());
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        say(&format!("sqlx, {reason}"), reason, sqlx::query(sql).execute(&mut connection).await.err().unwrap());
    }
}
RUST
pooled_postgres
expect 'tokio-postgres: "error connecting to server" has it not, source() has it
sqlx: "error communicating with database: Connection refused" has it, source() has it
reqwest: "error sending request" has it not, source() has it
tonic: "transport error" has it not, source() has it
ureq: "io: Connection refused" has it, source() has it not
lettre: "Connection error: Connection refused" has it, source() has it
tokio-postgres, "gone" does not exist: "db error" has it not, source() has it
sqlx, "gone" does not exist: "error returned from database: relation "gone" does not exist" has it, source() has it
tokio-postgres, division by zero: "db error" has it not, source() has it
sqlx, division by zero: "error returned from database: division by zero" has it, source() has it' \
    "$(timeout 60 "$work/program" "postgres://job@127.0.0.1:$server_port/postgres" "$(free_port)")"
