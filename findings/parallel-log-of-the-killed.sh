#!/usr/bin/env bash
# Guess: in the log of `parallel --joblog`, each job that failed has an Exitval that is not 0.
# Seen: one that was killed has Exitval 0, and its signal in the column behind. One that ran out of time has -1.
# Why it matters: a check of that column, `$7 != 0`, counts the job that ran out of memory as one that worked.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian parallel=20221122+ds-2
export PARALLEL_HOME="$work/parallel"
mkdir "$PARALLEL_HOME"
cat > "$work/job.sh" << 'JOB'
case $1 in
    fails) exit 3 ;;
    killed) kill -KILL $$ ;;
    slow) exec sleep 20 ;;
esac
JOB
code=0
timeout 60 parallel --jobs 1 --timeout 3 --joblog "$work/log" sh "$work/job.sh" ::: works fails killed slow > /dev/null 2>&1 || code=$?
seen=$(
    awk 'NR > 1 { print $NF ": Exitval " $7 ", Signal " $8 }' "$work/log"
    echo "parallel: exit code $code"
    echo "failed, by Exitval alone: $(awk 'NR > 1 && $7 != 0 { print $NF }' "$work/log" | paste -sd' ')"
)
expect 'works: Exitval 0, Signal 0
fails: Exitval 3, Signal 0
killed: Exitval 0, Signal 9
slow: Exitval -1, Signal 15
parallel: exit code 3
failed, by Exitval alone: fails slow' "$seen"
