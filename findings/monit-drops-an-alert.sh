#!/usr/bin/env bash
# Guess: Monit sends an alert whose mail server could not be reached as soon as that is back, at the latest with its next look, while the job still fails.
# Seen: never. It tries once, "aborting event", and each later look logs the failure and sends nothing, for the state has not changed; the mail that then comes is
# the one of the recovery. With `set eventqueue` the failure is sent once the server is back.
# Why it matters: the network that breaks the job takes its alert away, too, and the line that helps is in no configuration that works without it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian monit=1:5.33.0-1
cd "$work"
port=$(free_port)
cat > smtp.py << 'PYTHON'
import socketserver, sys

class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.say(b"220 mail")
        body = False
        for line in self.rfile:
            line = line.strip()
            if body:
                if line.startswith(b"Subject:"):
                    print(line.decode(), flush=True)
                if line == b".":
                    body = False
                    self.say(b"250 taken")
            elif line == b"DATA":
                body = True
                self.say(b"354 go on")
            elif line == b"QUIT":
                return self.say(b"221 bye")
            else:
                self.say(b"250 ok")

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
PYTHON
run() { # the title, a line for the configuration
    local monit server
    rm -rf monit.log state queue fixed smtp.log
    cat > monitrc << MONIT
set daemon 1
set pidfile $work/pid
set statefile $work/state
set idfile $work/id
set logfile $work/monit.log
set mailserver 127.0.0.1 port $port with timeout 5 seconds
set alert ops@example.com only on { status }
$2
check program load with path "/usr/bin/test -e $work/fixed"
    if status != 0 then alert
MONIT
    chmod 600 monitrc
    start monit.out monit -c monitrc -I
    monit=${started[-1]}
    within 60 grep -q 'Delivery failed' monit.log
    start smtp python3 smtp.py "$port"
    server=${started[-1]}
    within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
    sleep 5 # some looks more
    touch fixed
    within 60 grep -q succeeded smtp.log
    echo "$1: failures sent $(grep -c 'failed load' smtp.log || true), recoveries $(grep -c 'succeeded load' smtp.log || true)" >> seen
    kill "$monit" "$server"
    wait "$monit" "$server" || true
}
run 'as it comes' ''
run 'with an event queue' "set eventqueue basedir $work/queue slots 100"
expect 'as it comes: failures sent 0, recoveries 1
with an event queue: failures sent 1, recoveries 1' "$(cat seen)"
