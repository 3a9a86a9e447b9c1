#!/usr/bin/env bash
# Guess: `curl -fs URL | jq -e '.status == "ok"'` fails where the answer is empty, or where one of several lines of JSON is not "ok".
# Seen: of an empty answer the exit code is 0, with whatever filter; of several values the last alone counts. Python's json.tool, jshon and gron refuse an empty
# answer, and so does `jq -es 'length == 1 and .[0].status == "ok"'`, which takes all of the input for one list. Later versions than Debian's end with 4.
# Why it matters: a proxy that answers 200 without a body, or a log of a job that was cut down to nothing, passes the health check, and nobody hears that the job is gone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian jq=1.6-2.1+deb12u3 libjq1=1.6-2.1+deb12u3 libonig5=6.9.8-1 jshon=20131010-3+b1 libjansson4=2.14-2 gron=0.7.1-1+b6
check() { # the title, the answer, the command
    local title=$1 answer=$2 code=0
    shift 2
    printf '%s' "$answer" | timeout 20 "$@" > "$work/out" 2>&1 || code=$?
    echo "$title: $code"
}
bad=$'{"job": "load", "status": "failed"}\n' good=$'{"job": "mail", "status": "ok"}\n'
expect 'an empty answer: 0
a newline alone: 0
an empty answer, all(.jobs[]; .ok): 0
failed: 1
failed, then ok: 0
ok, then failed: 1
cut off: 4
an empty answer, with -s: 1
failed, then ok, with -s: 1
an empty answer, json.tool: 1
an empty answer, jshon: 1
an empty answer, gron: 3' "$(
    check 'an empty answer' '' jq -e '.status == "ok"'
    check 'a newline alone' $'\n' jq -e '.status == "ok"'
    check 'an empty answer, all(.jobs[]; .ok)' '' jq -e 'all(.jobs[]; .ok)'
    check failed "$bad" jq -e '.status == "ok"'
    check 'failed, then ok' "$bad$good" jq -e '.status == "ok"'
    check 'ok, then failed' "$good$bad" jq -e '.status == "ok"'
    check 'cut off' "${good%?}{" jq -e '.status == "ok"'
    check 'an empty answer, with -s' '' jq -es 'length == 1 and .[0].status == "ok"'
    check 'failed, then ok, with -s' "$bad$good" jq -es 'length == 1 and .[0].status == "ok"'
    check 'an empty answer, json.tool' '' python3 -m json.tool
    check 'an empty answer, jshon' '' jshon -e status
    check 'an empty answer, gron' '' gron
)"
