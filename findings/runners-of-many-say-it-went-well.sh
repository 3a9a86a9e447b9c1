#!/usr/bin/env bash
# Guess: a program that runs several commands side by side fails where one fails or is killed, and lets the rest be where one ends well.
# Seen: foreman's `nf start` ends with 0 whatever fails; npm-run-all takes a killed script for a success, and `run-s` runs the next one; honcho ends all others as
# soon as one ends with 0, and ends with 0. SIGTERM to `nf` leaves what it started. concurrently is as guessed.
# Why it matters: a load that is ended half-way because the migration beside it was quick is a success, and so is one that the kernel killed for its memory.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules foreman@3.0.1 npm-run-all@4.1.5 concurrently@9.2.5
python honcho==2.0.0
export PATH="$work/node_modules/.bin:$PATH"
cd "$work"
cat > quick.sh << 'SH'
sleep 0.5
eval "$1"
SH
cat > load.sh << 'SH'
trap 'exit 143' TERM INT
sleep 2 & wait $!
echo whole > load.done
SH
cat > package.json << 'JSON'
{"scripts": {"load": "exec sh load.sh", "well": "exec sh quick.sh 'exit 0'", "fails": "exec sh quick.sh 'exit 3'", "killed": "exec sh quick.sh 'kill -KILL $$'"}}
JSON
run() { # the title, the command
    local title=$1 code=0
    shift
    rm -f load.done
    timeout 30 "$@" > said 2>&1 || code=$?
    echo "$title: exit code $code, the load is $([ -e load.done ] && echo done || echo not done)" >> seen
}
for how in well fails killed; do
    case $how in well) end='exit 0' ;; fails) end='exit 3' ;; killed) end='kill -KILL $$' ;; esac
    printf "quick: sh quick.sh '%s'\nload: sh load.sh\n" "$end" > Procfile
    run "honcho, one $how" honcho start
    run "nf, one $how" nf start
    run "run-p, one $how" run-p "$how" load
    run "run-s, one $how" run-s "$how" load
    run "concurrently, one $how" concurrently "sh quick.sh '$end'" 'sh load.sh'
done
echo 'load: exec sh -c "echo \$\$ > load.pid; exec sleep 60"' > Procfile
start nf nf start
nf=${started[-1]}
within 20 test -s load.pid
kill -TERM "$nf"
code=0
wait "$nf" || code=$?
sleep 0.5
echo "nf, SIGTERM: exit code $code, the load $(kill "$(< load.pid)" 2> complaints && echo 'goes on' || echo 'is over')" >> seen
expect 'honcho, one well: exit code 0, the load is not done
nf, one well: exit code 0, the load is done
run-p, one well: exit code 0, the load is done
run-s, one well: exit code 0, the load is done
concurrently, one well: exit code 0, the load is done
honcho, one fails: exit code 3, the load is not done
nf, one fails: exit code 0, the load is done
run-p, one fails: exit code 1, the load is not done
run-s, one fails: exit code 1, the load is not done
concurrently, one fails: exit code 1, the load is done
honcho, one killed: exit code 137, the load is not done
nf, one killed: exit code 0, the load is done
run-p, one killed: exit code 0, the load is done
run-s, one killed: exit code 0, the load is done
concurrently, one killed: exit code 1, the load is done
nf, SIGTERM: exit code 143, the load goes on' "$(cat seen)"
