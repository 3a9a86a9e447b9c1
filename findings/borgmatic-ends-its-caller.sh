#!/usr/bin/env bash
# Guess: a SIGTERM to borgmatic ends it and the Borg that it runs, and its hooks `after: error` run, as after any failure.
# Seen: it sends the signal to its whole process group: the script that called it ends, too, with 143, before its next line. The hooks
# run where Borg fails; not at a stop, and not for an option that is misspelt.
# Why it matters: a nightly script that calls borgmatic, and would alert by the exit code, is gone with it; and the hook that alerts is
# not asked either. `timeout` around it helps, for it makes a group of its own.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python borgmatic==2.0.13
# In place of Borg: it fails, or takes long.
cat > "$work/borg" << 'SH'
#!/bin/sh
[ "$1" != --version ] || { echo 'borg 1.4.0'; exit; }
cd "$(dirname "$0")" || exit
[ ! -e fails ] || exit 2
touch started
exec sleep 60
SH
cat > "$work/nightly" << 'SH'
#!/bin/sh
cd "$(dirname "$0")" || exit
borgmatic --config config.yaml create &
echo $! > pid
wait $!
echo "borgmatic ended with $?, the next step" > next
SH
chmod +x "$work/borg" "$work/nightly"
mkdir "$work/data"
config() {
    cat > "$work/config.yaml" << YAML
source_directories:
    - $work/data
repositories:
    - path: $work/repository
local_path: $work/borg
commands:
    - after: error
      run:
          - touch $work/alerted
$1
YAML
}
end() { # the title; whether to stop it
    local code=0 caller
    rm -f "$work"/{pid,next,started,alerted}
    HOME=$work setsid "$work/nightly" > "$work/out" 2>&1 < /dev/null &
    caller=$!
    if [ "${2:-}" = stop ]; then
        within 60 test -e "$work/started"
        kill -TERM "$(cat "$work/pid")"
    fi
    wait "$caller" 2> /dev/null || code=$?
    echo "$1: the script ends with $code, next step: $([ -e "$work/next" ] && echo yes || echo no), alert: $([ -e "$work/alerted" ] && echo yes || echo no)"
}
seen=$(
    config ''
    touch "$work/fails"
    end 'Borg fails'
    config 'keep_dayly: 7'
    end 'an option is misspelt'
    config ''
    rm "$work/fails"
    end 'a stop' stop
)
expect 'Borg fails: the script ends with 0, next step: yes, alert: yes
an option is misspelt: the script ends with 0, next step: yes, alert: no
a stop: the script ends with 143, next step: no, alert: no' "$seen"
