#!/usr/bin/env bash
# Three hosts without a disk, and one store: a PostgreSQL of its own on loopback, a receiver, a watch. One host is killed.
# It needs PostgreSQL's programs and Python 3, and builds pipeline-notify unless PIPELINE_NOTIFY names it:
#     docs/fleet.sh
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${PIPELINE_NOTIFY:-}" ] || cargo build --quiet --features cli,postgres --bin pipeline-notify
command=${PIPELINE_NOTIFY:-${CARGO_TARGET_DIR:-target}/debug/pipeline-notify}
binaries=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1 || true)
binaries=${binaries:-$(pg_config --bindir)}
folder=$(mktemp -d)
chmod 755 "$folder"
as=()
if [ "$(id -u)" = 0 ]; then
    # The server refuses root.
    user=$(id -u postgres 2> /dev/null || echo 65534)
    as=(setpriv "--reuid=$user" "--regid=$user" --clear-groups)
fi
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

say() { printf '\n== %s\n' "$*"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

say "a PostgreSQL and a receiver on loopback"
database=$(free_port) receiver=$(free_port)
mkdir "$folder/data"
[ "${#as[@]}" = 0 ] || chown "$user" "$folder/data"
(cd / && "${as[@]}" "$binaries/initdb" -D "$folder/data" -U postgres -A trust --no-sync > /dev/null)
(cd / && exec "${as[@]}" "$binaries/postgres" -D "$folder/data" -p "$database" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= > "$folder/log" 2>&1) &
pids+=($!)
python3 - "$receiver" "$folder/received" << 'PYTHON' &
import http.server, json, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        parts = body.get("attachments") or [body]
        lines = [part.get("fallback") or part.get("text") or "" for part in parts]
        with open(sys.argv[2], "a") as file:
            file.write("  received: " + " | ".join(line for text in lines for line in text.splitlines() if line) + "\n")
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
pids+=($!)
touch "$folder/received"
until (exec 3<> "/dev/tcp/127.0.0.1/$receiver") 2> /dev/null; do sleep 0.1; done
until "$binaries/pg_isready" -q -h 127.0.0.1 -p "$database"; do sleep 0.1; done

export NOTIFY_STORE="postgres://postgres@127.0.0.1:$database/postgres" NOTIFY_DISABLE=0
export SLACK_ALERTS_WEBHOOK_URL="http://127.0.0.1:$receiver/services/T0/B0/x" NOTIFY_OK_SILENT_HOURS=never
unset NOTIFYDIR
"$command" store init

host() { # NAME COMMAND…: a host with a disk of its own, which goes with it
    local name=$1 disk
    shift
    disk=$(mktemp -d -p "$folder")
    HOME=$disk NOTIFY_INSTANCE=$name "$command" run --name etl.load -- "$@" || true
}

say "host a fails, and works again in another pod"
host a sh -c 'echo "no space left on device" >&2; exit 1'
host a true
say "a watch, which must have been there for 15 seconds to be quick"
HOME=$folder "$command" watch 2> /dev/null &
pids+=($!)
sleep 16
say "hosts b and c work; c is killed"
host b sleep 8 &
disk=$(mktemp -d -p "$folder")
HOME=$disk NOTIFY_INSTANCE=c "$command" run --name etl.load -- sleep 300 &
killed=$!
sleep 2
"$command" status
kill -9 "$killed"
sleep 3
say "what arrived"
cat "$folder/received"
say "the fleet"
"$command" status
