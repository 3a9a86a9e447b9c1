#!/usr/bin/env bash
# Guess: what runs a project's tasks exits as the task's command did: with 75, and with 137 or 143 where that was killed.
# Seen: go-task exits with 201 whatever the command did. Invoke and PDM exit with 75, but with 247 after SIGKILL and 241 after SIGTERM: Python's -9, cut to
# a byte. just, Poe and Hatch exit as guessed, as does `task --exit-code`.
# Why it matters: 75 means "try again later", and 137 "killed, perhaps out of memory"; an alert, a retry or a scheduler that goes by the code sees
# neither, and no list of codes has 247.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python rust-just==1.59.0 go-task-bin==3.54.0 invoke==3.0.3 poethepoet==0.49.0 pdm==2.29.4 hatch==1.18.2
cd "$work"
export HOME=$work PDM_CHECK_UPDATE=0
printf 'load:\n\t@./job\n' > justfile
printf 'version: "3"\ntasks:\n  load:\n    cmds: [./job]\n' > Taskfile.yml
printf 'from invoke import task\n\n@task\ndef load(context):\n    context.run("./job")\n' > tasks.py
cat > pyproject.toml << 'TOML'
[project]
name = "jobs"
version = "0"
[tool.poe.tasks]
load = "./job"
[tool.pdm.scripts]
load = "./job"
[tool.hatch.envs.default]
skip-install = true
scripts.load = "./job"
TOML
run() { # the title, the command
    local codes='' end title=$1
    shift
    for end in 'exit 75' 'kill -KILL $$' 'kill -TERM $$'; do
        local code=0
        printf '#!/bin/sh\n%s\n' "$end" > job
        chmod +x job
        timeout 60 "$@" > out 2>&1 < /dev/null || code=$?
        codes+=" $code"
    done
    echo "$title:$codes"
}
seen=$(
    run just just load
    run task task load
    run 'task --exit-code' task --exit-code load
    run invoke inv load
    run poe poe load
    run pdm pdm run load
    run hatch hatch run load
)
expect 'just: 75 137 143
task: 201 201 201
task --exit-code: 75 137 143
invoke: 75 247 241
poe: 75 137 143
pdm: 75 247 241
hatch: 75 137 143' "$seen"
