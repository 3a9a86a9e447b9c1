#!/usr/bin/env bash
# Guess: a step of two lines, whose first fails, fails in whatever runs a project's tasks, as make and just have it, and its second is not run.
# Seen: the second runs, and the exit code is 0, where both lines are one text: with make's `.ONESHELL`, Poe's and PDM's `shell`, `c.run` of Invoke, an
# action of doit, a script of Hatch, a recipe of just that begins with `#!/bin/sh`, Ansible's `shell`. It is as guessed with go-task and Hatch's list of lines.
# Why it matters: `pg_dump … > new` fails, `mv new old` follows, and the job is green. What goes from make, go-task or a list of lines to one of these changes so without
# a word. `set -e` as the first line makes them all fail.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python rust-just==1.59.0 go-task-bin==3.54.0 invoke==3.0.3 poethepoet==0.49.0 pdm==2.29.4 hatch==1.18.2 doit==0.37.0 ansible-core==2.19.14
debian make=4.3-4.1
cd "$work"
export HOME=$work PDM_CHECK_UPDATE=0
project() { # the first line: writes the task `load` for all
    printf 'load:\n\t%s\n\ttouch second\n' "$1" > Makefile
    printf '.ONESHELL:\nload:\n\t%s\n\ttouch second\n' "$1" > oneshell.mk
    printf 'load:\n    %s\n    touch second\nshebang:\n    #!/bin/sh\n    %s\n    touch second\n' "$1" "$1" > justfile
    printf 'version: "3"\ntasks:\n  load:\n    cmds:\n      - |\n        %s\n        touch second\n' "$1" > Taskfile.yml
    printf 'from invoke import task\n@task\ndef load(context):\n    context.run("""%s\ntouch second""")\n' "$1" > tasks.py
    printf 'def task_load():\n    return {"actions": ["""%s\ntouch second"""]}\n' "$1" > dodo.py
    printf -- '- hosts: localhost\n  gather_facts: false\n  connection: local\n  tasks:\n    - ansible.builtin.shell: |\n        %s\n        touch second\n' "$1" > play.yml
    cat > pyproject.toml << TOML
[project]
name = "load"
version = "0"
[tool.poe.tasks.load]
shell = """
$1
touch second
"""
[tool.pdm.scripts.load]
shell = """
$1
touch second
"""
[tool.hatch.envs.default]
skip-install = true
[tool.hatch.envs.default.scripts]
load = """
$1
touch second
"""
list = ["$1", "touch second"]
TOML
}
end() { # the title, the command
    local title=$1 how=failed
    shift
    rm -f second
    ! timeout 60 "$@" > out 2>&1 < /dev/null || how='a success'
    echo "$title: $how$([ ! -e second ] || echo ', second line run')"
}
as_one_text() {
    end 'make, .ONESHELL' make --file=oneshell.mk load
    end 'just, #!/bin/sh' just shebang
    end Poe poe load
    end PDM pdm run load
    end Invoke inv load
    end doit doit load
    end Hatch hatch run load
    end Ansible ansible-playbook play.yml
}
project false
seen=$(
    end make make load
    end just just load
    end go-task task load
    end 'Hatch, a list' hatch run list
    as_one_text
    project 'set -e; false'
    echo 'with set -e:'
    as_one_text
)
expect 'make: failed
just: failed
go-task: failed
Hatch, a list: failed
make, .ONESHELL: a success, second line run
just, #!/bin/sh: a success, second line run
Poe: a success, second line run
PDM: a success, second line run
Invoke: a success, second line run
doit: a success, second line run
Hatch: a success, second line run
Ansible: a success, second line run
with set -e:
make, .ONESHELL: failed
just, #!/bin/sh: failed
Poe: failed
PDM: failed
Invoke: failed
doit: failed
Hatch: failed
Ansible: failed' "$seen"
