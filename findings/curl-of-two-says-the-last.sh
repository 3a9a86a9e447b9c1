#!/usr/bin/env bash
# Guess: `curl -f FIRST SECOND` fails where one of the two cannot be had.
# Seen: the exit code is the last one's: a first address that is not there, or whose server is down, gives 0. Wget fails, and so
# does curl with `--fail-early`, or with `-Z`, which has all at once.
# Why it matters: a job that gets two files works on with the old one of the first; a line that posts an alert and then pings a
# heartbeat is a success where the alert did not leave.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1
mkdir "$work/files"
echo data > "$work/files/orders"
port=$(free_port)
start server python3 -m http.server "$port" --bind 127.0.0.1 --directory "$work/files"
within 30 curl --silent "http://127.0.0.1:$port/orders"
there=http://127.0.0.1:$port/orders missing=http://127.0.0.1:$port/missing down=http://127.0.0.1:$(free_port)/orders
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > "$work/out" 2> /dev/null || code=$?
    echo "$title: $code"
}
seen=$(
    end 'curl -f, missing, there' curl -sf "$missing" "$there"
    end 'curl -f, down, there' curl -sf "$down" "$there"
    end 'curl -f, there, down' curl -sf "$there" "$down"
    end 'curl -f --fail-early, down, there' curl -sf --fail-early "$down" "$there"
    end 'curl -fZ, down, there' curl -sfZ "$down" "$there"
    end 'wget, down, there' wget -q -t 1 -O - "$down" "$there"
)
expect 'curl -f, missing, there: 0
curl -f, down, there: 0
curl -f, there, down: 7
curl -f --fail-early, down, there: 7
curl -fZ, down, there: 7
wget, down, there: 4' "$seen"
