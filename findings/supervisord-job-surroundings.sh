#!/usr/bin/env bash
# Guess: under supervisord a program with `user=nobody` has nobody's HOME and USER, and /dev/null for
# standard input.
# Seen: HOME is supervisord's own (root's), and standard input is a pipe that nobody writes to and
# nobody closes.
# Why it matters: what a job keeps below its home fails with "permission denied", and a program that
# reads its standard input "until the end" waits for ever, without an error to tell.
set -euo pipefail
. "$(dirname "$0")/common.bash"

[ "$(id -u)" = 0 ] || { echo 'needs root, for user='; exit 2; }
python supervisor==4.3.0
mkdir -m 777 "$work/seen"
cat > "$work/job.sh" << JOB
[ -p /dev/stdin ] && input='a pipe' || input='no pipe'
code=0
timeout 2 cat > /dev/null || code=\$?
echo "\$(id -un), HOME=\$HOME, USER=\${USER:-}, input: \$input, end of input: \$([ \$code = 124 ] && echo never || echo seen)" > $work/seen/new
mv $work/seen/new $work/seen/it
sleep 60
JOB
cat > "$work/ini" << INI
[supervisord]
nodaemon=true
user=root
logfile=$work/supervisord.log
pidfile=$work/pid
childlogdir=$work
[program:job]
command=/bin/bash $work/job.sh
user=nobody
INI
HOME=/root USER=root start supervisord supervisord -c "$work/ini"
within 30 test -e "$work/seen/it"
expect 'nobody, HOME=/root, USER=root, input: a pipe, end of input: never' "$(cat "$work/seen/it")"
