#!/usr/bin/env bash
# Guess: an alert that was posted to Alertmanager with an end in one hour is still there after a restart:
# it has a folder for its data, and takes silences along.
# Seen: the silence is there, the alert is gone, after an orderly stop too. Alerts live in memory; who
# posts them must post them again and again, as Prometheus does.
# Why it matters: a job that posts its failure once is forgotten at the next upgrade. The failure looks
# resolved, and nobody has mended it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian prometheus-alertmanager=0.25.0-1+b4
port=$(free_port)
api=http://127.0.0.1:$port/api/v2
echo '{"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}' > "$work/config.yml"
# Debian's build looks for its templates below /usr/share alone, so it sees ours there.
serve() {
    start alertmanager unshare --map-root-user --mount sh -c "mount --bind '$work/root/usr/share' /usr/share && exec \"\$@\"" sh \
        prometheus-alertmanager --config.file="$work/config.yml" --storage.path="$work/data" \
        --web.listen-address="127.0.0.1:$port" --cluster.listen-address=
    within 30 curl --silent --fail "http://127.0.0.1:$port/-/ready"
}
post() { curl --silent --fail --output /dev/null --json "$2" "$api/$1"; }
count() {
    for what in alerts silences; do
        echo "$1: $what $(curl --silent --fail "$api/$what" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')"
    done
}
later=$(date --utc --date='+1 hour' +%FT%TZ)
serve
post alerts '[{"labels": {"alertname": "load_failed"}, "endsAt": "'"$later"'"}]'
post silences '{"matchers": [{"name": "alertname", "value": "other", "isRegex": false}], "startsAt": "'"$(date --utc +%FT%TZ)"'",
    "endsAt": "'"$later"'", "createdBy": "job", "comment": "a silence"}'
seen=$(count before)
kill "${started[0]}"
wait "${started[0]}" || true
serve
expect 'before: alerts 1
before: silences 1
after: alerts 0
after: silences 1' "$seen
$(count after)"
