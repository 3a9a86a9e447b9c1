#!/usr/bin/env bash
# Guess: a limit of 1 second on `sh -c 'sleep 5; …'`, whose output is read, is over after 1 second.
# Seen: with Python's `subprocess.run` and Node's `exec` it is. With asyncio, execa and Go's `CommandContext` the shell is killed after 1
# second, and the call returns after 5: they wait for the end of the pipe, which the `sleep` has inherited. Then they say
# that the time was up, or only "signal: killed".
# Why it matters: a job that hangs is found by such a limit, and what hangs is mostly a step that a shell script started. With a
# step that never ends the limit never comes, and no alert either.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules execa@9.6.1
python3 --version
debian golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2
cd "$work"
cat > main.go << 'GO'
package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

func main() {
	limit, end := context.WithTimeout(context.Background(), time.Second)
	defer end()
	_, err := exec.CommandContext(limit, "sh", "-c", "sleep 5; true").Output()
	fmt.Println(err)
}
GO
go_root="$work/root/usr/lib/go-1.19"
for part in src test api misc; do rm -rf "${go_root:?}/$part"; done
ln -s "$work/root/usr/share/go-1.19/src" "$go_root/src"
install_by 300 env -C "$work" GOROOT="$go_root" GO111MODULE=off GOCACHE="$work/cache" CGO_ENABLED=0 \
    "$go_root/bin/go" build -trimpath -o "$work/with-go" main.go
cat > with-exec.mjs << 'NODE'
import { exec } from "node:child_process";
exec("sleep 5; true", { timeout: 1000 }, (error) => { console.log(error.killed ? "killed" : error); process.exit(); });
NODE
cat > with-execa.mjs << 'NODE'
import { execa } from "execa";
await execa("sh", ["-c", "sleep 5; true"], { timeout: 1000 }).catch((error) => console.log(error.timedOut ? "timed out" : error));
NODE
cat > with-run.py << 'PYTHON'
import subprocess
try:
    subprocess.run("sleep 5; true", shell=True, capture_output=True, timeout=1)
except subprocess.TimeoutExpired:
    print("timed out")
PYTHON
cat > with-asyncio.py << 'PYTHON'
import asyncio

async def main():
    job = await asyncio.create_subprocess_shell("sleep 5; true", stdout=asyncio.subprocess.PIPE)
    try:
        await asyncio.wait_for(job.communicate(), 1)
    except asyncio.TimeoutError:
        job.kill()
        await job.wait()
        print("timed out")

asyncio.run(main())
PYTHON
limited() { # the title, the command
    local title=$1 from words
    shift
    from=$(date +%s%N)
    words=$(timeout 60 "$@" 2> /dev/null)
    # Between the two there are four seconds.
    (($(date +%s%N) - from < 4500000000)) && from='after the limit' || from='after the step'
    echo "$title: $words, $from"
}
seen=$(
    limited subprocess.run python3 with-run.py
    limited exec node with-exec.mjs
    limited asyncio python3 with-asyncio.py
    limited execa node with-execa.mjs
    limited Go "$work/with-go"
)
expect 'subprocess.run: timed out, after the limit
exec: killed, after the limit
asyncio: timed out, after the step
execa: timed out, after the step
Go: signal: killed, after the step' "$seen"
