//! A program whose runs log, from where its first argument says.

use std::fmt;
use std::io::Write as _;
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use log::{Log, Metadata, Record, info, warn};
use pipeline_notify::{Config, LastLines, current, fact, notify, progress};

/// Why a run fails whose lines are of interest.
type Failed = Result<(), &'static str>;

const FAILED: Failed = Err("it failed");

fn seen(_: Failed) {}

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    #[cfg(feature = "tracing")]
    if way.starts_with("bridged") {
        traced::install();
    }
    #[cfg(feature = "tracing")]
    if way.starts_with("tracing") {
        return traced::main(&way);
    }
    let _ = LastLines::wrap(Logger(way.clone())).install();
    match &*way {
        "tasks" => tasks(),
        "threads" => thread::scope(|scope| {
            for number in 0..4 {
                scope.spawn(move || seen(busy(number)));
            }
        }),
        "million" => seen(million()),
        "outside" => outside(),
        "nested" => seen(outer()),
        "exits inside" => seen(exits()),
        "overdue" => overdue(),
        "overdue around" => overdue_around(),
        "held" => seen(held()),
        "started" => seen(started()),
        "started by config" => configured(),
        "slow" => slow(),
        _ => seen(one(&way)),
    }
}

/// The logger that the program has beside: it may be as bad as its way says.
struct Logger(String);

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        match &*self.0 {
            "panics" => assert!(record.level() > log::Level::Warn, "the logger panicked"),
            // Without end, were it not stopped.
            "logs" => info!("from inside the logger"),
            "runs" => seen(inside()),
            #[cfg(feature = "tracing")]
            "bridged twice" => tracing::info!(target: "log", "{}", record.args()),
            "shows" => drop(writeln!(std::io::stdout(), "{}", record.args())),
            _ => {}
        }
    }

    fn flush(&self) {}
}

#[notify(name = "inside")]
fn inside() -> Failed {
    FAILED
}

/// Eight runs on one runtime, each with a task and a thread that work for it.
fn tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8).map(|number| tokio::spawn(task(number))).collect();
        for task in tasks {
            let _ = task.await;
        }
    });
}

#[notify(name = format!("task.{number}"))]
async fn task(number: u32) -> Failed {
    let run = current();
    let by_handle = run.clone();
    let worker = thread::spawn(move || {
        for line in 0..5 {
            by_handle.in_scope(|| info!("run {number} thread {line}"));
            thread::yield_now();
        }
    });
    let spawned = tokio::spawn(run.instrument(async move {
        for line in 0..5 {
            info!("run {number} task {line}");
            tokio::task::yield_now().await;
        }
    }));
    for line in 0..20 {
        info!("run {number} line {line}");
        tokio::task::yield_now().await;
    }
    let _ = spawned.await;
    let _ = worker.join();
    warn!("run {number} is over");
    FAILED
}

#[notify(name = format!("thread.{number}"))]
fn busy(number: u32) -> Failed {
    static ALL: Barrier = Barrier::new(4);
    ALL.wait();
    for line in 0..100 {
        info!("run {number} line {line}");
        thread::yield_now();
    }
    FAILED
}

#[notify(name = "million")]
fn million() -> Failed {
    for line in 0..1_000_000 {
        info!("line {line}");
    }
    FAILED
}

/// Lines of no run, while none, one, and two are under way.
fn outside() {
    log::error!("before any run");
    let (say, said) = mpsc::channel::<&str>();
    let (answer, answered) = mpsc::channel();
    let logger = thread::spawn(move || {
        for line in said {
            log::error!("{line}");
            let _ = answer.send(());
        }
    });
    let log = |line| {
        let _ = say.send(line);
        let _ = answered.recv();
    };
    let _ = alone(|| log("while one run is under way"));
    log("between the runs");
    let _ = alone(|| {
        log("before the second has begun");
        // It is inside no other, for it is on another thread.
        thread::scope(|scope| {
            scope.spawn(|| {
                // Of a third thread, while both are under way.
                let _ = second(|| {
                    thread::scope(|scope| drop(scope.spawn(|| log::error!("while two are"))));
                });
            });
        });
    });
    log("after all");
    drop(say);
    let _ = logger.join();
}

#[notify(name = "alone")]
fn alone(body: impl FnOnce()) -> Failed {
    body();
    FAILED
}

#[notify(name = "second")]
fn second(body: impl FnOnce()) -> Failed {
    body();
    FAILED
}

#[notify(name = "outer")]
fn outer() -> Failed {
    info!("before it");
    let _ = works();
    info!("behind it");
    FAILED
}

#[notify(name = "works")]
fn works() -> Failed {
    info!("in the inner run");
    Ok(())
}

#[notify(name = "exits")]
fn exits() -> Failed {
    info!("before it");
    within()
}

#[notify(name = "within")]
fn within() -> Failed {
    exits_inside()
}

#[notify(name = "exits.inside")]
fn exits_inside() -> Failed {
    info!("in the inner run");
    std::process::exit(3)
}

/// What hangs is a run inside another.
#[notify(name = "overdue.around", overdue_minutes = 0.02)]
fn overdue_around() {
    info!("before it");
    // It says nothing of itself.
    part();
}

#[notify(name = "part")]
fn part() {
    overdue_inside();
}

#[notify(name = "overdue.inside")]
fn overdue_inside() {
    info!("reading without end");
    progress(0, 100);
    thread::sleep(Duration::from_millis(100));
    progress(45, 100);
    thread::sleep(Duration::from_secs(2));
}

#[notify(name = "overdue", overdue_minutes = 0.02)]
fn overdue() {
    info!("reading without end");
    progress(0, 1_000_000);
    thread::sleep(Duration::from_millis(100));
    progress(450_000, 1_000_000);
    thread::sleep(Duration::from_secs(2));
}

#[notify(name = "started", start = true)]
fn started() -> Failed {
    let _ = one("ok");
    FAILED
}

/// Its beginning is sent once it is known that it is to be.
#[notify(name = "configured")]
fn configured() {
    let _ = Config::new().start(true).install();
    let _ = one("ok");
}

/// A run of hours, of which another run inside knows how far it is.
#[notify(name = "slow")]
fn slow() {
    fact("rows", 44);
    epochs();
}

#[notify(name = "epochs")]
fn epochs() {
    progress(0, 100);
    thread::sleep(Duration::from_millis(20));
    progress(45, 100);
    thread::sleep(Duration::from_secs(60));
}

/// Says something of its run while it is shown, by which any lock that is held would be waited for.
struct Chatty;

impl fmt::Display for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("while it is shown");
        fact("shown", 1);
        let run = current();
        thread::scope(|scope| {
            scope.spawn(|| run.in_scope(|| warn!("from another thread")));
        });
        let _ = inside();
        f.write_str("a chatty value")
    }
}

#[notify(name = "held")]
fn held() -> Failed {
    let chatty = Chatty;
    info!("{chatty}");
    FAILED
}

/// Panics while it is shown.
struct Bad;

impl fmt::Display for Bad {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it cannot be shown")
    }
}

#[notify(name = "one")]
fn one(way: &str) -> Failed {
    log::debug!("too low");
    info!(target: "etl", rows = 44, file = "orders.csv"; "reading");
    match way {
        "bad" => {
            let bad = Bad;
            info!("half of {bad}");
        }
        "secret" => {
            let secret = std::env::var("SLACK_ALERTS_WEBHOOK_URL").unwrap_or_default();
            warn!("POST {secret} failed");
            warn!("\x1b[31mred\x1b[0m\nand\ta second\u{202e} line");
        }
        // Half of it would be known by nobody.
        "half" => {
            let secret = std::env::var("SLACK_ALERTS_WEBHOOK_URL").unwrap_or_default();
            warn!("{}{secret}", "x".repeat(8 * 1024 - 60));
            return FAILED;
        }
        "long" => info!("{}", "y".repeat(100 << 20)),
        "ok" => return Ok(()),
        "panic" => panic!("it broke"),
        _ => {}
    }
    warn!(target: "etl", "no price in row 7");
    FAILED
}

/// The same by spans.
#[cfg(feature = "tracing")]
mod traced {
    use std::thread;

    use pipeline_notify::{LastLines, notify};
    use tracing::{Instrument as _, debug, info, info_span, instrument, warn};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{FAILED, Failed};

    pub(crate) fn install() {
        let subscriber = tracing_subscriber::registry().with(LastLines::layer());
        let _ = tracing::subscriber::set_global_default(subscriber);
    }

    pub(crate) fn main(way: &str) {
        install();
        if way == "tracing" {
            let _ = one();
            return;
        }
        // On a runtime of one thread each task is polled inside the run that waits for all.
        let mut runtime = match way {
            "tracing threads" => tokio::runtime::Builder::new_multi_thread(),
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.build().unwrap();
        let all = || {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..8).map(|number| tokio::spawn(task(number))).collect();
                for task in tasks {
                    let _ = task.await;
                }
            });
        };
        match way {
            "tracing inside" => around(all),
            _ => all(),
        }
    }

    #[notify(name = "around")]
    fn around(body: impl FnOnce()) {
        body();
    }

    #[notify(name = "one")]
    fn one() -> Failed {
        debug!("too low");
        // As a bridge from `log` hands it on.
        warn!(target: "log", { log.target = "pipeline_notify" }, "of the library itself");
        info!(target: "etl", rows = 44, file = "orders.csv", "reading");
        let error = std::io::Error::other("no price");
        warn!(target: "etl", error = &error as &dyn std::error::Error, "row {}", 7);
        info!(target: "etl", file = "orders.csv", message = "a message that is a field");
        FAILED
    }

    #[notify(name = format!("task.{number}"))]
    async fn task(number: u32) -> Failed {
        let span = info_span!("load", number);
        let spawned = tokio::spawn(
            async move {
                for line in 0..10 {
                    info!("run {number} task {line}");
                    tokio::task::yield_now().await;
                }
            }
            .instrument(span.clone()),
        );
        let worker = thread::spawn(move || {
            let _entered = span.enter();
            within(number);
        });
        for line in 0..10 {
            info!("run {number} line {line}");
            tokio::task::yield_now().await;
        }
        let _ = spawned.await;
        let _ = worker.join();
        FAILED
    }

    #[instrument]
    fn within(number: u32) {
        info!("run {number} thread 0");
    }
}
