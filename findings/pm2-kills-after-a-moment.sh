#!/usr/bin/env bash
# Guess: `pm2 stop` sends SIGTERM and waits for some ten seconds; `--cron-restart` leaves a run out, or waits, while the
# last one is not over.
# Seen: `stop` sends SIGINT, and SIGKILL after 1.6 seconds; SIGTERM never. `--cron-restart` kills the run that is not over
# in the same way, and begins anew.
# Why it matters: a job that ends well on SIGTERM alone is cut off. One that takes longer than its interval never gets to
# its end, and pm2 calls it online. `--kill-timeout` makes it longer.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules pm2@7.0.4
cd "$work"
export HOME=$work PM2_HOME=$work/pm2 PATH=$work/node_modules/.bin:$PATH
# A script that runs in the background may have SIGINT ignored, and its jobs after it.
by_pm2() { timeout 60 env --default-signal=INT pm2 "$@" > words 2>&1; }
trap 'by_pm2 kill || true; clean' EXIT
cat > stopped.sh << 'JOB'
for name in TERM INT; do trap "echo SIG$name >> signals" $name; done
echo begun >> signals
while sleep 0.1; do date +%s%N > alive; done
JOB
cat > long.sh << 'JOB'
echo begun >> runs
sleep 60 && echo ended >> runs
JOB
by_pm2 start stopped.sh --interpreter bash --no-autorestart
within 30 test -s alive
stop=$(date +%s%N)
by_pm2 stop stopped
lived=$((($(cat alive) - stop) / 1000000))
by_pm2 start long.sh --interpreter bash --no-autorestart --cron-restart '*/10 * * * * *'
thrice() { [ "$(grep -c begun runs)" -ge 3 ]; }
within 60 thrice
seen=$(
    echo "stop: $(paste -sd' ' signals)"
    [ "$lived" -gt 5000 ] || echo 'stop: gone within 5 seconds'
    echo "runs: $(sed 3q runs | paste -sd' ')"
)
expect 'stop: begun SIGINT
stop: gone within 5 seconds
runs: begun begun begun' "$seen"
