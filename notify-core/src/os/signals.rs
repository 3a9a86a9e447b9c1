//! Signals that end the process, reported at once where the user asks for it.
//!
//! The program's own handlers come first: one that is there already stays, and one that is set later replaces
//! ours. A program that ends in good order must not be killed by us.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{SIGHUP, SIGINT, SIGTERM};

use crate::os::engine::{Part, Slot};
use crate::os::ffi::{self, OnceBox};
use crate::os::thread;

const ENDING: [(i32, &str); 3] = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")];

static REPORT: OnceBox<fn(&'static str) -> Next> = OnceBox::new();

/// Whether a thread waits for signals: in a forked child none does.
static IS_WATCHED: Part<AtomicBool> = Part::new(Slot::Signals);

/// What becomes of the process once its signal is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The signal ends it, as it would have done.
    Ends,
    /// It is on its way out already, and leaves with the code that it has.
    Leaves,
}

/// Sets what is called with the name of a signal that is about to end the process.
pub(crate) fn at_signal(report: fn(&'static str) -> Next) {
    REPORT.get_or_make(|| report);
}

/// Watches signals, from now on: each that the program leaves alone is reported, and then does what it
/// would have done.
pub(crate) fn watch() -> io::Result<()> {
    let Some(report) = REPORT.get() else {
        return Ok(());
    };
    if IS_WATCHED.get().swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let mut free = ENDING.iter().filter(|(signal, _)| ffi::is_free(*signal));
    let Some(first) = free.next() else {
        return Ok(());
    };
    ffi::expect_signals();
    let work = || {
        let signal = ffi::next_signal();
        let name = ENDING.into_iter().find(|(known, _)| *known == signal);
        if report(name.map_or("a signal", |(_, name)| name)) == Next::Ends {
            ffi::die_by(signal);
            // Process 1 of a container lives on: there the default is to ignore the signal.
            std::process::exit(128 + signal);
        }
    };
    thread::spawn("notify-signals", work)?;
    for (signal, _) in std::iter::once(first).chain(free) {
        ffi::catch_signal(*signal)?;
    }
    Ok(())
}

/// Gives the signals back that are still watched.
pub(crate) fn let_go() {
    for (signal, _) in ENDING {
        ffi::release_signal(signal);
    }
}
