#!/usr/bin/env bash
# Guess: `apt-get update` exits with 100 where the package server cannot be reached, as it does where the server
# answers 404 or 500.
# Seen: with 0, and a warning: it goes on with the lists that it has. `--error-on=any` makes it an error.
# Why it matters: a nightly update of the machines works for months, says its exit code, and has fetched nothing
# since the mirror moved.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian apt=2.6.2 libapt-pkg6.0=2.6.2
port=$(free_port)
mkdir -p "$work"/apt/{etc,lists/partial,cache/archives/partial}
cat > "$work/server.py" << 'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", "0")
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
PYTHON
start server python3 "$work/server.py" "$port"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
update() { # the title, the server, options
    local code=0 title=$1
    echo "deb [trusted=yes] http://127.0.0.1:$2 stable main" > "$work/apt/etc/sources.list"
    shift 2
    timeout 90 apt-get update -o Dir::Etc="$work/apt/etc" -o Dir::State="$work/apt" -o Dir::Cache="$work/apt/cache" \
        -o Dir::State::lists="$work/apt/lists" -o APT::Sandbox::User=root -o Dir::Bin::methods="$work/root/usr/lib/apt/methods" \
        -o Acquire::Retries=0 "$@" > "$work/said" 2>&1 || code=$?
    echo "$title: exit code $code, $(grep -cE '^[WE]:' "$work/said") lines of warnings and errors"
}
closed=$(free_port)
seen=$(
    update 'nobody listens' "$closed"
    update 'the server answers 500' "$port/500"
    update 'the server answers 404' "$port/404"
    update 'nobody listens, --error-on=any' "$closed" --error-on=any
)
expect 'nobody listens: exit code 0, 2 lines of warnings and errors
the server answers 500: exit code 100, 2 lines of warnings and errors
the server answers 404: exit code 100, 2 lines of warnings and errors
nobody listens, --error-on=any: exit code 100, 2 lines of warnings and errors' "$seen"
