#!/usr/bin/env bash
# Guess: a program that shows what is new in a log since it last looked shows all of a log that each run of the job begins anew (`job > job.log`), or
# says that it cannot know.
# Seen: logtail (which logcheck calls), logtail2 and pygtail remember how far they read. Where the new run's log is longer than that, they go on from
# there; what stands before is never shown, and nothing says so, with exit code 0. Of a shorter one they show all.
# Why it matters: the error at the beginning of a run that writes more than the last one, as failures do, is not seen by what is there to see it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian logtail=1.4.2+deb12u1
python pygtail==0.14.0
cd "$work"
job() { # how many lines it writes after its first two
    {
        echo 'load begins'
        echo 'ERROR: no connection to the database'
        for ((line = 0; line < $1; line++)); do echo "row $line is left out"; done
    } > job.log
}
shown() { # the title; what was shown
    local count
    count=$(grep -c ERROR <<< "$2" || true)
    echo "$1: errors $count, first line of the job's: $(grep -m 1 -v '^\*' <<< "$2")"
}
look() {
    case $1 in
        logtail | logtail2) "$1" -f job.log -o "$1.offset" ;;
        pygtail) pygtail job.log ;;
    esac
}
seen=$(
    for watcher in logtail logtail2 pygtail; do
        rm -f job.log ./*.offset
        job 3
        shown "$watcher, the first run" "$(look $watcher)"
        job 6
        shown "$watcher, a longer one" "$(look $watcher)"
        job 2
        shown "$watcher, a shorter one" "$(look $watcher)"
    done
)
expect "logtail, the first run: errors 1, first line of the job's: load begins
logtail, a longer one: errors 0, first line of the job's: row 3 is left out
logtail, a shorter one: errors 1, first line of the job's: load begins
logtail2, the first run: errors 1, first line of the job's: load begins
logtail2, a longer one: errors 0, first line of the job's: row 3 is left out
logtail2, a shorter one: errors 1, first line of the job's: load begins
pygtail, the first run: errors 1, first line of the job's: load begins
pygtail, a longer one: errors 0, first line of the job's: row 3 is left out
pygtail, a shorter one: errors 1, first line of the job's: load begins" "$seen"
