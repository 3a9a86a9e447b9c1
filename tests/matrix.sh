#!/usr/bin/env bash
# The messages of a job in a real room of Matrix, as a client reads them: Synapse, with SQLite.
# It needs python3 and Synapse (pip install matrix-synapse; its `python` in $SYNAPSE_PYTHON), and takes about a minute: after
# five messages one leaves in five seconds, and an edit with its reply counts as two.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${SYNAPSE_PYTHON:-python3}
if ! "$python" -c 'import synapse' 2> /dev/null; then
    echo "passed over: Synapse (pip install matrix-synapse)"
    exit 0
fi
if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet --example services
    PROGRAM=${CARGO_TARGET_DIR:-target}/debug/examples/services
fi
work=$(mktemp -d)
server=
trap 'kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# It leaves its log where it is started.
(cd "$work" && exec "$python" -m synapse.app.homeserver --server-name localhost --config-path "$work/server.yaml" \
    --data-directory "$work" --generate-config --report-stats=no) > /dev/null 2>&1
cat >> "$work/server.yaml" << CONF
registration_shared_secret_path:
suppress_key_server_warning: true
trusted_key_servers: []
CONF
sed -i "s/port: 8008/port: $port/; /registration_shared_secret_path:/d" "$work/server.yaml"
(cd "$work" && exec "$python" -m synapse.app.homeserver --config-path "$work/server.yaml") > "$work/out" 2>&1 &
server=$!
for _ in $(seq 300); do
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break
    sleep 0.1
done
PROGRAM=$PROGRAM WORK=$work PORT=$port python3 - << 'PYTHON'
import hashlib, hmac, json, os, re, subprocess, urllib.parse, urllib.request
base, work, program = f"http://127.0.0.1:{os.environ['PORT']}", os.environ["WORK"], os.environ["PROGRAM"]

def ask(method, path, body=None, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(base + path, json.dumps(body).encode() if body is not None else None, headers, method=method)
    return json.load(urllib.request.urlopen(request, timeout=20))

secret = re.search(r'registration_shared_secret: "?([^"\n]+)', open(f"{work}/server.yaml").read()).group(1)
def account(name):
    nonce = ask("GET", "/_synapse/admin/v1/register")["nonce"]
    mac = hmac.new(secret.encode(), "\0".join([nonce, name, "password", "notadmin"]).encode(), hashlib.sha1).hexdigest()
    return ask("POST", "/_synapse/admin/v1/register", {"nonce": nonce, "username": name, "password": "password", "mac": mac})["access_token"]

bot, reader = account("bot"), account("reader")
client = "/_matrix/client/v3"
room = ask("POST", f"{client}/createRoom", {"preset": "public_chat"}, bot)["room_id"]
ask("POST", f"{client}/join/{room}", {}, reader)

def run(*outcomes):
    word = f"matrix://{bot}@127.0.0.1:{os.environ['PORT']}/{room}"
    for outcome in outcomes:
        env = {**os.environ, "NOTIFY_DISABLE": "0", "NOTIFYDIR": f"{work}/jobs", "NOTIFY_EXIT_SECONDS": "60", "REMIND_HOURS": "1",
               "NOTIFY_OK_SILENT_HOURS": "never", "NOTIFY_ALERTS_URL": word}
        ended = subprocess.run([program, outcome], env=env, capture_output=True, text=True)
        assert bot not in ended.stderr and ended.returncode == 0, ended

def events():
    said = ask("GET", f"{client}/rooms/{room}/messages?dir=f&limit=200", token=reader)["chunk"]
    return [event for event in said if event["type"] == "m.room.message"]

def relation(event):
    return event["content"].get("m.relates_to", {})

run("the disk is full", "the disk is gone", *["the disk is gone"] * 9, "ok")
all_of_it = events()
top = [event for event in all_of_it if not relation(event)]
edits = [event for event in all_of_it if relation(event).get("rel_type") == "m.replace"]
thread = [event for event in all_of_it if relation(event).get("rel_type") == "m.thread"]
assert len(top) == 1, [event["content"]["body"][:80] for event in top]
assert all(relation(event)["event_id"] == top[0]["event_id"] for event in edits + thread)
# What a client shows of it: the server itself puts the last edit into the answer.
shown = ask("GET", f"{client}/rooms/{room}/event/{top[0]['event_id']}", token=reader)
last = shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"]
assert "recovered" in last, last
print(f"ok: fail, fail differently, fail x 9, recover: 1 message, {len(edits)} edits, {len(thread)} replies; a client shows: {last.splitlines()[0]}")

# The message is redacted in the middle: one more, and nothing is lost.
run("the queue is full")
first = [event for event in events() if not relation(event)][-1]
ask("PUT", f"{client}/rooms/{room}/redact/{first['event_id']}/r1", {}, bot)
run("ok")
after = [event for event in events() if not relation(event) and event["content"]]
assert len(after) == 2 and "recovered" in after[-1]["content"]["body"], [event["content"] for event in after]
print("ok: a message that was redacted is sent anew, once")
PYTHON
echo "Synapse $("$python" -c 'import synapse; print(synapse.__version__)'): passed"
