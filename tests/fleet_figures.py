#!/usr/bin/env python3
"""What the shared store promises, shown with a real PostgreSQL, and its figures.

    cargo build --all-features --examples --bin pipeline-notify
    tests/fleet_figures.py storm|killed-storm|kills|crashes|stopped|told|pooler|cut|speed|alert|beside|haproxy|full|promoted [number]

BUILT names the folder of the programs, where it is another; the figures of `alert` are those of a release build. It
needs PostgreSQL's programs (and PgBouncer, and the right to make network namespaces, where these are named), starts its
own servers on loopback, and ends with 1 where something was lost, believed wrongly, or too slow.
"""
import base64
import collections
import contextlib
import glob
import hashlib
import hmac
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
SLOW = os.environ.get("SLOW")  # logging in takes as long as in a debug build of another workspace
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


def verifier():
    """Of a password that takes as long to hash as in a debug build."""
    rounds, salt = 24 * 4096, os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", b"s3cret", salt, rounds)
    key = lambda word: hmac.digest(salted, word, "sha256")
    plain = lambda value: base64.b64encode(value).decode()
    return f"SCRAM-SHA-256${rounds}:{plain(salt)}${plain(hashlib.sha256(key(b'Client Key')).digest())}:{plain(key(b'Server Key'))}"


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
        with open(os.path.join(self.data, "pg_hba.conf"), "a") as rules:
            rules.write(f"host all all 10.0.0.0/8 {AUTH}\n")
        ended.append(self.crash)
        self.begin()
        if SLOW:
            self.sql(f"ALTER ROLE postgres PASSWORD '{verifier()}'")

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
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.wait()
        # What the last one left: the kernel keeps it for a moment.
        try:
            os.remove(os.path.join(self.data, "postmaster.pid"))
        except FileNotFoundError:
            pass

    def send(self, number):
        for pid in self.all_of_it():
            with contextlib.suppress(ProcessLookupError):  # a client's end ends its server process
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


def begin(arguments, store, receiver, **more):
    """A job in a pod of its own; ready once it says that it runs."""
    return subprocess.Popen(program(*arguments), env=environment(store, receiver, disk(), **more), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def watch(store, receiver):
    """Watches, and is quick once it has been there for 15 seconds."""
    log = open(os.path.join(FOLDER, "watch"), "w")
    process = subprocess.Popen([COMMAND, "watch", "--every", "1s"], env=environment(store, receiver, disk()), stdout=log, stderr=log)
    ended.append(process.kill)
    time.sleep(17)
    return process


def is_death(alert):
    return "died" in (alert["error"] or "") or "died" in alert["text"]


def until(seconds, holds):
    end = time.time() + seconds
    while not holds() and time.time() < end:
        time.sleep(0.1)
    return holds()


def kills(number):
    """Jobs of 8 processes at a time are killed at random moments, and some end by themselves."""
    database, receiver = Database(), Receiver()
    store = database.store()
    init(store)
    watch(store, receiver)
    lock, counts, killed, unharmed, failed, early = threading.Lock(), [0], set(), set(), set(), set()

    def slot(_):
        while True:
            with lock:
                if len(killed) >= number:
                    return
                counts[0] += 1
                name = f"p{counts[0]}"
                kind = random.choice(["hang"] * 7 + ["err", "ok", "err killed"])
                if kind == "hang":
                    killed.add(name)
            process = begin(["ends", kind.split()[0]], store, receiver, NOTIFY_INSTANCE=name)
            if kind == "hang":
                process.stdout.readline()
                time.sleep(0.15 + random.random() * 0.4)
                process.kill()
                if not database.sql(f"SELECT 1 FROM fleet.run WHERE job LIKE '%@{name}'"):
                    early.add(name)
            elif kind == "err killed":
                time.sleep(random.random() * 0.3)
                process.kill()
            else:
                (unharmed if kind == "ok" else failed).add(name)
            process.communicate()

    slots = [threading.Thread(target=slot, args=(n,)) for n in range(8)]
    for one in slots:
        one.start()
    for one in slots:
        one.join()
    told = lambda: collections.Counter(name_of(a) for _, a in receiver.alerts())
    until(60, lambda: all(told()[name] for name in killed - early | failed))
    all_told = told()
    wrong = set(database.sql("SELECT split_part(name, '@', 2) FROM fleet.job WHERE status LIKE 'ERROR%'").split()) ^ set(all_told)
    deaths = {name_of(a) for _, a in receiver.alerts() if is_death(a)}
    print(f"{len(killed)} killed, {len(failed)} failed, {len(unharmed)} ended well, {counts[0]} in all; {len(receiver.posts)} posts; repeats "
          f"{sum(count - 1 for count in all_told.values())}")
    lost = {name for name in killed | failed if not all_told[name]}
    print(f"{len(lost & early)} were killed before they could say that they run")
    must(f"none lost {sorted(lost - early)[:5]}", not lost - early)
    must("no false death", not deaths & (unharmed | failed))
    must(f"no wrong belief {sorted(wrong)[:5]}", not wrong)
    must("no run is left", database.sql("SELECT count(*) FROM fleet.run") == "0")


def crashes(number):
    """The server is killed in mid-change, so often; the jobs fail and work again meanwhile."""
    database, receiver = Database(), Receiver()
    store = database.store()
    init(store)
    watch(store, receiver)
    over, lock, counts, begun, codes = threading.Event(), threading.Lock(), [0], [], []

    def slot(_):
        while not over.is_set():
            with lock:
                counts[0] += 1
                name = f"p{counts[0]}"
                begun.append(name)
            pauses = [f"sleep {random.randint(50, 400)}" for _ in range(4)]
            outcomes = ["incidents", pauses[0], "boom", pauses[1], "ok", pauses[2], "bang", pauses[3], "ok"]
            process = begin(outcomes, store, receiver, NOTIFY_INSTANCE=name, NOTIFY_EXIT_SECONDS="10")
            process.communicate()
            codes.append(process.returncode)

    slots = [threading.Thread(target=slot, args=(n,)) for n in range(8)]
    for one in slots:
        one.start()
    crashed = []
    for _ in range(number):
        time.sleep(1.5 + random.random() * 1.5)
        crashed.append([time.time()])
        database.crash()
        database.begin()
        crashed[-1].append(time.time())
    time.sleep(2)
    over.set()
    for one in slots:
        one.join()
    subprocess.run([COMMAND, "drain"], env=environment(store, receiver, disk()), stdout=subprocess.DEVNULL)
    time.sleep(4)
    all_heard = collections.defaultdict(list)
    for _, alert in sorted(receiver.alerts(), key=lambda one: one[1]["decided"]):
        all_heard[name_of(alert)].append((alert["kind"], alert["id"]))
    kinds = {name: [kind for kind, _ in all_of] for name, all_of in all_heard.items()}
    lost = [name for name in begun if "failed" not in kinds.get(name, [])]
    wrong = [name for name in begun if kinds.get(name) and kinds[name][-1] != "recovered"]
    repeats = sum(len(all_of) - len({one for _, one in all_of}) for all_of in all_heard.values())
    more = sum(max(0, len(all_of) - 4) for all_of in kinds.values())
    came = collections.defaultdict(list)
    for at, body in receiver.posts:
        for alert in alerts_of(body):
            came[alert["id"]].append((at, len(alerts_of(body)), "not recorded" in alert["text"]))
    # A digest in flight is one post: its alerts come again together.
    pairs = collections.Counter(tuple((round(at - receiver.posts[0][0], 2), size, aside) for at, size, aside in all_of) for all_of in came.values() if len(all_of) > 1)
    for times, count in sorted(pairs.items()):
        print(f"   {count} again: {times}")
    if os.environ.get("VERBOSE"):
        print("   crashes:", [tuple(round(at - receiver.posts[0][0], 2) for at in one) for one in crashed])
    deaths = [a for _, a in receiver.alerts() if is_death(a)]
    contact = sum("lost contact" in a["text"] for _, a in receiver.alerts())
    print(f"{number} crashes, {len(begun)} jobs, {len(receiver.alerts())} alerts in {len(receiver.posts)} posts; the same alert again {repeats}, "
          f"further alerts {more}, lost contact {contact}, store's status wrong "
          f"{database.sql('SELECT count(*) FROM fleet.job WHERE status NOT LIKE $$OK%$$')}")
    must(f"none lost {lost[:5]}", not lost)
    must(f"no wrong belief {[(name, kinds[name]) for name in wrong[:3]]}", not wrong)
    must("no false death", not deaths)
    must("every job ended as ever", set(codes) == {0})


def stopped(seconds):
    """A job is stopped for a minute, and then the server is."""
    database, receiver = Database(), Receiver()
    store = database.store()
    init(store)
    watch(store, receiver)
    job = begin(["ends", "hang"], store, receiver, NOTIFY_INSTANCE="job")
    job.stdout.readline()
    time.sleep(1)
    job.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    must("a job that is stopped is not dead", not receiver.alerts())
    job.send_signal(signal.SIGCONT)
    job.communicate()
    must("and ends as ever", job.returncode == 0 and not receiver.alerts())
    hold = tempfile.mkdtemp(dir=FOLDER)
    jobs = [begin(["ends", "held ok"], store, receiver, NOTIFY_INSTANCE=f"under-way{n}", HOLD=hold) for n in range(4)]
    brief = begin(["ends", "hang"], store, receiver, NOTIFY_INSTANCE="brief")
    brief.stdout.readline()
    until(20, lambda: database.sql("SELECT count(*) FROM fleet.run") == "5")
    database.send(signal.SIGSTOP)
    begun = time.time()
    took = []
    for n in range(4):
        start = time.time()
        one = begin(["ends", "err"], store, receiver, NOTIFY_INSTANCE=f"meanwhile{n}")
        one.communicate()
        took.append(time.time() - start)
    time.sleep(max(0, seconds - (time.time() - begun)))
    database.send(signal.SIGCONT)
    time.sleep(30)
    open(f"{hold}/go", "w").close()
    for one in jobs:
        one.communicate()
    time.sleep(2)
    told = collections.Counter((name_of(a), a["kind"]) for _, a in receiver.alerts())
    print(f"without an answer a process that fails takes {max(took):.2f} s; {dict(told)}; of the one that ended meanwhile: "
          f"{[a['error'] for _, a in receiver.alerts() if name_of(a) == 'brief']}")
    must("failures are sent without the server", all(told[(f"meanwhile{n}", "failed")] == 1 for n in range(4)))
    must("nobody is taken for dead", not [a for _, a in receiver.alerts() if is_death(a) or name_of(a).startswith("under-way")])
    must("an end waits 2.1 s at most", max(took) < 2.1 + 1)


def fails(store, receiver, *outcomes, built=None, place=None, **more):
    """One process of a job, which must end as ever."""
    path = os.path.join(built or BUILT, "examples", "incidents")
    ended = subprocess.run([path, *outcomes], env=environment(store, receiver, place or disk(), **more), capture_output=True, text=True)
    must(f"exit code 0, and no password: {outcomes}", ended.returncode == 0 and "s3cret" not in ended.stderr)
    return ended.stderr


def heard(receiver):
    alerts = sorted((alert for _, alert in receiver.alerts()), key=lambda alert: alert["decided"])
    return [f"{alert['kind']} {alert['error'] or ''}".strip() for alert in alerts]


def beside(number):
    """Processes of another build ($OLD, its folder of programs) and of this one write to the same jobs at once."""
    old = os.environ["OLD"]
    database, receiver = Database(), Receiver()
    store = database.store()
    # The older one makes the tables.
    subprocess.run([os.path.join(old, "pipeline-notify"), "store", "init"], env={"NOTIFY_STORE": store, "HOME": "/nonexistent"}, check=True, stdout=subprocess.DEVNULL)
    lock, runs, left = threading.Lock(), collections.Counter(), [number]

    def slot(own):
        while True:
            with lock:
                if left[0] <= 0:
                    return
                left[0] -= 1
            for built in random.sample([old, BUILT], 2):
                name = random.choice([own, "both"])
                outcomes = random.choices(["ok", "ok", "boom", "bang"], k=3)
                with lock:
                    runs[name] += len(outcomes)
                warned = fails(store, receiver, *outcomes, built=built, NOTIFY_INSTANCE=name, NOTIFY_EXIT_SECONDS="30")
                must(f"no warning: {warned[:200]}", not warned)

    slots = [threading.Thread(target=slot, args=(f"own{n}",)) for n in range(4)]
    for one in slots:
        one.start()
    for one in slots:
        one.join()
    for name in list(runs):
        fails(store, receiver, "ok", built=random.choice([old, BUILT]), NOTIFY_INSTANCE=name)
        runs[name] += 1
    total = lambda name: int(database.sql(f"SELECT substring(status from 'runs-total: (\\d+)') FROM fleet.job WHERE name LIKE '%@{name}'") or 0)
    for name in sorted(runs):
        must(f"{name}: {total(name)} runs of {runs[name]}", total(name) == runs[name])
        # A failure of a run that began before the one that is shown opens none.
        ends = collections.Counter((alert["incident"], alert["kind"]) for _, alert in receiver.alerts() if name_of(alert) == name and alert["incident"])
        incidents = {incident for incident, _ in ends}
        must(f"{name}: {len(incidents)} incidents, each with one failure and one recovery",
             all(ends[(incident, kind)] == 1 for incident in incidents for kind in ("failed", "recovered")))
    ids = collections.Counter(alert["id"] for _, alert in receiver.alerts())
    must("nothing twice", max(ids.values()) == 1)
    print(f"{sum(runs.values())} runs, {len(receiver.alerts())} alerts")


def haproxy(_):
    """A proxy between, which ends what is silent for 3 seconds ($HAPROXY names its program, where it is not installed)."""
    database, receiver = Database(), Receiver()
    init(database.store())
    port = free_port()
    config = os.path.join(FOLDER, "haproxy")
    with open(config, "w") as file:
        file.write(f"defaults\n mode tcp\n timeout connect 2s\n timeout client 3s\n timeout server 3s\n"
                   f"listen store\n bind 127.0.0.1:{port}\n server one 127.0.0.1:{database.port}\n")
    proxy = subprocess.Popen([os.environ.get("HAPROXY", "haproxy"), "-db", "-f", config])
    ended.append(proxy.kill)
    time.sleep(1)
    store = database.store(port)
    for outcome in ["boom", "ok"]:
        must("no warning", not fails(store, receiver, outcome))
    must(f"an incident: {heard(receiver)}", heard(receiver) == ["failed boom", "recovered"])
    watch(store, receiver)
    hold = tempfile.mkdtemp(dir=FOLDER)
    long = begin(["ends", "held ok"], store, receiver, NOTIFY_INSTANCE="long", HOLD=hold)
    time.sleep(60)
    must(f"a run of a minute is not dead: {heard(receiver)}", len(heard(receiver)) == 2)
    latency("killed behind HAProxy", 40, kill_some(store, receiver, 1, 2), receiver, 60)
    open(f"{hold}/go", "w").close()
    long.communicate()
    time.sleep(1)
    must(f"and ends as ever: {heard(receiver)}", long.returncode == 0 and len(heard(receiver)) == 3)


def full(_):
    """The disk of the server is full, and then is not any more."""
    global FOLDER
    small = os.path.join(FOLDER, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", small]).returncode:
        return print("passed over: no file system may be mounted here")
    ended.append(lambda: subprocess.run(["umount", "-l", small]))
    os.chmod(small, 0o755)
    outer, FOLDER = FOLDER, small
    database, receiver = Database("max_wal_size=32MB"), Receiver()
    FOLDER = outer
    store, place = database.store(), disk()
    init(store)
    fails(store, receiver, "ok", place=place)
    with open(os.path.join(small, "filler"), "wb") as filler:
        try:
            while True:
                filler.write(b"x" * 65536)
                filler.flush()
        except OSError:
            pass
    # It cannot extend a file from now on; the log of changes has room until it begins its next file.
    said = database.sql("CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
    warned = [fails(store, receiver, outcome, place=place) for outcome in ["boom", "bang"]]
    print(f"on a full disk: {heard(receiver)}; {[text.strip()[:250] for text in warned if text]}; {said}")
    must("the failure is sent", heard(receiver)[:1] == ["failed boom"])
    os.remove(os.path.join(small, "filler"))
    if database.server.poll() is not None:
        database.begin()
    until(20, lambda: database.sql("SELECT 1") == "1")
    fails(store, receiver, "ok", place=place)
    must(f"and so is the recovery: {heard(receiver)}", heard(receiver)[-1] == "recovered")
    must("the store knows it", database.sql("SELECT left(status, 2) FROM fleet.job") == "OK")


def promoted(_):
    """A replica is promoted that lacks the last changes, while a process goes on that has made these."""
    database, receiver = Database("wal_level=replica", "max_wal_senders=4"), Receiver()
    with open(os.path.join(database.data, "pg_hba.conf"), "a") as rules:
        rules.write(f"host replication all 127.0.0.1/32 {AUTH}\n")
    database.sql("SELECT pg_reload_conf()")
    init(database.store())
    other = Database.__new__(Database)
    other.port, other.data, other.address, other.settings = free_port(), os.path.join(FOLDER, "replica"), "127.0.0.1", ()
    os.mkdir(other.data, 0o700)
    if os.getuid() == 0:
        shutil.chown(other.data, USER, USER)
    copy = [f"{BINARIES}/pg_basebackup", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres", "-D", other.data, "-R", "-X", "stream"]
    subprocess.run(as_user(copy), check=True, cwd="/", stdin=subprocess.DEVNULL, env={**os.environ, "PGPASSWORD": "s3cret"})
    ended.append(other.crash)
    other.begin()
    store = f"postgres://postgres:s3cret@127.0.0.1:{database.port},127.0.0.1:{other.port}/postgres?schema=fleet"
    hold = ["sleep 1500", "boom", "sleep 6000", "ok"]
    must("a run on the primary", not fails(store, receiver, "ok"))
    until(10, lambda: other.sql("SELECT count(*) FROM fleet.job") == "1")
    # From here on the replica hears nothing.
    other.sql("ALTER SYSTEM SET primary_conninfo = ''")
    other.sql("SELECT pg_reload_conf()")
    time.sleep(1)
    process = begin(["incidents", *hold], store, receiver)
    until(20, lambda: heard(receiver) == ["failed boom"])
    time.sleep(0.5)
    must("the replica lacks the failure", other.sql("SELECT left(status, 2) FROM fleet.job") == "OK")
    database.crash()
    other.sql("SELECT pg_promote()")
    said = process.communicate()[1]
    until(10, lambda: len(heard(receiver)) == 2)
    must(f"the recovery is sent: {heard(receiver)} {said[:300]}", heard(receiver) == ["failed boom", "recovered"])
    until(10, lambda: other.sql("SELECT left(status, 2) FROM fleet.job") == "OK")
    must("and all goes on", not fails(store, receiver, "ok") and heard(receiver) == ["failed boom", "recovered"])


def latency(what, promised, events, receiver, patience=60):
    """How long after each event its job's alert came."""
    until(patience, lambda: set(events) <= {name_of(a) for _, a in receiver.alerts()})
    came = {}
    for at, alert in receiver.alerts():
        came.setdefault(name_of(alert), at)
    took = [came.get(name, float("inf")) - at for name, at in events.items()]
    print(f"{what}: {len(took)} times, median {part(took, 0.5):.2f} s, p95 {part(took, 0.95):.2f} s, at most {max(took):.2f} s")
    must(f"{what}: at most {promised} s (p95)", part(took, 0.95) <= promised)


def kill_some(store, receiver, number, pause):
    events = {}
    for n in range(number):
        job = begin(["ends", "hang"], store, receiver, NOTIFY_INSTANCE=f"k{n}")
        job.stdout.readline()
        time.sleep(pause)
        events[f"k{n}"] = time.time()
        job.kill()
        job.communicate()
    return events


def told(number):
    database, receiver = Database(), Receiver()
    init(database.store())
    watch(database.store(), receiver)
    events = {}
    for n in range(number):
        # One after the other: what comes within two seconds of a message gathers.
        one = kill_some(database.store(), receiver, 1, 0.5 + random.random())
        events[f"k{n}"] = one["k0"]
        until(20, lambda: len(receiver.alerts()) > n)
        time.sleep(2)
    came = [at for at, _ in receiver.alerts()]
    took = [at - began for at, began in zip(came, events.values())]
    print(f"killed with a watch: {len(took)} times, median {part(took, 0.5):.2f} s, p95 {part(took, 0.95):.2f} s, at most {max(took):.2f} s")
    must("killed with a watch: at most 1.5 s (p95)", len(took) == number and part(took, 0.95) <= 1.5)


def pooler(number):
    database, receiver = Database(), Receiver()
    init(database.store())
    port, folder = free_port(), tempfile.mkdtemp(dir=FOLDER)
    os.chmod(folder, 0o755)
    with open(f"{folder}/users", "w") as users:
        users.write('"postgres" "s3cret"\n')
    with open(f"{folder}/ini", "w") as ini:
        ini.write(f"[databases]\n* = host=127.0.0.1 port={database.port}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n"
                  f"auth_type=plain\nauth_file={folder}/users\npool_mode=transaction\nunix_socket_dir=\nmax_client_conn=500\n")
    bouncer = subprocess.Popen(as_user([shutil.which("pgbouncer"), "-q", f"{folder}/ini"]), cwd="/", stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    ended.append(bouncer.kill)
    time.sleep(1)
    store = database.store(port)
    watch(store, receiver)
    latency("behind PgBouncer in transaction mode", 40, kill_some(store, receiver, number, 0.5), receiver, 60)


def cut(number):
    """Jobs in a network namespace of their own, whose link goes."""
    space, own, other = f"fleet{os.getpid()}", "10.213.7.1", "10.213.7.2"
    ip = lambda words: subprocess.run(["ip", *words.split()], check=True, capture_output=True)
    try:
        ip(f"netns add {space}")
        ended.append(lambda: ip(f"netns del {space}"))
        ip(f"link add fleet0 type veth peer name fleet1 netns {space}")
    except (subprocess.CalledProcessError, FileNotFoundError):
        print("passed over: no network namespaces, or no links between them, may be made here")
        return
    ip(f"addr add {own}/30 dev fleet0")
    ip("link set fleet0 up")
    ip(f"-n {space} addr add {other}/30 dev fleet1")
    ip(f"-n {space} link set fleet1 up")
    database, receiver = Database(address=own), Receiver()
    store = database.store(parameters="&sslmode=disable")
    init(store)
    watch(store, receiver)
    jobs = []
    for n in range(number):
        arguments = ["ip", "netns", "exec", space, *program("ends", "hang")]
        more = environment(store, receiver, disk(), NOTIFY_INSTANCE=f"k{n}")
        jobs.append(subprocess.Popen(arguments, env=more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    until(20, lambda: database.sql("SELECT count(*) FROM fleet.run") == str(number))
    time.sleep(2)
    ip(f"-n {space} link set fleet1 down")
    events = {f"k{n}": time.time() for n in range(number)}
    latency("link cut", 10, events, receiver, 30)
    for job in jobs:
        job.kill()


class Proxy:
    """Passes bytes on, and counts how often the client has spoken."""

    def __init__(self, to):
        self.socket, self.said, outer = socket.create_server(("127.0.0.1", 0), backlog=64), [], self
        self.port = self.socket.getsockname()[1]

        def run():
            while True:
                client, _ = self.socket.accept()
                server = socket.create_connection(("127.0.0.1", to))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=carry, args=(client, server, True), daemon=True).start()
                threading.Thread(target=carry, args=(server, client, False), daemon=True).start()

        def carry(source, sink, counts):
            try:
                while data := source.recv(1 << 16):
                    if counts:
                        outer.said.append((time.time(), data))
                    sink.sendall(data)
            except OSError:
                pass
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        threading.Thread(target=run, daemon=True).start()


def session(port, number):
    """A session that holds its lock, as a process with a run under way does."""
    s = socket.create_connection(("127.0.0.1", port))
    words = b"".join(one + b"\0" for one in (b"user", b"postgres", b"database", b"postgres")) + b"\0"
    s.sendall((len(words) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + words)
    answer = b""
    while b"Z\0\0\0\5I" not in answer:
        answer += s.recv(4096)
    query = (f"SELECT pg_advisory_lock({number}); INSERT INTO fleet.run VALUES ({number}, 1, 'j{number}', true, now() + interval '30 s', "
             "NULL, 'x', '', '')").encode() + b"\0"
    s.sendall(b"Q" + (len(query) + 4).to_bytes(4, "big") + query)
    answer = b""
    while b"Z\0\0\0\5I" not in answer:
        answer += s.recv(4096)
    return s


class ByHand:
    """A session that sends statements as a client does that has nothing else to do."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = b"".join(one + b"\0" for one in (b"user", b"postgres", b"database", b"postgres")) + b"\0"
        self.socket.sendall((len(words) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + words)
        self.answer(1)

    def answer(self, statements):
        """Reads until the server is ready for the next one."""
        said = b""
        while said.count(b"Z\0\0\0\5I") < statements:
            said += self.socket.recv(1 << 16)
        return said

    def ask(self, data):
        """Sends messages, and returns how many seconds the answer took."""
        start = time.perf_counter()
        self.socket.sendall(data)
        said = self.answer(sum(kind == b"S" for kind, _ in messages(data)))
        took = time.perf_counter() - start
        assert b"SERROR\0" not in said, said
        return took, said


def message(kind, body):
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def messages(data):
    """Takes what a client has sent to pieces."""
    while data:
        length = int.from_bytes(data[1:5], "big") + 1
        yield data[:1], data[5:length]
        data = data[length:]


class Statement:
    """A statement that the library has sent, as whoever knows nothing else sends it: all of it at once."""

    def __init__(self, text, bind):
        self.text = text  # the statement itself, and the types of its values
        at = bind.index(b"\0", bind.index(b"\0") + 1) + 1
        head = at
        at += 2 + 2 * int.from_bytes(bind[at:at + 2], "big")
        count, self.head, at = int.from_bytes(bind[at:at + 2], "big"), b"\0\0" + bind[head:at + 2], at + 2
        self.values = []
        for _ in range(count):
            length = int.from_bytes(bind[at:at + 4], "big", signed=True)
            at += 4
            self.values.append(None if length < 0 else bind[at:at + length])
            at += max(0, length)
        self.tail = bind[at:]

    def data(self, values=None):
        bind = self.head
        for value in values or self.values:
            bind += (-1).to_bytes(4, "big", signed=True) if value is None else len(value).to_bytes(4, "big") + value
        return (message(b"P", b"\0" + self.text) + message(b"B", bind + self.tail) + message(b"D", b"S\0")
                + message(b"E", b"\0\0\0\0\0") + message(b"S", b""))

    def is_change(self):
        return b"won AS" in self.text and self.values[2] != b"none"

    def sent(self, seen, new):
        """The same, once more: behind the change `seen`, with ids of its own."""
        values = list(self.values)
        values[2], values[3] = seen, new
        alerts = json.loads(values[5])
        for alert in alerts:
            alert["queue"], alert["name"] = "by-hand", new.decode()
        values[5] = json.dumps(alerts).encode()
        return self.data(values)


def statements(proxy):
    """Takes from what was said through a proxy when each statement was asked: what the server was given to read may have
    been named before."""
    texts, asked = {}, []
    for at, data in proxy.said:
        if data[:1] not in (b"P", b"B"):
            continue
        for kind, body in messages(data):
            if kind == b"P":
                name, text = body.split(b"\0", 1)
                texts[name] = text
            elif kind == b"B":
                asked.append((at, Statement(texts[body.split(b"\0")[1]], body)))
    return asked


def times(job):
    return [int(line) / 1e6 for line in job.stdout.split()]


def alert(number):
    """An alert in a loop, and the end of a process with one run, beside the same statements sent by hand, in turn."""
    global AUTH
    AUTH = "trust"
    database, receiver = Database(), Receiver()
    store = database.store()
    init(store)
    loud = {"NOTIFY_SILENT_SECONDS": "0", "NOTIFY_REMIND_HOURS": "0"}
    run = lambda store, *outcomes, **more: subprocess.run(
        program("incidents", *outcomes), env=environment(store, receiver, disk(), **loud, **more), check=True, capture_output=True)
    new = lambda: b"%016x" % random.getrandbits(64)
    change = lambda job: database.sql(f"SELECT change FROM fleet.job WHERE name = '{job.decode()}'").encode()

    proxy = Proxy(database.port)
    run(database.store(proxy.port), "boom", "boom", "sleep 100")
    proxy.said.clear()
    # Nothing else is under way when the last alert is due.
    run(database.store(proxy.port), "boom", "sleep 1500", "boom", "sleep 1500")
    asked = statements(proxy)
    begun, statement = [one for one in asked if one[1].is_change()][-1]
    # What the background thread asks meanwhile is of other tables.
    trips = [one for at, one in asked if begun - 0.2 < at <= begun and (b'"fleet".job' in one.text or b'"fleet".plan' in one.text)]
    must(f"an alert: {len(trips)} round trip", len(trips) == 1)
    run(database.store(proxy.port), "long ok", NOTIFY_INSTANCE="one")
    proxy.said.clear()
    run(database.store(proxy.port), "long ok", NOTIFY_INSTANCE="one")
    asked = [one for _, one in statements(proxy)]
    end = [one for one in asked if one.is_change()][-1]
    # What the session has asked before: its first statements take the server longer.
    before = [one.data() for one in asked if b"won AS" not in one.text]

    rows = collections.defaultdict(list)
    hand = ByHand(database.port)
    seen = change(statement.values[1])
    for turn in range(number):
        library = run(store, *["boom"] * 60, TIMES="1", NOTIFY_INSTANCE="loop")
        rows["alert"] += times(library)[10:]
        for _ in range(50):
            fresh = new()
            took, said = hand.ask(statement.sent(seen, fresh))
            assert b"true" in said, said
            rows["alert by hand"].append(took)
            seen = fresh
        for disabled in ["0", "1"]:
            more = environment(store, receiver, disk(), NOTIFY_INSTANCE="one", **{"NOTIFY_DISABLE": disabled})
            job = subprocess.Popen(program("incidents", "long ok"), env=more, stdout=subprocess.PIPE)
            job.stdout.readline()
            start = time.perf_counter()
            job.wait()
            rows["end" if disabled == "0" else "end bare"].append(time.perf_counter() - start)
        fresh, one = new(), ByHand(database.port)
        for data in before:
            one.ask(data)
        # The job takes as long.
        time.sleep(1.5)
        took, said = one.ask(end.sent(change(end.values[1]), fresh))
        assert b"true" in said, said
        rows["end by hand"].append(took)
    for name, took in rows.items():
        print(f"{name}: median {part(took, 0.5) * 1e3:.2f} ms, p95 {part(took, 0.95) * 1e3:.2f} ms, {len(took)} times")
    ratio = part(rows["alert"], 0.5) / part(rows["alert by hand"], 0.5)
    must(f"an alert in a loop: at most 1.2 x the statement by hand: {ratio:.2f}", ratio <= 1.2)
    ratio = (part(rows["end"], 0.5) - part(rows["end bare"], 0.5)) / part(rows["end by hand"], 0.5)
    must(f"the end of a process with one run: at most 1.3 x the statement by hand: {ratio:.2f}", ratio <= 1.3)


def speed(_):
    global AUTH
    AUTH = "trust"
    database, receiver = Database("max_connections=1200", "max_locks_per_transaction=64"), Receiver()
    store = database.store()
    init(store)

    def loop(runs, **more):
        start = time.time()
        subprocess.run(program("incidents", *["ok"] * runs), env={**environment(store, receiver, disk(), **more)}, check=True)
        return time.time() - start

    rows = {"store": [], "directory": []}
    for _ in range(7):
        for place in rows:
            more = {} if place == "store" else {"NOTIFY_STORE": "", "NOTIFYDIR": disk()}
            rows[place].append((loop(20_000, **more) - loop(200, **more)) / 19_800 * 1e6)
    store_us, directory_us = part(rows["store"], 0.5), part(rows["directory"], 0.5)
    print(f"a silent run in a loop: {store_us:.1f} µs, in a directory {directory_us:.1f} µs: {store_us / directory_us:.2f} x")
    must("a silent run in a loop: at most 1.1 x the directory's", store_us <= 1.1 * directory_us)

    proxy, trips = Proxy(database.port), []
    for n in range(10):
        hold = tempfile.mkdtemp(dir=FOLDER)
        more = environment(database.store(proxy.port), receiver, disk(), NOTIFY_INSTANCE=f"one{n}", HOLD=hold)
        job = subprocess.Popen(program("ends", "held ok"), env=more)
        time.sleep(1.5)
        proxy.said.clear()
        open(f"{hold}/go", "w").close()
        job.wait()
        time.sleep(0.1)
        # The last word, Terminate, has no answer.
        asked = [data for _, data in proxy.said if data != b"X\0\0\0\4"]
        trips.append(len(asked))
    print(f"round trips at the end of a run: {trips}")
    must("the end of a single-run process: one round trip", part(trips, 0.5) == 1)

    template = database.sql("SELECT max(status) FROM fleet.job").replace("'", "''")
    database.sql("INSERT INTO fleet.job (name, change, status) SELECT 'etl.job' || n, 'c' || n, $status$" + template
                 + "\n$status$ FROM generate_series(1, 10000) n")
    took = []
    for _ in range(5):
        start = time.time()
        subprocess.run([COMMAND, "status"], env={"NOTIFY_STORE": store, "HOME": "/nonexistent"}, check=True, stdout=subprocess.DEVNULL)
        took.append(time.time() - start)
    print(f"status of 10,000 jobs: {part(took, 0.5):.2f} s")
    must("status of 10,000 jobs: at most 1 s", part(took, 0.5) <= 1)
    database.sql("DELETE FROM fleet.job WHERE name LIKE 'etl.job%'")

    sessions = [session(database.port, n + 1) for n in range(1_000)]
    watching = watch(store, receiver)
    ports = database.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'pipeline-notify'").split()
    used = lambda pid: sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
    if ports:
        before, start = used(ports[0]), time.time()
        time.sleep(20)
        share = (used(ports[0]) - before) / os.sysconf("SC_CLK_TCK") / (time.time() - start)
        print(f"a watch over 1,000 sessions: {100 * share:.1f} % of a core on the server")
        must("1,000 sessions: at most 2 % of a core", share <= 0.02)
    else:
        must("the watch looks", False)
    del sessions, watching


if __name__ == "__main__":
    ways = {
        "storm": (lambda number: storm(False, number), 3), "killed-storm": (lambda number: storm(True, number), 3),
        "kills": (kills, 1000), "crashes": (crashes, 20), "stopped": (stopped, 60), "told": (told, 20), "pooler": (pooler, 20),
        "cut": (cut, 20), "speed": (speed, 0), "alert": (alert, 9), "beside": (beside, 12), "haproxy": (haproxy, 0), "full": (full, 0), "promoted": (promoted, 0),
    }
    if len(sys.argv) < 2 or sys.argv[1] not in ways:
        sys.exit(__doc__)
    way, usual = ways[sys.argv[1]]
    try:
        way(int(sys.argv[2]) if len(sys.argv) > 2 else usual)
    finally:
        for end in reversed(ended):
            end()
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(1 if faults else 0)
