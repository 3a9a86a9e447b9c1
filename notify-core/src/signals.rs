//! Signals that end the process, reported at once where the user asks for it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

const ENDING: [(i32, &str); 3] = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")];

static REPORT: OnceLock<fn(&'static str)> = OnceLock::new();

/// Sets what is called with the name of a signal that is about to end the process.
pub(crate) fn at_signal(report: fn(&'static str)) {
    let _ = REPORT.set(report);
}

/// Watches signals, from now on: each is reported, and then does what it would have done.
///
/// # Errors
///
/// Where handlers cannot be installed, or no thread be started.
pub(crate) fn watch() -> io::Result<()> {
    static IS_WATCHED: AtomicBool = AtomicBool::new(false);
    let Some(report) = REPORT.get() else {
        return Ok(());
    };
    if IS_WATCHED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let signals = ENDING.map(|(signal, _)| signal);
    let is_ending = Arc::new(AtomicBool::new(false));
    for signal in signals {
        // Somebody who presses Ctrl-C twice does not want to wait.
        flag::register_conditional_default(signal, is_ending.clone())?;
    }
    let mut received = Signals::new(signals)?;
    let work = move || {
        if let Some(signal) = received.forever().next() {
            is_ending.store(true, Ordering::Relaxed);
            let name = ENDING.into_iter().find(|(known, _)| *known == signal);
            report(name.map_or("a signal", |(_, name)| name));
            // Process 1 of a container lives on: there the default is to ignore the signal.
            if std::process::id() != 1 {
                let _ = emulate_default_handler(signal);
            }
            std::process::exit(128 + signal);
        }
    };
    thread::Builder::new()
        .name("notify-signals".to_owned())
        .spawn(work)
        .map(|_| ())
}
