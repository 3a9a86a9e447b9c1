#!/usr/bin/env bash
# Guess: `--keep-daily 2` keeps the newest two days of each job that is backed up into a repository.
# Seen: Borg takes all archives as one, and keeps the last of each day: of two jobs, at 02:00 and 03:00, all of the first one's are deleted.
# restic counts each host by itself, and each list of folders: where the job runs in a container, with a new host name each night, all are kept.
# Both exit with 0. Borg's `--glob-archives` and restic's `--group-by tags` keep two.
# Why it matters: a job whose backup is well each night is not there in the morning, or a disk fills up night by night; nobody alerts before that.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian restic=0.14.0-1+b5 borgbackup=1.2.4-1 python3-packaging=23.0-1 python3-msgpack=1.0.3-2+b1
cd "$work"
export HOME=$work RESTIC_PASSWORD=word BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg() { PYTHONPATH=$work/root/usr/lib/python3/dist-packages /usr/bin/python3 "$work/root/usr/bin/borg" "$@"; }
mkdir orders users
echo 1 > orders/list
echo 1 > users/list
restic() { "$work/root/usr/bin/restic" --quiet --repo "by-restic.$repository" "$@"; }
count() { restic snapshots --json | grep -o '"short_id"' | wc -l; }
seen=$(
    for repository in same new; do
        restic init
        for number in 1 2 3 4; do
            [ "$repository" = same ] && host=job || host=job-$number
            restic backup --time "2026-11-0$number 02:00:00" --host "$host" --tag orders orders
        done
        restic forget --keep-daily 2
        echo "restic, $repository host: exit code $?, $(count) of 4 are kept"
    done
    restic forget --group-by tags --keep-daily 2
    echo "restic, --group-by tags: exit code $?, $(count) of 4 are kept"
    for repository in all glob; do
        borg init --encryption none "by-borg.$repository"
        for job in users orders; do
            [ "$job" = users ] && hour=2 || hour=3
            for number in 1 2 3; do borg create --timestamp "2026-11-0${number}T0$hour:00:00" "by-borg.$repository::$job-$number" "$job"; done
        done
    done
    borg prune --keep-daily 2 by-borg.all
    echo "borg: exit code $?, kept are" $(borg list --short by-borg.all)
    for job in users orders; do borg prune --keep-daily 2 --glob-archives "$job-*" by-borg.glob; done
    echo "borg, --glob-archives: exit code $?, kept are" $(borg list --short by-borg.glob)
)
expect 'restic, same host: exit code 0, 2 of 4 are kept
restic, new host: exit code 0, 4 of 4 are kept
restic, --group-by tags: exit code 0, 2 of 4 are kept
borg: exit code 0, kept are orders-2 orders-3
borg, --glob-archives: exit code 0, kept are users-2 orders-2 users-3 orders-3' "$seen"
