#!/usr/bin/env bash
# Guess: a request with a timeout of 3 seconds is over after 3 seconds, above all where the setting is for the "total".
# Seen: not where the answer comes drop by drop: it is awaited to its end. So with requests, httpx, urllib, urllib3's `Timeout(total=3)`, axios' and ky's
# `timeout`, needle, undici's `bodyTimeout` and Wget's `--timeout`: theirs is for each read, or for the head of the answer. curl's `-m`, aiohttp's `total`,
# got's `timeout.request`, superagent's `timeout` and `AbortSignal.timeout` end it.
# Why it matters: an alert to a chat behind a slow proxy holds up the end of the job, and all alerts behind it, for as long as the proxy sends a byte now and then.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules axios@1.21.1 got@14.6.6 ky@1.14.3 superagent@10.4.2 needle@3.5.0 undici@7.30.2
python requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5
debian curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1
cd "$work"
cat > client.mjs << 'NODE'
import axios from "axios";
import got from "got";
import ky from "ky";
import needle from "needle";
import superagent from "superagent";
import { request } from "undici";

const [client, url] = process.argv.slice(2);
const body = "text=failed";
const post = {
    "axios, timeout": () => axios.post(url, body, { timeout: 3000 }),
    "ky, timeout": () => ky.post(url, { body, timeout: 3000, retry: 0 }).text(),
    "needle, timeout": () => needle("post", url, body, { timeout: 3000 }),
    "undici, bodyTimeout": async () => (await request(url, { method: "POST", body, headersTimeout: 3000, bodyTimeout: 3000 })).body.text(),
    "got, timeout.request": () => got.post(url, { body, timeout: { request: 3000 }, retry: { limit: 0 } }),
    "superagent, timeout": () => superagent.post(url).send(body).timeout(3000),
    "fetch, AbortSignal.timeout": async () => (await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(3000) })).text(),
};
await post[client]();
NODE
cat > client.py << 'PYTHON'
import asyncio, sys, urllib.request
import aiohttp, httpx, requests, urllib3

client, url = sys.argv[1:]

async def with_aiohttp():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        async with session.post(url, data="text=failed") as answer:
            await answer.read()

post = {
    "requests, timeout": lambda: requests.post(url, data="text=failed", timeout=3),
    "httpx, timeout": lambda: httpx.post(url, content="text=failed", timeout=3),
    "urllib, timeout": lambda: urllib.request.urlopen(url, b"text=failed", timeout=3).read(),
    "urllib3, Timeout(total)": lambda: urllib3.PoolManager(retries=False).request("POST", url, body="text=failed", timeout=urllib3.Timeout(total=3)),
    "aiohttp, ClientTimeout(total)": lambda: asyncio.run(with_aiohttp()),
}
post[client]()
PYTHON
cat > drops.py << 'PYTHON'
import concurrent.futures, socket, subprocess, threading, time

def drip(connection):
    try:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            connection.sendall(b".")
            time.sleep(0.5)
    except OSError:
        pass
    connection.close()

def accept():
    while True:
        threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, daemon=True).start()
url = f"http://127.0.0.1:{server.getsockname()[1]}/"

def meet(line):
    ended = subprocess.run([*line[1:], url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90).returncode
    return f"{line[0]}: {'given up' if ended else 'awaited to its end'}"

python = ["requests, timeout", "httpx, timeout", "urllib, timeout", "urllib3, Timeout(total)", "aiohttp, ClientTimeout(total)"]
node = ["axios, timeout", "ky, timeout", "needle, timeout", "undici, bodyTimeout", "got, timeout.request", "superagent, timeout", "fetch, AbortSignal.timeout"]
lines = [
    ["wget --timeout", "wget", "-q", "-O", "/dev/null", "--tries=1", "--timeout=3", "--post-data=text=failed"],
    ["curl -m", "curl", "-fsS", "-m", "3", "-d", "text=failed"],
    *([client, "python3", "client.py", client] for client in python),
    *([client, "node", "client.mjs", client] for client in node),
]
with concurrent.futures.ThreadPoolExecutor(7) as pool:
    for said in pool.map(meet, lines):
        print(said)
PYTHON
expect 'wget --timeout: awaited to its end
curl -m: given up
requests, timeout: awaited to its end
httpx, timeout: awaited to its end
urllib, timeout: awaited to its end
urllib3, Timeout(total): awaited to its end
aiohttp, ClientTimeout(total): given up
axios, timeout: awaited to its end
ky, timeout: awaited to its end
needle, timeout: awaited to its end
undici, bodyTimeout: awaited to its end
got, timeout.request: given up
superagent, timeout: given up
fetch, AbortSignal.timeout: given up' "$(timeout 300 python3 drops.py)"
