//! What threads and processes get done together, on one job and on as many jobs as there are of
//! them, against one alone.

use std::env;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pipeline_notify::{Config, notify};
use pipeline_notify_benches::{Place, Taken};

const TIME: Duration = Duration::from_millis(700);

/// Enough for eight processes to start: all count in the same time. One that begins later counts on when others have ended,
/// so that the slower their start the better the figure.
const START: Duration = Duration::from_millis(200);

#[notify(name = format!("job.{number}"))]
fn works(number: u32) -> Result<u32, String> {
    Ok(number)
}

#[notify(channel = "")]
fn around<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Counts the calls that one thread makes, in one run around them.
fn count(job: u32, from: SystemTime) -> u32 {
    thread::sleep(from.duration_since(SystemTime::now()).unwrap_or_default());
    around(|| {
        let begun = Instant::now();
        let mut calls = 0;
        while begun.elapsed() < TIME {
            works(job).expect("it works");
            calls += 1;
        }
        calls
    })
}

fn threads(number: u32, job: fn(u32) -> u32) -> u32 {
    let from = SystemTime::now() + START;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..number)
            .map(|thread| scope.spawn(move || count(job(thread), from)))
            .collect();
        let counts = threads
            .into_iter()
            .map(|thread| thread.join().expect("a count"));
        counts.sum()
    })
}

fn processes(number: u32, job: fn(u32) -> u32, place: &Place) -> u32 {
    let from = SystemTime::now() + START;
    let from = from.duration_since(SystemTime::UNIX_EPOCH);
    let from = from.expect("a time after 1970").as_micros().to_string();
    let processes: Vec<_> = (0..number)
        .map(|process| {
            Command::new(env::current_exe().expect("this program"))
                .env("BENCH_JOB", job(process).to_string())
                .env("BENCH_FROM", &from)
                .env("BENCH_STATUS", place.status())
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts")
        })
        .collect();
    let counts = processes.into_iter().map(|process| {
        let output = process.wait_with_output().expect("it ends");
        let count = String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u32>();
        count.expect("a count")
    });
    counts.sum()
}

fn main() {
    let status = env::var_os("BENCH_STATUS");
    let place = Place::new().expect("a folder");
    let status = status.map_or_else(|| place.status(), Into::into);
    let config = Config::new().directory(status).channel("alerts", Taken);
    config.install().expect("nothing is installed yet");
    if let (Ok(job), Ok(from)) = (env::var("BENCH_JOB"), env::var("BENCH_FROM")) {
        let from = Duration::from_micros(from.parse().expect("a time"));
        let from = SystemTime::UNIX_EPOCH + from;
        println!("{}", count(job.parse().expect("a number"), from));
        place.clear();
        return;
    }
    for (jobs, job) in [
        ("one-job", (|_| 0) as fn(u32) -> u32),
        ("own-jobs", |number| number),
    ] {
        for number in [2, 4, 8] {
            // Beside each row, for the speed of a machine drifts.
            let one = f64::from(threads(1, job));
            let ratio = f64::from(threads(number, job)) / one;
            let name = format!("threads-{jobs}-{number}");
            place.figure(&name, ratio).expect("a file");
            let one = f64::from(processes(1, job, &place));
            let ratio = f64::from(processes(number, job, &place)) / one;
            let name = format!("processes-{jobs}-{number}");
            place.figure(&name, ratio).expect("a file");
        }
    }
    place.clear();
}
