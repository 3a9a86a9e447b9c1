#!/usr/bin/env bash
# Guess: a job of a scheduler crate that panics is one job that failed: the others run on, or the program ends, and is started anew.
# Seen: clokwerk's own thread ends, of `watch_thread`, and so does the task or thread in which the loop of its async scheduler or of job_scheduler_ng
# runs: no job runs any more, the program goes on, and ends with 0. With tokio-cron-scheduler and delay_timer the others run on.
# Why it matters: one empty file, one `unwrap`, and the nightly load, the report and the clean-up are over until the next deploy; the service is
# up, and answers. Only an alert on what did not run says so. `std::panic::catch_unwind` in each job helps, and `panic = "abort"`.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'clokwerk = { version = "=0.4.0", features = ["async"] }' 'tokio-cron-scheduler = "=0.15.1"' 'job_scheduler_ng = "=2.5.0"' 'delay_timer = "=0.11.6"' \
    'tokio = { version = "=1.54.1", features = ["full"] }' << 'RUST'
use clokwerk::TimeUnits;
use std::time::Duration;

fn other() {
    println!("other");
}

fn load() {
    println!("load");
    panic!("no line in the file");
}

fn clokwerk() {
    let mut scheduler = clokwerk::Scheduler::new();
    scheduler.every(1.seconds()).run(other);
    scheduler.every(2.seconds()).run(load);
    let _handle = scheduler.watch_thread(Duration::from_millis(100));
    std::thread::sleep(Duration::from_secs(8));
}

async fn clokwerk_async() {
    let mut scheduler = clokwerk::AsyncScheduler::new();
    scheduler.every(1.seconds()).run(|| async { other() });
    scheduler.every(2.seconds()).run(|| async { load() });
    tokio::spawn(async move {
        loop {
            scheduler.run_pending().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tokio::time::sleep(Duration::from_secs(8)).await;
}

fn job_scheduler_ng() {
    std::thread::spawn(|| {
        let mut scheduler = job_scheduler_ng::JobScheduler::new();
        scheduler.add(job_scheduler_ng::Job::new("* * * * * *".parse().unwrap(), other));
        scheduler.add(job_scheduler_ng::Job::new("*/2 * * * * *".parse().unwrap(), load));
        loop {
            scheduler.tick();
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    std::thread::sleep(Duration::from_secs(8));
}

async fn tokio_cron_scheduler() {
    use tokio_cron_scheduler::{Job, JobScheduler};
    let scheduler = JobScheduler::new().await.unwrap();
    scheduler.add(Job::new_async("* * * * * *", |_, _| Box::pin(async { other() })).unwrap()).await.unwrap();
    scheduler.add(Job::new_async("*/2 * * * * *", |_, _| Box::pin(async { load() })).unwrap()).await.unwrap();
    scheduler.start().await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
}

fn delay_timer() {
    let timer = delay_timer::prelude::DelayTimerBuilder::default().build();
    for (id, seconds, job) in [(1, 1, other as fn()), (2, 2, load)] {
        let mut task = delay_timer::prelude::TaskBuilder::default();
        task.set_task_id(id).set_frequency_repeated_by_seconds(seconds);
        timer.add_task(task.spawn_routine(job).unwrap()).unwrap();
    }
    std::thread::sleep(Duration::from_secs(8));
}

#[tokio::main]
async fn main() {
    match std::env::args().nth(1).unwrap().as_str() {
        "clokwerk" => clokwerk(),
        "clokwerk, async" => clokwerk_async().await,
        "job_scheduler_ng" => job_scheduler_ng(),
        "tokio-cron-scheduler" => tokio_cron_scheduler().await,
        _ => delay_timer(),
    }
}
RUST
end() { # the scheduler
    local code=0
    timeout 30 "$work/program" "$1" > "$work/out" 2> "$work/err" || code=$?
    grep -q '^load' "$work/out" # it has panicked
    if [ "$(sed '1,/^load/d' "$work/out" | grep -c other)" -ge 3 ]; then echo "$1: the other job runs on, exit code $code"
    else echo "$1: no job runs any more, exit code $code"; fi
}
expect 'clokwerk: no job runs any more, exit code 0
clokwerk, async: no job runs any more, exit code 0
job_scheduler_ng: no job runs any more, exit code 0
tokio-cron-scheduler: the other job runs on, exit code 0
delay_timer: the other job runs on, exit code 0' "$(
    end clokwerk
    end 'clokwerk, async'
    end job_scheduler_ng
    end tokio-cron-scheduler
    end delay_timer
)"
