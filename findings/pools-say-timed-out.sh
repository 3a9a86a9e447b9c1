#!/usr/bin/env bash
# Guess: a pool of connections whose server cannot be reached says so in its error: connection refused.
# Seen: deadpool does, at once. sqlx, bb8 and psycopg's pool try until the time for a connection is up, and their error is that
# alone, without a source; r2d2 adds "error connecting to server", but not why.
# Why it matters: the alert for a server that is down reads like one for a job that holds its connections too long, and comes
# as late.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' \
    'sqlx = { version = "=0.8.6", default-features = false, features = ["runtime-tokio", "postgres"] }' \
    'bb8-postgres = "=0.9.0"' 'deadpool-postgres = "=0.14.2"' 'r2d2 = "=0.8.10"' 'r2d2_postgres = "=0.18.2"' \
    'tokio-postgres = "=0.7.18"' << 'RUST'
use std::error::Error;
use std::time::Duration;

/// The error's text, and those of its sources.
fn say(pool: &str, error: &dyn Error) {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} <- {error}");
        source = error.source();
    }
    println!("{pool}: {text}");
}

fn main() {
    let port = std::env::args().nth(1).unwrap();
    let settings = format!("host=127.0.0.1 port={port} user=job");
    let url = format!("postgres://job@127.0.0.1:{port}/postgres");
    let limit = Duration::from_secs(2);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut config = deadpool_postgres::Config::new();
        config.url = Some(url.clone());
        let pool = config.create_pool(Some(deadpool_postgres::Runtime::Tokio1), tokio_postgres::NoTls);
        say("deadpool", &pool.unwrap().get().await.err().unwrap());

        let pool = sqlx::postgres::PgPoolOptions::new().acquire_timeout(limit);
        say("sqlx", &pool.connect(&url).await.err().unwrap());

        let manager = bb8_postgres::PostgresConnectionManager::new_from_stringlike(&settings, tokio_postgres::NoTls);
        let pool = bb8_postgres::bb8::Pool::builder().connection_timeout(limit).build_unchecked(manager.unwrap());
        say("bb8", &pool.get().await.err().unwrap());
    });
    let settings = settings.parse().unwrap();
    let manager = r2d2_postgres::PostgresConnectionManager::new(settings, tokio_postgres::NoTls);
    let pool = r2d2::Pool::builder().connection_timeout(limit).build_unchecked(manager);
    say("r2d2", &pool.get().err().unwrap());
}
RUST
python psycopg==3.3.9 psycopg-binary==3.3.9 psycopg-pool==3.3.3
cat > "$work/pool.py" << 'PYTHON'
import logging, sys, psycopg_pool

logging.disable()
pool = psycopg_pool.ConnectionPool(f"host=127.0.0.1 port={sys.argv[1]} user=job", min_size=1, timeout=2, open=True)
try:
    pool.getconn()
except psycopg_pool.PoolTimeout as error:
    print(f"psycopg_pool: {error}{' <- ' if error.__cause__ else ''}", flush=True)
pool.close(timeout=1)
PYTHON
port=$(free_port)
seen=$(
    timeout 60 "$work/program" "$port" 2> /dev/null
    timeout 60 python3 "$work/pool.py" "$port" 2> /dev/null
)
expect "deadpool: Error occurred while creating a new object: error connecting to server <- error connecting to server <- Connection refused (os error 111)
sqlx: pool timed out while waiting for an open connection
bb8: Timed out in bb8
r2d2: timed out waiting for connection: error connecting to server
psycopg_pool: couldn't get a connection after 2.00 sec" "$seen"
