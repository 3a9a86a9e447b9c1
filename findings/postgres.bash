# shellcheck shell=bash
# PostgreSQL on a loopback port, PgBouncer in transaction mode with one connection before it, and
# clients that stay connected. Both refuse root, so they run as nobody then.

nobody=()
[ "$(id -u)" != 0 ] || nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --)

# Installs and starts both.
pooled_postgres() {
    debian postgresql-15=15.20-0+deb12u1 postgresql-client-15=15.20-0+deb12u1 libpq5=15.20-0+deb12u1 \
        pgbouncer=1.18.0-1+deb12u1 libc-ares2=1.18.1-3 libevent-2.1-7=2.1.12-stable-8+deb12u1
    export PATH="$work/root/usr/lib/postgresql/15/bin:$PATH" PGDATABASE=postgres PGUSER=job PGHOST=127.0.0.1
    server_port=$(free_port)
    pooler_port=$(free_port)
    mkdir "$work/data" "$work/pooler"
    cat > "$work/pooler/ini" << INI
[databases]
postgres = host=127.0.0.1 port=$server_port user=job
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = any
auth_file = $work/pooler/users
pool_mode = transaction
default_pool_size = 1
INI
    : > "$work/pooler/users"
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work/data" "$work/pooler"
    timeout 120 "${nobody[@]}" initdb --pgdata="$work/data" --username=job --auth=trust --no-sync > "$work/install.log" 2>&1
    start postgres "${nobody[@]}" postgres -D "$work/data" -p "$server_port" -h 127.0.0.1 -k '' -F
    within 60 psql --port="$server_port" --command='SELECT 1'
    start pgbouncer "${nobody[@]}" pgbouncer "$work/pooler/ini"
    within 20 psql --port="$pooler_port" --command='SELECT 1'
    : > "$work/answers"
}

# Sends a statement by the connection of that name, which stays open, and waits for the end of its
# answer, which goes to $work/answers: client NAME SQL. The name `direct` passes the pooler by.
declare -A sessions
client() {
    local name=$1 port=$pooler_port
    [ "$name" != direct ] || port=$server_port
    if [ -z "${sessions[$name]:-}" ]; then
        mkfifo "$work/$name.sql"
        PGAPPNAME=$name start "$name" psql --port="$port" --no-psqlrc --quiet --tuples-only --no-align --file="$work/$name.sql"
        exec {sessions[$name]}> "$work/$name.sql"
    fi
    printf '%s;\n\\! touch %s\n' "$2" "$work/$name.done" >&"${sessions[$name]}"
    within 20 test -e "$work/$name.done"
    rm "$work/$name.done"
    sed 's/^psql:[^ ]* //' "$work/$name.log" >> "$work/answers"
    : > "$work/$name.log"
}
