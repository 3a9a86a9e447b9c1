#!/usr/bin/env bash
# Guess: `start-stop-daemon --start --exec /usr/bin/python3 -- two.py` starts `two.py` unless it runs, and with `--stop` in its place ends it.
# Seen: it does not start while any script of that interpreter runs, "already running", and with `--oknodo` that is 0; `--stop` ends all of them, with 0. Where the
# script itself is named, `--exec two.py`, it is the other way round: each start starts one more, and `--stop` finds none: 1, with `--oknodo` 0. It
# is as guessed with a `--pidfile`.
# Why it matters: the init script was written for a program, and goes on to work when that becomes a script, until a second one comes to the host: the one
# that was not started is heard of by nobody, or the nightly restart leaves two of it, which do the same work twice.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian dpkg=1.21.23
cd "$work"
# An interpreter of its own, so that nothing else of the host is meant.
cp /bin/dash interpreter
for name in one two; do
    printf '#!%s/interpreter\necho $$ >> %s/pids\nfor turn in $(seq 300); do [ ! -e %s/over ] || exit; sleep 0.1; done\n' "$work" "$work" "$work" > $name
done
chmod 755 one two interpreter
running() { # the name: how many of it run
    local pid count=0
    for pid in $(cat pids 2> /dev/null); do
        ! { tr '\0' '\n' < "/proc/$pid/cmdline" | grep -qx "$work/$1"; } 2> /dev/null || ((count += 1))
    done
    echo "$count"
}
# What it does, its exit code, and what runs a moment later: daemon TITLE ARGUMENT...
daemon() {
    local code=0 title=$1
    shift
    start-stop-daemon "$@" > out 2>&1 || code=$?
    sleep 0.7
    echo "$title: exit code $code, runs: one $(running one), two $(running two)"
}
over() { # ends what is left
    touch over
    sleep 0.5
    rm -f over pids
}
seen=$(
    by=(--exec "$work/interpreter")
    daemon 'interpreter, start one' --start --background "${by[@]}" -- "$work/one"
    daemon 'interpreter, start two' --start --background "${by[@]}" -- "$work/two"
    daemon 'interpreter, start two, --oknodo' --start --oknodo --background "${by[@]}" -- "$work/two"
    "$work/two" &
    sleep 0.5
    daemon 'interpreter, stop' --stop "${by[@]}"
    over
    daemon 'script, start one' --start --background --exec "$work/one"
    daemon 'script, start one' --start --background --exec "$work/one"
    daemon 'script, stop one' --stop --exec "$work/one"
    daemon 'script, stop one, --oknodo' --stop --oknodo --exec "$work/one"
    over
    daemon 'pidfile, start one' --start --background --make-pidfile --pidfile "$work/one.pid" --startas "$work/one"
    daemon 'pidfile, start one' --start --background --make-pidfile --pidfile "$work/one.pid" --startas "$work/one"
    daemon 'pidfile, start two' --start --background --make-pidfile --pidfile "$work/two.pid" --startas "$work/two"
    daemon 'pidfile, stop one' --stop --pidfile "$work/one.pid"
    over
)
expect 'interpreter, start one: exit code 0, runs: one 1, two 0
interpreter, start two: exit code 1, runs: one 1, two 0
interpreter, start two, --oknodo: exit code 0, runs: one 1, two 0
interpreter, stop: exit code 0, runs: one 0, two 0
script, start one: exit code 0, runs: one 1, two 0
script, start one: exit code 0, runs: one 2, two 0
script, stop one: exit code 1, runs: one 2, two 0
script, stop one, --oknodo: exit code 0, runs: one 2, two 0
pidfile, start one: exit code 0, runs: one 1, two 0
pidfile, start one: exit code 1, runs: one 1, two 0
pidfile, start two: exit code 0, runs: one 1, two 1
pidfile, stop one: exit code 0, runs: one 0, two 1' "$seen"
