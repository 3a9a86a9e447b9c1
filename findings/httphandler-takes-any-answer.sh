#!/usr/bin/env bash
# Guess: Python's `logging.handlers.HTTPHandler` counts an answer of 500 or 404 as a failure, and says so on standard error
# as logging does where a handler fails.
# Seen: it reads the answer and leaves it. Only a connection that cannot be made is a failure.
# Why it matters: the log server refuses each record for months, for a wrong path or a full disk, and no job knows.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python3 --version
port=$(free_port)
cat > "$work/receiver.py" << 'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
cat > "$work/job.py" << 'PYTHON'
import logging, logging.handlers, sys

logging.getLogger().addHandler(logging.handlers.HTTPHandler("127.0.0.1:" + sys.argv[1], "/log", "POST"))
logging.error("load failed")
PYTHON
start receiver python3 "$work/receiver.py" "$port"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
seen=$(
    echo "answer 500: $(timeout 30 python3 "$work/job.py" "$port" 2>&1 | wc -l) lines on standard error"
    grep -c '" 500 ' "$work/receiver.log"
    echo "nobody listens: $(timeout 30 python3 "$work/job.py" "$(free_port)" 2>&1 | grep -o ConnectionRefusedError)"
)
expect 'answer 500: 0 lines on standard error
1
nobody listens: ConnectionRefusedError' "$seen"
