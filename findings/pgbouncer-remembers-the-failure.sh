#!/usr/bin/env bash
# Guess: as soon as PostgreSQL is back after a restart, the next client gets through PgBouncer.
# Seen: not for up to 15 seconds (`server_login_retry`) after PgBouncer's last try: it refuses at once, "server login has been failing", while psql reaches the
# server itself. Of the clients that come while the server is down the first waits, and the others are refused.
# Why it matters: three tries, one second apart, are over in three seconds: a job fails, and is alerted on, after the server is up again.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
ask() { timeout 30 psql --port="$1" --no-psqlrc --tuples-only --no-align --command='SELECT 1' 2>&1 | grep -oE '^1$|server_login_retry' || true; }
echo "before: $(ask "$pooler_port")" >> "$work/seen"
kill -INT "${started[0]}"
wait "${started[0]}" || true
start first psql --port="$pooler_port" --command='SELECT 1'
first=${started[-1]}
sleep 2
echo "down, another client: $(ask "$pooler_port")" >> "$work/seen"
start postgres "${nobody[@]}" postgres -D "$work/data" -p "$server_port" -h 127.0.0.1 -k '' -F
within 60 psql --port="$server_port" --command='SELECT 1'
echo "up, directly: $(ask "$server_port")" >> "$work/seen"
for try in 1 2 3; do
    echo "up, try $try: $(ask "$pooler_port")" >> "$work/seen"
    sleep 1
done
echo "the first client: $([ -d "/proc/$first" ] && echo waits || echo 'has its answer')" >> "$work/seen"
sleep 15
echo "15 s later: $(ask "$pooler_port")" >> "$work/seen"
echo "the first client: $([ -d "/proc/$first" ] && echo waits || echo 'has its answer')" >> "$work/seen"
expect 'before: 1
down, another client: server_login_retry
up, directly: 1
up, try 1: server_login_retry
up, try 2: server_login_retry
up, try 3: server_login_retry
the first client: waits
15 s later: 1
the first client: has its answer' "$(cat "$work/seen")"
