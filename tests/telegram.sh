#!/usr/bin/env bash
# The messages of a job in two emulators of Telegram's API: telegram-test-api, an npm package, and telemelya, a PyPI
# package that knows which messages there are. It takes some thirty seconds, and needs
#   npm install telegram-test-api@4.2.1        its folder `node_modules` in $TELEGRAM_TEST_API
#   pip install telemelya==0.2.2 fakeredis     its `python` in $TELEMELYA_PYTHON
# What is not installed is passed over with a word.
#
# Seen with these versions: an incident of twelve runs is one message, its edit and its replies, each of which names it;
# of a message that is gone in the middle one more is sent. Both take what the real service refuses (a text of
# 5,000 characters, entities beyond its end, any token), so that the strict receiver of `tests/services` says
# what a message may be. telegram-test-api answers an edit with `"result": null`, also of a message that is not
# there; telemelya says "message to edit not found" with the status 200, the service with 400.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet --example services
    PROGRAM=${CARGO_TARGET_DIR:-target}/debug/examples/services
fi
work=$(mktemp -d)
servers=()
cleanup() {
    for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
passed=0

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a port is open, for thirty seconds at most.
open_port() {
    for _ in $(seq 300); do
        (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return
        sleep 0.1
    done
    cat "$work"/*.out >&2
    return 1
}

# Has a job run, and looks at what the emulator was sent.
check() {
    EMULATOR=$1 PORT=$2 PROGRAM=$PROGRAM WORK=$work python3 - << 'PYTHON'
import json, os, subprocess, urllib.request
emulator, work, program = (os.environ[name] for name in ("EMULATOR", "WORK", "PROGRAM"))
base, token, chat = f"http://127.0.0.1:{os.environ['PORT']}", "123:s3cr3t", -5

def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"content-type": "application/json", "authorization": "Bearer any"})
    return json.load(urllib.request.urlopen(request, timeout=20))

def run(job, *outcomes):
    word = f"tgram://{base.removeprefix('http://')}/{token}/{chat}"
    for outcome in outcomes:
        env = {**os.environ, "NOTIFY_DISABLE": "0", "NOTIFYDIR": f"{work}/{emulator}-{job}", "NOTIFY_EXIT_SECONDS": "60",
               "REMIND_HOURS": "1", "NOTIFY_OK_SILENT_HOURS": "never", "NOTIFY_ALERTS_URL": word,
               "NOTIFY_CONTEXT": "env=test https://wiki.example/etl"}
        ended = subprocess.run([program, outcome], env=env, capture_output=True, text=True)
        assert "s3cr3t" not in ended.stderr and ended.returncode == 0, ended
        assert not ended.stderr, ended.stderr

# What it was asked, in its order: what it is, and the message.
def said():
    if emulator == "telemelya":
        return [(one["method"], one["raw"]) for one in ask("/api/v1/test/responses")["responses"]]
    kept = ask("/getUpdatesHistory", {"token": token})["result"]
    return [("sendMessage", {**one["message"], "id": one["messageId"]}) for one in kept]

run("one", "the disk is full", "the disk is gone", *["the disk is gone"] * 9, "ok")
sent = [message for method, message in said() if method == "sendMessage"]
top = [message for message in sent if "reply_parameters" not in message]
assert len(top) == 1, [message["text"][:80] for message in top]
replies = [message for message in sent if "reply_parameters" in message]
first = {message["reply_parameters"]["message_id"] for message in replies}
assert len(first) == 1 and len(replies) == 11, replies
assert [message.get("disable_notification", False) for message in replies] == [True] * 10 + [False]
last = [message for method, message in said() if method == "editMessageText"] or top
assert "recovered" in last[-1]["text"] and last[-1]["message_id"] in first, last
for message in [*sent, *last]:
    units = message["text"].encode("utf-16-le")
    parts = [units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in message["entities"]]
    assert all(parts) and message["text"].startswith(parts[0]), (message["text"], parts)
print(f"ok: {emulator}: fail, fail differently, fail x 9, recover: 1 message, {len(replies)} replies; it shows: {parts[0]}")

# The message is gone in the middle: one more, and nothing is lost.
if emulator == "telemelya":
    run("two", "the queue is full")
    ask("/api/v1/test/reset", {})
    run("two", "ok")
    after = said()
    assert [method for method, _ in after] == ["sendMessage"], after
    assert "recovered" in after[-1][1]["text"] and "reply_parameters" not in after[-1][1], after
    print("ok: telemelya: a message that is gone is sent anew, once")
PYTHON
    passed=$((passed + 1))
}

if [ -d "${TELEGRAM_TEST_API:-}/telegram-test-api" ]; then
    port=$(free_port)
    node -e '
const { TelegramServer } = require(process.argv[1] + "/telegram-test-api/lib/telegramServer.js");
new TelegramServer({ host: "127.0.0.1", port: Number(process.argv[2]), storeTimeout: 600 }).start();
' "$(realpath "$TELEGRAM_TEST_API")" "$port" > "$work/npm.out" 2>&1 &
    servers+=($!)
    open_port "$port"
    check telegram-test-api "$port"
else
    echo "passed over: telegram-test-api (npm install telegram-test-api)"
fi

python=${TELEMELYA_PYTHON:-python3}
if "$python" -c 'import fakeredis, telemelya.server.state' 2> /dev/null; then
    port=$(free_port)
    # Without the stores of its own program, which are servers.
    STRICT_EDIT=true PORT=$port "$python" -c '
import os
import fakeredis, fastapi, uvicorn
from telemelya.server.bot_api import router as bot
from telemelya.server.control_api import router as control
from telemelya.server.media import media_manager
from telemelya.server.state import state_manager
async def nothing(session):
    pass
media_manager.cleanup_session = nothing
state_manager._redis = fakeredis.FakeAsyncRedis(decode_responses=True)
app = fastapi.FastAPI()
app.include_router(bot)
app.include_router(control)
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
' > "$work/pypi.out" 2>&1 &
    servers+=($!)
    open_port "$port"
    check telemelya "$port"
else
    echo "passed over: telemelya (pip install telemelya fakeredis)"
fi
echo "$passed emulators of Telegram's API: passed"
