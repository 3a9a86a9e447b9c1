#!/usr/bin/env bash
# The story of one incident as Alertmanager tells it, and as this library does, to the same receiver: a failure, another
# error, the same for a while, a recovery. It needs Alertmanager (apt-get install prometheus-alertmanager; its program in
# $ALERTMANAGER) and takes some twenty seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
alertmanager=${ALERTMANAGER:-prometheus-alertmanager}
if ! command -v "$alertmanager" > /dev/null; then
    echo "passed over: Alertmanager (apt-get install prometheus-alertmanager)"
    exit 0
fi
if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet --example services
    PROGRAM=${CARGO_TARGET_DIR:-target}/debug/examples/services
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ALERTMANAGER=$alertmanager PROGRAM=$PROGRAM WORK=$work python3 - << 'PYTHON'
import datetime, http.server, json, os, re, socket, subprocess, threading, time, urllib.request
work, program, alertmanager = (os.environ[name] for name in ("WORK", "PROGRAM", "ALERTMANAGER"))
asked, lock = [], threading.Lock()

# Answers as each of the services does.
class Services(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with lock:
            asked.append((self.command, self.path, body))
            number = len(asked)
        status, said = 200, {"ok": True, "result": {"message_id": number, "chat": {"id": -5}}, "channel": "C1", "ts": str(number),
                             "id": str(number), "channel_id": "2", "status": "success"}
        if "alerts" in self.path or "enqueue" in self.path:
            status = 202
        said = json.dumps(said).encode()
        if self.path.startswith("/services/"):
            said = b"ok"
        self.send_response(status)
        self.send_header("content-type", "text/plain" if said == b"ok" else "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    do_PATCH = do_GET = lambda self: self.do_POST() if self.command == "PATCH" else self.send_error(404)
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"127.0.0.1:{server.server_port}"

def take():
    with lock:
        taken = asked[:]
        asked.clear()
    return taken

# Each service: what is set up of Alertmanager, and the word of this library.
SERVICES = {
    "Slack, a webhook": (f"slack_configs: [{{api_url: 'http://{here}/services/T/B/x', channel: '#ops', send_resolved: true}}]", None),
    "Slack, a bot": (None, f"slack://{here}/xoxb-1-2-s3cr3t/#ops"),
    "Telegram": (f"telegram_configs: [{{api_url: 'http://{here}', bot_token: '123:abc', chat_id: -5}}]", f"tgram://{here}/123:s3cr3t/-5"),
    "Opsgenie": (f"opsgenie_configs: [{{api_url: 'http://{here}/', api_key: 'key'}}]", f"opsgenie://{here}/s3cr3t-0123"),
    "PagerDuty": (f"pagerduty_configs: [{{url: 'http://{here}/v2/enqueue', routing_key: 'key'}}]", None),
}

def by_alertmanager(receiver):
    port = socket.socket(); port.bind(("127.0.0.1", 0)); number = port.getsockname()[1]; port.close()
    with open(f"{work}/am.yml", "w") as file:
        file.write("route: {receiver: it, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}\n"
                   f"receivers: [{{name: it, {receiver}}}]\n")
    command = [alertmanager, f"--config.file={work}/am.yml", f"--storage.path={work}/am", f"--web.listen-address=127.0.0.1:{number}",
               "--cluster.listen-address="]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(f"{work}/am.log", "w"))
    def push(error, over=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        ends = now - datetime.timedelta(seconds=1) if over else now + datetime.timedelta(minutes=5)
        alert = [{"labels": {"alertname": "JobFailed", "job": "load"}, "annotations": {"error": error}, "endsAt": ends.isoformat()}]
        for _ in range(100):
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{number}/api/v2/alerts", json.dumps(alert).encode(), {"content-type": "application/json"})
                return urllib.request.urlopen(request, timeout=5)
            except OSError:
                time.sleep(0.1)
        raise SystemExit(open(f"{work}/am.log").read())
    try:
        push("the disk is full"); time.sleep(1.5)
        push("the disk is gone"); time.sleep(2.5)
        push("the disk is gone", over=True); time.sleep(2.5)
    finally:
        running.terminate(); running.wait()
    return take()

def by_us(name, word):
    for outcome in ["the disk is full", "the disk is gone", "the disk is gone", "the disk is gone", "ok"]:
        env = {**os.environ, "NOTIFY_DISABLE": "0", "NOTIFYDIR": f"{work}/{name}", "NOTIFY_EXIT_SECONDS": "20", "REMIND_HOURS": "1",
               "NOTIFY_OK_SILENT_HOURS": "never", "NOTIFY_ALERTS_URL": word}
        ended = subprocess.run([program, outcome], env=env, capture_output=True, text=True)
        assert ended.returncode == 0 and not ended.stderr, ended
    return take()

def kinds(calls):
    def kind(call):
        method, path, body = call
        if "update" in path or "edit" in path or method == "PATCH":
            return "edit"
        if "thread_ts" in body or "reply_parameters" in body:
            return "reply"
        if "/close" in path or body.get("event_action") == "resolve":
            return "close"
        return "message"
    all_kinds = [kind(call) for call in calls]
    return ", ".join(f"{all_kinds.count(one)} {one}" for one in ("message", "edit", "reply", "close") if one in all_kinds)

for name, (receiver, word) in SERVICES.items():
    theirs = by_alertmanager(receiver) if receiver else []
    ours = by_us(name, word) if word else []
    print(f"{name:<17} Alertmanager: {kinds(theirs) or '-':<28} here: {kinds(ours) or '-'}")
    if name in ("Slack, a bot", "Telegram"):
        assert kinds(ours).startswith("1 message, "), ours
    if name == "Opsgenie":
        close = [path for _, path, _ in theirs + ours if "/close" in path]
        assert len(close) == 2 and all(re.fullmatch(r"/v2/alerts/[^/]+/close\?identifierType=alias", path) for path in close), close
        both = [set(calls[0][2]) for calls in (theirs, ours)]
        print(f"    both say {sorted(both[0] & both[1])}; Alertmanager alone {sorted(both[0] - both[1])}, here alone {sorted(both[1] - both[0])}")
PYTHON
"$alertmanager" --version 2>&1 | head -1
