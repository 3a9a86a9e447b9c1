#!/usr/bin/env bash
# Guess: of two jobs that write the same metric into files of their own for node_exporter, both are seen; and if one
# is not, `node_textfile_scrape_error` is 1.
# Seen: where their `# HELP` lines differ by a word, or their types, the second job's values are left out; and so is
# the second of two values with the same labels, or none. The answer is 200, `node_textfile_scrape_error` is 0, and the
# reason is in the exporter's own log alone. (A file without a last newline is left out, too, but counts as an error.)
# Why it matters: while a new release of one job has a better wording, the metrics of the jobs after it are gone;
# and where two users write a file each, "has failed" of the second is never seen.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian prometheus-node-exporter=1.5.0-1+b6
mkdir "$work/metrics"
port=$(free_port)
start exporter prometheus-node-exporter --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory="$work/metrics" --web.listen-address="127.0.0.1:$port"
file() { # the job, the words of help
    printf '# HELP batch_failed %s\n# TYPE batch_failed gauge\nbatch_failed{job="%s"} 1\n' "$2" "$1" > "$work/metrics/$1.prom"
}
scrape() {
    curl --silent --write-out 'answer %{http_code}\n' "http://127.0.0.1:$port/metrics" |
        grep -E '^(batch_failed|node_textfile_scrape_error|answer)' | sort
}
within 30 curl --silent --fail "http://127.0.0.1:$port/metrics"
seen=$(
    file load 'The last run failed.'
    file report 'The last run failed.'
    scrape
    echo 'with another wording:'
    file report 'Whether the last run failed.'
    scrape
    echo 'two files without a label:'
    rm "$work/metrics/report.prom"
    echo 'batch_failed_jobs 0' > "$work/metrics/anna.prom"
    echo 'batch_failed_jobs 1' > "$work/metrics/bert.prom"
    scrape
)
expect 'answer 200
batch_failed{job="load"} 1
batch_failed{job="report"} 1
node_textfile_scrape_error 0
with another wording:
answer 200
batch_failed{job="load"} 1
node_textfile_scrape_error 0
two files without a label:
answer 200
batch_failed_jobs 0
batch_failed{job="load"} 1
node_textfile_scrape_error 0' "$seen"
