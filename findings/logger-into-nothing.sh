#!/usr/bin/env bash
# Guess: `logger` fails where there is no syslog to take the line, as in a container.
# Seen: it says nothing and exits with 0. `--socket-errors=on` makes it fail; its default, `auto`, does so under
# systemd alone.
# Why it matters: `job || logger -p user.err 'job failed'` works where it was written, and is silent in the
# image that it was moved to.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian bsdutils=1:2.38.1-5+deb12u3
# A /dev of its own has no socket of a syslog, as in a container.
log() {
    local code=0
    timeout 20 unshare --map-root-user --mount sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$(command -v logger)" "$@" "job failed" \
        > "$work/said" 2>&1 || code=$?
    echo "logger $*: exit code $code, says: $(cat "$work/said")"
}
expect 'logger : exit code 0, says: 
logger --socket-errors=on: exit code 1, says: logger: socket /dev/log: No such file or directory' "$(log; log --socket-errors=on)"
