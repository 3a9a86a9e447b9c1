#!/usr/bin/env bash
# Guess: a program that circus starts has the variables that circusd was started with, as under supervisord.
# Seen: it has none of them, not even PATH and HOME, but those of its own `[env:job]`; `copy_env = True` gives it all.
# Why it matters: the webhook, the proxy and the database that the container or the unit sets are missing, and what a job sends goes nowhere; a
# shell script finds its tools all the same, for a shell has a PATH of its own, so that nobody looks there.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python circus==0.19.0 supervisor==4.3.0
cd "$work"
cat > job << 'SH'
#!/bin/sh
env | grep -E '^(PATH|HOME|LOAD_WEBHOOK|LOAD_TABLE)=' | cut -d= -f1 | sort | paste -sd, > "$1.seen.new"
mv "$1.seen.new" "$1.seen"
exec sleep 100
SH
chmod 755 job
circus() { # the name, the lines of the watcher
    local name=$1
    shift
    {
        printf '[circus]\nendpoint = tcp://127.0.0.1:%s\npubsub_endpoint = tcp://127.0.0.1:%s\n' "$(free_port)" "$(free_port)"
        printf '[watcher:job]\ncmd = %s/job %s\nworking_dir = %s\n' "$work" "$name" "$work"
        printf '%s\n' "$@"
    } > "$name.ini"
    start "$name" env LOAD_WEBHOOK=https://example.org/hook circusd "$name.ini"
}
circus default
circus own '[env:job]' 'LOAD_TABLE = orders'
circus copied 'copy_env = True'
cat > supervisord.conf << CONF
[supervisord]
nodaemon = true
logfile = $work/supervisord.out
pidfile = $work/supervisord.pid
[program:job]
command = $work/job supervisord
directory = $work
CONF
start supervisord env LOAD_WEBHOOK=https://example.org/hook supervisord -c supervisord.conf
seen=$(
    for name in default own copied supervisord; do
        within 30 test -e $name.seen
        echo "$name: $(grep . $name.seen || echo nothing)"
    done
)
expect 'default: nothing
own: LOAD_TABLE
copied: HOME,LOAD_WEBHOOK,PATH
supervisord: HOME,LOAD_WEBHOOK,PATH' "$seen"
