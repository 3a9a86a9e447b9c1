#!/usr/bin/env bash
# Guess: HAProxy's `timeout client` and `timeout server` end connections that are idle; a query that PostgreSQL works on is none, and where its
# connection is cut the work is given up.
# Seen: a query of 5 seconds is cut after 2, though TCP's keep-alive is on at both sides. The client says that the server
# "terminated abnormally"; the server works on, and commits. `client_connection_check_interval` of PostgreSQL makes it give up.
# Why it matters: HAProxy's usual 50 seconds are shorter than many a nightly statement. The job fails, the alert blames PostgreSQL, and the next try
# does what has been done.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
debian haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 libopentracing-c-wrapper0=1.1.3-3+b1 libopentracing1=1.6.0-4 libpcre2-8-0=10.42-1+deb12u2 > "$work/versions"
head -n 1 "$work/versions"
proxy_port=$(free_port)
cat > "$work/haproxy.cfg" << CFG
defaults
    mode tcp
    timeout connect 5s
    timeout client 2s
    timeout server 2s
listen postgres
    bind 127.0.0.1:$proxy_port
    option clitcpka
    option srvtcpka
    server one 127.0.0.1:$server_port
CFG
start haproxy haproxy -db -f "$work/haproxy.cfg"
ask() { timeout 30 psql --port="$server_port" --no-psqlrc --quiet --tuples-only --no-align --command="$1"; }
within 20 psql --port="$proxy_port" --command='SELECT 1'
ask 'CREATE TABLE loads (job text)'
insert() { # the job, the port, settings
    local code=0 before=$SECONDS said
    said=$(PGOPTIONS=${3:-} timeout 30 psql --port="$2" --no-psqlrc --quiet --command="INSERT INTO loads SELECT '$1' FROM pg_sleep(5)" 2>&1) || code=$?
    said=$(grep -o 'server terminated abnormally' <<< "$said") || said=nothing
    echo "$1: exit code $code, $( ((SECONDS - before < 4)) && echo cut || echo whole), said: $said"
    sleep 5
    echo "$1: loaded $(ask "SELECT count(*) FROM loads WHERE job = '$1'") times"
}
seen=$(
    insert directly "$server_port"
    insert 'through HAProxy' "$proxy_port"
    insert 'through HAProxy, with a check' "$proxy_port" '-c client_connection_check_interval=500'
)
expect 'directly: exit code 0, whole, said: nothing
directly: loaded 1 times
through HAProxy: exit code 2, cut, said: server terminated abnormally
through HAProxy: loaded 1 times
through HAProxy, with a check: exit code 2, cut, said: server terminated abnormally
through HAProxy, with a check: loaded 0 times' "$seen"
