#!/usr/bin/env bash
# Guess: with `connect_timeout=2` a job gives up after 2 seconds on a PostgreSQL that takes the connection, and says nothing.
# Seen: libpq, psycopg, asyncpg and pg8000 do. tokio-postgres counts the TCP connection alone, and still waits after 10 seconds, when the
# script gives up; so do the crates on it, postgres and deadpool-postgres, with the same setting.
# Why it matters: a server that was stopped, that swaps, or whose host is being moved takes connections, for the kernel does that. A
# Rust job with this setting then hangs in place of failing, and no error is there to be sent.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tokio = { version = "=1.54.1", features = ["full"] }' 'deadpool-postgres = "=0.14.2"' 'postgres = "=0.19.14"' \
    'tokio-postgres = "=0.7.18"' << 'RUST'
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

fn main() {
    let port = std::env::args().nth(1).unwrap();
    let settings = format!("host=127.0.0.1 port={port} user=job connect_timeout=2");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let attempt = tokio_postgres::connect(&settings, tokio_postgres::NoTls);
        let over = tokio::time::timeout(LONG, attempt).await.is_ok();
        println!("tokio-postgres: {}", if over { "gives up" } else { "waits" });

        let mut config = deadpool_postgres::Config::new();
        config.url = Some(format!("postgres://job@127.0.0.1:{port}/postgres?connect_timeout=2"));
        let pool = config.create_pool(Some(deadpool_postgres::Runtime::Tokio1), tokio_postgres::NoTls).unwrap();
        let over = tokio::time::timeout(LONG, pool.get()).await.is_ok();
        println!("deadpool-postgres: {}", if over { "gives up" } else { "waits" });
    });
    let (end, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = postgres::Client::connect(&settings, postgres::NoTls);
        let _ = end.send(());
    });
    let over = ended.recv_timeout(LONG).is_ok();
    println!("postgres: {}", if over { "gives up" } else { "waits" });
    std::process::exit(0);
}
RUST
debian postgresql-client-15=15.20-0+deb12u1 libpq5=15.20-0+deb12u1
export PATH="$work/root/usr/lib/postgresql/15/bin:$PATH"
python psycopg==3.3.9 psycopg-binary==3.3.9 asyncpg==0.32.0 pg8000==1.31.6
cat > "$work/silent.py" << 'PYTHON'
import socket, sys

server, connections = socket.create_server(("127.0.0.1", int(sys.argv[1]))), []
while True:
    connections.append(server.accept())
PYTHON
cat > "$work/clients.py" << 'PYTHON'
import asyncio, sys, asyncpg, pg8000.dbapi, psycopg

client, port = sys.argv[1:]
if client == "psycopg":
    psycopg.connect(f"host=127.0.0.1 port={port} user=job connect_timeout=2")
elif client == "asyncpg":
    asyncio.run(asyncpg.connect(f"postgresql://job@127.0.0.1:{port}/postgres", timeout=2))
else:
    pg8000.dbapi.connect(user="job", host="127.0.0.1", port=int(port), timeout=2)
PYTHON
port=$(free_port)
start silent python3 "$work/silent.py" "$port"
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
limited() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > /dev/null 2>&1 < /dev/null || code=$?
    [ "$code" = 124 ] && echo "$title: waits" || echo "$title: gives up"
}
seen=$(
    limited psql psql "host=127.0.0.1 port=$port user=job connect_timeout=2" --command='SELECT 1'
    limited psycopg python3 "$work/clients.py" psycopg "$port"
    limited asyncpg python3 "$work/clients.py" asyncpg "$port"
    limited pg8000 python3 "$work/clients.py" pg8000 "$port"
    timeout 90 "$work/program" "$port"
)
expect 'psql: gives up
psycopg: gives up
asyncpg: gives up
pg8000: gives up
tokio-postgres: waits
deadpool-postgres: waits
postgres: waits' "$seen"
