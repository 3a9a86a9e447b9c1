#!/usr/bin/env bash
# Guess: cron mails what a job prints, with the line in the subject.
# Seen: the head of each such letter holds all variables of the crontab, too, with their values: `X-Cron-Env: <PGPASSWORD=hunter2>`.
# Why it matters: a webhook or the password of a database that a crontab sets for its jobs is in the mailbox of `MAILTO`, on each server
# between, and in the archive of a mailing list, from the first line that a job prints. Such a variable belongs into a file that the job reads.
# This script needs root: it hides the host's crontabs, and its `sendmail`, in a mount namespace of its own.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cron=3.0pl1-162
cp -a /usr/sbin "$work/sbin"
rm -f "$work/sbin/sendmail"
printf '#!/bin/sh\nexec cat >> %q\n' "$work/letter" > "$work/sbin/sendmail"
chmod 755 "$work/sbin/sendmail"
export work
unshare --mount bash -euc '
    for folder in /run /var/spool/cron/crontabs /etc/cron.d; do
        mkdir -p "$folder"
        mount -t tmpfs none "$folder"
    done
    touch /etc/crontab
    mount --bind /dev/null /etc/crontab
    mount --bind "$work/sbin" /usr/sbin
    echo "MAILTO=anna@example.com
PGPASSWORD=hunter2
* * * * * echo three rows are loaded" > "$work/tab"
    timeout 10 crontab "$work/tab"
    timeout 65 cron -f || true
'
expect 'X-Cron-Env: <PGPASSWORD=hunter2>
three rows are loaded' "$(grep -E 'PGPASSWORD|rows are loaded$' "$work/letter" | grep -v Subject | sort -u)"
