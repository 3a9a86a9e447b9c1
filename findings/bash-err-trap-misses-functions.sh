#!/usr/bin/env bash
# Guess: with `set -e` and `trap 'alert' ERR`, an alert comes for each failure that ends the bash script.
# Seen: not for a failure inside a function (until `set -E`), not for an unset variable under `set -u`, not for `exit 3`,
# not for a file that `.` does not find. The script ends with 1 or 3 and without an alert. zsh and mksh do alert
# for the function.
# Why it matters: whoever puts the steps of a working script into functions loses its alerts, and no test of the last
# line, outside a function, shows it. `trap 'alert' EXIT`, which looks at `$?`, hears of all of them.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian zsh=5.9-4+b15 mksh=59c-28+deb12u1
echo "bash $BASH_VERSION"
cd "$work"
script() { printf "trap 'echo alert' ERR\nset -eu\n%s\n" "$2" > "$1.sh"; }
script command 'false'
script function 'load() { false; }
load'
script function-E 'set -E
load() { false; }
load'
script unset ': "$DAY"'
script exit 'exit 3'
script dot '. ./settings.sh'
unset DAY
told() { # the shell, the scripts
    local shell=$1 name code
    shift
    for name; do
        code=0
        timeout 20 "$shell" "$name.sh" > out 2> /dev/null || code=$?
        echo "$shell, $name: ${code/#/exit code }, $(grep -c alert out || true) alerts"
    done
}
seen=$(
    told bash command function function-E unset exit dot
    told zsh function
    told mksh function
)
expect 'bash, command: exit code 1, 1 alerts
bash, function: exit code 1, 0 alerts
bash, function-E: exit code 1, 1 alerts
bash, unset: exit code 1, 0 alerts
bash, exit: exit code 3, 0 alerts
bash, dot: exit code 1, 0 alerts
zsh, function: exit code 1, 1 alerts
mksh, function: exit code 1, 1 alerts' "$seen"
