#!/usr/bin/env bash
# Guess: an alert that is posted to a webhook which has moved (301 or 302) arrives at the new place, or the client
# fails.
# Seen: `curl -fL`, requests, urllib and Node's fetch ask the new place with a GET and without the alert, and take
# its 200 for the answer. `curl -f` without `-L` calls the 301 itself a success. Where the new place is named with
# 308 the alert arrives, but urllib fails.
# Why it matters: somebody puts the receiver behind https, or adds a slash to its path, and each job goes on to
# say that its alert is sent.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15
python requests==2.34.2
echo "node $(node --version)"
port=$(free_port)
cat > "$work/receiver.py" << 'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/moved/"):
            self.send_response(int(self.path.split("/")[2]))
            self.send_header("Location", "/new")
        else:
            print(self.command, "with" if body else "without", "alert", file=open(sys.argv[2], "a"))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
start receiver python3 "$work/receiver.py" "$port" "$work/got"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
post() { # the title, the command
    local code=0 title=$1
    shift
    : > "$work/got"
    timeout 30 "$@" > /dev/null 2>&1 || code=$?
    echo "$title: exit code $code, received: $(grep . "$work/got" || echo nothing)"
}
seen=$(
    for status in 301 308; do
        url=http://127.0.0.1:$port/moved/$status
        echo "$status:"
        post 'curl -f' curl -fsS --json '{"text": "load failed"}' "$url"
        post 'curl -fL' curl -fsSL --json '{"text": "load failed"}' "$url"
        post requests python3 -c 'import requests, sys; requests.post(sys.argv[1], json={"text": "load failed"}).raise_for_status()' "$url"
        post urllib python3 -c 'import sys; from urllib.request import urlopen; urlopen(sys.argv[1], b"load failed")' "$url"
        post fetch node -e 'fetch(process.argv[1], { method: "POST", body: "load failed" }).then((r) => process.exit(r.ok ? 0 : 1))' "$url"
    done
)
expect '301:
curl -f: exit code 0, received: nothing
curl -fL: exit code 0, received: GET without alert
requests: exit code 0, received: GET without alert
urllib: exit code 0, received: GET without alert
fetch: exit code 0, received: GET without alert
308:
curl -f: exit code 0, received: nothing
curl -fL: exit code 0, received: POST with alert
requests: exit code 0, received: POST with alert
urllib: exit code 1, received: nothing
fetch: exit code 0, received: POST with alert' "$seen"
