#!/usr/bin/env bash
# Guess: a task whose process is killed, as for want of memory, is run once and has failed.
# Seen: Dask gives it to the next worker, and to the one after that: it is begun four times, each time in a process that it takes with it, before it fails with
# `KilledWorker`. `allowed-failures: 0` in its configuration makes it one. joblib runs it once, and says that its worker was ended.
# Why it matters: what the task did before it was killed is done four times: rows are loaded, mails sent; and the job that has no
# memory takes it from a host four times before anybody hears of it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python distributed==2026.8.0 dask==2026.8.0 joblib==1.6.0
cd "$work"
cat > job.py << 'PYTHON'
import os, signal, sys
import dask, distributed, joblib

def load(name):
    with open(name, "a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)

def with_dask(name):
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        with distributed.Client(cluster) as client:
            client.submit(load, name).result(timeout=100)

def with_joblib(name):
    joblib.Parallel(n_jobs=2)([joblib.delayed(load)(name)])

def without_failures(name):
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        with_dask(name)

if __name__ == "__main__":
    run = {"Dask": with_dask, "Dask, allowed-failures 0": without_failures, "joblib": with_joblib}[sys.argv[1]]
    try:
        run("begun")
    except Exception as error:
        print(type(error).__name__)
PYTHON
seen=$(
    for library in Dask 'Dask, allowed-failures 0' joblib; do
        rm -f begun
        error=$(timeout 120 python3 job.py "$library" 2> /dev/null)
        echo "$library: begun $(wc -c < begun), $error"
    done
)
expect 'Dask: begun 4, KilledWorker
Dask, allowed-failures 0: begun 1, KilledWorker
joblib: begun 1, TerminatedWorkerError' "$seen"
