#!/usr/bin/env bash
# Guess: a limit of 0, for nothing is left of the time, is over at once, or is refused.
# Seen: it is no limit at all for coreutils' `timeout`, curl's `-m` and `--connect-timeout`, Wget, ssh, PostgreSQL's `statement_timeout` and
# PGCONNECT_TIMEOUT, Node's `exec`, execa and axios. It is as guessed with BusyBox's `timeout`, `flock -w`, `subprocess.run`, `asyncio.wait_for`, urllib,
# `AbortSignal.timeout`, got and ky; requests and p-timeout refuse it.
# Why it matters: `timeout $((end - now)) load` gives a job what is left of the night, and all of the day on the one night on which that comes out as
# 0, where 1 s less would be refused. Take the larger of it and 1.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

python requests==2.34.2
node_modules execa@9.6.1 p-timeout@7.0.2 axios@1.21.1 got@14.6.6 ky@1.14.3
debian busybox=1:1.35.0-4+deb12u1+b1
pooled_postgres
curl --version | sed -n '1s/ (.*//p'
wget --version | sed -n '1s/ built.*//p'
ssh -V 2>&1
cd "$work"
export HOME=$work
cat > silent.py << 'PYTHON'
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
time.sleep(115)
PYTHON
start silent python3 silent.py
within 10 grep -q . silent.log
silent=$(< silent.log)
url=http://127.0.0.1:$silent/
end() { # the title, the command, which takes 3 seconds or, of a server that is silent, for ever
    local begin title=$1 how code=0 out
    out=$(mktemp -p .)
    shift
    begin=$(date +%s%N)
    timeout 3 "$@" > "$out" 2>&1 < /dev/null || code=$?
    local ms=$((($(date +%s%N) - begin) / 1000000))
    if ((ms > 2800)); then
        how='no limit'
    elif ((code == 0)); then
        how='a success'
    elif grep -qE 'ValueError|TypeError: Expected' "$out"; then
        how=refused
    else
        how='over at once'
    fi
    echo "$title: $how"
}
exec {lock}> lock
flock "$lock"
seen=$(
    # All at once, for each takes its three seconds.
    end timeout timeout 0 sleep 3 > said.0 &
    end 'curl -m' curl -sS -m 0 "$url" > said.1 &
    end 'curl --connect-timeout' curl -sS --connect-timeout 0 "$url" > said.2 &
    end 'Wget' wget -q -T 0 -t 1 "$url" > said.3 &
    end ssh ssh -p "$silent" -F none -o ConnectTimeout=0 -o StrictHostKeyChecking=no -o UserKnownHostsFile=none job@127.0.0.1 true > said.4 &
    end statement_timeout psql --no-psqlrc --port="$server_port" --command='SET statement_timeout = 0' --command='SELECT pg_sleep(3)' > said.5 &
    end PGCONNECT_TIMEOUT env PGCONNECT_TIMEOUT=0 psql --no-psqlrc --port="$silent" --command='SELECT 1' > said.6 &
    end exec node -e 'require("child_process").exec("sleep 3", { timeout: 0 }, (error) => process.exit(error ? 1 : 0))' > said.7 &
    end execa node --input-type=module -e 'import { execa } from "execa"; await execa("sleep", ["3"], { timeout: 0 })' > said.8 &
    end axios node -e "require('axios').get('$url', { timeout: 0 })" > said.9 &
    wait
    cat said.?
    end BusyBox busybox timeout 0 sleep 3
    end 'flock -w' flock -w 0 lock true
    end subprocess.run python3 -c 'import subprocess; subprocess.run(["sleep", "3"], timeout=0)'
    end asyncio.wait_for python3 -c 'import asyncio; asyncio.run(asyncio.wait_for(asyncio.sleep(3), 0))'
    end urllib python3 -c "import urllib.request; urllib.request.urlopen('$url', timeout=0)"
    end AbortSignal node --input-type=module -e "await fetch('$url', { signal: AbortSignal.timeout(0) })"
    end got node --input-type=module -e "import got from 'got'; await got('$url', { timeout: { request: 0 }, retry: { limit: 0 } })"
    end ky node --input-type=module -e "import ky from 'ky'; await ky('$url', { timeout: 0, retry: 0 })"
    end requests python3 -c "import requests; requests.get('$url', timeout=0)"
    end p-timeout node --input-type=module -e 'import limit from "p-timeout"; await limit(new Promise((end) => setTimeout(end, 3000)), { milliseconds: 0 })'
)
expect 'timeout: no limit
curl -m: no limit
curl --connect-timeout: no limit
Wget: no limit
ssh: no limit
statement_timeout: no limit
PGCONNECT_TIMEOUT: no limit
exec: no limit
execa: no limit
axios: no limit
BusyBox: over at once
flock -w: over at once
subprocess.run: over at once
asyncio.wait_for: over at once
urllib: over at once
AbortSignal: over at once
got: over at once
ky: over at once
requests: refused
p-timeout: refused' "$seen"
