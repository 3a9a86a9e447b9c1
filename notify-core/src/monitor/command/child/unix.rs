//! Signals that are handed on to a program, and how one ended it.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGPROF, SIGQUIT, SIGSEGV,
    SIGSYS, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use crate::format::terminal;
use crate::os::ffi;
use crate::os::isolate;

/// What is meant for the program: all that would end this process, and can be caught.
const HANDED_ON: [i32; 14] = [
    SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGABRT,
    SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ,
];

/// What a terminal sends to the program as well.
const FROM_TERMINAL: [i32; 3] = [SIGINT, SIGQUIT, SIGHUP];

/// What asks for an end, and nothing else.
const STOPS: [i32; 3] = [SIGTERM, SIGINT, SIGQUIT];

/// Signals that dump core. We exit with 128+n instead, so that our core file does not hide the child's.
const WITH_CORE: [i32; 10] = [
    SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ,
];

/// A signal that comes again so soon is the same request: `timeout` sends each twice, to the
/// process and to its group.
const ECHO: Duration = Duration::from_millis(500);

/// Waits for a program, and hands signals on to it.
pub(crate) struct Attendance {
    /// `None` where they cannot be watched.
    signals: Option<SignalsInfo<WithOrigin>>,
    /// The first of each signal that came for the program.
    came: Vec<Came>,
    /// When the last one came.
    last: Option<Instant>,
}

/// A signal, and who sent it.
struct Came {
    signal: i32,
    from: String,
}

impl Attendance {
    /// Watches signals, from now on.
    pub(crate) fn new() -> Self {
        let ignored = ignored();
        // What is ignored, as under `nohup`, is for the program to ignore too.
        let watched = meant().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Self {
            signals: SignalsInfo::new(watched.chain([SIGCHLD])).ok(),
            came: Vec::new(),
            last: None,
        }
    }

    /// Waits for the program's end, whatever becomes of signals.
    pub(crate) fn wait(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        // The program has what we were started to block, and does with it what it likes; for us its end would
        // be blocked, too.
        ffi::unblock(meant().chain([SIGCHLD]));
        match isolate::contain(|| self.attend(child)) {
            Some(ended) => ended,
            None => child.wait(),
        }
    }

    fn attend(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        let Some(signals) = &mut self.signals else {
            return child.wait();
        };
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            for origin in signals.wait() {
                let signal = origin.signal;
                if signal == SIGCHLD || is_own(&origin) {
                    continue;
                }
                self.last = Some(Instant::now());
                if self.came.iter().all(|came| came.signal != signal) {
                    let from = sender(&origin);
                    self.came.push(Came { signal, from });
                }
                let is_from_terminal = origin.process.is_none();
                if !(is_from_terminal && is_in_foreground()) {
                    ffi::send_signal(child, signal);
                }
            }
        }
    }

    /// Says that the program was stopped by one of these signals: killed by it, or ended with
    /// 128 + its number after it came.
    pub(crate) fn stop(&self, status: ExitStatus, signals: &[i32]) -> Option<String> {
        let came = self.came.iter().filter(|came| came.has_ended(status));
        let mut came = came.filter(|came| signals.contains(&came.signal));
        if let Some(came) = came.next() {
            return Some(came.words());
        }
        let killed = status.signal().filter(|signal| signals.contains(signal));
        killed.map(|signal| format!("killed by {}", name(signal)))
    }

    /// Says who asked the program to end, which it then did in its own way.
    pub(crate) fn asked(&self, status: ExitStatus) -> Option<String> {
        let ended = self.came.iter().find(|came| came.has_ended(status));
        let asked = || {
            let mut stops = self.came.iter().rev();
            stops.find(|came| STOPS.contains(&came.signal))
        };
        ended.or_else(asked).map(Came::words)
    }

    /// Does what is left to do once the program has ended, or leaves it where a signal comes: it
    /// is done on a thread of its own, and may be cut short anywhere.
    pub(crate) fn unless_asked(self, work: impl FnOnce() + Send + 'static) {
        let (over, is_over) = mpsc::channel();
        let Self { signals, last, .. } = self;
        if let Some(mut signals) = signals {
            let over = over.clone();
            let watch = move || {
                let is_echo = || last.is_some_and(|last| last.elapsed() < ECHO);
                let asks =
                    |origin: &Origin| origin.signal != SIGCHLD && !is_own(origin) && !is_echo();
                if signals.forever().any(|origin| asks(&origin)) {
                    let _ = over.send(());
                }
            };
            let thread = thread::Builder::new().name("notify-signals".to_owned());
            // Without it a signal waits for the end of the work, which has a bound.
            let _ = thread.spawn(watch);
        }
        let work = move || {
            let _ = isolate::contain(work);
            let _ = over.send(());
        };
        let thread = thread::Builder::new().name("notify-last".to_owned());
        if thread.spawn(work).is_ok() {
            let _ = is_over.recv();
        }
    }
}

impl Came {
    fn has_ended(&self, status: ExitStatus) -> bool {
        status.signal() == Some(self.signal) || status.code() == Some(128 + self.signal)
    }

    fn words(&self) -> String {
        format!("asked to end: {}{}", name(self.signal), self.from)
    }
}

/// Names a signal: `SIGTERM`, `signal 34`.
pub(super) fn name(signal: i32) -> Cow<'static, str> {
    match signal_name(signal) {
        Some(name) => name.into(),
        None => format!("signal {signal}").into(),
    }
}

/// Returns the number of a signal: of `TERM`, `SIGTERM`, `term` or `15`.
#[must_use]
pub fn signal_named(name: &str) -> Option<i32> {
    let numbers = 1..=64;
    if let Ok(number) = name.parse() {
        return numbers.contains(&number).then_some(number);
    }
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let mut numbers = numbers.into_iter();
    numbers.find(|number| {
        signal_name(*number).and_then(|known| known.strip_prefix("SIG")) == Some(name)
    })
}

/// All that is handed on.
fn meant() -> impl Iterator<Item = i32> {
    HANDED_ON.into_iter().chain(of_this_system())
}

/// What ends a process on this system alone; real-time signals among it.
#[cfg(target_os = "linux")]
fn of_this_system() -> impl Iterator<Item = i32> {
    let common = [libc::SIGPWR, libc::SIGIO];
    common
        .into_iter()
        .chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(not(target_os = "linux"))]
fn of_this_system() -> impl Iterator<Item = i32> {
    std::iter::empty()
}

/// Returns whether a signal is of what this process itself did: it has used up its time, or a file
/// of it grew too large.
fn is_own(origin: &Origin) -> bool {
    let of_a_limit = [SIGXCPU, SIGXFSZ, SIGSYS, SIGTRAP];
    origin.process.is_none() && of_a_limit.contains(&origin.signal)
}

/// Names who sent a signal, as far as it is known: ` from supervisord, pid 3577`.
fn sender(origin: &Origin) -> String {
    let Some(process) = &origin.process else {
        return if FROM_TERMINAL.contains(&origin.signal) {
            " from the terminal".to_owned()
        } else {
            String::new()
        };
    };
    let pid = process.pid;
    if pid <= 0 {
        return " from outside of this container".to_owned();
    }
    // It may be gone by now.
    let program = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let program = String::from_utf8_lossy(&program);
    match terminal::shown(program.trim()) {
        program if program.is_empty() => format!(" from pid {pid}"),
        program => format!(" from {program}, pid {pid}"),
    }
}

/// Returns the signals that this process was started to ignore, a bit each; none where it is not
/// known.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// Returns whether the terminal sends its signals to this process, and so to the program too, which
/// is in the same group.
fn is_in_foreground() -> bool {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold anything.
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let (group, of_terminal) = (fields.nth(2), fields.nth(2));
    group.is_some() && group == of_terminal
}

pub(super) fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

pub(super) fn end_by(signal: i32) -> u8 {
    // Process 1 of a container cannot be killed by itself.
    if std::process::id() != 1 && !WITH_CORE.contains(&signal) {
        let _ = emulate_default_handler(signal);
    }
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_named_as_people_and_systems_do() {
        for (name, number) in [
            ("TERM", Some(SIGTERM)),
            ("SIGTERM", Some(SIGTERM)),
            ("int", Some(SIGINT)),
            ("15", Some(15)),
            ("34", Some(34)),
            ("0", None),
            ("TREM", None),
            ("", None),
            ("SIG", None),
        ] {
            assert_eq!(signal_named(name), number, "{name}");
        }
    }

    #[test]
    fn all_that_is_to_be_handed_on_can_be_caught() {
        assert!(SignalsInfo::<WithOrigin>::new(meant()).is_ok());
    }

    /// Issue 12, point 8.
    #[test]
    fn a_stop_is_a_death_by_that_signal_or_its_code_after_it_came() {
        let attendance = |came: &[i32]| Attendance {
            signals: None,
            came: came
                .iter()
                .map(|signal| Came {
                    signal: *signal,
                    from: " from init, pid 1".to_owned(),
                })
                .collect(),
            last: None,
        };
        let killed = ExitStatus::from_raw;
        let exited = |code: i32| ExitStatus::from_raw(code << 8);
        let asked = Some("asked to end: SIGTERM from init, pid 1".to_owned());
        for (came, status, stop) in [
            (&[SIGTERM][..], killed(SIGTERM), asked.clone()),
            (&[SIGTERM], exited(143), asked),
            (&[], killed(SIGTERM), Some("killed by SIGTERM".to_owned())),
            (&[], exited(143), None),
            (&[SIGTERM], exited(1), None),
            (&[SIGTERM], exited(0), None),
            (&[SIGTERM], killed(SIGSEGV), None),
            (&[SIGHUP], killed(SIGHUP), None),
        ] {
            let found = attendance(came).stop(status, &[SIGTERM, SIGINT]);
            assert_eq!(found, stop, "{came:?} {status:?}");
        }
        // SIGHUP only asks a service to read its settings again: its end is a failure.
        let asked = |came: &[i32], status| attendance(came).asked(status);
        assert_eq!(asked(&[SIGHUP], exited(1)), None);
        assert!(asked(&[SIGHUP], exited(129)).is_some());
        assert!(asked(&[SIGHUP, SIGTERM], exited(1)).is_some());
    }
}
