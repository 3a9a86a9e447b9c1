#!/usr/bin/env bash
# Guess: BusyBox's crond, the one of Alpine's images, takes `NAME=value` lines of a crontab as other crons do, or refuses them.
# Seen: it takes SHELL, passes over PATH and those of one's own, and says nothing of it. The job has the variables of crond itself, its PATH too; and a `%` is
# no end of the command, as it is in other crons.
# Why it matters: the line that says where an alert goes, or where the job's programs are, is there to read and does nothing. Such variables have to be
# given in the command, or to crond.
set -euo pipefail
. "$(dirname "$0")/common.bash"

[ "$(id -u)" = 0 ] || { echo 'needs root, for crond becomes the user of the crontab'; exit 2; }
debian busybox-static=1:1.35.0-4+deb12u1+b1
mkdir "$work/tabs"
cat > "$work/tabs/root" << CRONTAB
SHELL=/bin/bash
PATH=/opt/etl/bin:/usr/bin:/bin
NOTIFY_WHERE=ops
* * * * * { echo "shell \$0"; echo "path \$PATH"; echo "where \${NOTIFY_WHERE:-not set}"; echo 100%; } > $work/seen.new; mv $work/seen.new $work/seen
CRONTAB
start crond env -i PATH=/usr/bin:/bin "$work/root/bin/busybox" crond -f -l 8 -c "$work/tabs" -L "$work/crond.said"
within 70 test -e "$work/seen"
expect 'shell /bin/bash
path /usr/bin:/bin
where not set
100%
words of complaint: 0' "$(cat "$work/seen"; echo "words of complaint: $(grep -cvE ' started, | cmd ' "$work/crond.said" || true)")"
