#!/usr/bin/env bash
# Guess: `rclone copy --files-from LIST` fails where a file of the list is not there, as rsync and tar do.
# Seen: exit code 0, and not a word without `-vv`; so do `move`, `cat` and, of a list of which nothing is there, `check`: "0 differences found". `--include`
# of nothing is 0, too. The file named alone, `rclone copy src/b.csv`, is 3.
# Why it matters: the nightly export that was not written is copied, checked and reported as done; `--error-on-no-transfer` helps only where
# nothing at all is copied, and then fails, too, where all is there already.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian rclone=1.60.1+dfsg-2+b5 rsync=3.5.0+ds1-0+deb12u1 libpopt0=1.19+dfsg-1 libxxhash0=0.8.1-1
cd "$work"
export RCLONE_CONFIG=$work/rclone.conf
: > rclone.conf
mkdir src
echo 1 > src/a.csv
printf 'a.csv\nb.csv\n' > list
echo b.csv > missing
run() { # the title, the command
    local title=$1 code=0
    shift
    "$@" > said 2>&1 || code=$?
    echo "$title: $code, names b.csv: $(grep -c b.csv said || true)" >> seen
}
run 'rclone copy --files-from' rclone copy --files-from list src copied
run 'rclone check --files-from' rclone check --files-from missing src copied
run 'rclone cat --files-from' rclone cat --files-from list src
run 'rclone move --files-from' rclone move --files-from list copied moved
run 'rclone copy --error-on-no-transfer' rclone copy --error-on-no-transfer --files-from list src copied
run 'rclone copy --error-on-no-transfer, again' rclone copy --error-on-no-transfer --files-from list src copied
run 'rclone copy --include' rclone copy --include 'b*.csv' src included
run 'rclone copy src/b.csv' rclone copy --retries 1 src/b.csv alone
run 'rsync --files-from' rsync --files-from=list src/ rsynced
run 'tar --files-from' tar --create --file=out.tar --directory=src --files-from=list
expect 'rclone copy --files-from: 0, names b.csv: 0
rclone check --files-from: 0, names b.csv: 0
rclone cat --files-from: 0, names b.csv: 0
rclone move --files-from: 0, names b.csv: 0
rclone copy --error-on-no-transfer: 0, names b.csv: 0
rclone copy --error-on-no-transfer, again: 9, names b.csv: 0
rclone copy --include: 0, names b.csv: 0
rclone copy src/b.csv: 3, names b.csv: 1
rsync --files-from: 23, names b.csv: 1
tar --files-from: 2, names b.csv: 1' "$(cat seen)"
