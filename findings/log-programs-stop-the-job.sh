#!/usr/bin/env bash
# Guess: a program that keeps a job's log drops lines while the disk is full, and the job goes on.
# Seen: multilog and svlogd read no more until there is room. The job's next `echo` blocks once the pipe is full, and it hangs for as long as the disk is
# full; a SIGTERM does not end them either. s6-log keeps the lines in memory, 8 MB here, and tee drops them: the job ends.
# Why it matters: a full disk for logs stops each job that logs there, without a failure, an exit code or an alert; only a check for runs that take too long
# sees it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

[ "$(id -u)" = 0 ] || { echo 'needs root, for a small disk in memory'; exit 2; }
debian daemontools=1:0.76-8.1 runit=2.1.2-54 s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1
cat > "$work/job.sh" << 'SH'
for line in $(seq 100000); do echo "line $line of the load, as long as the lines in the log of a job are"; done
: > "$1"
SH
cat > "$work/full.sh" << 'SH'
cd "$work"
mkdir disk
for logger in 'multilog s100000 ./disk' 'svlogd ./disk' 's6-log s100000 ./disk' 'tee disk/current'; do
    name=${logger%% *}
    mount -t tmpfs -o size=256k tmpfs disk
    head -c 250000 /dev/zero > disk/other
    mkfifo pipe
    $logger < pipe > "$name.said" 2>&1 &
    reader=$!
    sh job.sh "$name.ended" > pipe &
    job=$!
    sleep 8
    if [ -e "$name.ended" ]; then echo "$name: the job ended"; else echo "$name: the job hangs"; fi
    kill -TERM "$reader"
    sleep 2
    if [ -d "/proc/$reader" ]; then echo "$name: goes on after SIGTERM"; fi
    kill -KILL "$job" "$reader" 2> /dev/null
    wait "$job" "$reader" 2> /dev/null
    umount disk
    rm pipe
done
SH
export work
expect 'multilog: the job hangs
multilog: goes on after SIGTERM
svlogd: the job hangs
svlogd: goes on after SIGTERM
s6-log: the job ended
s6-log: goes on after SIGTERM
tee: the job ended' "$(timeout 90 unshare --mount bash "$work/full.sh" 2> "$work/complaints")"
