#!/usr/bin/env bash
# Guess: `apprise -c FILE` without `--tag` sends to all services of the file.
# Seen: to those that have no tag. The tagged ones are left out without a word, and the exit code is 0;
# where each has a tag it is 3. `--tag all` means all.
# Why it matters: somebody gives the channel of the people on call a tag, for another job's sake, and the alerts
# that went there go to the rest alone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python apprise==2.3.0
port=$(free_port)
cat > "$work/receiver.py" << 'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.path.strip("/"), file=open(sys.argv[2], "a"))
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
cat > "$work/services.yml" << YAML
urls:
  - json://127.0.0.1:$port/log
  - json://127.0.0.1:$port/oncall:
      tag: oncall
YAML
start receiver python3 "$work/receiver.py" "$port" "$work/got"
within 20 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
send() { # the title, the options
    local code=0 title=$1
    shift
    : > "$work/got"
    timeout 60 apprise --config="$work/services.yml" "$@" --body='load failed' > "$work/said" 2>&1 || code=$?
    [ -s "$work/got" ] || echo nobody > "$work/got"
    echo "$title: $(sort "$work/got" | paste -sd' '), exit code $code, $(wc -l < "$work/said") lines said"
}
seen=$(
    send 'no tag'
    send '--tag oncall' --tag oncall
    send '--tag all' --tag all
    sed -i '/log/d' "$work/services.yml"
    send 'no tag, and each service has one'
)
expect 'no tag: log, exit code 0, 0 lines said
--tag oncall: oncall, exit code 0, 0 lines said
--tag all: log oncall, exit code 0, 0 lines said
no tag, and each service has one: nobody, exit code 3, 0 lines said' "$seen"
