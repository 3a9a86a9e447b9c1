#!/usr/bin/env python3
"""What the shared store promises, shown with a real PostgreSQL, and its figures.

    cargo build --all-features --examples --bin pipeline-notify
    tests/fleet_figures.py storm|killed-storm|kills|crashes|stopped|told|pooler|cut|speed [number]

It needs PostgreSQL's programs (and PgBouncer, and the right to make network namespaces, where these are named), starts
its own servers on loopback, and ends with 1 where something was lost, believed wrongly, or too slow.
"""
import collections
import glob
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.environ.get("BUILT", os.path.join(HERE, "target", "debug"))
COMMAND = os.path.join(BUILT, "pipeline-notify")
BINARIES = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [""])[-1]
FOLDER = tempfile.mkdtemp(prefix="fleet-figures-")
os.chmod(FOLDER, 0o755)
USER = "postgres"
AUTH = os.environ.get("AUTH", "scram-sha-256")
ended = []  # what is to be done at the end
faults = []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def as_user(arguments):
    """The server refuses root."""
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *arguments] if os.getuid() == 0 else arguments


def must(what, holds):
    print(("ok    " if holds else "FAULT ") + what, flush=True)
    if not holds:
        faults.append(what)


def part(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Database:
    def __init__(self, *settings, address="127.0.0.1"):
        self.port, self.data, self.address = free_port(), os.path.join(FOLDER, f"data{len(ended)}"), address
        self.settings = settings
        os.mkdir(self.data)
        if os.getuid() == 0:
            shutil.chown(self.data, USER, USER)
        words = os.path.join(FOLDER, "password")
        with open(words, "w") as file:
            file.write("s3cret")
        made = as_user([f"{BINARIES}/initdb", "-D", self.data, "-U", "postgres", "-A", AUTH, f"--pwfile={words}", "--locale=C", "-E", "UTF8", "--no-sync"])
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/")
        ended.append(self.crash)
        self.begin()

    def begin(self):
        settings = [f"listen_addresses={self.address}", "unix_socket_directories=", "max_connections=200", *self.settings]
        arguments = [f"{BINARIES}/postgres", "-D", self.data, "-p", str(self.port)]
        for setting in settings:
            arguments += ["-c", setting]
        log = open(os.path.join(FOLDER, f"log{self.port}"), "ab")
        self.server = subprocess.Popen(as_user(arguments), cwd="/", stdout=log, stderr=log)
        while subprocess.run([f"{BINARIES}/pg_isready", "-q", "-h", self.address, "-p", str(self.port)]).returncode:
            time.sleep(0.05)

    def all_of_it(self):
        children = open(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read().split()
        return [self.server.pid, *map(int, children)]

    def crash(self):
        """Kills the server and all its processes at once, as a power cut does."""
        try:
            all_of_it = self.all_of_it()
        except FileNotFoundError:
            return
        for pid in all_of_it:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.server.wait()
        # What the last one left: the kernel keeps it for a moment.
        try:
            os.remove(os.path.join(self.data, "postmaster.pid"))
        except FileNotFoundError:
            pass

    def send(self, number):
        for pid in self.all_of_it():
            os.kill(pid, number)

    def store(self, port=None, parameters=""):
        return f"postgres://postgres:s3cret@{self.address}:{port or self.port}/postgres?schema=fleet{parameters}"

    def sql(self, statement):
        said = subprocess.run(
            ["psql", "-h", self.address, "-p", str(self.port), "-U", "postgres", "-XAtqc", statement, "postgres"],
            capture_output=True, text=True, env={**os.environ, "PGPASSWORD": "s3cret"})
        return said.stdout.strip()


class Receiver:
    """Takes messages, each a list of alerts; knows when each came."""

    def __init__(self, takes=0.02, address="127.0.0.1"):
        self.posts, self.lock, outer = [], threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(takes)
                with outer.lock:
                    outer.posts.append((time.time(), body))
                try:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.server = Server((address, 0), Handler)
        self.url = f"json://{address}:{self.server.server_address[1]}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self):
        with self.lock:
            posts = list(self.posts)
        return [(at, alert) for at, body in posts for alert in alerts_of(body)]


def alerts_of(body):
    return body.get("alerts") or [body]


def environment(store, receiver, disk, **more):
    return {"PATH": os.environ["PATH"], "HOME": disk, "NOTIFY_STORE": store, "NOTIFY_ALERTS_URL": receiver.url,
            "NOTIFY_DISABLE": "0", "NOTIFY_OK_SILENT_HOURS": "never", **more}


def disk():
    return tempfile.mkdtemp(prefix="disk", dir=FOLDER)


def program(name, *arguments):
    return [os.path.join(BUILT, "examples", name), *arguments]


def init(store):
    subprocess.run([COMMAND, "store", "init"], env={"NOTIFY_STORE": store, "HOME": "/nonexistent"}, check=True, stdout=subprocess.DEVNULL)


def storm(kill, rounds):
    """60 processes of 10 hosts fail at once; a third of them may be killed at a random moment."""
    for number in range(rounds):
        database, receiver = Database(), Receiver()
        store = database.store()
        init(store)
        begun = time.time()
        processes = []
        disks = [disk() for _ in range(10)]
        for job in range(60):
            instance = f"h{job % 10}j{job}"
            more = {"NOTIFY_INSTANCE": instance}
            stderr = open(os.path.join(FOLDER, f"err{number}-{job}"), "w")
            processes.append(subprocess.Popen(program("incidents", "boom"), stderr=stderr, stdout=subprocess.DEVNULL,
                             env=environment(store, receiver, disks[job % 10], **more)))
        killed = set()
        if kill:
            for job in random.sample(range(60), 20):
                time.sleep(random.random() * 0.3)
                if processes[job].poll() is None:
                    processes[job].kill()
                    killed.add(job)
        ends = [process.wait() for process in processes]
        took = time.time() - begun
        posts = len(receiver.posts)
        committed = set(database.sql("SELECT name FROM fleet.job WHERE status LIKE 'ERROR%'").split())
        # What a killed one had decided is sent by the next process, whichever that is.
        time.sleep(13 if kill else 0)
        drain = environment(store, receiver, disk())
        subprocess.run([COMMAND, "drain"], env=drain, stdout=subprocess.DEVNULL)
        told = collections.Counter(name_of(alert) for _, alert in receiver.alerts())
        errors = [open(os.path.join(FOLDER, f"err{number}-{job}")).read() for job in range(60)]
        slow = sum("cannot be used" in error for error in errors)
        must_be_told = [f"h{job % 10}j{job}" for job in range(60) if job not in killed or any(f"@h{job % 10}j{job}" in name for name in committed)]
        lost = [job for job in must_be_told if told[job] == 0]
        twice = [job for job in told if told[job] > 1]
        print(f"round {number}: {took:.1f} s, {posts} posts before and {len(receiver.posts)} after the drain, {len(killed)} killed, "
              f"{slow} could not ask the store, {len(lost)} lost, {len(twice)} twice; alerts left {database.sql('SELECT count(*) FROM fleet.alert')}")
        for error in sorted(set(errors) - {""})[:3]:
            print("   ", error.strip()[:300])
        must("at most 3 posts", posts <= 3 + (1 if kill else 0) and len(receiver.posts) <= 3 + (len(killed) if kill else 0))
        must("none lost", not lost)
        must("none twice", kill or not twice)
        database.crash()


def name_of(alert):
    return alert["job"].rsplit("@", 1)[-1]


if __name__ == "__main__":
    number = int(sys.argv[2]) if len(sys.argv) > 2 else None
    try:
        what = sys.argv[1]
        if what == "storm":
            storm(False, number or 3)
        elif what == "killed-storm":
            storm(True, number or 3)
        else:
            sys.exit(__doc__)
    finally:
        for end in ended:
            end()
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(1 if faults else 0)
