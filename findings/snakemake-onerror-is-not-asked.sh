#!/usr/bin/env bash
# Guess: a workflow's `onerror:` runs whenever snakemake fails.
# Seen: it runs where a job fails. It does not where an input file is missing, or two rules have one output: snakemake then
# ends with 1 before the first job, and without `onerror:`.
# Why it matters: the commonest failure of a night, the file that did not come, sends no alert.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python snakemake==9.15.0
cd "$work"
export HOME=$work
touch there
workflow() { # the name, its input, its command, more rules
    printf 'onerror:\n    print("ALERT")\nrule load:\n    input: "%s"\n    output: "%s.out"\n    shell: "%s"\n%s' "$2" "$1" "$3" "${4:-}" > "$1.smk"
    local code=0
    timeout 120 snakemake --cores 1 --snakefile "$1.smk" "$1.out" > words 2>&1 || code=$?
    echo "$1: exit code $code, $(grep -c '^ALERT' words || true) alerts"
}
seen=$(
    workflow works there 'touch {output}'
    workflow fails there 'exit 3'
    workflow missing not-there 'touch {output}'
    workflow twice there 'touch {output}' $'rule other:\n    input: "there"\n    output: "twice.out"\n    shell: "touch {output}"\n'
)
expect 'works: exit code 0, 0 alerts
fails: exit code 1, 1 alerts
missing: exit code 1, 0 alerts
twice: exit code 1, 0 alerts' "$seen"
