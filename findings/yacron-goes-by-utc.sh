#!/usr/bin/env bash
# Guess: yacron runs a job at its hour of the host's zone, as cron does, and takes a job that exits with 0 for a success.
# Seen: the hour is that of UTC, though TZ is set: of two jobs, one at the hour of Tokyo and one at the hour of UTC, the second runs. A job that
# exits with 0 and writes one line to standard error has failed, and is reported. `utc: false` and `producesStderr: false` below `failsWhen` are as guessed.
# Why it matters: who moves a crontab there has the nightly job at nine in the morning in Tokyo, and an alert each night for each tool that writes its
# progress to standard error.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python yacron==0.19.0
cd "$work"
export TZ=Asia/Tokyo
# Not at the last seconds of an hour: the jobs are due in the minute that comes next.
while [ "$(date +%M)" = 59 ]; do sleep 1; done
by() { # the name, the hour, the command, settings
    printf -- '- name: %s\n  schedule: "* %s * * *"\n  command: %s\n%s\n' "$@"
    printf '  %s:\n    report:\n      shell:\n        shell: /bin/sh\n        command: echo %s >> %s\n' \
        onSuccess "$1, success" "$work/reports" onFailure "$1, failure" "$work/reports"
}
local_hour=$(date +%-H) utc_hour=$(date -u +%-H)
{
    echo 'jobs:'
    by 'local hour' "$local_hour" 'true' ''
    by 'UTC hour' "$utc_hour" 'true' ''
    by 'local hour, utc false' "$local_hour" 'true' '  utc: false'
    by 'standard error' "$utc_hour" 'echo progress >&2' ''
    by 'standard error, producesStderr false' "$utc_hour" 'echo progress >&2' '  failsWhen:
    nonzeroReturn: true
    producesStdout: false
    producesStderr: false
    always: false'
} > jobs.yaml
start yacron yacron -c jobs.yaml
four_reports() { [ "$(sort -u reports | wc -l)" -ge 4 ]; }
within 90 four_reports
sleep 2 # for the one that is not due
seen=$(sort -u reports)
expect 'UTC hour, success
local hour, utc false, success
standard error, failure
standard error, producesStderr false, success' "$seen"
