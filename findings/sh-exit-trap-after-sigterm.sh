#!/usr/bin/env bash
# Guess: `trap '…' EXIT`, which sends an alert where `$?` is not 0, runs too when a shell script is stopped by SIGTERM,
# and `$?` is 143 in it, as it is for the one that waits for the script.
# Seen: in dash, BusyBox's sh, zsh and yash it does not run at all. In bash and ksh93 it runs, and `$?` is the code of
# the last command, 0. In mksh it runs with 143, but the script then exits with 0, the code of the trap's last command.
# ksh93's script exits with 15. `trap 'exit 143' TERM` beside it mends all but mksh's exit code.
# Why it matters: the same three lines say nothing of a stopped job under Debian's `sh`, and that it worked under bash.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian zsh=5.9-4+b15 mksh=59c-28+deb12u1 ksh93u+m=1.0.4-3 yash=2.52-2 busybox=1:1.35.0-4+deb12u1+b1
echo "bash $BASH_VERSION, dash $(dpkg-query --show --showformat='${Version}' dash)"
cat > "$work/job.sh" << 'JOB'
trap 'echo "trap, code $?" >> trapped' EXIT
touch begun
sleep 1
JOB
{ echo 'trap "exit 143" TERM'; cat "$work/job.sh"; } > "$work/mended.sh"
cd "$work"
stopped() { # the script, the shell
    local script=$1 code=0
    shift
    rm -f begun trapped
    "$@" "$script" &
    started+=("$!")
    within 20 test -e begun
    kill "$!"
    wait "$!" || code=$?
    [ -e trapped ] || echo 'no trap' > trapped
    echo "$1: $(cat trapped), exit code $code"
}
seen=$(
    exec 2> /dev/null
    for shell in dash busybox zsh yash bash ksh93 mksh; do
        words=("$shell")
        [ "$shell" != busybox ] || words=(busybox sh)
        stopped job.sh "${words[@]}"
    done
    echo 'with a trap for TERM:'
    for shell in dash busybox zsh yash bash ksh93 mksh; do
        words=("$shell")
        [ "$shell" != busybox ] || words=(busybox sh)
        stopped mended.sh "${words[@]}"
    done
)
expect 'dash: no trap, exit code 143
busybox: no trap, exit code 143
zsh: no trap, exit code 143
yash: no trap, exit code 143
bash: trap, code 0, exit code 143
ksh93: trap, code 0, exit code 15
mksh: trap, code 143, exit code 0
with a trap for TERM:
dash: trap, code 143, exit code 143
busybox: trap, code 143, exit code 143
zsh: trap, code 143, exit code 143
yash: trap, code 143, exit code 143
bash: trap, code 143, exit code 143
ksh93: trap, code 143, exit code 143
mksh: trap, code 143, exit code 0' "$seen"
