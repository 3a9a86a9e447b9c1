//! Many jobs in one directory, and many alerts in one outbox.

use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, criterion_group};
use pipeline_notify::{Alert, Config, Notifier, Refusal, drain, notify};
use pipeline_notify_benches::{Place, STATUS, group, install};

const JOBS: u32 = 100_000;
const ALERTS: u32 = 10_000;

#[notify]
fn works() -> Result<u64, String> {
    Ok(1)
}

#[notify(name = format!("job.{number}"))]
fn fails(number: u32) -> Result<u32, String> {
    Err(format!("connection refused by {number}"))
}

#[notify(channel = "")]
fn around(body: &mut dyn FnMut()) {
    body();
}

fn jobs(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    let write = |number: u32| {
        fs::write(place.status().join(format!("etl.job.{number}")), STATUS).expect("a file");
    };
    works().expect("it works");
    (0..10).for_each(write);
    let mut pair = group(criterion, &place.measurement("many-jobs"));
    pair.bench_function("floor", |bencher| around(&mut || bencher.iter(works)));
    (10..JOBS).for_each(write);
    pair.bench_function("library", |bencher| around(&mut || bencher.iter(works)));
    pair.finish();
    place.clear();
}

/// Takes everything, or hangs; the two are one destination.
struct Channel {
    takes: bool,
}

impl Notifier for Channel {
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        if self.takes {
            return Ok(());
        }
        loop {
            thread::park();
        }
    }
}

/// One of the two processes that fill and drain an outbox.
fn outbox(part: &str, place: &Place) {
    let folder = env::var_os("BENCH_OUTBOX").expect("the folder");
    let takes = part == "drain";
    Config::new()
        .directory(folder)
        .exit_timeout(Duration::ZERO)
        .channel("alerts", Channel { takes })
        .install()
        .expect("nothing is installed yet");
    if takes {
        let left = drain(Duration::from_secs(30)).expect("a directory");
        let status = fs::read_to_string("/proc/self/status").expect("the system says it");
        let kilobytes: Option<f64> = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        let megabytes = kilobytes.expect("a number") / 1024.0;
        place.figure("drain-memory", megabytes).expect("a file");
        let left = f64::from(u32::try_from(left).expect("a few"));
        place.figure("drain-left", left).expect("a file");
    } else {
        around(&mut || (0..ALERTS).for_each(|number| drop(fails(number))));
    }
}

criterion_group!(benches, jobs);

fn main() {
    let place = Place::new().expect("a folder");
    if let Ok(part) = env::var("BENCH_PART") {
        return outbox(&part, &place);
    }
    benches();
    for part in ["fill", "drain"] {
        let status = Command::new(env::current_exe().expect("this program"))
            .env("BENCH_PART", part)
            .env("BENCH_OUTBOX", place.folder.join("outbox"))
            .status();
        assert!(status.expect("it starts").success());
    }
    place.clear();
}
