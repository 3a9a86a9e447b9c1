#!/usr/bin/env bash
# Guess: `systemd-analyze verify` fails for a unit with a setting that does not exist, or stands in the wrong section.
# Seen: it fails for a command that does not exist. For `OnFailure=` in `[Service]`, a misspelt `OnFailur=`,
# `Restart=on-fail` and `TimeoutStartSec=ten minutes` it warns and exits with 0. For an `OnFailure=` that names a unit which is
# not there it does not even warn.
# Why it matters: a check of units before a release is green, and the failure of the job starts no alert.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2
export LD_LIBRARY_PATH=$work/root/usr/lib/$(uname -m)-linux-gnu/systemd:$LD_LIBRARY_PATH
cd "$work"
unit() { # the name, lines of [Unit], lines of [Service]
    printf '[Unit]\n%s\n[Service]\nType=oneshot\n%s\n' "$2" "$3" > "$1.service"
    local code=0
    timeout 60 systemd-analyze verify "./$1.service" > words 2>&1 || code=$?
    echo "$1: exit code $code, $(grep -c "$1.service" words || true) warnings"
}
seen=$(
    unit good 'Description=Loads orders' 'ExecStart=/bin/true'
    unit command 'Description=Loads orders' 'ExecStart=/opt/not/there'
    unit section 'Description=Loads orders' $'ExecStart=/bin/true\nOnFailure=alert.service'
    unit misspelt 'OnFailur=alert.service' 'ExecStart=/bin/true'
    unit missing 'OnFailure=alert.service' 'ExecStart=/bin/true'
    unit value 'Description=Loads orders' $'ExecStart=/bin/true\nRestart=on-fail'
    unit time 'Description=Loads orders' $'ExecStart=/bin/true\nTimeoutStartSec=ten minutes'
)
expect 'good: exit code 0, 0 warnings
command: exit code 1, 1 warnings
section: exit code 0, 1 warnings
misspelt: exit code 0, 1 warnings
missing: exit code 0, 0 warnings
value: exit code 0, 1 warnings
time: exit code 0, 1 warnings' "$seen"
