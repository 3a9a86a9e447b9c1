#!/usr/bin/env bash
# Runs each example of docs/schedulers.md as it stands there under its real scheduler, and the
# crontabs and the unit of the other pages. Each scheduler has an overlay of this machine's files and
# process ids of its own: nothing of it stays, and whatever it started ends with it. It needs root and
# Linux; a scheduler that is not installed is passed over with a word, and so is all where an overlay
# cannot be had.
#
#     tests/schedulers.sh [SCHEDULER…]
#
# The Python ones are found in PATH: PATH="VENV/bin:$PATH" tests/schedulers.sh prefect
set -euo pipefail

declare -A needs=(
    [timeout]=timeout
    [subprocess]="python3 timeout"
    [supervisord]="supervisord supervisorctl"
    [cron]="cron crontab faketime flock"
    [parallel]=parallel
    [systemd]=systemd-nspawn
    [slurm]="munged slurmctld slurmd sbatch"
    [dagster]=dagster
    [prefect]=prefect
    [airflow]=airflow
)

# What follows runs inside the overlay, in this folder.
inside=/srv/schedulers

# An example, by the mark above it; and the first block of a language on another page.
example() {
    sed -n "/^<!-- tests\/schedulers.sh: $1 -->\$/,/^\`\`\`\$/p" "$inside/docs/schedulers.md" | sed '1,2d; $d' | some
}
block() {
    sed -n "/^\`\`\`$2\$/,/^\`\`\`\$/p" "$inside/docs/$1" | sed '/^```$/q' | sed '1d; $d' | some
}
some() {
    grep . || fail "the page has no such example"
}
fail() {
    echo "FAILED: $*" >&2
    {
        [ ! -d /var/lib/notify ] || head -n 40 /var/lib/notify/* || true
        tail -n 60 "$inside"/{messages,begun,log} || true
    } >&2 2> /dev/null
    exit 1
}
# eventually WORDS… COMMAND: waits until a command holds, a minute at most.
eventually() {
    local words="$1"
    shift
    for _ in $(seq 600); do
        ! "$@" > /dev/null 2>&1 || { echo "    $words"; return 0; }
        sleep 0.1
    done
    fail "never: $words"
}
sent() {
    eventually "sent: $1" grep -q -- "$1" "$inside/messages"
}
times_sent() {
    [ "$(grep -c -- "$1" "$inside/messages")" = "$2" ] || fail "not sent $2 times: $1"
}
written() {
    eventually "written: $1: $2" grep -q -- "$2" "/var/lib/notify/$1"
}
ends_with() {
    local expected="$1" code=0
    shift
    timeout 60 "$@" || code=$?
    [ "$code" = "$expected" ] || fail "exit code $code, not $expected: $*"
}
# What /opt/etl/load.sh does next: fails, fails second (after another has begun), sleeps, works. It says
# when it has begun. A file way.INSTANCE is for one NOTIFY_INSTANCE alone.
load() {
    : > "$inside/begun"
    echo "$1" > "$inside/way"
}
begun() {
    eventually "the command runs" grep -q "${1:-.}" "$inside/begun"
}
gone() {
    eventually "the command is gone" bash -c '! kill -0 "$1"' - "$(cut -d ' ' -f 1 "$inside/begun")"
}
# The examples set a timeout of an hour: `timeout` takes SIGALRM for its end.
expire() {
    kill -ALRM "$(pgrep -f '^timeout -k 10 1h')"
}
next_run() {
    load works
    timeout 60 pipeline-notify run --name next -- /opt/etl/load.sh
}

test_timeout() {
    load sleeps
    ends_with 124 sh -c "$(example timeout-inside)" & local line=$!
    begun
    expire
    wait "$line"
    sent "exited with code 124"
    load sleeps
    ends_with 124 sh -c "$(example timeout)" & line=$!
    begun
    expire
    wait "$line"
    sent "SIGTERM from timeout"
    gone
}

test_subprocess() {
    # An exception while `subprocess.run` waits does what its own timeout does.
    local python='import signal, subprocess, sys
def expire(*_): raise TimeoutError
signal.signal(signal.SIGALRM, expire)
try:
    exec(sys.argv[1])
except TimeoutError:
    sys.exit(42)'
    load sleeps
    python3 -c "$python" "$(example subprocess)" & local program=$! code=0
    begun
    kill -ALRM "$program"
    wait "$program" || code=$?
    [ "$code" = 42 ] || fail "exit code $code of Python"
    gone
    next_run
    sent "died"
    load sleeps
    python3 -c "$python" "$(example subprocess-timeout)" & program=$!
    begun
    expire
    wait "$program"
    sent "exited with code 124"
}

test_supervisord() {
    local rest="[supervisord]
nodaemon=true
logfile=$inside/supervisord.log
pidfile=/run/supervisord.pid
user=root
[unix_http_server]
file=/run/supervisor.sock
[supervisorctl]
serverurl=unix:///run/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface"
    { echo "$rest"; example supervisord; } > "$inside/supervisord.conf"
    load fails
    # Of the variables of this script only PATH: the example says the rest.
    env -i PATH="$PATH" supervisord -c "$inside/supervisord.conf" > "$inside/log" 2>&1 &
    sent "job etl.queue failed"
    control() { timeout 60 supervisorctl -c "$inside/supervisord.conf" "$@"; }
    eventually "supervisord gives up" bash -c 'supervisorctl -c "$1" status | grep -q FATAL' - "$inside/supervisord.conf"
    load sleeps
    control start etl-queue > "$inside/log"
    begun
    control stop etl-queue > "$inside/log"
    gone
    written etl.queue "not counted: .*SIGTERM from supervisord"
    times_sent "job etl.queue failed" 1
}

# Real cron with this crontab, some seconds before 03:05.
cron_runs() {
    echo "$1" | crontab -
    # cron hands on nothing of its environment, and so no shifted clock.
    env -i PATH="$PATH" TZ=UTC faketime -f '@2026-11-23 03:04:57' cron -f > "$inside/log" 2>&1 &
}
cron_ends() {
    kill "$(cat /run/crond.pid)"
    eventually "cron has ended" bash -c '! kill -0 "$(cat /run/crond.pid)"'
}
test_cron() {
    install -D -m 755 /opt/etl/load.sh /opt/backup/backup.sh
    mkdir -p /var/www/html
    load fails
    cron_runs "$(example cron)"
    sent "job etl.load failed"
    cron_ends
    flock /run/lock/etl.lock sleep 60 &
    cron_runs "$(example cron)"
    written etl.load "not counted: .*exited with code 75"
    cron_ends
    cron_runs "$(block run.md crontab)"
    sent "job run.backup.sh failed"
    cron_ends
    local said
    cron_runs "$(block page.md crontab)"
    eventually "the page names the job" grep -q etl.load /var/www/html/jobs.html
    cron_ends
    said=$(sh -c "$(block page.md crontab | sed -n 's/^\* \* \* \* \*  //p')" 2>&1)
    [ -z "$said" ] || fail "cron mails each minute: $said"
}

test_parallel() {
    load sleeps
    echo "fails second" > "$inside/way.orders"
    local code=0
    timeout 120 sh -c "$(example parallel)" > "$inside/log" 2>&1 || code=$?
    [ "$code" != 0 ] || fail "parallel has seen no failure"
    sent "job etl.load@orders failed"
    sent "job etl.load@customers failed"
}

test_systemd() {
    local name
    example systemd > /etc/systemd/system/etl-load.service
    example systemd-service > /etc/systemd/system/etl-queue.service
    block watch.md ini > /etc/systemd/system/pipeline-notify-watch.service
    systemctl daemon-reload
    load fails
    ends_with 1 systemctl start etl-load
    sent "connection refused"
    written etl.load "runs: 1"
    load sleeps
    systemctl start --no-block etl-load
    begun
    ends_with 0 systemctl stop etl-load
    sent "SIGTERM from systemd"
    gone
    load works
    ends_with 0 systemctl start etl-queue
    written etl.queue "^OK"
    load sleeps
    ends_with 0 systemctl start etl-queue
    begun
    ends_with 0 systemctl stop etl-queue
    written etl.queue "not counted: .*SIGTERM from systemd"
    [ "$(systemctl is-failed etl-queue)" = inactive ] || fail "a stop has made etl-queue failed"
    # Hardened, and killed with no word: the next run sends it.
    mkdir /etc/systemd/system/etl-load.service.d
    printf '%s\n' "[Service]" DynamicUser=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes ProcSubset=pid \
        ProtectProc=invisible "ReadWritePaths=$inside" > /etc/systemd/system/etl-load.service.d/hardened.conf
    systemctl daemon-reload
    load sleeps
    systemctl start --no-block etl-load
    begun
    systemctl kill --signal=KILL etl-load
    eventually "the unit has failed" systemctl is-failed etl-load
    load works
    ends_with 0 systemctl start etl-load
    sent "died"
    # The watch is of a user of its own.
    useradd --system etl
    rm -rf /var/lib/notify
    install -d -o etl /var/lib/notify
    echo "SLACK_ALERTS_WEBHOOK_URL=file:/etc/notify/alerts.url" > /etc/notify/channels.env
    ends_with 0 systemctl start pipeline-notify-watch
    load sleeps
    setsid runuser -u etl -- pipeline-notify run --name etl.killed -- /opt/etl/load.sh &
    begun
    kill -KILL "$(pgrep -f '^pipeline-notify run --name etl.killed')"
    sent "job etl.killed failed"
    gone
    ends_with 0 systemctl stop pipeline-notify-watch
}

test_slurm() {
    mkdir -p /etc/slurm /var/lib/slurm/{ctld,d} /run/munge
    cat > /etc/slurm/slurm.conf <<CONF
ClusterName=here
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
StateSaveLocation=/var/lib/slurm/ctld
SlurmdSpoolDir=/var/lib/slurm/d
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
    chown munge /run/munge
    chmod 755 /run/munge
    runuser -u munge -- munged -F >> "$inside/log" 2>&1 &
    eventually "munge answers" test -S /run/munge/munge.socket.2
    slurmctld -D >> "$inside/log" 2>&1 &
    slurmd -D >> "$inside/log" 2>&1 &
    eventually "a node is idle" bash -c 'sinfo -h -o %T | grep -q idle'
    load sleeps
    echo fails > "$inside/way.1"
    example slurm > "$inside/job"
    chmod 755 "$inside/job"
    (cd "$inside" && timeout 60 sbatch job)
    sent "job etl.load@1 failed"
    begun " 2 "
    timeout 60 scancel --name etl-load
    sent "job etl.load@2 failed"
    sent "slurm job [0-9]*, array task"
    sent "SIGTERM from slurm"
}

# The three attempts of a job that fails are given to the command, and are one alert.
three_attempts() {
    eventually "three attempts" bash -c '[ "$(cut -d " " -f 3 "$1" | tr "\n" " ")" = "1/3 2/3 3/3 " ]' - "$inside/begun"
    sent "job etl.load failed"
    times_sent "job etl.load failed" 1
}

test_dagster() {
    load fails
    # exec alone has no source that Dagster could look at for types: so it is a file.
    { echo "import dagster as dg"; example dagster; echo '
@dg.job
def etl():
    load()
assert not etl.execute_in_process(resources={"pipes": dg.PipesSubprocessClient()}, raise_on_error=False).success'; } > "$inside/etl.py"
    DAGSTER_HOME='' timeout 120 "$(dirname "$(command -v dagster)")/python" "$inside/etl.py" > "$inside/log" 2>&1 || fail "Dagster"
    three_attempts
}

test_prefect() {
    load fails
    { echo "import os, subprocess
from prefect import flow, runtime, task"; example prefect; echo '
@flow
def etl():
    load()
try:
    etl()
except subprocess.CalledProcessError:
    pass'; } > "$inside/etl.py"
    PREFECT_HOME="$inside/prefect" DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=120 \
        timeout 240 "$(dirname "$(command -v prefect)")/python" "$inside/etl.py" > "$inside/log" 2>&1 || fail "Prefect"
    three_attempts
}

test_airflow() {
    load fails
    export AIRFLOW_HOME="$inside/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__DAGS_FOLDER="$inside/dags"
    mkdir "$inside/dags"
    { echo "from datetime import datetime, timedelta
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
with DAG('etl', start_date=datetime(2026, 1, 1), schedule=None, default_args={'retry_delay': timedelta(seconds=1)}):"
        example airflow | sed 's/^/    /'; } > "$inside/dags/etl.py"
    timeout 300 airflow standalone > "$inside/log" 2>&1 &
    for _ in $(seq 240); do
        timeout 60 airflow dags list 2> /dev/null | grep -q '^etl ' && break
        sleep 1
    done
    timeout 60 airflow dags unpause etl >> "$inside/log" 2>&1
    timeout 60 airflow dags trigger etl >> "$inside/log" 2>&1
    for _ in $(seq 120); do
        [ "$(wc -l < "$inside/begun")" -lt 3 ] || break
        sleep 1
    done
    three_attempts
}

if [ "${1:-}" = --inside ]; then
    export NOTIFYDIR=/var/lib/notify SLACK_ALERTS_WEBHOOK_URL=file:/etc/notify/alerts.url
    export PATH="/usr/local/bin:$PATH"
    cd "$inside"
    ./receiver "$inside/address" > "$inside/messages" 2>> "$inside/log" &
    eventually "a receiver listens" test -s "$inside/address"
    mkdir -p /etc/notify /opt/etl /var/lib/notify
    mv "$inside/address" /etc/notify/alerts.url
    cat > /opt/etl/load.sh <<LOAD
#!/bin/sh
echo "\$\$ \${NOTIFY_INSTANCE:--} \${NOTIFY_ATTEMPT:--} " >> $inside/begun
way="\$(cat "$inside/way.\$NOTIFY_INSTANCE" 2> /dev/null || cat $inside/way)"
case "\$way" in
"fails second")
    for _ in \$(seq 100); do
        [ "\$(wc -l < $inside/begun)" -lt 2 ] || break
        sleep 0.1
    done
    ;;
esac
case "\$way" in
fails*)
    echo "connection refused (db:5432)" >&2
    exit 1
    ;;
sleeps) exec sleep 300 ;;
esac
LOAD
    chmod 755 /opt/etl/load.sh
    touch "$inside/begun" "$inside/log"
    chmod 666 "$inside/begun"
    "test_$2"
    exit
fi

# Here, in a namespace of its own, the overlay is laid, and the scheduler begins.
if [ "${1:-}" = --laid ]; then
    work="$2" name="$3"
    mount -t tmpfs none "$work/lay"
    mkdir "$work"/lay/{upper,work,root}
    root="$work/lay/root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/lay/upper,workdir=$work/lay/work" "$root"
    mkdir -p "$root$inside"
    cp -r "$work"/files/* "$root$inside"
    mv "$root$inside/pipeline-notify" "$root/usr/local/bin/"
    if [ "$name" = systemd ]; then
        rm -f "$root/etc/machine-id"
        cat > "$root/etc/systemd/system/schedulers.service" <<UNIT
[Unit]
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=$inside/schedulers.sh --inside systemd
StandardOutput=file:$inside/said
StandardError=file:$inside/said
UNIT
        code=0
        systemd-nspawn --quiet --register=no --keep-unit --machine=schedulers --directory="$root" --boot -- \
            --unit=schedulers.service < /dev/null > "$work/boot" 2>&1 || code=$?
        cat "$root$inside/said" || cat "$work/boot"
        exit "$code"
    fi
    mount -t proc none "$root/proc"
    mount -t tmpfs none "$root/run"
    mkdir -p "$root/run/lock"
    for folder in /dev /sys; do
        mount --rbind "$folder" "$root$folder"
    done
    mount -t tmpfs none "$root/dev/shm"
    exec chroot "$root" "$inside/schedulers.sh" --inside "$name"
fi

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- timeout subprocess supervisord cron parallel systemd slurm dagster prefect airflow
for name; do
    [ -n "${needs[$name]:-}" ] || { echo "there is no scheduler \`$name\` here: ${!needs[*]}"; exit 2; }
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/lay" "$work/files"
unshare --mount --pid --fork --kill-child --mount-proc bash -c '
    mount -t tmpfs none "$1" && mkdir "$1/upper" "$1/work" "$1/root" &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"' - "$work/lay" 2> /dev/null ||
    { echo "passed over: it needs root, and Linux with an overlay"; exit 0; }

[ -n "${BUILT:-}" ] || nice cargo build --quiet --features cli --bin pipeline-notify --example receiver
built="${CARGO_TARGET_DIR:-target}/debug"
cp -r docs tests/schedulers.sh "$built/pipeline-notify" "$built/examples/receiver" "$work/files"
failed=0
for name; do
    missing=
    for tool in ${needs[$name]}; do
        command -v "$tool" > /dev/null || missing="$missing $tool"
    done
    [ -z "$missing" ] || { echo "$name: passed over: install$missing"; continue; }
    echo "$name"
    timeout 600 unshare --mount --pid --fork --kill-child --mount-proc bash tests/schedulers.sh --laid "$work" "$name" || failed=$((failed + 1))
done
[ "$failed" = 0 ] || { echo "$failed failed"; exit 1; }
