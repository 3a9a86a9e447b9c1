#!/usr/bin/env bash
# Guess: a transaction of sqlx that is dropped, as by `?` after an error, is rolled back, and its locks are free.
# Seen: not before the connection's next use. A connection of one's own, or one that was acquired from the pool and is still held, keeps the transaction open, and
# each row and lock that it has, for as long as the program waits. Of `pool.begin()`, and of tokio-postgres, it is rolled back at once.
# Why it matters: the loop that waits ten minutes after an error before it tries again holds its locks for ten minutes, and the job on the next host waits as long,
# or fails. In the server the session is "idle in transaction".
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' \
    'sqlx = { version = "=0.8.6", default-features = false, features = ["runtime-tokio", "postgres"] }' \
    'tokio-postgres = "=0.7.18"' << 'RUST'
use sqlx::{Connection, Executor};
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::NoTls;

const LOCK: &str = "SELECT pg_advisory_xact_lock(1)";

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let (watch, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let say = async |what: &str| {
        sleep(Duration::from_secs(3)).await;
        let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        let locks: i64 = watch.query_one(sql, &[]).await.unwrap().get(0);
        println!("{what}: {}", if locks == 0 { "free" } else { "held" });
    };

    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    transaction.execute(LOCK).await.unwrap();
    drop(transaction);
    say("sqlx, a connection").await;
    connection.execute("SELECT 1").await.unwrap();
    say("sqlx, after its next statement").await;
    connection.close().await.unwrap();

    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    transaction.execute(LOCK).await.unwrap();
    drop(transaction);
    say("sqlx, one acquired").await;
    drop(connection);
    say("sqlx, after it is given back").await;
    let mut transaction = pool.begin().await.unwrap();
    transaction.execute(LOCK).await.unwrap();
    drop(transaction);
    say("sqlx, of the pool").await;

    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(LOCK).await.unwrap();
    drop(transaction);
    say("tokio-postgres").await;
}
RUST
pooled_postgres
expect 'sqlx, a connection: held
sqlx, after its next statement: free
sqlx, one acquired: held
sqlx, after it is given back: free
sqlx, of the pool: free
tokio-postgres: free' "$(timeout 60 "$work/program" "postgres://job@127.0.0.1:$server_port/postgres")"
