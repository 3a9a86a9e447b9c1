#!/usr/bin/env bash
# Guess: rsyslog, whose TCP receiver is down for a moment, keeps what comes meanwhile, and sends it when the receiver is back.
# Seen: with the action as it comes, what arrives while the receiver is down is thrown away, and what arrives in the half minute
# after the first failure too, though the receiver is back by then. With `action.resumeRetryCount="-1"` and a queue, all of it
# is sent.
# Why it matters: a restart of the log server of one second costs half a minute of every host's log lines, and an alert by
# a rule over them never comes.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian rsyslog=8.2302.0-1+deb12u2 libestr0=0.1.11-1 libfastjson4=1.2304.0-1 liblognorm5=2.0.6-4
modules=$work/root/usr/lib/$(uname -m)-linux-gnu/rsyslog
cat > "$work/tcp.py" << 'PYTHON'
import socket, sys, threading

def receive(connection):
    for line in connection.makefile():
        print(line.split()[-1], flush=True)

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=receive, args=(server.accept()[0],), daemon=True).start()
PYTHON
send() { # the port, the message
    printf '<13>Nov 29 01:00:00 host job: %s\n' "$2" > "/dev/tcp/127.0.0.1/$1"
}
{
    for settings in '' 'action.resumeRetryCount="-1" queue.type="LinkedList" action.resumeInterval="1"'; do
        input=$(free_port) output=$(free_port) name=rsyslog${settings:+2}
        cat > "$work/$name.conf" << CONF
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="$input")
action(type="omfwd" target="127.0.0.1" port="$output" protocol="tcp" $settings)
CONF
        start "$name" rsyslogd -n -f "$work/$name.conf" -i "$work/$name.pid" -M "$modules"
        within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$input"
        send "$input" down
        within 20 grep -q 'Connection refused' "$work/$name.log"
        start "tcp-$name" python3 "$work/tcp.py" "$output"
        within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$output"
        send "$input" back
        # One a second, until one arrives: it is behind the others.
        later() { send "$input" later; sleep 1; grep -q later "$work/tcp-$name.log"; }
        within 60 later
        # A busy machine may have a line sent twice.
        echo "${settings:-as it comes}: $(grep -v later "$work/tcp-$name.log" | sort -u | paste -sd ' ')"
        kill "${started[@]}"
        started=()
    done
} > "$work/seen"
expect 'as it comes: 
action.resumeRetryCount="-1" queue.type="LinkedList" action.resumeInterval="1": back down' "$(cat "$work/seen")"
