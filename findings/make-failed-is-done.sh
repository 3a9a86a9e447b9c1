#!/usr/bin/env bash
# Guess: a build tool that has seen a step fail runs that step again the next time.
# Seen: not make, and not doit for a task with `uptodate`: the half-written file of the failed step is there, so the second run has
# nothing to do, and exits with 0. ninja, SCons and Snakemake run it again. `.DELETE_ON_ERROR:` in the makefile mends it.
# Why it matters: the first retry of a failed job works, so the alert is followed by a recovery, and the half file is used.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian make=4.3-4.1 ninja-build=1.11.1-2~deb12u1
python doit==0.37.0 SCons==4.11.1 snakemake==9.15.0
cd "$work"
export HOME=$work
printf 'echo half\nexit 3\n' > step.sh
printf 'by-make:\n\tsh step.sh > by-make\n' > Makefile
printf '.DELETE_ON_ERROR:\nby-make-deleted:\n\tsh step.sh > by-make-deleted\n' > deleting.mk
printf 'def task_load():\n    return {"actions": ["sh step.sh > by-doit"], "targets": ["by-doit"], "uptodate": [True]}\n' > dodo.py
printf 'rule step\n command = sh step.sh > $out\nbuild by-ninja: step\n' > build.ninja
printf 'import os\nCommand("by-scons", [], "sh step.sh > $TARGET", ENV=os.environ)\n' > SConstruct
printf 'rule load:\n    output: "by-snakemake"\n    shell: "sh step.sh > {output}"\n' > Snakefile
twice() { # the name, the command
    local name=$1 code codes=()
    shift
    for _ in first second; do
        code=0
        timeout 60 "$@" > words 2>&1 || code=$?
        codes+=("$code")
    done
    echo "$name: exit code ${codes[0]}, then ${codes[1]}"
}
seen=$(
    twice make make by-make
    twice 'make, .DELETE_ON_ERROR' make --file=deleting.mk
    twice doit doit
    twice ninja ninja
    twice scons scons
    twice snakemake snakemake --cores 1 by-snakemake
)
expect 'make: exit code 2, then 0
make, .DELETE_ON_ERROR: exit code 2, then 2
doit: exit code 1, then 0
ninja: exit code 1, then 1
scons: exit code 2, then 2
snakemake: exit code 1, then 1' "$seen"
