#!/usr/bin/env bash
# Guess: where `timeout` ends psql, the server ends the statement that it was sent, or rolls it back: nobody waits for its answer.
# Seen: PostgreSQL goes on with it and commits it, after SIGTERM and after SIGKILL, and so does MariaDB. SIGINT (`timeout --signal=INT`) takes it back in both.
# With `client_connection_check_interval` set, PostgreSQL looks whether its client is still there, and takes it back, too.
# Why it matters: a step that was ended for its time, or whose machine was taken, is run again, and its work is done twice: rows, invoices,
# transfers. The log says of the first run that it failed.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
debian mariadb-server-core=1:10.11.19-0+deb12u1 mariadb-client-core=1:10.11.19-0+deb12u1 mariadb-client=1:10.11.19-0+deb12u1 \
    libmariadb3=1:10.11.19-0+deb12u1 liburing2=2.3-3
export PATH="$work/root/usr/lib/postgresql/15/bin:$PATH" PGPORT=$server_port
cd "$work"
mkdir maria
timeout 120 mariadb-install-db --no-defaults --user="$(id -un)" --auth-root-authentication-method=normal --basedir="$work/root/usr" --datadir="$work/maria" \
    --skip-test-db > install.log 2>&1
start mariadb mariadbd --no-defaults --user="$(id -un)" --basedir="$work/root/usr" --datadir="$work/maria" --skip-networking --socket="$work/socket"
maria=(mariadb --no-defaults --socket="$work/socket" --user=root --skip-column-names)
within 60 "${maria[@]}" --execute='SELECT 1'
psql --quiet --command='CREATE TABLE invoices (step text)'
"${maria[@]}" --execute='CREATE DATABASE jobs; CREATE TABLE jobs.invoices (step text)'
for signal in TERM KILL INT; do
    for step in "$signal" "$signal-checked"; do
        PGOPTIONS=''
        [[ "$step" != *-checked ]] || PGOPTIONS='-c client_connection_check_interval=200'
        export PGOPTIONS
        timeout --signal="$signal" 1 psql --command="INSERT INTO invoices SELECT '$step' FROM pg_sleep(4)" > out 2>&1 || true
    done
    timeout --signal="$signal" 1 "${maria[@]}" jobs --execute="INSERT INTO invoices SELECT '$signal' FROM (SELECT SLEEP(4)) AS work" > out 2>&1 || true
done 2> /dev/null # the shell's words on what was killed
sleep 5
expect 'PostgreSQL: KILL TERM
MariaDB: KILL TERM' "PostgreSQL: $(psql --tuples-only --no-align --command='SELECT step FROM invoices' | sort | paste -sd ' ')
MariaDB: $("${maria[@]}" jobs --execute='SELECT step FROM invoices' | sort | paste -sd ' ')"
