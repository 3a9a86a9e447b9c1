#!/usr/bin/env bash
# Guess: the npm tools that give a job its environment exit as the job did, 128 and the number after a signal.
# Seen: env-cmd and `npm run` do. dotenv-cli exits with 0 where the job died of SIGTERM (it sends itself the signal,
# and has a handler for it), and with 137 after SIGKILL. cross-env exits with 1 after either.
# Why it matters: a job that was stopped in the middle of its work has worked, says its exit code.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules dotenv-cli@11.0.0 cross-env@10.1.0 env-cmd@11.0.0
echo "npm $(npm --version)"
cd "$work"
echo 'DAY=monday' > .env
for job in 'exit 3' 'kill -TERM $$' 'kill -KILL $$'; do echo "$job" > "${job//[^A-Za-z0-9]/}.sh"; done
printf '{"scripts": {"exit3": "sh exit3.sh", "killTERM": "sh killTERM.sh", "killKILL": "sh killKILL.sh"}}' > scripts.json
node -e 'const at = "./package.json", fs = require("fs"); const own = fs.existsSync(at) ? require(at) : {};
    fs.writeFileSync(at, JSON.stringify({ ...own, ...require("./scripts.json") }))'
codes() { # the command, in which JOB is the job's name
    local job code words
    printf '%s:' "$*"
    for job in exit3 killTERM killKILL; do
        code=0
        words=("${@//JOB/$job}")
        timeout 30 "${words[@]}" > /dev/null 2>&1 || code=$?
        printf ' %s' "$code"
    done
    echo
}
export PATH=$work/node_modules/.bin:$PATH
seen=$(
    codes npm run JOB
    codes env-cmd sh JOB.sh
    codes dotenv -- sh JOB.sh
    codes cross-env DAY=monday sh JOB.sh
)
expect 'npm run JOB: 3 143 137
env-cmd sh JOB.sh: 3 143 137
dotenv -- sh JOB.sh: 3 0 137
cross-env DAY=monday sh JOB.sh: 3 1 1' "$seen"
