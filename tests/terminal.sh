#!/usr/bin/env bash
# Each subcommand as a person sees it: typed into a terminal of 80 x 24 (tmux), in notify directories
# with no jobs, with one, and with ten thousand, and each mistake that is easily made. It leaves what
# the terminal showed in a folder, one file for each trial, and prints exit codes and times. It fails
# where a line of a table is wider than the terminal, a program panics, or an exit code is another
# than expected. It is passed over where there is no tmux.
#
#     tests/terminal.sh [SCREENS [JOBS…]]
#
# SCREENS is where to leave the screens, JOBS the numbers of jobs (0 1 10000).
set -euo pipefail
command -v tmux > /dev/null || { echo "passed over: install tmux"; exit 0; }

cargo="$(dirname "$0")/../Cargo.toml"
nice cargo build --quiet --release --manifest-path "$cargo" --features cli --bin pipeline-notify --example fleet --example receiver
built="$(cd "${CARGO_TARGET_DIR:-$(dirname "$0")/../target}/release" && pwd)"
work="$(mktemp -d)"
screens="${1:-$(mktemp -d)}"
mkdir -p "$screens"
screens="$(cd "$screens" && pwd)"
shift || true
[ $# -gt 0 ] || set -- 0 1 10000
receiver=
finish() {
    tmux -S "$work/tmux" kill-server 2> /dev/null || true
    [ -z "$receiver" ] || kill "$receiver" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT

"$built/examples/receiver" "$work/address" > "$work/messages" &
receiver=$!
# Waits for a file, half a minute at most.
wait_for() {
    for _ in $(seq 600); do
        [ ! -s "$1" ] || return 0
        sleep 0.05
    done
    echo "it never came: $1"
    exit 1
}
wait_for "$work/address"
webhook="$(cat "$work/address")"

# The shell says when each command began and ended, and how; on the terminal stands what a person sees.
cat > "$work/bashrc" <<'RC'
PS1='$ '
PS0='$(date +%s%3N > "$STATE/begun")'
PROMPT_COMMAND='echo "$? $(date +%s%3N)" > "$STATE/ended.new"; mv "$STATE/ended.new" "$STATE/ended"'
unset HISTFILE
RC
printf 'set-option -g %s\n' "status off" "history-limit 60000" > "$work/tmux.conf"

type() {
    tmux -S "$work/tmux" send-keys -t trial "$@"
}
show() {
    tmux -S "$work/tmux" capture-pane -t trial -p "$@"
}

open() {
    rm -f "$work/ended"
    env -i PATH="$built:/usr/local/bin:/usr/bin:/bin" HOME="$work" TERM=screen-256color LANG=C.UTF-8 USER=anna TZ=UTC \
        STATE="$work" NOTIFYDIR="$1" SLACK_ALERTS_WEBHOOK_URL="$webhook" \
        tmux -S "$work/tmux" -f "$work/tmux.conf" new-session -d -s trial -x 80 -y 24 -c "$work" \
        "bash --noprofile --rcfile '$work/bashrc'"
    wait_for "$work/ended"
}

faults=0
fault() {
    echo "FAULT: $*"
    faults=$((faults + 1))
}

# trial NAME CODE COMMAND [KEY SECONDS]: types a command, with a key after some seconds where it would
# stay for ever. A NAME with a + may have lines that the terminal breaks.
trial() {
    local name="$1" expected="$2" command="$3" code ended file lines longest
    file="$screens/$jobs/${name%+}.txt"
    rm -f "$work/ended"
    type C-l
    sleep 0.1
    tmux -S "$work/tmux" clear-history -t trial
    type -l "$command"
    type Enter
    if [ $# -gt 3 ]; then
        sleep "$5"
        show > "${file%.txt}-before-the-key.txt"
        type "$4"
    fi
    for _ in $(seq 1200); do
        [ ! -s "$work/ended" ] || break
        sleep 0.05
    done
    [ -s "$work/ended" ] || { fault "$jobs jobs, $name: it does not end"; type C-c; sleep 1; return 0; }
    read -r code ended < "$work/ended"
    sleep 0.1
    show -S - | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' > "$file"
    lines="$(wc -l < "$file")"
    longest="$(show -S - -J | sed '1d; s/ *$//' | LC_ALL=C.UTF-8 wc -L)"
    printf '%6s  %-30s exit %3s  %6s ms  %6s lines  longest %s\n' \
        "$jobs" "${name%+}" "$code" "$((ended - $(cat "$work/begun")))" "$lines" "$longest"
    [ "$code" = "$expected" ] || fault "$jobs jobs, $name: exit $code, not $expected"
    ! grep -q "panicked at" "$file" || fault "$jobs jobs, $name: a panic"
    ! show -S - | grep -q "$(basename "$webhook")" || fault "$jobs jobs, $name: a secret"
    [ "$name" != status-no-colour ] || ! show -S - -e | grep -q "$(printf '\033\\[')" || fault "$jobs jobs, $name: a colour"
    case "$name" in
        *+) ;;
        *) [ "$longest" -le 80 ] || fault "$jobs jobs, $name: a line of $longest characters" ;;
    esac
    [ "$(tmux -S "$work/tmux" display-message -p -t trial '#{cursor_flag}#{alternate_on}')" = 10 ] \
        || fault "$jobs jobs, $name: the terminal is not left as it was"
}

trials() {
    local fails=etl.load.customers00000 works=etl.extract.customers00001 queue of
    # either CODE OTHER: the code where there are jobs, and where there are none.
    either() { if [ "$jobs" -gt 0 ]; then echo "$1"; else echo "$2"; fi }

    trial status 0 "pipeline-notify status"
    trial watch 0 "pipeline-notify watch" C-c 2
    trial status-all "$(either 0 1)" "pipeline-notify status '*'"
    trial status-a-pipe+ 0 "pipeline-notify status | head -1; echo \${PIPESTATUS[0]}"
    trial status-no-colour 0 "NO_COLOR=1 pipeline-notify status"
    trial status-unknown 1 "pipeline-notify status etl.laod.customers00000"
    trial status-watch 130 "pipeline-notify status --watch" C-c 3
    trial check+ "$(either 2 3)" "pipeline-notify check"
    trial check-one+ "$(either 2 3)" "pipeline-notify check $fails"
    trial explain "$(either 0 2)" "pipeline-notify explain $fails"
    trial explain-unknown 2 "pipeline-notify explain etl.laod.customers00000"
    trial explain-pattern 2 "pipeline-notify explain 'etl.load.*'"
    trial page 0 "pipeline-notify page -o page.html"
    trial test 0 "pipeline-notify test"
    trial test-unreachable 1 "SLACK_ALERTS_WEBHOOK_URL=http://127.0.0.1:9/ pipeline-notify test"
    trial test-none 1 "SLACK_ALERTS_WEBHOOK_URL= pipeline-notify test"
    trial silence "$(either 0 2)" "pipeline-notify silence $fails --until 'Mon 08:00' --because 'the database moves'"
    trial silenced-status "$(either 0 1)" "pipeline-notify status $fails"
    trial silenced-check+ "$(either 1 3)" "pipeline-notify check $fails"
    trial unsilence "$(either 0 2)" "pipeline-notify unsilence $fails"
    trial unsilence-again 2 "pipeline-notify unsilence $fails"
    trial silence-ok 2 "pipeline-notify silence $works --for 2h"
    trial silence-unknown 2 "pipeline-notify silence etl.load.custmers00000 --for 2h"
    trial ack "$(either 0 2)" "pipeline-notify ack $fails --because 'the disk is on its way' --for 2h"
    trial acked-status "$(either 0 1)" "pipeline-notify status $fails"
    trial acked-check+ "$(either 1 3)" "pipeline-notify check $fails"
    trial unack "$(either 0 2)" "pipeline-notify unack $fails"
    trial unack-again 2 "pipeline-notify unack $fails"
    trial ack-ok 2 "pipeline-notify ack $works --because x"
    trial ack-no-reason 2 "pipeline-notify ack $fails"
    trial silence-list-none 0 "pipeline-notify silence --list"
    trial silence-pattern 0 "pipeline-notify silence 'etl.load.*' --for 2h --because 'the database moves'"
    trial silence-weekly 0 "pipeline-notify silence 'etl.*' --from 'Sat 22:00' --for 4h --repeat weekly"
    trial silence-job-to-come 0 "pipeline-notify silence etl.new --all --for 2h"
    trial silence-list 0 "pipeline-notify silence --list"
    trial silence-list-json+ 0 "pipeline-notify silence --list --json"
    trial quiet-status+ 0 "pipeline-notify status | tail -n 8"
    trial quiet-check+ "$(either 1 1)" "pipeline-notify check 'etl.load.*'"
    trial unsilence-pattern 0 "pipeline-notify unsilence 'etl.load.*'"
    trial unsilence-pattern-again 2 "pipeline-notify unsilence 'etl.load.*'"
    trial unsilence-weekly 0 "pipeline-notify unsilence 'etl.*'"
    trial unsilence-job-to-come 0 "pipeline-notify unsilence etl.new"
    trial silence-too-long 2 "pipeline-notify silence 'etl.*' --repeat daily --for 30h"
    trial silence-no-job 2 "pipeline-notify silence"
    trial metrics+ 0 "pipeline-notify metrics | tail -n 20"
    trial metrics-file 0 "pipeline-notify metrics -o metrics.prom"
    trial metrics-nowhere 2 "pipeline-notify metrics -o /nowhere/metrics.prom"
    trial watch-files 0 "pipeline-notify watch --metrics metrics.prom --page page.html" C-c 2
    trial silence-no-time 2 "pipeline-notify silence $fails"
    trial silence-wrong-time 2 "pipeline-notify silence $fails --until soon"
    [ "$jobs" -lt 2 ] || trial rename-onto-another 2 "pipeline-notify rename $fails $works"
    trial rename-unknown 2 "pipeline-notify rename etl.load.custmers00000 etl.load.clients"
    trial rename "$(either 0 2)" "pipeline-notify rename $fails etl.load.clients"
    trial rename-back "$(either 0 2)" "pipeline-notify rename etl.load.clients $fails"
    trial expect 0 "pipeline-notify expect etl.new --schedule '5 3 * * 1-5' --timezone Europe/Berlin"
    trial expect-list 0 "pipeline-notify expect --list"
    trial expect-wrong+ 2 "pipeline-notify expect etl.new --schedule '5 3 * * fri-sun'"
    trial expect-no-time 2 "pipeline-notify expect etl.new"
    trial expect-remove 0 "pipeline-notify expect etl.new --remove"
    trial expect-remove-again 1 "pipeline-notify expect etl.new --remove"
    trial check-schedule+ "$(either 2 3)" "pipeline-notify check $fails --schedule '5 3 * * *' --timezone UTC"
    trial run-schedule 0 "pipeline-notify run --name run.daily --schedule '5 3 * * *' --timezone UTC -- true"
    trial run-schedule-status 0 "pipeline-notify status run.daily"
    trial run-schedule-wrong+ 0 "pipeline-notify run --name run.daily --schedule '5 3 * * 1-9' -- true"
    trial drain-nothing 0 "pipeline-notify drain"
    trial run 0 "pipeline-notify run --name run.hello -- echo hello"
    trial run-exit-3 3 "pipeline-notify run --name run.three -- sh -c 'echo no route >&2; exit 3'"
    trial run-kill 137 "pipeline-notify run --name run.kill -- sh -c 'kill -9 \$\$'"
    trial run-not-there+ 127 "pipeline-notify run -- backpu.sh"
    trial run-flood 4 "pipeline-notify run --name run.flood -- sh -c 'yes out | head -c 20000000; yes err | head -c 20000000 >&2; exit 4' > out 2> err; code=\$?; wc -c out err; (exit \$code)"
    trial run-closes 5 "pipeline-notify run --name run.closes -- sh -c 'exec >&- 2>&-; exit 5'"
    trial run-status 0 "pipeline-notify status 'run.*'"
    trial run-status-files 0 "head -1 \$NOTIFYDIR/run.*; tail -n 3 \$NOTIFYDIR/run.kill"
    trial run-silence 0 "pipeline-notify silence run.kill --for 2h"
    # Of an error that nobody takes now, the message waits.
    trial run-unreachable+ 3 "SLACK_ALERTS_WEBHOOK_URL=http://127.0.0.1:9/ NOTIFY_EXIT_SECONDS=1 pipeline-notify run --name run.waits -- sh -c 'exit 3'"
    trial drain-unreachable+ 1 "SLACK_ALERTS_WEBHOOK_URL=http://127.0.0.1:9/ pipeline-notify drain --for 1s"
    trial drain-others 1 "pipeline-notify drain --for 1s"
    trial waiting-status 0 "pipeline-notify status 'run.*'"
    trial drain-adopt-unknown 2 "pipeline-notify drain --adopt alerts-0"
    queue="$(grep -o 'alerts-[0-9a-f]*' "$screens/$jobs/drain-others.txt" | head -n 1)"
    trial drain-adopt 0 "pipeline-notify drain --adopt $queue"
    trial forget-unknown 2 "pipeline-notify forget etl.load.custmers00000"
    trial forget-running 0 "pipeline-notify run --name run.hello -- sleep 1 & sleep 0.3; pipeline-notify rename run.hello run.bye; pipeline-notify forget run.bye; wait"
    trial forgotten-status 0 "pipeline-notify status run.hello"
    trial forget "$(either 0 2)" "pipeline-notify forget $fails"
    trial forget-again 2 "pipeline-notify forget $fails"
    for of in "" status check watch expect explain test run drain silence unsilence ack unack metrics rename forget page; do
        # To a monitor the help of its plugin is no good news.
        [ "$jobs" != "$last" ] || trial "help${of:+-}$of" "$([ "$of" = check ] && echo 3 || echo 0)" "pipeline-notify $of --help"
    done
}

for last; do :; done
for jobs; do
    folder="$work/jobs-$jobs"
    mkdir -p "$folder" "$screens/$jobs"
    [ "$jobs" = 0 ] || env -i NOTIFYDIR="$folder" NOTIFY_OK_SILENT_HOURS=never SLACK_ALERTS_WEBHOOK_URL="$webhook" \
        timeout 600 "$built/examples/fleet" "$jobs"
    open "$folder"
    trials
    tmux -S "$work/tmux" kill-session -t trial
done
cp "$work/messages" "$screens/messages.txt"
echo "the screens are in $screens, and what the channel was sent is in messages.txt"
[ "$faults" = 0 ] || { echo "$faults faults"; exit 1; }
