#!/usr/bin/env bash
# A real Prometheus and a real node exporter, on loopback, read the metrics of a notify directory, and fire
# the four rules of docs/prometheus.md: a job that fails, one that missed a run, an alert that is not
# delivered, and metrics that are no longer written. What they know agrees with `pipeline-notify check`, and
# what is silenced, acknowledged or quiet fires nothing. It is passed over where the tools are not installed
# (Debian: prometheus, prometheus-node-exporter). Everything is in a temporary folder.
#
#     tests/prometheus.sh
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in promtool prometheus prometheus-node-exporter curl jq; do
    command -v "$tool" > /dev/null || { echo "passed over: install $tool"; exit 0; }
done

nice cargo build --quiet --features cli --bin pipeline-notify
command="${CARGO_TARGET_DIR:-target}/debug/pipeline-notify"
work="$(mktemp -d)"
children=()
finish() {
    for child in "${children[@]}"; do
        kill "$child" 2> /dev/null || true
    done
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
fail() {
    echo "FAULT: $*"
    exit 1
}
ours=(env -i PATH="$PATH" HOME="$work" TZ=UTC USER=anna NOTIFYDIR="$work/jobs" NOTIFY_EXIT_SECONDS=1
    SLACK_ALERTS_WEBHOOK_URL="http://127.0.0.1:9/" "$command")
notify() {
    "${ours[@]}" "$@"
}
# A port that nobody uses now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Rules and files of the documentation, as a reader copies them; but for how long they wait.
mkdir "$work/jobs" "$work/textfiles"
awk '/^```yaml$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/prometheus.md \
    | sed 's/for: .*/for: 0s/; s/> 300/> 8/; s/> 900/> 1/' > "$work/rules.yml"
promtool check rules "$work/rules.yml"
awk '/^```json$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/prometheus.md | jq -e '.targets | length > 0' > /dev/null \
    || fail "the panel is no JSON, or asks for nothing"

# A job that works, one that fails, one that is missed; its alert is not delivered.
notify run --name etl.works -- true
notify run --name etl.fails -- sh -c 'echo "no route" >&2; exit 3' || true
notify run --name etl.missed --every-hours 1 -- true
file="$work/jobs/etl.missed"
sed -i '2s/.*/2020-01-01 00:00:00:000000 UTC/' "$file"
for calm in silenced acknowledged quiet; do
    notify run --name "calm.$calm" -- sh -c "echo 'no $calm' >&2; exit 3" || true
done
notify silence calm.silenced --for 2h --because 'it is known' > /dev/null
notify ack calm.acknowledged --because 'looking at it' > /dev/null
notify silence 'calm.quiet*' --for 2h --because 'the database moves' > /dev/null
notify run --name "odd \"name\\ {x=\"y\"} é" -- true

notify metrics | promtool check metrics || fail "promtool finds fault with the metrics"

# No function: it would run in a shell of its own, and that alone would be ended.
"${ours[@]}" watch --every 1s --metrics "$work/textfiles/pipeline-notify.prom" --page "$work/page.html" 2> "$work/watch.log" &
watch=$!
children+=("$watch")
exporter_port="$(free_port)"
prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter_port" --collector.disable-defaults \
    --collector.textfile --collector.textfile.directory="$work/textfiles" 2> "$work/exporter.log" &
children+=("$!")
port="$(free_port)"
cat > "$work/prometheus.yml" <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ "$work/rules.yml" ]
scrape_configs:
  - job_name: node
    static_configs: [ { targets: [ "127.0.0.1:$exporter_port" ] } ]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address="127.0.0.1:$port" 2> "$work/prometheus.log" &
children+=("$!")

query() {
    curl -sfG "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" \
        | jq -r '[.data.result[].value[1]] | if length == 0 then "none" else join(" ") end' 2> /dev/null || echo down
}
firing() {
    curl -sf "http://127.0.0.1:$port/api/v1/alerts" \
        | jq -r '.data.alerts[] | select(.state == "firing") | .labels.alertname + " " + (.labels.job_name // .labels.channel // "")' \
        2> /dev/null | sed 's/ *$//' | sort -u || true
}
# Waits until a command answers so, a minute at most.
until_it_says() {
    local expected="$1" said=
    shift
    for _ in $(seq 120); do
        said="$("$@")"
        [ "$said" != "$expected" ] || return 0
        sleep 0.5
    done
    tail -n 3 "$work"/*.log
    fail "$* says: $said; expected: $expected"
}

until_it_says 7 query 'pipeline_notify_jobs'
until_it_says 'PipelineAlertsNotDelivered alerts
PipelineJobFailing etl.fails
PipelineJobMissed etl.missed' firing

# As `check` has it.
check="$(notify check --json)" || true
of_check() {
    jq -r "$1" <<< "$check"
}
for kind in failed missed silenced acknowledged waiting rejected; do
    expected="$(of_check "[.problems[] | select(.kind == \"$kind\")] | length")"
    until_it_says "$expected" query "pipeline_notify_problems{kind=\"$kind\"}"
done
until_it_says 2 query 'pipeline_notify_check_state'
until_it_says "$(of_check .counts.quiet)" query 'sum(pipeline_notify_job_quiet)'
until_it_says "$(of_check .counts.failed)" query 'sum(pipeline_notify_job_failing - pipeline_notify_job_silenced)'
until_it_says "$(of_check .counts.waiting)" query 'sum(pipeline_notify_alerts_waiting)'
until_it_says 1 query 'pipeline_notify_job_failures_total{job_name="etl.fails"}'
until_it_says 1 query 'pipeline_notify_job_runs_total{job_name=~"odd \"name.*"}'
[ -s "$work/page.html" ] || fail "the page was not written"

# It works again, runs again, and what waited is put away: what fired is over.
notify run --name etl.fails -- true || true
notify run --name etl.missed --every-hours 1 -- true
rm -f "$work"/jobs/.pipeline-notify/*/outbox/*/*-*
until_it_says "" firing

# Nobody writes them any more.
kill "$watch"
until_it_says PipelineMetricsStale firing
echo "Prometheus $(prometheus --version 2>&1 | sed -n 's/^prometheus, version \([^ ]*\).*/\1/p') has fired the four rules, and agrees with check"
