//! What the operating system is asked for: files, locks, signals, deadlines, and the one file with `unsafe`.

pub(crate) mod clock;
pub(crate) mod engine;
pub(crate) mod fault;
pub(crate) mod ffi;
pub(crate) mod file;
pub(crate) mod folder;
pub(crate) mod harness;
pub(crate) mod inbox;
pub(crate) mod isolate;
pub(crate) mod landlord;
pub(crate) mod lock;
pub(crate) mod machine;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod patience;
pub(crate) mod plan_files;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod redact;
#[cfg(unix)]
pub(crate) mod signals;
pub(crate) mod thread;
pub(crate) mod timezone;
pub(crate) mod unrunnable;
pub(crate) mod warning;
pub(crate) mod worker;
pub(crate) mod zoneinfo;
