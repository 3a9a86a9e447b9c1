#!/usr/bin/env bash
# Guess: `send_nsca` with a wrong password fails: "1 data packet(s) sent to host successfully." and exit code 0
# say that the monitor has the result.
# Seen: they say that it was written to a socket. The server throws away what it cannot decrypt, and answers
# nothing. A wrong delimiter, which is seen before it is sent, has exit code 2.
# Why it matters: after a change of the password each host reports that all is sent, and the monitor hears of
# no failure. Only its own check of freshness notices.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian nsca=2.10.2-2 nsca-client=2.10.2-2 libmcrypt4=2.5.8-7
port=$(free_port)
cat > "$work/server" << CONFIG
server_port=$port
server_address=127.0.0.1
command_file=$work/commands
append_to_file=1
alternate_dump_file=$work/dump
password=right
decryption_method=1
CONFIG
: > "$work/commands"
for password in right wrong; do printf 'password=%s\nencryption_method=1\n' "$password" > "$work/$password"; done
start nsca nsca -f -c "$work/server" --daemon
send() { # the title, the client's configuration, the delimiter
    local code=0 before title=$1
    shift
    before=$(wc -l < "$work/commands")
    printf "host$2load$2%s$2failed\n" 2 | timeout 20 send_nsca -H 127.0.0.1 -p "$port" -c "$work/$1" || code=$?
    within 3 eval '[ "$(wc -l < "$work/commands")" -gt "$before" ]' 2> /dev/null || true
    echo "$title: exit code $code, the server has $(($(wc -l < "$work/commands") - before)) result"
}
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
seen=$(send right right '\t' && send 'wrong password' wrong '\t' && send 'wrong delimiter' right ';')
expect '1 data packet(s) sent to host successfully.
right: exit code 0, the server has 1 result
1 data packet(s) sent to host successfully.
wrong password: exit code 0, the server has 0 result
0 data packet(s) sent to host successfully.
wrong delimiter: exit code 2, the server has 0 result' "$seen"
