#!/usr/bin/env bash
# Guess: `logger` sends a line of 3,000 letters whole, or says that it is too long.
# Seen: of a message that is its argument the first 1,024 letters are sent, and the rest is lost; a line of its standard input
# becomes three messages. The exit code is 0, and no word is said. With `--size 8192` it is whole, and so it is from Python's
# SysLogHandler.
# Why it matters: the line of JSON in which a job says why it failed is longer than that. What arrives is no JSON any more, so that a
# rule by its fields finds nothing, and the end, where the cause stands, is not there.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian bsdutils=1:2.38.1-5+deb12u3
python3 --version
cat > "$work/receiver.py" << 'PYTHON'
import socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
while message := server.recv(65536):
    print(message.count(b"x"), flush=True)
PYTHON
cat > "$work/handler.py" << 'PYTHON'
import logging, logging.handlers, sys

logging.getLogger().addHandler(logging.handlers.SysLogHandler(address=sys.argv[1]))
logging.error(sys.argv[2])
PYTHON
line=$(printf 'x%.0s' {1..3000})
start receiver python3 "$work/receiver.py" "$work/socket"
within 30 test -S "$work/socket"
letters() { # the title, the command; its standard input
    local code=0 title=$1
    shift
    : > "$work/receiver.log"
    timeout 20 "$@" || code=$?
    # A word behind it: where that has come, all before it has.
    timeout 20 logger --socket "$work/socket" end
    within 20 grep -qx 0 "$work/receiver.log"
    echo "$title: $(grep -vx 0 "$work/receiver.log" | paste -sd ' ') (exit code $code)"
}
seen=$(
    letters 'logger LINE' logger --socket "$work/socket" "$line"
    letters 'logger < LINE' logger --socket "$work/socket" <<< "$line"
    letters 'logger --size 8192 LINE' logger --socket "$work/socket" --size 8192 "$line"
    letters 'SysLogHandler' python3 "$work/handler.py" "$work/socket" "$line"
)
expect 'logger LINE: 1024 (exit code 0)
logger < LINE: 1024 1024 952 (exit code 0)
logger --size 8192 LINE: 3000 (exit code 0)
SysLogHandler: 3000 (exit code 0)' "$seen"
