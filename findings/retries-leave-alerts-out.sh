#!/usr/bin/env bash
# Guess: a client that was set to try again twice posts an alert that is answered by 503 three times.
# Seen: curl does. axios-retry, got, ky and urllib3's `Retry` under requests do so with a GET; of a POST they send one, and no warning says that
# the setting is for others. requests raises for the GET, and returns the 503 of the POST.
# Why it matters: retries were set, and tried out with a GET; an alert is a POST. While the chat service restarts, each is lost at its
# first 503.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules axios@1.21.1 axios-retry@4.5.0 got@14.6.6 ky@1.14.3
python requests==2.34.2 urllib3==2.8.0
debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15
cat > "$work/server.py" << 'PYTHON'
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print("asked", flush=True)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON
cat > "$work/clients.mjs" << 'NODE'
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";

const [client, method, url] = process.argv.slice(2);
const body = method === "post" ? { json: { text: "failed" } } : {};
axiosRetry(axios, { retries: 2 });
const ask = {
    "axios-retry": () => axios({ method, url, data: body.json }),
    got: () => got[method](url, { retry: { limit: 2 }, ...body }),
    ky: () => ky[method](url, { retry: 2, ...body }),
};
await ask[client]().catch(() => {});
process.exit();
NODE
cat > "$work/client.py" << 'PYTHON'
import sys, requests, requests.adapters, urllib3

session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(max_retries=urllib3.Retry(2, status_forcelist=[503])))
session.request(sys.argv[1], sys.argv[2], json={"text": "failed"} if sys.argv[1] == "post" else None)
PYTHON
port=$(free_port)
start server python3 "$work/server.py" "$port"
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
asked() { # the command
    : > "$work/server.log"
    timeout 60 "$@" > /dev/null 2>&1 || true
    grep -c asked "$work/server.log" || true
}
url=http://127.0.0.1:$port/
seen=$(
    for client in axios-retry got ky; do
        echo "$client: GET $(asked node "$work/clients.mjs" $client get "$url"), POST $(asked node "$work/clients.mjs" $client post "$url")"
    done
    echo "requests: GET $(asked python3 "$work/client.py" get "$url"), POST $(asked python3 "$work/client.py" post "$url")"
    echo "curl: GET $(asked curl --retry 2 "$url"), POST $(asked curl --retry 2 --data failed "$url")"
)
expect 'axios-retry: GET 3, POST 1
got: GET 3, POST 1
ky: GET 3, POST 1
requests: GET 3, POST 1
curl: GET 3, POST 3' "$seen"
