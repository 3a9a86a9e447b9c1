#!/usr/bin/env bash
# Guess: a job of "every 24 hours" in a program that is restarted every 20 hours, by a deploy or a reboot, runs about once a day.
# Seen: never, with tokio-cron-scheduler's `new_repeated`, schedule, APScheduler, rufus-scheduler and toad-scheduler: they count from the program's
# start. clokwerk goes by the clock, Celery beat keeps a file, BullMQ keeps it in Redis: there it runs. Here a day is 10 s, and the program is restarted 5 s after it is up.
# Why it matters: the clean-up and the monthly report run on the laptop, and wherever nobody deploys. They run no more from the week on in which the
# team deploys each day, and nothing fails. A time of the day instead ("at 03:00") is not put off.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
debian ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 libyaml-0-2=0.2.5-1 ruby-fugit=1.5.2-1 \
    ruby-raabro=1.4.0-1 ruby-et-orbi=1.2.2-1 ruby-tzinfo=2.0.5-1 ruby-concurrent=1.1.6+dfsg-5 ruby-rufus-scheduler=3.8.2-3
crates 'tokio-cron-scheduler = "=0.15.1"' 'clokwerk = "=0.4.0"' 'tokio = { version = "=1.54.1", features = ["full"] }' << 'RUST'
use std::{future::pending, time::Duration};

fn job() {
    println!("ran");
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).unwrap() == "clokwerk" {
        use clokwerk::TimeUnits;
        let mut scheduler = clokwerk::Scheduler::new();
        scheduler.every(10.seconds()).run(job);
        println!("up");
        let _thread = scheduler.watch_thread(Duration::from_millis(100));
        pending::<()>().await;
    }
    use tokio_cron_scheduler::{Job, JobScheduler};
    let scheduler = JobScheduler::new().await.unwrap();
    scheduler.add(Job::new_repeated(Duration::from_secs(10), |_, _| job()).unwrap()).await.unwrap();
    scheduler.start().await.unwrap();
    println!("up");
    pending::<()>().await;
}
RUST
python schedule==1.2.2 apscheduler==3.11.0 celery==5.7.0
node_modules toad-scheduler@4.1.0 bullmq@6.7.0 ioredis@6.0.0
cd "$work"
lib=$work/root/usr/lib
gems=$work/root/usr/share/rubygems-integration/all/gems
RUBYLIB=$lib/ruby/3.1.0:$lib/$(uname -m)-linux-gnu/ruby/3.1.0:$lib/ruby/vendor_ruby
for part in "$gems"/{fugit,raabro,tzinfo,rufus-scheduler}-*/lib "$gems"/concurrent-ruby-1*/lib/concurrent-ruby; do RUBYLIB+=:$part; done
export RUBYLIB PYTHONUNBUFFERED=1 REDIS_PORT=$redis_port
cat > with_rufus.rb << 'RUBY'
require "rufus-scheduler"
$stdout.sync = true
scheduler = Rufus::Scheduler.new
scheduler.every("10s") { puts "ran" }
puts "up"
scheduler.join
RUBY
cat > with_schedule.py << 'PYTHON'
import time, schedule
schedule.every(10).seconds.do(print, "ran")
print("up")
while True:
    schedule.run_pending()
    time.sleep(0.1)
PYTHON
cat > with_apscheduler.py << 'PYTHON'
from apscheduler.schedulers.blocking import BlockingScheduler
scheduler = BlockingScheduler()
scheduler.add_job(print, "interval", ["ran"], seconds=10)
print("up")
scheduler.start()
PYTHON
cat > with_celery.py << 'PYTHON'
from celery import Celery
app = Celery(broker="filesystem://")
app.conf.broker_transport_options = dict.fromkeys(["data_folder_in", "data_folder_out"], "queue")
app.conf.beat_schedule = {"ran": {"task": "ran", "schedule": 10.0}}
PYTHON
cat > with_toad.js << 'JS'
const { ToadScheduler, SimpleIntervalJob, Task } = require("toad-scheduler");
new ToadScheduler().addSimpleIntervalJob(new SimpleIntervalJob({ seconds: 10 }, new Task("job", () => console.log("ran"))));
console.log("up");
JS
cat > with_bullmq.js << 'JS'
const { Queue, Worker } = require("bullmq");
const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT) };
new Queue("orders", { connection }).upsertJobScheduler("job", { every: 10000 }).then(() => console.log("up"));
new Worker("orders", async () => console.log("ran"), { connection });
JS
mkdir queue
names=(tokio-cron-scheduler clokwerk schedule APScheduler rufus toad-scheduler 'Celery beat' BullMQ)
commands=('./program tokio' './program clokwerk' 'python3 with_schedule.py' 'python3 with_apscheduler.py' "ruby3.1 with_rufus.rb" 'node with_toad.js'
    'celery --app=with_celery beat --loglevel=INFO' 'node with_bullmq.js')
restarted() { # the name, the command
    local name=$1 times job=
    shift
    trap '[ -z "$job" ] || kill "$job" 2> /dev/null || true' EXIT
    trap exit TERM
    for times in {1..9}; do
        timeout 120 "$@" >> "$name.log" 2>&1 < /dev/null &
        job=$!
        up() { [ "$(grep -cx 'up\|.*beat: Starting.*' "$name.log")" = "$times" ]; }
        within 90 up
        sleep 5
        kill "$job"
        wait "$job" || true
    done
}
loops=()
for number in "${!names[@]}"; do
    start loops restarted "${names[number]}" ${commands[number]}
    loops+=("$!")
done
wait "${loops[@]}"
expect 'tokio-cron-scheduler: never
clokwerk: as planned
schedule: never
APScheduler: never
rufus: never
toad-scheduler: never
Celery beat: as planned
BullMQ: as planned' "$(
    for name in "${names[@]}"; do
        case $(grep -c 'ran$\|Sending due task ran' "$name.log") in
        0) echo "$name: never" ;;
        1 | 2) echo "$name: seldom" ;;
        *) echo "$name: as planned" ;;
        esac
    done
)"
