#!/usr/bin/env bash
# Guess: the daemon webhook, which runs a command for a POST, answers it with an error where it does not run the command, or where that fails.
# Seen: 200 where the rule does not hold or the body is no JSON ("Hook rules were not satisfied."), where the command is not there, and where it fails; an
# argument that the body does not have is passed as an empty word. The answer waits for the command, and is 500 after a failure, with
# `include-command-output-in-response`. `trigger-rule-mismatch-http-response-code` gives another answer than 200.
# Why it matters: `curl -f` in the nightly job, and the service that posts, count a load as started that never was. webhook writes the failure into its own
# log, with `-verbose` alone. What the load did has to be said by the load.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian webhook=2.8.0-4+b6
cd "$work"
cat > load << SH
#!/bin/sh
{ printf ran; for word; do printf ' [%s]' "\$word"; done; } > $work/ran
exit 3
SH
chmod +x load
rule='{"match": {"type": "value", "value": "nightly", "parameter": {"source": "payload", "name": "job"}}}'
cat > hooks.json << JSON
[
  {"id": "failing", "execute-command": "$work/load"},
  {"id": "missing", "execute-command": "$work/lod", "response-message": "The load has begun."},
  {"id": "ruled", "execute-command": "$work/load", "trigger-rule": $rule},
  {"id": "strict", "execute-command": "$work/load", "trigger-rule": $rule, "trigger-rule-mismatch-http-response-code": 400},
  {"id": "argument", "execute-command": "$work/load",
   "pass-arguments-to-command": [{"source": "string", "name": "--for"}, {"source": "payload", "name": "day"}]},
  {"id": "waiting", "execute-command": "$work/load", "include-command-output-in-response": true}
]
JSON
port=$(free_port)
start webhook webhook -hooks hooks.json -ip 127.0.0.1 -port "$port"
within 20 curl -s -o /dev/null "http://127.0.0.1:$port/"
post() { # a title, the hook, the body
    local answer
    rm -f ran
    answer=$(curl -s -m 20 -w ' %{http_code}' -H 'Content-Type: application/json' -d "$3" "http://127.0.0.1:$port/hooks/$2")
    sleep 1
    answer=${answer#Error*more details.}
    echo "$1: ${answer# }, $(cat ran 2> /dev/null || echo did not run)"
}
seen=$(
    post 'a command that fails' failing '{"job": "nightly"}'
    post 'a command that is not there' missing '{"job": "nightly"}'
    post 'the rule does not hold' ruled '{"job": "hourly"}'
    post 'a body that was cut off' ruled '{"job": "nightly"'
    post 'the rule holds' ruled '{"job": "nightly"}'
    post 'an argument that is not there' argument '{"job": "nightly"}'
    post 'with mismatch-http-response-code' strict '{"job": "hourly"}'
    post 'with the output in the response' waiting '{"job": "nightly"}'
    post 'a hook that there is not' other '{"job": "nightly"}'
)
expect 'a command that fails: 200, ran
a command that is not there: The load has begun. 200, did not run
the rule does not hold: Hook rules were not satisfied. 200, did not run
a body that was cut off: Hook rules were not satisfied. 200, did not run
the rule holds: 200, ran
an argument that is not there: 200, ran [--for] []
with mismatch-http-response-code: Hook rules were not satisfied. 400, did not run
with the output in the response: 500, ran
a hook that there is not: Hook not found. 404, did not run
lines in its log: 0' "$seen
lines in its log: $(wc -l < webhook.log)"
