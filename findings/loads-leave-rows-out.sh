#!/usr/bin/env bash
# Guess: a command that loads a file into a database fails where rows of it cannot be loaded.
# Seen: `sqlite3 -csv FILE '.import …'` leaves out the rows that a constraint refuses, and its exit code is that of the last row: 0 for a bad row in the middle, with
# `-bail`, too; 19 for a bad last one. `mariadb-import --local` turns a word into 0 and cuts a number to the largest that fits, in the strict mode, with 0;
# without `--local` it loads nothing and fails. `redis-cli`, with its commands as arguments or from standard input, ends with 0 after an error; with `--pipe` and `-e` it fails.
# Why it matters: the nightly load is green, and rows are missing, or wrong. The words on standard error are the only sign.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"
. "$(dirname "$0")/mariadb.bash"

redis
mariadb_server
debian sqlite3=3.40.1-2+deb12u2 libsqlite3-0=3.40.1-2+deb12u2 libreadline8=8.2-1.3
cd "$work"
table='prices (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL)'
mariadb "${maria[@]}" --execute="CREATE DATABASE jobs; CREATE TABLE jobs.$table"
code_of() {
    local code=0
    timeout 60 "$@" > out 2>&1 || code=$?
    echo "$code"
}
rows() { paste -sd ' '; }
{
    for order in '1,150 1,300 none,90 5,75' '1,150 5,75 1,300'; do
        tr ' ' '\n' <<< "$order" > prices.csv
        for bail in '' -bail; do
            rm -f db
            sqlite3 db "CREATE TABLE $table"
            echo "sqlite3${bail:+ $bail}, $order: $(code_of sqlite3 $bail -csv db '.import prices.csv prices'), ids $(sqlite3 db 'SELECT id FROM prices' | rows)"
        done
    done
    printf '1,150\n2,none\n3,3000000000000\n' > prices.csv
    for way in --local --verbose; do
        mariadb "${maria[@]}" jobs --execute='TRUNCATE prices'
        code=$(code_of mariadb-import "${maria[@]}" $way --fields-terminated-by=, jobs "$work/prices.csv")
        cents=$(mariadb "${maria[@]}" --skip-column-names jobs --execute='SELECT cents FROM prices' | rows)
        echo "mariadb-import $way: $code, cents ${cents:-none}"
    done
    printf 'SET prices none\r\nLPUSH prices 150\r\nSET end 1\r\n' > commands
    cli=(redis-cli -p "$redis_port")
    "${cli[@]}" SET prices none > out
    echo "redis-cli, arguments: $(code_of "${cli[@]}" LPUSH prices 150), with -e: $(code_of "${cli[@]}" -e LPUSH prices 150)"
    echo "redis-cli, standard input: $(code_of "${cli[@]}" < commands), with --pipe: $(code_of "${cli[@]}" --pipe < commands)"
} > seen
expect 'sqlite3, 1,150 1,300 none,90 5,75: 0, ids 1 5
sqlite3 -bail, 1,150 1,300 none,90 5,75: 0, ids 1 5
sqlite3, 1,150 5,75 1,300: 19, ids 1 5
sqlite3 -bail, 1,150 5,75 1,300: 19, ids 1 5
mariadb-import --local: 0, cents 150 0 2147483647
mariadb-import --verbose: 1, cents none
redis-cli, arguments: 0, with -e: 1
redis-cli, standard input: 0, with --pipe: 1' "$(cat seen)"
