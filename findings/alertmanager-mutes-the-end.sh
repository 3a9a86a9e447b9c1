#!/usr/bin/env bash
# Guess: of an alert that was sent, and that ends while a silence or an inhibition holds it back, the end is sent when that is over.
# Seen: never. Alertmanager forgets the alert; the receiver, which got "firing", is not sent "resolved". An alert that ends without a silence is
# resolved at once.
# Why it matters: whoever silences an alert because the repair has begun leaves the incident open for ever in whatever opened it: the pager, the
# ticket, the bridge that counts open alerts.
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
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in sent["alerts"]:
            print(f"sent: {alert['labels']['alertname']} {alert['status']}", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass

http.server.HTTPServer(("127.0.0.1", int(os.environ["HOOK"])), Hook).serve_forever()
PYTHON
cat > settings.yml << YAML
route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 2s}
inhibit_rules:
  - source_matchers: [alertname="host-down"]
    target_matchers: [alertname="inhibited"]
receivers:
  - name: hook
    webhook_configs: [{url: "http://127.0.0.1:$HOOK/", send_resolved: true}]
YAML
start hook python3 hook.py
# Debian's build wants its templates below /usr/share; it alone sees ours there.
start alertmanager unshare --map-root-user --mount sh -c 'mount --bind "$0" /usr/share && exec "$@"' "$work/root/usr/share" \
    prometheus-alertmanager --config.file=settings.yml --storage.path=storage --web.listen-address="127.0.0.1:$port" \
    --cluster.listen-address=
api=http://127.0.0.1:$port/api/v2
within 30 curl --silent --fail "http://127.0.0.1:$port/-/ready"
at() { date -u -d "$1" +%FT%TZ; }
post() { # the part of the API, JSON
    curl --silent --fail --header 'Content-Type: application/json' --data "$2" "$api/$1"
}
alert() { post alerts "[{\"labels\": {\"alertname\": \"$1\"}, \"endsAt\": \"$(at "$2")\"}]"; }
sent() { grep -qx "sent: $1" hook.log; }
for name in plain silenced inhibited; do alert $name '+1 hour'; done
for name in plain silenced inhibited; do within 30 sent "$name firing"; done
alert host-down '+1 hour'
within 30 sent 'host-down firing'
silence=$(post silences "{\"matchers\": [{\"name\": \"alertname\", \"value\": \"silenced\", \"isRegex\": false}],
    \"startsAt\": \"$(at now)\", \"endsAt\": \"$(at '+1 hour')\", \"createdBy\": \"ops\", \"comment\": \"repair\"}" | cut -d '"' -f 4)
sleep 2
for name in plain silenced inhibited; do alert $name '-1 second'; done
within 30 sent 'plain resolved'
sleep 5 # more than the group's interval
curl --silent --fail --request DELETE "$api/silence/$silence"
alert host-down '-1 second'
within 30 sent 'host-down resolved'
sleep 8
expect 'sent: host-down firing
sent: host-down resolved
sent: inhibited firing
sent: plain firing
sent: plain resolved
sent: silenced firing
alerts that it knows: []' "$(sort hook.log; echo "alerts that it knows: $(curl --silent "$api/alerts")")"
