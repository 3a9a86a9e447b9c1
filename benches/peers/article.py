"""The cost of the article's decorator: read, compare, truncate, write, and a thread per alert."""

import datetime
import functools
import json
import os
import sys
import threading
import time
import traceback
import urllib.request

FORM = "%Y-%m-%d %H:%M:%S:%f %Z"
UTC = datetime.timezone.utc


def post(message):
    body = json.dumps({"text": message}).encode()
    headers = {"Content-Type": "application/json"}
    url = os.environ["SLACK_ALERTS_WEBHOOK_URL"]
    urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()


def must_tell(path, state, now, silent_seconds, ok_silent_hours):
    if not os.path.exists(path):
        return True
    with open(path) as file:
        before = file.readline().strip()
        at = datetime.datetime.strptime(file.readline().strip(), FORM).replace(tzinfo=UTC)
    if before != state:
        return True
    age = (now - at).total_seconds()
    if age < silent_seconds:
        return False
    return state == "ERROR" or age > ok_silent_hours * 3600


def notify(silent_seconds=3600, ok_silent_hours=168):
    def decorate(job):
        name = f"{job.__module__}.{job.__qualname__}"

        @functools.wraps(job)
        def wrapped(*args, **kwargs):
            now = datetime.datetime.now(UTC)
            state, text, failure, value = "OK", "", None, None
            try:
                value = job(*args, **kwargs)
            except Exception as error:
                state, text, failure = "ERROR", traceback.format_exc(), error
            path = os.path.join(os.environ["NOTIFYDIR"], name)
            if must_tell(path, state, now, silent_seconds, ok_silent_hours):
                message = f"{state}: {name}\n{text}"
                threading.Thread(target=post, args=(message,)).start()
            with open(path, "w") as file:
                file.write(f"{state}\n{now.strftime(FORM)}\n{name}\n\n{text}")
            if failure is not None:
                raise failure
            return value

        return wrapped

    return decorate


@notify()
def job(fails):
    if fails:
        raise ConnectionError("connection refused")


def call(fails):
    begun = time.perf_counter_ns()
    try:
        job(fails)
    except ConnectionError:
        pass
    return time.perf_counter_ns() - begun


def main():
    os.makedirs(os.environ["NOTIFYDIR"], exist_ok=True)
    mode = sys.argv[1]
    if mode == "once":
        call(True)
        return
    warm_up = 50 if mode == "silent" else 2
    times = []
    for number in range(warm_up + int(sys.argv[2])):
        took = call(mode == "alert" and number % 2 == 1)
        if number >= warm_up:
            times.append(took)
    print(sorted(times)[len(times) // 2], flush=True)
    os._exit(0)  # else it waits for each thread's post, without a limit


main()
