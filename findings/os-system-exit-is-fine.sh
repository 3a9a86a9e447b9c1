#!/usr/bin/env bash
# Guess: a job that ends with the result of the command that it ran, `sys.exit(os.system("load"))`, fails where that failed.
# Seen: awk and PHP hand the code on. Python, Perl and Lua exit with 0: their `system` gives the status as `wait` has it, 768 for a
# code of 3, of which an exit keeps the last eight bits; Lua 5.4 gives nil, which its `os.exit` takes for "as usual".
# So it is for a command that was killed, whose shell makes a code of it, 137; Perl needs no shell here, and exits with 9.
# Why it matters: the shortest way to write such a job is one that never fails, and nobody alerts.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian lua5.1=5.1.5-9 lua5.4=5.4.4-3+deb12u1 mawk=1.3.4.20200120-3.1 php8.2-cli=8.2.36-1~deb12u1
python3 --version
perl -e 'printf "Perl %vd\n", $^V'
# A failing command, and one that is killed, each in a shell of its own.
printf '#!/bin/sh\nexit 3\n' > "$work/failed"
printf '#!/bin/sh\nkill -KILL $$\n' > "$work/killed"
chmod +x "$work/failed" "$work/killed"
ends() { # the title, the command up to the program's text, the text with JOB in it
    local title=$1 text=$3 job code seen=''
    for job in failed killed; do
        code=0
        # shellcheck disable=SC2086 # the command has options
        timeout 20 $2 "${text//JOB/$work/$job}" > /dev/null 2>&1 < /dev/null || code=$?
        seen+=" $job $code"
    done
    echo "$title:$seen"
}
seen=$(
    ends 'awk' 'mawk' 'BEGIN { exit system("JOB") }'
    ends 'PHP' 'php8.2 -n -r' 'system("JOB", $code); exit($code);'
    ends 'Python' 'python3 -c' 'import os, sys; sys.exit(os.system("JOB"))'
    ends 'Perl' 'perl -e' 'exit system("JOB");'
    ends 'Lua 5.1' 'lua5.1 -e' 'os.exit(os.execute("JOB"))'
    ends 'Lua 5.4' 'lua5.4 -e' 'os.exit(os.execute("JOB"))'
)
expect 'awk: failed 3 killed 137
PHP: failed 3 killed 137
Python: failed 0 killed 0
Perl: failed 0 killed 9
Lua 5.1: failed 0 killed 0
Lua 5.4: failed 0 killed 0' "$seen"
