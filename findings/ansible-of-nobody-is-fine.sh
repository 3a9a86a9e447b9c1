#!/usr/bin/env bash
# Guess: a playbook whose `hosts:` names no host of the inventory fails, as `--limit` does.
# Seen: it warns, runs nothing, and exits with 0. So does `ansible GROUP`. `--limit` of a name that is not there ends with 1, and a
# failed task with 2.
# Why it matters: after a group was renamed, or where the inventory comes out empty, the nightly playbook works on
# no host, and has worked.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python ansible-core==2.19.14
cd "$work"
export HOME=$work
echo "worker ansible_connection=local ansible_python_interpreter=$(command -v python3)" > inventory
playbook() { printf -- '- hosts: %s\n  gather_facts: false\n  tasks:\n    - command: "%s"\n' "$2" "$3" > "$1.yml"; }
playbook works worker true
playbook fails worker false
playbook renamed batch true
code_of() { # the words to print, the command
    local name=$1 code=0
    shift
    timeout 60 "$@" > words 2>&1 || code=$?
    echo "$name: exit code $code"
}
: > empty
seen=$(
    code_of 'works' ansible-playbook -i inventory works.yml
    code_of 'fails' ansible-playbook -i inventory fails.yml
    code_of '--limit of nobody' ansible-playbook -i inventory --limit batch works.yml
    code_of 'hosts: of nobody' ansible-playbook -i inventory renamed.yml
    code_of 'an empty inventory' ansible-playbook -i empty works.yml
    code_of 'ansible of nobody' ansible -i inventory batch -m command -a true
)
expect 'works: exit code 0
fails: exit code 2
--limit of nobody: exit code 1
hosts: of nobody: exit code 0
an empty inventory: exit code 0
ansible of nobody: exit code 0' "$seen"
