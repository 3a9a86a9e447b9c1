//! A program that runs under ours: what signals it gets, and how it ends.

use std::process::ExitStatus;

#[cfg(unix)]
pub(crate) use unix::Attendance;

/// Waits for a program, and hands signals on to it.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Attendance;

#[cfg(not(unix))]
impl Attendance {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn wait(&mut self, child: &mut std::process::Child) -> std::io::Result<ExitStatus> {
        child.wait()
    }

    pub(crate) fn let_go(&self) {}
}

/// Says how a program ended; `None` where it succeeded.
pub(crate) fn cause(status: ExitStatus) -> Option<String> {
    #[cfg(unix)]
    if let Some(signal) = unix::signal(status) {
        return Some(match signal_hook::low_level::signal_name(signal) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {signal}"),
        });
    }
    match status.code() {
        Some(0) => None,
        Some(code) => Some(format!("exited with code {code}")),
        None => Some("ended in a way that is not known".to_owned()),
    }
}

/// Returns the exit code that says how a program ended. Where a signal killed it that writes no core,
/// this process is killed by the same one and does not return.
pub(crate) fn end_as(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = unix::signal(status) {
        return unix::end_by(signal);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(u8::MAX)
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Child, ExitStatus};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use signal_hook::consts::{
        SIGABRT, SIGBUS, SIGCHLD, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGQUIT, SIGSEGV, SIGSYS,
        SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,
    };
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use crate::exit;

    /// What is meant for the program.
    const HANDED_ON: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];

    /// What a terminal sends to the program as well.
    const FROM_TERMINAL: [i32; 3] = [SIGINT, SIGQUIT, SIGHUP];

    /// A second core, of us, would mislead whoever looks for the first.
    const WITH_CORE: [i32; 10] = [
        SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ,
    ];

    /// Waits for a program, and hands signals on to it.
    #[derive(Debug)]
    pub(crate) struct Attendance {
        /// `None` where they cannot be watched.
        signals: Option<Signals>,
        /// From then on a signal ends this process.
        is_over: Arc<AtomicBool>,
    }

    impl Attendance {
        /// Watches signals, from now on.
        pub(crate) fn new() -> Self {
            let is_over = Arc::new(AtomicBool::new(false));
            let ignored = ignored();
            // What is ignored, as under `nohup`, is for the program to ignore too.
            let signals = HANDED_ON
                .into_iter()
                .filter(|signal| ignored & (1 << (signal - 1)) == 0);
            let watched: Vec<_> = signals.collect();
            for signal in &watched {
                let _ = flag::register_conditional_default(*signal, is_over.clone());
            }
            Self {
                signals: Signals::new(watched.iter().chain([&SIGCHLD])).ok(),
                is_over,
            }
        }

        /// Waits for the program's end.
        pub(crate) fn wait(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
            let Some(signals) = &mut self.signals else {
                return child.wait();
            };
            loop {
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
                for signal in signals.wait() {
                    let has_it = FROM_TERMINAL.contains(&signal) && is_in_foreground();
                    if signal != SIGCHLD && !has_it {
                        exit::send_signal(child, signal);
                    }
                }
            }
        }

        /// Lets signals end this process, for there is nobody to hand them on to.
        pub(crate) fn let_go(&self) {
            self.is_over.store(true, Ordering::Relaxed);
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

    /// Tells whether the terminal sends its signals to this process, and so to the program too, which
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
}
