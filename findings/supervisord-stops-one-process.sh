#!/usr/bin/env bash
# Guess: `supervisorctl stop` ends a program and what it started, at the latest with the SIGKILL after
# `stopwaitsecs`.
# Seen: both signals go to one process. When that is a shell, its command runs on, and `status` says
# STOPPED; `start` then gives a second copy. `stopasgroup` and `killasgroup` are off by default.
# Why it matters: two copies of a job work on the same data, and the supervisor shows one.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python supervisor==4.3.0
cat > "$work/job.sh" << JOB
sleep 40 &
echo \$! >> $work/commands
wait
JOB
cat > "$work/ini" << INI
[supervisord]
nodaemon=true
logfile=$work/supervisord.log
pidfile=$work/pid
childlogdir=$work
[unix_http_server]
file=$work/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$work/socket
[program:job]
command=/bin/bash $work/job.sh
startsecs=0
stopwaitsecs=3
INI
control() { timeout 60 supervisorctl -c "$work/ini" "$@"; }
start supervisord supervisord -c "$work/ini"
within 30 test -s "$work/commands"
within 30 control pid
seen=$(
    control stop job
    { control status || true; } | grep -o STOPPED
    control start job
    within 20 eval '[ "$(wc -l < "$work/commands")" = 2 ]'
    alive=0
    for pid in $(cat "$work/commands"); do [ -d "/proc/$pid" ] && alive=$((alive + 1)); done
    echo "commands alive: $alive"
)
control stop job > /dev/null
kill $(cat "$work/commands")
expect 'job: stopped
STOPPED
job: started
commands alive: 2' "$seen"
