//! A program whose own code is in the way of its exit: its first argument names what it does.

use std::cell::RefCell;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, exit};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pipeline_notify::{Alert, Config, Message, Notifier, Refusal, notify};

/// What the exiting thread holds, and what a logger or a notifier waits for.
static LOCK: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> ExitCode {
    let way = std::env::args().nth(1).unwrap_or_default();
    let installed = match way.as_str() {
        "notifier that locks" | "notifier that locks, main returns" => install(|| drop(lock())),
        "notifier that prints" => install(|| {
            let _ = writeln!(std::io::stdout(), "sent");
        }),
        "notifier with thread-locals" => install(count),
        "notifier that panics" => install(|| panic!("the notifier broke")),
        "notifier that exits" => install(|| exit(9)),
        "notifier that is annotated" => Config::new()
            .channel("alerts", Annotated)
            .install()
            .map_err(Into::into),
        "notifiers that hang" | "notifiers that hang, success" => install_two_that_hang(),
        "logger that locks" => log::set_logger(&LOGGER)
            .map(|()| log::set_max_level(log::LevelFilter::Trace))
            .map_err(|error| error.to_string().into()),
        _ => Ok(()),
    };
    if let Err(error) = installed {
        let _ = writeln!(std::io::stderr(), "{error}");
        return ExitCode::from(100);
    }
    if way == "another thread fails" {
        let (body, is_over) = mpsc::channel();
        thread::spawn(move || fail_and_let_go(body));
        // Its end is being written now.
        let _ = is_over.recv();
        return ExitCode::from(7);
    }
    if way.starts_with("notifiers that hang") {
        works();
    }
    if way == "notifiers that hang, success" {
        return ExitCode::SUCCESS;
    }
    if let Some(way) = way.strip_prefix("success leaves ") {
        leave(way);
        return ExitCode::SUCCESS;
    }
    run(&way)
}

#[notify]
fn run(way: &str) -> ExitCode {
    match way {
        "notifier that locks, main returns" => {
            // The lock is never let go of, as by a thread that hangs.
            std::mem::forget(lock());
            return ExitCode::from(7);
        }
        "notifier that locks" | "logger that locks" => {
            let _held = lock();
            exit(7)
        }
        "notifier that prints" => {
            let _held = std::io::stdout().lock();
            exit(7)
        }
        "display panics" => drop(bad(Bad::Panics)),
        "display fails" => drop(bad(Bad::Fails)),
        "display is endless" => drop(bad(Bad::Endless)),
        "exec" => {
            let _ = fail();
            // It returns only where the shell is missing.
            let _ = Command::new("/bin/sh").args(["-c", "exit 7"]).exec();
            exit(100)
        }
        "exec and stay" => {
            let _ = Command::new("sleep").arg("60").exec();
            exit(100)
        }
        "daemon" => {
            // Its parent exits with 0 inside the run.
            if daemonize::Daemonize::new().start().is_err() {
                exit(100)
            }
            let _ = fail();
        }
        _ => {}
    }
    exit(7)
}

#[notify(name = "works")]
fn works() {}

#[notify]
fn fail() -> Result<(), String> {
    Err("the disk is full".to_owned())
}

/// Fails, and lets go of its end of the channel with its body.
#[notify(name = "another")]
fn fail_and_let_go(body: mpsc::Sender<()>) -> Result<(), String> {
    drop(body);
    Err("the disk is full".to_owned())
}

/// Leaves a run behind that goes on, in a thread or in a task.
fn leave(way: &str) {
    let (begun, has_begun) = mpsc::channel();
    match way {
        "a thread" => drop(thread::spawn(|| linger(begun))),
        "a thread inside a run" => drop(thread::spawn(|| linger_inside(begun))),
        "a thread that may be left" => drop(thread::spawn(|| linger_if_wanted(begun))),
        "a thread that exits" => drop(thread::spawn(|| exit_with_success(begun))),
        "itself, from a run of main's thread" => exit_with_success(begun),
        "a thread that begins another run" => drop(thread::spawn(|| linger_and_begin(begun))),
        "a thread for another that exits" => {
            thread::spawn(|| linger(begun));
            let _ = has_begun.recv();
            let _ = thread::spawn(|| exit(0)).join();
        }
        "a task" => {
            drop(begun);
            let mut task = Box::pin(linger_for_ever());
            let mut context = Context::from_waker(Waker::noop());
            let _ = task.as_mut().poll(&mut context);
            std::mem::forget(task);
        }
        _ => exit(100),
    }
    // Comes to an end at once where no thread holds the other end.
    let _ = has_begun.recv();
}

#[notify(name = "linger")]
fn linger(begun: mpsc::Sender<()>) {
    let _ = begun.send(());
    std::mem::forget(begun);
    thread::sleep(Duration::from_secs(30));
}

#[notify(name = "outer")]
fn linger_inside(begun: mpsc::Sender<()>) {
    linger(begun);
}

#[notify(name = "linger", cancelled = "keep")]
fn linger_if_wanted(begun: mpsc::Sender<()>) {
    let _ = begun.send(());
    std::mem::forget(begun);
    thread::sleep(Duration::from_secs(30));
}

#[notify(name = "linger", message = begin_another)]
fn linger_and_begin(begun: mpsc::Sender<()>) {
    let _ = begun.send(());
    std::mem::forget(begun);
    thread::sleep(Duration::from_secs(30));
}

/// Has another thread begin a run, while the exit asks what this job says to its end.
fn begin_another(_alert: &Alert) -> Message {
    let (begun, has_begun) = mpsc::channel();
    thread::spawn(|| begin_late(begun));
    let _ = has_begun.recv();
    Message::new()
}

#[notify(name = "late")]
fn begin_late(begun: mpsc::Sender<()>) {
    let _ = begun.send(());
    thread::sleep(Duration::from_secs(30));
}

#[notify(name = "linger")]
async fn linger_for_ever() -> Infallible {
    pending().await
}

#[notify(name = "linger")]
fn exit_with_success(begun: mpsc::Sender<()>) {
    std::mem::forget(begun);
    exit(0)
}

#[notify]
fn bad(bad: Bad) -> Result<(), Bad> {
    Err(bad)
}

fn install(act: impl Fn() + Send + Sync + 'static) -> Result<(), Box<dyn Error>> {
    Ok(Config::new().channel("alerts", Acting(act)).install()?)
}

/// Each for a channel, and they do not care how long they may take.
fn install_two_that_hang() -> Result<(), Box<dyn Error>> {
    let hangs = || Acting(|| thread::sleep(Duration::from_secs(60)));
    let config = Config::new().channel("hangs", hangs());
    Ok(config.channel("hangs_too", hangs()).install()?)
}

/// A notifier that acts, and accepts every alert.
struct Acting<F>(F);

impl<F: Fn() + Send + Sync> Notifier for Acting<F> {
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        (self.0)();
        Ok(())
    }
}

/// A notifier that reports its own failures, with all that it is asked.
struct Annotated;

impl Notifier for Annotated {
    #[notify(name = "notifier")]
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        let _ = writeln!(std::io::stdout(), "sent");
        fail().map_err(Refusal::temporary)
    }

    #[notify(name = "identity")]
    fn identity(&self) -> String {
        let _ = fail();
        "annotated".to_owned()
    }
}

fn count() {
    thread_local!(static MESSAGES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });
    MESSAGES.with_borrow_mut(|messages| messages.push("sent".to_owned()));
    let _ = writeln!(std::io::stdout(), "sent");
}

/// A logger that takes the lock for each record.
struct Logger;

static LOGGER: Logger = Logger;

impl log::Log for Logger {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _record: &log::Record<'_>) {
        drop(lock());
    }

    fn flush(&self) {}
}

/// An error that is no good at being shown.
enum Bad {
    Panics,
    Fails,
    Endless,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panics => panic!("the error cannot be shown"),
            Self::Fails => Err(fmt::Error),
            Self::Endless => {
                let page = "x".repeat(4096);
                // 100 MB, and it does not stop where a writer has had enough.
                for _ in 0..25_000 {
                    let _ = f.write_str(&page);
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Bad {}
