#!/usr/bin/env bash
# Guess: superlance's `crashmail`, the listener of supervisord that mails when a program crashes, mails of each that does.
# Seen: of a program that fails after two seconds. Not of one that fails within its first (`startsecs=1`), in none of its attempts and
# not when supervisord has given up on it; nor of one whose command is not there. Both are FATAL then.
# Why it matters: a wrong password, a setting that is not read, a release without its file: what fails at once is what a
# deployment breaks, and of that nobody gets a mail.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python supervisor==4.3.0 superlance==2.0.0 setuptools==80.9.0
printf '#!/bin/sh\ngrep ^Subject | sed "s/ at .*//" >> "%s/mails"\n' "$work" > "$work/sendmail"
chmod +x "$work/sendmail"
cat > "$work/supervisord.conf" << INI
[supervisord]
logfile=$work/log
pidfile=$work/pid
childlogdir=$work
[unix_http_server]
file=$work/socket
[supervisorctl]
serverurl=unix://$work/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[eventlistener:crashmail]
command=$work/venv/bin/crashmail -a -m ops@example.com -s $work/sendmail
events=PROCESS_STATE_EXITED
[program:late]
command=sh -c 'sleep 2; exit 3'
autorestart=false
[program:early]
command=sh -c 'exit 3'
startretries=2
[program:missing]
command=$work/no-such-job
startretries=2
INI
: > "$work/mails"
start supervisord supervisord --nodaemon -c "$work/supervisord.conf"
status() { supervisorctl -c "$work/supervisord.conf" status "$1" | grep -o "[A-Z]\{5,\}" | head -n 1; }
is() { [ "$(status "$1")" = "$2" ]; }
within 60 is early FATAL
within 60 is missing FATAL
within 60 is late EXITED
within 60 grep -q late "$work/mails"
seen=$(
    for program in late early missing; do
        echo "$program: $(status $program), $(grep -c " $program crashed" "$work/mails") mails"
    done
)
expect 'late: EXITED, 1 mails
early: FATAL, 0 mails
missing: FATAL, 0 mails' "$seen"
