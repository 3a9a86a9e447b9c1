#!/usr/bin/env bash
# Guess: what gives a job a terminal of its own, or records it, exits as the job did.
# Seen: `script -c`, `screen -D -m`, ttyrec and asciinema exit with 0, whatever the job does. A program that exits with the status of Python's
# `pty.spawn` does so too, for the status is 768 for the code 3, and a killed job's is 9. dtach exits with 1 where it has no terminal itself, also after
# success. As guessed: `script -e`, and rlwrap.
# Why it matters: such a terminal is what cron lines use to have a job's output unbuffered, coloured or kept, and a wrapper around it then sees success
# each night.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian screen=4.9.0-4 libutempter0=1.2.1-3 ttyrec=1.0.8-5.1 dtach=0.9-5+b1 rlwrap=0.46.1-1 bsdutils=1:2.38.1-5+deb12u3
python asciinema==2.4.0
cd "$work"
export HOME=$work SCREENDIR=$work/screens TERM=xterm
mkdir -m 700 screens
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > out 2>&1 < /dev/null || code=$?
    seen="$seen, $title $code"
}
expect 'exit 0: script 0, script -e 0, screen 0, ttyrec 0, asciinema 0, pty.spawn 0, dtach 1, rlwrap 0
exit 3: script 0, script -e 3, screen 0, ttyrec 0, asciinema 0, pty.spawn 0, dtach 1, rlwrap 3
kill -KILL $$: script 0, script -e 137, screen 0, ttyrec 0, asciinema 0, pty.spawn 9, dtach 1, rlwrap 137' "$(
    for job in 'exit 0' 'exit 3' 'kill -KILL $$'; do
        printf '#!/bin/sh\necho >> runs\n%s\n' "$job" > job
        chmod +x job
        : > runs
        seen=
        end script script -qc ./job /dev/null
        end 'script -e' script -qec ./job /dev/null
        end screen screen -D -m ./job
        end ttyrec ttyrec -e ./job record
        end asciinema asciinema rec --quiet --overwrite -c ./job cast
        end pty.spawn python3 -c 'import pty, sys; sys.exit(pty.spawn("./job"))'
        end dtach dtach -N socket ./job
        end rlwrap rlwrap ./job
        within 10 test "$(wc -l < runs)" = 8
        echo "$job: ${seen#, }"
    done
)"
