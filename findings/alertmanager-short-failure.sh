#!/usr/bin/env bash
# Guess: Alertmanager tells of each alert that is posted to it, and, where `send_resolved` is set, of its end when that is
# posted.
# Seen: of a failure that is over within `group_wait` (30 seconds by default) it says nothing, neither then nor later. Of one
# posted without `endsAt` it says "resolved" after `resolve_timeout` (5 minutes), though nobody posted an end. Where one
# alert of a request is not valid, the answer is 400, and yet the others are taken.
# Why it matters: a job that fails and is run again at once fails each night unheard; a daily job's failure is
# "resolved" five minutes later; and who sends the refused request again in parts sends them twice.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian prometheus-alertmanager=0.25.0-1+b4
cd "$work"
port=$(free_port)
export HOOK
HOOK=$(free_port)
cat > hook.py << 'PYTHON'
import http.server, json, os

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in told["alerts"]:
            print(f"told: {alert['labels']['alertname']} {alert['status']}", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass

http.server.HTTPServer(("127.0.0.1", int(os.environ["HOOK"])), Hook).serve_forever()
PYTHON
cat > settings.yml << YAML
global: {resolve_timeout: 6s}
route: {receiver: hook, group_by: [alertname], group_wait: 4s, group_interval: 4s}
receivers:
  - name: hook
    webhook_configs: [{url: "http://127.0.0.1:$HOOK/", send_resolved: true}]
YAML
start hook python3 hook.py
# Debian's build wants its templates below /usr/share; it alone sees ours there.
start alertmanager unshare --map-root-user --mount sh -c 'mount --bind "$0" /usr/share && exec "$@"' "$work/root/usr/share" \
    prometheus-alertmanager --config.file=settings.yml --storage.path=storage --web.listen-address="127.0.0.1:$port" \
    --cluster.listen-address=
within 30 curl --silent --fail "http://127.0.0.1:$port/-/ready"
alert() { printf '{"labels": {"alertname": "%s"%s}%s}' "$1" "${3:-}" "${2:+, \"endsAt\": \"$(date -u -d "$2" +%FT%TZ)\"}"; }
post() {
    echo "posted $1: $(curl --silent --output answer --write-out '%{http_code}' --header 'Content-Type: application/json' \
        --data "[$2]" "http://127.0.0.1:$port/api/v2/alerts")"
}
{
    post 'short fails' "$(alert short '+1 hour')"
    post 'long fails' "$(alert long '+1 hour')"
    post 'without an end' "$(alert endless '')"
    post 'one good, one bad' "$(alert good '+1 hour'), $(alert bad '+1 hour' ', "a-b": "c"')"
    sleep 1
    post 'short recovers' "$(alert short '-1 second')"
    within 20 grep -q 'told: long firing' hook.log
    post 'long recovers' "$(alert long '-1 second')"
} > posted
within 40 grep -q 'told: endless resolved' hook.log
within 40 grep -q 'told: long resolved' hook.log
sleep 5
expect 'posted short fails: 200
posted long fails: 200
posted without an end: 200
posted one good, one bad: 400
posted short recovers: 200
posted long recovers: 200
told: endless firing
told: endless resolved
told: good firing
told: long firing
told: long resolved' "$(cat posted; sort hook.log)"
