#!/usr/bin/env bash
# Guess: a job that knockknock looks after runs and fails as without it, whatever its receiver does; and a job that gives up is a failure.
# Seen: knockknock posts "started" first: where the receiver is down the job is never begun, and where it does not answer the job waits with it. A
# receiver that goes away meanwhile puts its own error in the place of a finished job's result. `sys.exit(1)` and a KeyboardInterrupt send nothing,
# after "started"; the command exits with 1 for each code and signal of its job.
# Why it matters: the night on which the chat is down is the night on which no job runs; and a job that ends with `sys.exit(1)` is in the chat as one
# that still runs.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python knockknock==0.1.8.1 setuptools==80.9.0
cd "$work"
cat > receiver.py << 'PYTHON'
import http.server, sys

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        for word in "started", "complete", "crashed":
            if f"training has {word}" in text or f"training is {word}" in text:
                print(word, file=open("sent", "a"), flush=True)
        self.send_response(200)
        self.end_headers()
        if self.path == "/once":
            self.server.server_close()

    def log_message(self, *_):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
cat > job.py << 'PYTHON'
import sys
from knockknock import slack_sender

@slack_sender(webhook_url=sys.argv[1], channel="jobs")
def load():
    print("began", file=open("ran", "a"), flush=True)
    match sys.argv[2]:
        case "error":
            raise OSError("disk full")
        case "exit":
            sys.exit(1)
        case "interrupt":
            raise KeyboardInterrupt
    return "loaded"

load()
PYTHON
printf '#!/bin/sh\necho began >> ran\nkill -KILL $$\n' > killed
printf '#!/bin/sh\necho began >> ran\nexit 75\n' > failed
chmod +x killed failed
port=$(free_port)
dead=$(free_port)
start receiver python3 receiver.py "$port"
silent=$(free_port)
start silent python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $silent)); time.sleep(300)"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$silent"
run() { # the title, the command
    local code=0 title=$1
    shift
    : > sent
    : > ran
    timeout 12 "$@" > log 2>&1 < /dev/null || code=$?
    [ "$code" != 124 ] || code='none, it still waits'
    echo "$title: exit code $code, ran $(wc -l < ran), sent: $(tr '\n' ' ' < sent)"
}
expect 'well: exit code 0, ran 1, sent: started complete 
an error: exit code 1, ran 1, sent: started crashed 
sys.exit(1): exit code 1, ran 1, sent: started 
interrupt: exit code 130, ran 1, sent: started 
command, 75: exit code 1, ran 1, sent: started crashed 
command, SIGKILL: exit code 1, ran 1, sent: started crashed 
receiver down: exit code 1, ran 0, sent: 
receiver silent: exit code none, it still waits, ran 0, sent: 
receiver goes away: exit code 1, ran 1, sent: started ' "$(
    hook=http://127.0.0.1:$port/hook
    run well python3 job.py "$hook" well
    run 'an error' python3 job.py "$hook" error
    run 'sys.exit(1)' python3 job.py "$hook" exit
    run interrupt python3 job.py "$hook" interrupt
    run 'command, 75' knockknock slack --webhook-url "$hook" --channel jobs ./failed
    run 'command, SIGKILL' knockknock slack --webhook-url "$hook" --channel jobs ./killed
    run 'receiver down' python3 job.py "http://127.0.0.1:$dead/hook" well
    run 'receiver silent' python3 job.py "http://127.0.0.1:$silent/hook" well
    run 'receiver goes away' python3 job.py "http://127.0.0.1:$port/once" well
)"
