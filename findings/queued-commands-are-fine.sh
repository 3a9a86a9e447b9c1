#!/usr/bin/env bash
# Guess: the tools that queue commands say, to whoever waits for the queue, that a command has failed or was killed.
# Seen: `nq -w` and `sem --wait` exit with 0 whatever the commands did. `tsp -w` gives a command's code, but 255 for any signal.
# Gearman's worker takes a command that was killed for one that worked: its client gets no error and exits with 0, where a command
# that exits with 3 gives "Job failed".
# Why it matters: three steps queued and one wait is how such tools are used, and a wrapper around the wait sees success;
# with Gearman "killed, perhaps out of memory" is lost, and the half of an answer counts as whole.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian nq=0.3.1-4 task-spooler=1.0.1+dfsg1-1 parallel=20221122+ds-2 gearman-tools=1.1.20+ds-1 gearman-job-server=1.1.20+ds-1 \
    libgearman8=1.1.20+ds-1 libhiredis0.14=0.14.1-3 libmariadb3=1:10.11.19-0+deb12u1 libevent-2.1-7=2.1.12-stable-8+deb12u1 \
    libevent-pthreads-2.1-7=2.1.12-stable-8+deb12u1 libmemcached11=1.1.4-1 libhashkit2=1.1.4-1
export NQDIR="$work/nq" TS_SOCKET="$work/tsp" PARALLEL_HOME="$work/parallel"
mkdir "$NQDIR" "$PARALLEL_HOME"
touch "$PARALLEL_HOME/will-cite"
port=$(free_port)
start gearmand gearmand --port="$port" --listen=127.0.0.1 --log-file=stderr
within 30 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port"
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > "$work/out" 2> "$work/err" < /dev/null || code=$?
    echo "$title: $code"
}
seen=$(
    for job in 'exit 3' 'kill -KILL $$'; do
        printf '#!/bin/sh\n%s\n' "$job" > "$work/job"
        chmod +x "$work/job"
        echo "$job"
        nq "$work/job" > /dev/null
        end 'nq -w' nq -w
        sem --id finding "$work/job"
        end 'sem --wait' sem --id finding --wait
        id=$(tsp "$work/job")
        end 'tsp -w' tsp -w "$id"
        timeout 60 gearman -h 127.0.0.1 -p "$port" -w -c 1 -f load -- "$work/job" > /dev/null 2>&1 &
        worker=$!
        end 'gearman' gearman -h 127.0.0.1 -p "$port" -f load orders
        wait "$worker" || true
    done
    tsp -K
)
expect 'exit 3
nq -w: 0
sem --wait: 0
tsp -w: 3
gearman: 1
kill -KILL $$
nq -w: 0
sem --wait: 0
tsp -w: 255
gearman: 0' "$seen"
