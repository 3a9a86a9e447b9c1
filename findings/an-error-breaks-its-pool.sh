#!/usr/bin/env bash
# Guess: the error of a job in a pool of processes reaches who asked for the job, and the jobs beside it are not concerned.
# Seen: an error whose constructor wants other arguments than its text, as httpx's `HTTPStatusError`, slack_sdk's `SlackApiError` and many own ones,
# can be packed but not unpacked. ProcessPoolExecutor says of it that "a process in the process pool was terminated abruptly", of the job
# beside it, too, and takes no other; joblib asks for objects that are picklable. In mpire and Dask it arrives.
# Why it matters: a 503 of one address reads like a process that was out of memory, and ends the whole night's work.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python httpx==0.28.1 slack_sdk==3.48.0 joblib==1.6.0 mpire==2.10.2 'dask[distributed]==2026.8.0'
cd "$work"
cat > jobs.py << 'PYTHON'
import httpx
from slack_sdk.errors import SlackApiError

def value(_):
    raise ValueError("no such order")

def http(_):
    httpx.Response(503, request=httpx.Request("GET", "http://127.0.0.1/orders")).raise_for_status()

def slack(_):
    raise SlackApiError("not sent", {"ok": False})

def fine(number):
    return number
PYTHON
cat > pools.py << 'PYTHON'
import concurrent.futures, sys
import joblib, mpire
import dask.distributed as dask
import jobs

def say(title, ask):
    try:
        print(f"{title}: {ask()}", flush=True)
    except Exception as error:
        print(f"{title}: {type(error).__name__}: {str(error)[:40]}".splitlines()[0], flush=True)

if __name__ == "__main__":
    for name in ["value", "http", "slack"]:
        job = getattr(jobs, name)
        print(name)
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            first, beside = pool.submit(job, 1), pool.submit(jobs.fine, 2)
            say("futures", lambda: first.result(20))
            say("futures, the job beside", lambda: beside.result(20))
            say("futures, the next job", lambda: pool.submit(jobs.fine, 3).result(20))
        say("joblib", lambda: joblib.Parallel(n_jobs=2, timeout=20)([joblib.delayed(job)(1)]))
        with mpire.WorkerPool(1) as pool:
            say("mpire", lambda: pool.map(job, [1]))
        with dask.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=60) as cluster:
            with dask.Client(cluster) as client:
                say("dask", lambda: client.submit(job, 1).result(timeout=20))
PYTHON
seen=$(timeout 120 python3 pools.py 2> "$work/err")
expect "value
futures: ValueError: no such order
futures, the job beside: 2
futures, the next job: 3
joblib: ValueError: no such order
mpire: ValueError: no such order
dask: ValueError: no such order
http
futures: BrokenProcessPool: A process in the process pool was termin
futures, the job beside: BrokenProcessPool: A process in the process pool was termin
futures, the next job: BrokenProcessPool: A child process terminated abruptly, the
joblib: BrokenProcessPool: A result has failed to un-serialize. Ple
mpire: HTTPStatusError: Server error '503 Service Unavailable' f
dask: HTTPStatusError: Server error '503 Service Unavailable' f
slack
futures: BrokenProcessPool: A process in the process pool was termin
futures, the job beside: BrokenProcessPool: A process in the process pool was termin
futures, the next job: BrokenProcessPool: A child process terminated abruptly, the
joblib: BrokenProcessPool: A result has failed to un-serialize. Ple
mpire: SlackApiError: not sent
dask: SlackApiError: not sent" "$seen"
