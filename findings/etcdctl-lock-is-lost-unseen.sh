#!/usr/bin/env bash
# Guess: `etcdctl lock NAME COMMAND` ends its command, or fails, where the lock is lost while the command runs; and ends it on SIGTERM.
# Seen: it looks at the lock before the command alone. Where etcdctl stood still for longer than its lease (10 seconds by default), or the lease was
# revoked, a second `etcdctl lock` gets the lock, both commands work side by side, and both end with 0. On SIGTERM it waits for its command,
# and then ends with 0. Whatever the command's exit code is, or the signal that killed it, etcdctl ends with 1.
# Why it matters: the lock that is to keep a job from running on two hosts lets it run on both when one of them was paused or moved, and
# nothing in an exit code or a log shows it. What must not happen twice needs a check of its own.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian etcd-client=3.4.23-4+b4 etcd-server=3.4.23-4+b4
cd "$work"
port=$(free_port)
peer=http://127.0.0.1:$(free_port)
export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://127.0.0.1:$port
start etcd etcd --data-dir data --listen-client-urls "$ETCDCTL_ENDPOINTS" --advertise-client-urls "$ETCDCTL_ENDPOINTS" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
within 60 etcdctl endpoint health
# etcdctl takes a word with a dash for an option of its own, so the jobs are files.
echo 'exit 3' > three
# shellcheck disable=SC2016 # the job's own
echo 'kill -KILL $$' > killed
echo 'touch begun; sleep 12; touch done' > long
echo '[ -e done ] && echo "the second begins after the first" || echo "the second begins beside the first"' > second
for job in three killed long second; do sed -i '1i #!/bin/sh' $job; done
chmod +x three killed long second
code_of() {
    local code=0
    timeout 60 "$@" > out 2>&1 || code=$?
    echo "$code"
}
during() { # the title; a command whose last word is etcdctl's process id: what happens while the job runs
    local code=0 pid title=$1
    shift
    rm -f begun 'done'
    etcdctl lock --ttl 2 job ./long > first.log 2>&1 < /dev/null &
    pid=$!
    started+=("$pid")
    within 30 test -e begun
    "$@" "$pid"
    second=$(timeout 60 etcdctl lock job ./second 2>&1)
    kill -CONT "$pid" 2> /dev/null || true
    wait "$pid" || code=$?
    echo "$title: $second; the first ends with $code, its work done: $([ -e 'done' ] && echo yes || echo no)" >> seen
}
revoke() { etcdctl lease revoke "$(etcdctl lease list | tail -n 1)" > out; }
{
    echo "exit code 3: $(code_of etcdctl lock job ./three)"
    echo "killed: $(code_of etcdctl lock job ./killed)"
} > seen
during 'nothing happens' true
during 'etcdctl stands still' kill -STOP
during 'its lease is revoked' revoke
during 'SIGTERM' kill -TERM
expect 'exit code 3: 1
killed: 1
nothing happens: the second begins after the first; the first ends with 0, its work done: yes
etcdctl stands still: the second begins beside the first; the first ends with 0, its work done: yes
its lease is revoked: the second begins beside the first; the first ends with 0, its work done: yes
SIGTERM: the second begins after the first; the first ends with 0, its work done: yes' "$(cat seen)"
