//! A program whose annotated `main` ends in the way that its first argument names.

use std::process::{Command, ExitCode, abort, exit};
use std::thread;
use std::time::Duration;

use pipeline_notify::notify;

#[notify]
fn main() -> Result<ExitCode, String> {
    let way = std::env::args().nth(1).unwrap_or_default();
    match way.as_str() {
        "ok" => Ok(ExitCode::SUCCESS),
        "err" => Err("the disk is full".to_owned()),
        "code" => Ok(ExitCode::from(3)),
        "panic" => panic!("it broke"),
        "exit" => exit(7),
        "exit ok" => exit(0),
        "exit with" => exit(times().cast_signed()),
        "exit in a thread" => {
            thread::spawn(|| exit(7));
            thread::sleep(Duration::from_secs(30));
            Ok(ExitCode::SUCCESS)
        }
        "panic in a thread" => {
            thread::spawn(|| panic!("it broke"))
                .join()
                .map_err(|_| "a thread panicked".to_owned())?;
            Ok(ExitCode::SUCCESS)
        }
        "panics in threads" => panic_in_threads(),
        "elsewhere" => {
            let folder = std::env::args().nth(2).unwrap_or_default();
            std::env::set_current_dir(folder).map_err(|error| error.to_string())?;
            Err("the disk is full".to_owned())
        }
        "abort" => abort(),
        "double panic" => {
            let _bomb = Bomb;
            panic!("first")
        }
        "stack overflow" => Ok(ExitCode::from(overflow(1))),
        "out of memory" => Ok(ExitCode::from(devour())),
        "segv" | "bus" => {
            // std takes the first for a stack that may have overflowed, and only then lets it kill.
            let kill = format!(
                "while kill -{} $PPID; do sleep 0.01; done",
                way.to_uppercase()
            );
            let _ = Command::new("/bin/sh").args(["-c", &kill]).status();
            Ok(ExitCode::SUCCESS)
        }
        "kill" | "term" | "int" | "hup" | "ill" | "quit" => {
            // The shell's own `kill`, which is there wherever a shell is.
            let kill = format!("kill -{} $PPID", way.to_uppercase());
            let _ = Command::new("/bin/sh").args(["-c", &kill]).status();
            thread::sleep(Duration::from_secs(30));
            Ok(ExitCode::SUCCESS)
        }
        "caught" => Ok(caught()),
        "nested panic" => {
            inner_panic();
            Ok(ExitCode::SUCCESS)
        }
        "held err" => held(Err("the disk is full".to_owned())),
        "held ok" => held(Ok(ExitCode::SUCCESS)),
        "nested err" => alternate(true).map(|()| ExitCode::SUCCESS),
        "nested ok" => alternate(false).map(|()| ExitCode::SUCCESS),
        "nested caught" => {
            let _ = alternate(true);
            Ok(ExitCode::SUCCESS)
        }
        "nested caught held" => {
            let _ = alternate(true);
            held(Ok(ExitCode::SUCCESS))
        }
        "goes on" => Ok(go_on()),
        "hang" => {
            println!("running");
            thread::sleep(Duration::from_secs(30));
            Ok(ExitCode::SUCCESS)
        }
        "overdue" => {
            slow();
            Ok(ExitCode::SUCCESS)
        }
        "changes" => {
            for time in 0..times() {
                let _ = alternate(time % 2 == 0);
            }
            Ok(ExitCode::SUCCESS)
        }
        "mixed" => mixed(),
        "mix" => {
            mix_threads();
            Ok(ExitCode::SUCCESS)
        }
        "burst" => {
            (0..times()).for_each(|table| drop(load(table, true)));
            Ok(ExitCode::SUCCESS)
        }
        "failures" => {
            // What the process takes up after a tenth of the runs, and after all.
            for count in [times() / 10, times() - times() / 10] {
                (0..count).for_each(|_| drop(alternate(true)));
                let process = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
                println!("{process}");
            }
            Ok(ExitCode::SUCCESS)
        }
        way => Err(format!("there is no way `{way}`")),
    }
}

/// The second argument: how many times.
fn times() -> u32 {
    number(2, 1)
}

fn bits() -> u64 {
    number(3, 0)
}

fn number<N: std::str::FromStr>(argument: usize, default: N) -> N {
    let number = std::env::args().nth(argument);
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or(default)
}

/// Runs three jobs in turn; the bits of the third argument say which runs fail, its own end included.
fn mixed() -> Result<ExitCode, String> {
    let fails = |job: u32| (bits() >> job) & 1 == 1;
    for job in 0..times() {
        let _ = load(job % 3, fails(job));
    }
    if fails(times()) {
        Err("the disk is full".to_owned())
    } else {
        Ok(ExitCode::SUCCESS)
    }
}

/// Has so many runs on each of so many threads, in the order that a seed says.
fn mix_threads() {
    let threads = number(4, 1);
    thread::scope(|scope| {
        (0..threads).for_each(|thread| drop(scope.spawn(move || mix(thread))));
    });
}

/// Runs the job so often, inside another so that most runs stay in memory, and prints of each whether it failed, and
/// between which microseconds it ran. In each run of one outcome there are a few of the other.
#[notify(channel = "")]
fn mix(thread: u64) {
    let mut random = bits() ^ thread << 32;
    let is_mostly_failing = bits() % 2 == 1;
    let now = || {
        std::time::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_micros()
    };
    let mut said = String::new();
    for _ in 0..times() {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let fails = (random >> 40).is_multiple_of(32);
        let fails = fails != is_mostly_failing;
        let begun = now();
        let _ = alternate(fails);
        said += &format!("{fails} {begun} {}\n", now());
        if (random >> 50).is_multiple_of(4) {
            thread::sleep(Duration::from_micros(random >> 55));
        }
    }
    print!("{said}");
}

/// Runs a job again and again while there is the file that `WHILE` names.
fn go_on() -> ExitCode {
    let file = std::env::var_os("WHILE").map(std::path::PathBuf::from);
    while file.as_ref().is_some_and(|file| file.exists()) {
        let _ = alternate(false);
        thread::sleep(Duration::from_millis(100));
    }
    ExitCode::SUCCESS
}

fn held<E>(end: E) -> E {
    hold();
    end
}

/// Says that it is here, and goes on when it may: both by files in the folder that `HOLD` names.
fn hold() {
    let Some(folder) = std::env::var_os("HOLD").map(std::path::PathBuf::from) else {
        return;
    };
    let _ = std::fs::write(folder.join("held"), "");
    while folder.exists() && !folder.join("go").exists() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Panics in four threads at once.
fn panic_in_threads() -> Result<ExitCode, String> {
    let workers = [(); 4].map(|()| thread::spawn(|| panic!("it broke")));
    let mut ends = workers.map(thread::JoinHandle::join).into_iter();
    ends.try_for_each(|end: thread::Result<()>| end)
        .map_err(|_| "threads panicked".to_owned())?;
    Ok(ExitCode::SUCCESS)
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("second");
    }
}

#[expect(unconditional_recursion, reason = "it is the point")]
fn overflow(depth: u8) -> u8 {
    let page = [depth; 4096];
    overflow(page[depth as usize]).wrapping_add(page[0])
}

/// Takes up all the memory that there may be, which `ulimit -v` says.
fn devour() -> u8 {
    let mut taken = Vec::new();
    while taken.len() < 1000 {
        taken.push(vec![0_u8; 64 * 1024 * 1024]);
    }
    taken[0][0]
}

/// The article's `func1` and `func2`: a special error, sent, caught, and the program goes on.
fn caught() -> ExitCode {
    match special(None) {
        Ok(_) => ExitCode::FAILURE,
        Err(SpecialError) => ExitCode::SUCCESS,
    }
}

#[derive(Debug)]
struct SpecialError;

impl std::fmt::Display for SpecialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("omg!")
    }
}

impl std::error::Error for SpecialError {}

#[notify(errors(SpecialError))]
fn special(result: Option<u32>) -> Result<u32, SpecialError> {
    result.ok_or(SpecialError)
}

#[notify]
fn inner_panic() {
    panic!("it broke inside");
}

#[notify(overdue_minutes = 0.005)]
fn slow() {
    thread::sleep(Duration::from_secs(1));
}

#[notify]
fn alternate(fails: bool) -> Result<(), String> {
    if fails {
        Err("it failed".to_owned())
    } else {
        Ok(())
    }
}

#[notify(name = format!("load.{table}"))]
fn load(table: u32, fails: bool) -> Result<(), String> {
    if fails {
        Err(format!("table {} is locked", table % 2))
    } else {
        Ok(())
    }
}
