#!/usr/bin/env bash
# Guess: Prometheus does not start, or says so, where a file that `rule_files:` names is not there.
# Seen: it starts, is ready, has no rule, and logs not one word of it; `prometheus_config_last_reload_successful` is 1. `promtool check config` does
# fail. A file with a mistake in it keeps Prometheus from starting.
# Why it matters: a file that was renamed, or not mounted, takes all its alerts away, and what is left looks well: no alert fires.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian prometheus=2.42.0+ds-5+deb12u1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15
port=$(free_port)
printf 'rule_files:\n  - %s/alerts.yml\n' "$work" > "$work/prometheus.yml"
arguments=(--config.file="$work/prometheus.yml" --web.listen-address="127.0.0.1:$port")
start prometheus prometheus "${arguments[@]}" --storage.tsdb.path="$work/data"
within 60 curl --silent --fail "http://127.0.0.1:$port/-/ready"
seen=$(
    curl --silent "http://127.0.0.1:$port/api/v1/rules"
    echo
    curl --silent "http://127.0.0.1:$port/metrics" | grep '^prometheus_config_last_reload_successful '
    echo "lines of its log that name the file: $(grep -c alerts.yml "$work/prometheus.log" || true), warnings: $(grep -cE 'level=(warn|error)' "$work/prometheus.log" || true)"
    code=0
    timeout 30 promtool check config "$work/prometheus.yml" > "$work/out" 2>&1 || code=$?
    echo "promtool: $code"
    echo 'groups: nonsense' > "$work/alerts.yml"
    code=0
    timeout 30 prometheus --config.file="$work/prometheus.yml" --web.listen-address="127.0.0.1:$(free_port)" --storage.tsdb.path="$work/data2" > "$work/out" 2>&1 || code=$?
    echo "with a mistake in the file: $code"
)
expect '{"status":"success","data":{"groups":[]}}
prometheus_config_last_reload_successful 1
lines of its log that name the file: 0, warnings: 0
promtool: 1
with a mistake in the file: 1' "$seen"
