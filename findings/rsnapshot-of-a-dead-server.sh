#!/usr/bin/env bash
# Guess: a night on which rsnapshot cannot reach the server leaves the old backups as they are.
# Seen: it drops the oldest, moves the others on, and fills the place of the newest with a copy of the one before, dated today. After two such nights
# all three are one and the same. It says so, with exit code 1. With `sync_first` the old ones stay while `sync` fails.
# Why it matters: an alert that waits for the third failure in a row comes when the last older backup is gone, and a check of the date of the newest
# finds it fresh.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian rsnapshot=1.4.5-1 rsync=3.5.0+ds1-0+deb12u1 libpopt0=1.19+dfsg-1 libxxhash0=0.8.1-1
cd "$work"
port=$(free_port)
mkdir source
printf 'use chroot = no\nuid = %s\ngid = %s\n[orders]\npath = %s/source\n' "$(id -u)" "$(id -g)" "$work" > rsyncd.conf
for way in 0 1; do
    cat > "conf.$way" << CONF
config_version	1.2
snapshot_root	$work/backups.$way/
cmd_rsync	$work/root/usr/bin/rsync
cmd_cp	/bin/cp
cmd_rm	/bin/rm
sync_first	$way
retain	daily	3
logfile	$work/log
lockfile	$work/lock
backup	rsync://127.0.0.1:$port/orders/	orders/
CONF
done
start rsyncd rsync --daemon --no-detach --config=rsyncd.conf --port="$port"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
night() { # whether `sync_first` is set
    local code=0
    if [ "$1" = 1 ]; then
        rsnapshot -c "conf.$1" sync > said 2>&1 && rsnapshot -c "conf.$1" daily >> said 2>&1 || code=$?
    else
        rsnapshot -c "conf.$1" daily > said 2>&1 || code=$?
    fi
    local day backups=
    for day in 0 1 2; do backups+="$(cat "backups.$1/daily.$day/orders/list" 2> /dev/null || echo -), "; done
    echo "${backups}exit code $code"
}
for number in 1 12 123; do # of other sizes, so that rsync takes each
    echo "$number" > source/list
    for way in 0 1; do night "$way" > "last.$way"; done
done
kill "${started[0]}"
wait "${started[0]}" || true
touch -d '3 days ago' backups.0/daily.0
seen=$(
    for way in 0 1; do
        echo "sync_first $way"
        cat "last.$way"
        for number in 4 5; do night "$way"; done
    done
    echo "days since the newest, by its date: $((($(date +%s) - $(stat -c %Y backups.0/daily.0)) / 86400))"
)
expect 'sync_first 0
123, 12, 1, exit code 0
123, 123, 12, exit code 1
123, 123, 123, exit code 1
sync_first 1
123, 12, 1, exit code 0
123, 12, 1, exit code 1
123, 12, 1, exit code 1
days since the newest, by its date: 0' "$seen"
