#!/usr/bin/env bash
# Guess: `clush` fails where the command fails on one of the hosts, as `ssh` does.
# Seen: exit code 0, also where it fails on all of them, is killed, is not there, or is over clush's own time limit (`-u`); each is a line on standard error. `-S`
# makes it the largest exit code.
# Why it matters: the nightly job that is run on each host of a cluster by one line of cron is a success whatever happens on the hosts.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python ClusterShell==1.9.3
run() { # the title, the options, the command
    local code=0
    # shellcheck disable=SC2086
    timeout 60 clush $2 --worker=exec -w web1,web2 "$3" > "$work/said" 2>&1 || code=$?
    echo "$1: $code"
}
seen=$(
    run 'as it should be' '' 'exit 0'
    run 'fails on one' '' 'test %host = web1'
    run 'fails on all' '' 'exit 3'
    run 'killed' '' 'kill -KILL $$'
    run 'not there' '' 'nosuchcommand'
    run 'over the limit' '-u 1' 'sleep 5'
    run 'fails on one, -S' -S 'test %host = web1'
    run 'fails on all, -S' -S 'exit 3'
    run 'killed, -S' -S 'kill -KILL $$'
    run 'over the limit, -S' '-S -u 1' 'sleep 5'
)
expect 'as it should be: 0
fails on one: 0
fails on all: 0
killed: 0
not there: 0
over the limit: 0
fails on one, -S: 1
fails on all, -S: 3
killed, -S: 137
over the limit, -S: 255' "$seen"
