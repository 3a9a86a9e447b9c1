#!/usr/bin/env bash
# Guess: `sentry-cli monitors run nightly -- JOB` runs the job, whatever Sentry does, hands SIGTERM on, and ends as the job did.
# Seen: it first says "in progress" to Sentry, with no time limit. Where Sentry takes the connection and does not answer, the job has not begun 30 seconds later,
# nor, tried once, 8 minutes later; without a DSN it does not run at all. SIGTERM ends sentry-cli alone, and the job goes on. A killed job has exit code 1. Where
# Sentry answers 500, or cannot be reached, the job runs.
# Why it matters: the tool that watches a job stops it, for as long as a firewall or a proxy swallows what is sent, and says nothing.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules @sentry/cli@3.8.0
cd "$work"
cat > sentry.py << 'PYTHON'
import socketserver, sys

how = sys.argv[1]

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        for line in self.rfile:
            name, _, value = line.decode().partition(":")
            if name.lower() == "content-length":
                length = int(value)
            if line == b"\r\n":
                break
        if how == "silent":
            self.rfile.read()
        self.rfile.read(length)
        self.wfile.write(f"HTTP/1.1 {how} .\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())

socketserver.ThreadingTCPServer.daemon_threads = True
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
for how in 200 500 silent; do
    start "server-$how" python3 sentry.py "$how"
    within 20 test -s "server-$how.log"
done
free_port > server-none.log
run() { # the title, where Sentry is, the command
    local title=$1 code=0
    export SENTRY_DSN
    SENTRY_DSN=http://key@127.0.0.1:$(< "server-$2.log")/1
    rm -f ran
    timeout 30 node_modules/.bin/sentry-cli monitors run nightly -- sh -c "touch ran; $3" > said 2>&1 || code=$?
    echo "$title: the job ran: $([ -e ran ] && echo yes || echo no), exit code $code" >> seen
}
run 'as it should be' 200 'exit 3'
run 'Sentry answers 500' 500 'exit 3'
run 'Sentry is away' none 'exit 3'
run 'Sentry is silent' silent 'exit 3'
run 'the job is killed' 200 'kill -KILL $$'
unset SENTRY_DSN
code=0
timeout 30 node_modules/.bin/sentry-cli monitors run nightly -- touch without.dsn > said 2>&1 || code=$?
echo "no DSN: the job ran: $([ -e without.dsn ] && echo yes || echo no), exit code $code" >> seen
SENTRY_DSN=http://key@127.0.0.1:$(< server-200.log)/1
export SENTRY_DSN
start wrapper node_modules/@sentry/cli-linux-x64/bin/sentry-cli monitors run nightly -- sh -c 'echo $$ > job.pid; exec sleep 60'
wrapper=${started[-1]}
within 20 test -s job.pid
kill -TERM "$wrapper"
code=0
wait "$wrapper" || code=$?
sleep 1
echo "SIGTERM: exit code $code, the job $(kill "$(< job.pid)" 2> complaints && echo 'goes on' || echo 'is over')" >> seen
expect 'as it should be: the job ran: yes, exit code 3
Sentry answers 500: the job ran: yes, exit code 3
Sentry is away: the job ran: yes, exit code 3
Sentry is silent: the job ran: no, exit code 124
the job is killed: the job ran: yes, exit code 1
no DSN: the job ran: no, exit code 1
SIGTERM: exit code 143, the job goes on' "$(cat seen)"
