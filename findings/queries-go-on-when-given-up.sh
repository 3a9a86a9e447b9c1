#!/usr/bin/env bash
# Guess: a query that is given up after 1 second, by tokio's `timeout` or by pg's `query_timeout`, is ended, and whoever gets its connection from the pool next need
# not wait for it.
# Seen: PostgreSQL works on. deadpool and sqlx give the connection to the next one, who waits for the rest of the old query, 5 seconds here; bb8 looks at
# the connection first, and the next one times out. pg (npm) takes a new connection. asyncpg and psycopg send a cancel request, as guessed.
# Why it matters: the step that timed out is tried again, and each try adds a query to a server that was slow; the steps after it time out one by one,
# and the alert names them, not the one that holds the connection. `statement_timeout` ends it in the server.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' \
    'sqlx = { version = "=0.8.6", default-features = false, features = ["runtime-tokio", "postgres"] }' \
    'bb8-postgres = "=0.9.0"' 'deadpool-postgres = "=0.14.2"' 'tokio-postgres = "=0.7.18"' << 'RUST'
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::NoTls;

const LONG: &str = "SELECT pg_sleep(6)";

/// Says whether the server still works on the long query, and how the next one fared.
async fn say(pool: &str, works: i64, next: Result<(), String>, since: Instant) {
    let waited = if since.elapsed() < Duration::from_secs(2) { "at once" } else { "after seconds" };
    println!("{pool}: still worked on: {works}, the next one: {} {waited}", next.err().unwrap_or("served".into()));
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let (watch, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let works = async || -> i64 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(6)'";
        watch.query_one(sql, &[]).await.unwrap().get(0)
    };
    let second = Duration::from_secs(1);

    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    timeout(second, sqlx::query(LONG).execute(&pool)).await.unwrap_err();
    let (begin, count) = (Instant::now(), works().await);
    let next = sqlx::query("SELECT 1").execute(&pool).await;
    say("sqlx", count, next.map(|_| ()).map_err(|error| error.to_string()), begin).await;
    pool.close().await;

    let mut config = deadpool_postgres::Config::new();
    config.url = Some(url.clone());
    config.pool = Some(deadpool_postgres::PoolConfig::new(1));
    let pool = config.create_pool(Some(deadpool_postgres::Runtime::Tokio1), NoTls).unwrap();
    let client = pool.get().await.unwrap();
    timeout(second, client.batch_execute(LONG)).await.unwrap_err();
    drop(client);
    let (begin, count) = (Instant::now(), works().await);
    let next = pool.get().await.unwrap().batch_execute("SELECT 1").await;
    say("deadpool", count, next.map_err(|error| error.to_string()), begin).await;

    let manager = bb8_postgres::PostgresConnectionManager::new_from_stringlike(&url, NoTls).unwrap();
    let pool = bb8_postgres::bb8::Pool::builder().max_size(1).connection_timeout(second * 3).build(manager).await.unwrap();
    let client = pool.get().await.unwrap();
    timeout(second, client.batch_execute(LONG)).await.unwrap_err();
    drop(client);
    let (begin, count) = (Instant::now(), works().await);
    let next = pool.get().await.map(|_| ()).map_err(|error| error.to_string());
    say("bb8", count, next, begin).await;
}
RUST
node_modules pg@8.23.1
python asyncpg==0.32.0 psycopg==3.3.9 psycopg-binary==3.3.9 psycopg-pool==3.3.3
pooled_postgres
cd "$work"
cat > pool.cjs << 'NODE'
const { Pool } = require("pg");

(async () => {
    const pool = new Pool({ connectionString: process.argv[2], max: 1, query_timeout: 1000 });
    await pool.query("SELECT pg_sleep(6)").catch(() => {});
    await pool.query("SELECT 1");
    const sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(6)'";
    console.log(`pg: still worked on: ${(await pool.query(sql)).rows[0].count}, the next one: served`);
    process.exit();
})();
NODE
cat > pool.py << 'PYTHON'
import asyncio, sys, asyncpg, psycopg_pool

WORKS = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(6)'"

async def main():
    pool = await asyncpg.create_pool(sys.argv[1], min_size=1, max_size=1)
    try:
        await pool.execute("SELECT pg_sleep(6)", timeout=1)
    except TimeoutError:
        pass
    print(f"asyncpg: still worked on: {await pool.fetchval(WORKS)}, the next one: served")
    async with psycopg_pool.AsyncConnectionPool(sys.argv[1], min_size=1, max_size=1) as pool:
        try:
            async with asyncio.timeout(1), pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(6)")
        except TimeoutError:
            pass
        async with pool.connection() as connection:
            works = (await (await connection.execute(WORKS)).fetchone())[0]
        print(f"psycopg_pool: still worked on: {works}, the next one: served")

asyncio.run(main())
PYTHON
url=postgres://job@127.0.0.1:$server_port/postgres
unset LD_LIBRARY_PATH # of PostgreSQL alone
seen=$(
    timeout 60 "$work/program" "$url"
    sleep 7 # until the last one's is over
    timeout 60 node pool.cjs "$url"
    sleep 7
    timeout 60 python3 pool.py "$url" 2> /dev/null
)
expect 'sqlx: still worked on: 1, the next one: served after seconds
deadpool: still worked on: 1, the next one: served after seconds
bb8: still worked on: 1, the next one: Timed out in bb8 after seconds
pg: still worked on: 1, the next one: served
asyncpg: still worked on: 0, the next one: served
psycopg_pool: still worked on: 0, the next one: served' "$seen"
