#!/usr/bin/env bash
# Guess: what runs a job in a crontab, to keep it quiet, slow, logged or apart, exits as the job did: with its code, and with 128 and the number after a signal.
# Seen: cronic and cpulimit exit with 0 always, and so does `unbuffer -p`; unbuffer does after any signal. chronic and logsave exit with 1 after any signal,
# `unshare --fork` after SIGKILL, where it trips over its own clearing up. nice, and unshare without `--fork`, are as guessed.
# Why it matters: whoever goes by the exit code, `cronic job && next` as much as a monitor, sees a success; or an ordinary error, where the kernel killed the job
# for want of memory.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian moreutils=0.67-1 libipc-run-perl=20220807.0-1 libio-pty-perl=1:1.17-1 cronic=3-2.1 cpulimit=2.8-1 expect=5.45.4-2+b1 tcl-expect=5.45.4-2+b1 \
    tcl=8.6.13 tcl8.6=8.6.13+dfsg-2 libtcl8.6=8.6.13+dfsg-2 util-linux=2.38.1-5+deb12u3 logsave=1.47.0-2+b2
TCLLIBPATH=$work/root/usr/lib/tcltk/$(uname -m)-linux-gnu/expect5.45.4
export TCLLIBPATH TCL_LIBRARY=$work/root/usr/share/tcltk/tcl8.6
# The package looks for its library below /usr alone.
sed -i "s|file join /usr|file join $work/root/usr|" "$TCLLIBPATH/pkgIndex.tcl"
expect 'nice: 0, 3, 137, 143
chronic: 0, 3, 1, 1
cronic: 0, 0, 0, 0
cpulimit -l 90 --: 0, 0, 0, 0
unbuffer: 0, 3, 0, 0
unbuffer -p: 0, 0, 0, 0
logsave /dev/null: 0, 3, 1, 1
unshare --mount: 0, 3, 137, 143
unshare --mount --fork: 0, 3, 1, 143' "$(
    for wrapper in nice chronic cronic 'cpulimit -l 90 --' unbuffer 'unbuffer -p' 'logsave /dev/null' 'unshare --mount' 'unshare --mount --fork'; do
        codes=
        for job in 'exit 0' 'exit 3' 'kill -KILL $$' 'kill -TERM $$'; do
            code=0
            # shellcheck disable=SC2086 # several words
            timeout 30 $wrapper sh -c "sleep 0.5; $job" > /dev/null 2>&1 < /dev/null || code=$?
            codes+=", $code"
        done
        echo "$wrapper: ${codes#, }"
    done 2> /dev/null
)"
