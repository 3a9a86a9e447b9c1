#!/usr/bin/env bash
# Guess: systemd-cron, which takes cron's place in Debian, reads a crontab as cron does.
# Seen: where a day of the month and one of the week are given, both must hold (cron takes either), a `%` is no
# end of the line, and a job's output is not mailed: a mail is sent where the job fails, and then alone.
# Why it matters: a job of "the first, and each Monday" runs some twice a year, one that has its input behind a
# `%` fails, and the mail that somebody reads each morning stops coming.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian systemd-cron=1.15.19-5
cat > "$work/crontab" << 'TAB'
MAILTO=ops@example.com
0 0 1 * mon root echo due
5 4 * * * root cat%rows
TAB
mkdir "$work/none" "$work/units"
timeout 30 unshare --map-root-user --mount sh -c 'for empty in cron.d cron.hourly cron.daily cron.weekly cron.monthly; do
        [ ! -d "/etc/$empty" ] || mount --bind "$1/none" "/etc/$empty"
    done
    touch "$1/anacrontab"
    [ ! -e /etc/anacrontab ] || mount --bind "$1/anacrontab" /etc/anacrontab
    mount --bind "$1/crontab" /etc/crontab
    exec python3 "$1/root/lib/systemd/system-generators/systemd-crontab-generator" "$1/units"' sh "$work" > "$work/said" 2>&1
seen=$(
    cd "$work/units"
    for job in cron-crontab-root-0 cron-crontab-root-1; do
        sed -n '/^OnCalendar/p' "$job.timer"
        echo "$(cat "$job.sh")"
    done
    sed -n '/^OnFailure/p; /^OnSuccess/p; /^ExecStopPost/p' cron-crontab-root-0.service
)
expect 'OnCalendar=Mon *-*-1 0:0:00
echo due
OnCalendar=*-*-* 4:5:00
cat%rows
OnFailure=cron-failure@%i.service' "$seen"
