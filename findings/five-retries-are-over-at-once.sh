#!/usr/bin/env bash
# Guess: a ping with five retries gets through to a receiver that restarts, and refuses connections for three seconds.
# Seen: not by curl's `--retry 5` nor Wget's `--tries=5`, which try a refused connection once: they want `--retry-connrefused`. requests' `max_retries=5`,
# urllib3's `retries=5`, axios-retry's and superagent's five begin six times without a pause between, and are over at once. curl
# does not try an answer again, either, that breaks off before its first byte, but with `--retry-all-errors`. httpx, got and ky wait longer each time.
# Why it matters: `curl -fsS -m 10 --retry 5`, the line that stands in many a crontab, loses each ping that meets a restart of the receiver: a job that went well is
# reported missing, and one that failed is not reported.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules axios@1.21.1 axios-retry@4.5.0 got@14.6.6 ky@1.14.3 superagent@10.4.2
python requests==2.34.2 urllib3==2.8.0 httpx==0.28.1
debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1
cd "$work"
cat > client.mjs << 'NODE'
import axios from "axios";
import axiosRetry, { exponentialDelay } from "axios-retry";
import got from "got";
import ky from "ky";
import superagent from "superagent";

const [client, url] = process.argv.slice(2);
axiosRetry(axios, client === "axios-retry" ? { retries: 5 } : { retries: 5, retryDelay: exponentialDelay });
const ask = {
    "axios-retry": () => axios(url),
    exponentialDelay: () => axios(url),
    superagent: () => superagent.get(url).retry(5),
    got: () => got(url, { retry: { limit: 5 } }),
    ky: () => ky(url, { retry: 5 }),
};
console.log("begun");
await ask[client]();
NODE
cat > client.py << 'PYTHON'
import sys, httpx, requests, requests.adapters, urllib3

client, url = sys.argv[1:]
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(max_retries=5))
ask = {
    "requests": lambda: session.get(url),
    "urllib3": lambda: urllib3.PoolManager().request("GET", url, retries=5),
    "backoff_factor": lambda: urllib3.PoolManager().request("GET", url, retries=urllib3.Retry(5, backoff_factor=0.5)),
    "httpx": lambda: httpx.Client(transport=httpx.HTTPTransport(retries=5)).get(url),
}
print("begun", flush=True)
ask[client]()
PYTHON
cat > restart.py << 'PYTHON'
import concurrent.futures, http.server, socket, subprocess, sys, threading, time

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.heard += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass

def dropping(listener):
    try:
        while True:
            connection = listener.accept()[0]
            connection.recv(65536)
            connection.close()
    except OSError:
        pass

def meet(line):
    title, *command = line
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if "breaks off" in title:
        threading.Thread(target=dropping, args=(listener,), daemon=True).start()
    else:
        listener.close()
    client = subprocess.Popen([*command, f"http://127.0.0.1:{port}/ping"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if command[0] in ("node", "python3"):
        client.stdout.readline()
    time.sleep(3)
    if "breaks off" in title:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    receiver.heard = 0
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    client.wait(60)
    return f"{title}: {'heard' if receiver.heard else 'lost'}, exit code {client.returncode}"

curl = ["curl", "-fsS", "-m", "10", "--retry", "5"]
wget = ["wget", "-q", "-O", "/dev/null", "--tries=5"]
lines = [
    ["curl --retry", *curl],
    ["curl --retry, an answer that breaks off", *curl],
    ["curl --retry --retry-connrefused", *curl, "--retry-connrefused"],
    ["curl --retry --retry-all-errors, an answer that breaks off", *curl, "--retry-all-errors"],
    ["wget --tries", *wget],
    ["wget --tries --retry-connrefused", *wget, "--retry-connrefused"],
    ["requests, max_retries", "python3", "client.py", "requests"],
    ["urllib3, retries", "python3", "client.py", "urllib3"],
    ["urllib3, backoff_factor", "python3", "client.py", "backoff_factor"],
    ["httpx, retries", "python3", "client.py", "httpx"],
    ["axios-retry", "node", "client.mjs", "axios-retry"],
    ["axios-retry, exponentialDelay", "node", "client.mjs", "exponentialDelay"],
    ["superagent, retry(5)", "node", "client.mjs", "superagent"],
    ["got", "node", "client.mjs", "got"],
    ["ky", "node", "client.mjs", "ky"],
]
with concurrent.futures.ThreadPoolExecutor(5) as pool:
    for said in pool.map(meet, lines):
        print(said)
PYTHON
expect 'curl --retry: lost, exit code 7
curl --retry, an answer that breaks off: lost, exit code 52
curl --retry --retry-connrefused: heard, exit code 0
curl --retry --retry-all-errors, an answer that breaks off: heard, exit code 0
wget --tries: lost, exit code 4
wget --tries --retry-connrefused: heard, exit code 0
requests, max_retries: lost, exit code 1
urllib3, retries: lost, exit code 1
urllib3, backoff_factor: heard, exit code 0
httpx, retries: heard, exit code 0
axios-retry: lost, exit code 1
axios-retry, exponentialDelay: heard, exit code 0
superagent, retry(5): lost, exit code 1
got: heard, exit code 0
ky: heard, exit code 0' "$(timeout 300 python3 restart.py)"
