#!/usr/bin/env bash
# Guess: once PostgreSQL is back after a restart, the next client gets through Pgpool-II.
# Seen: a client that came while PostgreSQL was down makes Pgpool take its only server for lost: "all backend nodes are down" is what each client hears
# from then on, while the server answers, until somebody restarts Pgpool or runs `pcp_attach_node`. A restart that no client met does no harm, and none
# does with `failover_on_backend_error = off`.
# Why it matters: a restart of two seconds, by night, when one job is due, fails all jobs until the morning, and the alerts blame the database, which
# is well.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
debian pgpool2=4.3.5-1+deb12u1 libpgpool2=4.3.5-1+deb12u1 libmemcached11=1.1.4-1 libhashkit2=1.1.4-1
cd "$work"
pgpool() { # the name, the setting of failover_on_backend_error
    mkdir "$1"
    cat > "$1/conf" << CONF
listen_addresses = '127.0.0.1'
port = $2
pcp_port = $(free_port)
socket_dir = '$work/$1'
pcp_socket_dir = '$work/$1'
pid_file_name = '$work/$1/pid'
logdir = '$work/$1'
work_dir = '$work/$1'
backend_clustering_mode = 'raw'
backend_hostname0 = '127.0.0.1'
backend_port0 = $server_port
enable_pool_hba = off
failover_on_backend_error = $3
CONF
    touch "$1/hba" "$1/pcp"
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$1"
    start "$1" "${nobody[@]}" "$work/root/usr/sbin/pgpool" -n -f "$work/$1/conf" -a "$work/$1/hba" -F "$work/$1/pcp"
    within 60 psql --port="$2" --command='SELECT 1'
}
stop() {
    kill -INT "$(head -n 1 data/postmaster.pid)"
    within 30 test ! -e data/postmaster.pid
}
restart() {
    start postgres "${nobody[@]}" postgres -D "$work/data" -p "$server_port" -h 127.0.0.1 -k '' -F
    within 60 psql --port="$server_port" --command='SELECT 1'
}
ask() { { timeout 30 psql --port="$1" -Atc "SELECT 'served'" 2>&1 || true; } | grep -o 'served\|all backend nodes are down' || echo failed; }
default_port=$(free_port)
pgpool default "$default_port" on
mended_port=$(free_port)
pgpool mended "$mended_port" off
stop
restart
seen="after a restart that no client met: $(ask "$default_port"), $(ask "$mended_port")"
stop
ask "$default_port" > /dev/null
ask "$mended_port" > /dev/null
restart
sleep 15
expect 'after a restart that no client met: served, served
after one that a client met, by default: all backend nodes are down; of the server itself: served
with failover_on_backend_error = off: served' "$seen
after one that a client met, by default: $(ask "$default_port"); of the server itself: $(ask "$server_port")
with failover_on_backend_error = off: $(ask "$mended_port")"
