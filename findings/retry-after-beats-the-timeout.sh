#!/usr/bin/env bash
# Guess: `curl -m 3 --retry 1` is over after some 6 seconds and a pause, and so is requests with `timeout=3` and
# urllib3's `Retry(1)`, which is set to repeat after 500 and 503 and so not after 429.
# Seen: where the receiver answers 429 with `Retry-After: 12`, all of them sleep for the 12 seconds. The time
# limits hold for each request, not for the pause, which the receiver sets. `--retry-max-time` bounds it, and
# `respect_retry_after_header=False` leaves it out.
# Why it matters: a heartbeat or an alert at the end of a job keeps the job alive as long as the receiver
# says: with `Retry-After: 3600`, an hour.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15
python requests==2.34.2 urllib3==2.8.0
port=$(free_port)
cat > "$work/receiver.py" << 'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(429)
        self.send_header("Retry-After", "12")
        self.send_header("Content-Length", "0")
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PYTHON
cat > "$work/job.py" << 'PYTHON'
import sys
import requests
from urllib3.util import Retry

retries = Retry(1, status_forcelist=[500, 503], respect_retry_after_header=sys.argv[2] == "default")
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
session.get(sys.argv[1], timeout=3)
PYTHON
start receiver python3 "$work/receiver.py" "$port"
url=http://127.0.0.1:$port/ping/nightly
within 20 curl --silent "$url"
took() { # the title, the command
    local begin=$SECONDS title=$1
    shift
    timeout 60 "$@" > /dev/null 2>&1 || true
    ((SECONDS - begin < 11)) && echo "$title: less than 11 s" || echo "$title: 12 s and more"
}
seen=$(
    took 'curl -m 3 --retry 1' curl -fsS -m 3 --retry 1 "$url"
    took 'curl -m 3 --retry 1 --retry-max-time 5' curl -fsS -m 3 --retry 1 --retry-max-time 5 "$url"
    took 'requests, timeout=3, Retry(1)' python3 "$work/job.py" "$url" default
    took 'the same, respect_retry_after_header=False' python3 "$work/job.py" "$url" off
)
expect 'curl -m 3 --retry 1: 12 s and more
curl -m 3 --retry 1 --retry-max-time 5: less than 11 s
requests, timeout=3, Retry(1): 12 s and more
the same, respect_retry_after_header=False: less than 11 s' "$seen"
