#!/usr/bin/env bash
# Guess: an alert on a job that has failed goes on, or says that nothing is known any more, when the exporter that says so dies.
# Seen: at its next scrape Prometheus sends "resolved", with the same labels as for a recovery: a series that is no longer there is taken for one
# that is well. With `last_over_time(…[1h])` in the rule the alert goes on.
# Why it matters: the host of the failed job goes down, and the channel reads that the job has recovered. An alert on `up == 0` beside it says that a
# host is missing, not that the job still stands failed.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian prometheus=2.42.0+ds-5+deb12u1
cd "$work"
port=$(free_port)
exporter_port=$(free_port)
alerts_port=$(free_port)
cat > exporter.py << 'PYTHON'
import http.server, sys

class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"job_failed 1\n")

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Exporter).serve_forever()
PYTHON
cat > alerts.py << 'PYTHON'
import datetime, http.server, json, sys

class Alerts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            end = datetime.datetime.fromisoformat(alert["endsAt"][:19] + "+00:00")
            print(alert["labels"]["alertname"], "resolved" if end <= now else "firing", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Alerts).serve_forever()
PYTHON
cat > rules.yml << 'YAML'
groups:
  - name: jobs
    rules:
      - {alert: failed, expr: job_failed == 1}
      - {alert: kept, expr: 'last_over_time(job_failed[1h]) == 1'}
YAML
cat > prometheus.yml << YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:$alerts_port"]}]}]}
scrape_configs: [{job_name: host, static_configs: [{targets: ["127.0.0.1:$exporter_port"]}]}]
YAML
start alerts python3 alerts.py "$alerts_port"
start exporter python3 exporter.py "$exporter_port"
exporter=${started[-1]}
start prometheus prometheus --config.file=prometheus.yml --web.listen-address="127.0.0.1:$port" --storage.tsdb.path=data
within 60 grep -qx 'failed firing' alerts.log
within 60 grep -qx 'kept firing' alerts.log
kill "$exporter"
within 60 grep -qx 'failed resolved' alerts.log
sleep 3
expect 'sent: failed firing
sent: failed resolved
sent: kept firing
still known: "alertname":"kept"' "$(sort -u alerts.log | sed 's/^/sent: /'
    curl --silent "http://127.0.0.1:$port/api/v1/alerts" | grep -o '"alertname":"[^"]*"' | sed 's/^/still known: /')"
