#!/usr/bin/env bash
# Guess: where `timeout` ends psql, the server ends the statement that it was sent, or rolls it back: nobody waits for its answer.
# Seen: PostgreSQL goes on with it and commits it, after SIGTERM and after SIGKILL, and so does MariaDB. SIGINT (`timeout --signal=INT`) takes it back in both.
# With `client_connection_check_interval` set, PostgreSQL looks whether its client is still there, and takes it back, too.
# Why it matters: a step that was ended for its time, or whose machine was taken, is run again, and its work is done twice: rows, invoices,
# transfers. The log says of the first run that it failed.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"
. "$(dirname "$0")/mariadb.bash"

pooled_postgres
mariadb_server
export PATH="$work/root/usr/lib/postgresql/15/bin:$PATH" PGPORT=$server_port
cd "$work"
psql --quiet --command='CREATE TABLE invoices (step text)'
mariadb "${maria[@]}" --execute='CREATE DATABASE jobs; CREATE TABLE jobs.invoices (step text)'
# How many statements of that step the server works on.
in_postgres() { psql --tuples-only --no-align --command="SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT%''$1''%'"; }
in_maria() { mariadb "${maria[@]}" --skip-column-names --execute="SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT%''$1''%'"; }
works_on() { [ "$("$1" "$2")" = 1 ]; }
stop() { # the signal, the server, the step, the client
    local server=$2 step=$3 signal=$1
    shift 3
    "$@" > "$step.log" 2>&1 < /dev/null &
    started+=("$!")
    within 30 works_on "$server" "$step"
    kill -s "$signal" "${started[-1]}"
    wait "${started[-1]}" 2> /dev/null || true
}
for signal in TERM KILL INT; do
    for step in "$signal" "$signal-checked"; do
        PGOPTIONS=''
        [[ "$step" != *-checked ]] || PGOPTIONS='-c client_connection_check_interval=200'
        export PGOPTIONS
        stop "$signal" in_postgres "$step" env --default-signal=INT psql --command="INSERT INTO invoices SELECT '$step' FROM pg_sleep(8)"
    done
    sql="INSERT INTO invoices SELECT '$signal' FROM (SELECT SLEEP(8)) AS work"
    stop "$signal" in_maria "$signal" env --default-signal=INT mariadb "${maria[@]}" jobs --execute="$sql"
done
sleep 10
expect 'PostgreSQL: KILL TERM
MariaDB: KILL TERM' "PostgreSQL: $(psql --tuples-only --no-align --command='SELECT step FROM invoices' | sort | paste -sd ' ')
MariaDB: $(mariadb "${maria[@]}" --skip-column-names jobs --execute='SELECT step FROM invoices' | sort | paste -sd ' ')"
