#!/usr/bin/env bash
# Guess: with `rotate 5` and `compress`, logrotate keeps five old logs; where `postrotate` fails, it says so, and they are kept
# all the same.
# Seen: it exits with 1, and leaves the old log without compression. The next night it looks for the compressed name alone, and
# writes the newer log over the older one. One old log is left. Without `compress` all are kept. The log after this one
# in the file is rotated as it should be.
# Why it matters: a reload that fails each night, such as of a service that is gone, takes the logs that would say why,
# and there is no more than "error running non-shared postrotate script" in the mail.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian logrotate=3.21.0-1 libpopt0=1.19+dfsg-1 libacl1=2.3.1-3 libselinux1=3.4-1+b6
cd "$work"
umask 022
settings() { # the name, how it is rotated, how the reload ends
    printf '%s/%s.log {\nrotate 5\ndaily\n%s\npostrotate\n%s\nendscript\n}\n' "$work" "$1" "$2" "$3"
}
{
    settings good compress true
    settings failing compress false
    settings plain nocompress false
} > settings
for night in monday tuesday wednesday; do
    for name in good failing plain; do
        echo "the log of $night" > "$name.log"
        printf '"%s/%s.log" 2026-1-1-0:0:0\n' "$work" "$name"
    done > due
    { echo 'logrotate state -- version 2' && cat due; } > state
    chmod 600 state
    code=0
    logrotate --state state settings 2>> words || code=$?
    echo "$night: exit code $code" >> codes
done
seen=$(
    cat codes
    for name in good failing plain; do
        echo "$name: $(zcat --force "$name".log.* | cut -d' ' -f4 | paste -sd' ')"
    done
)
expect 'monday: exit code 1
tuesday: exit code 1
wednesday: exit code 1
good: wednesday tuesday monday
failing: wednesday
plain: wednesday tuesday monday' "$seen"
