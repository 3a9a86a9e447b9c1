#!/usr/bin/env bash
# Guess: a SIGTERM to `npm run job`, `npx`, `pnpm run` or `yarn run` ends the job that it runs, as one to `uv run` does.
# Seen: `uv run` hands it on. The others end at once, npm, npx and pnpm with 143 as after a SIGTERM, yarn with 1, and the job goes on
# without them: the signal ends the shell in between, at most. It does so where the script is one command, too.
# Why it matters: `command=npm run worker` in supervisord, or as process 1 of a container, is stopped, says so, and works on beside
# the new one; a limit around it ends nothing.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules npm@11.19.1 pnpm@12.21.0 yarn@1.22.22
python uv==0.13.9
export PATH="$work/node_modules/.bin:$PATH" HOME="$work"
mkdir "$work/project"
cd "$work/project"
printf '#!/bin/sh\necho $$ > "%s/pid"\nexec sleep 60\n' "$work" > job
chmod +x job
echo '{ "name": "jobs", "version": "1.0.0", "scripts": { "job": "./job" } }' > package.json
stop() { # the title, the command
    local pid job code=0 title=$1
    shift
    setsid "$@" < /dev/null > /dev/null 2>&1 &
    pid=$!
    within 60 test -s "$work/pid"
    job=$(cat "$work/pid")
    rm "$work/pid"
    kill -TERM "$pid"
    local left=50
    while ((left-- > 0)) && kill -0 "$job" 2> /dev/null; do sleep 0.1; done
    local end=ended
    if kill -KILL "$job" 2> /dev/null; then end='goes on'; fi
    wait "$pid" 2> /dev/null || code=$?
    echo "$title: exit code $code, the job $end"
}
seen=$(
    stop 'uv run' uv run --no-project ./job
    stop 'npm run' npm run job
    stop 'npx' npx -c ./job
    stop 'pnpm run' pnpm run job
    stop 'yarn run' yarn run job
)
expect 'uv run: exit code 143, the job ended
npm run: exit code 143, the job goes on
npx: exit code 143, the job goes on
pnpm run: exit code 143, the job goes on
yarn run: exit code 1, the job goes on' "$seen"
