//! What a panic was: its message from the payload, its place and backtrace from a hook.
//!
//! Each way alone loses cases. A caught payload has no place and no backtrace; the hook is lost
//! where a program replaces it, and does not run for a panic that is resumed. So both are used: the
//! hook takes notes, and whoever catches a payload looks for the note that fits it.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::format::backtrace;
use crate::os::engine::{Part, Slot};
use crate::os::ffi::OnceBox;
use crate::os::isolate::Payload;
use crate::os::mutex::Mutex;
use crate::os::once::Once;
use crate::os::patience::ask_for_a_while;
use crate::runs::stack;
use crate::status::bounded::Bounded;
use crate::status::outcome::Panic;

/// Notes that are kept: more panics than this at once, on as many threads, lose their place.
const NOTES: usize = 32;

static NOTEBOOK: Part<Mutex<Notebook>> = Part::new(Slot::Panics);

/// Panics so far. A forked child goes on from its parent's number: runs that began before the fork remember
/// that.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Which of our hooks takes notes: the one that was installed last, for an earlier one may be called
/// by it.
static HOOK: AtomicUsize = AtomicUsize::new(0);

/// What the hook calls where a panic ends the process.
static ON_ABORT: OnceBox<OnAbort> = OnceBox::new();

/// What the hook calls under `panic = "abort"`.
#[derive(Clone, Copy)]
pub(crate) struct OnAbort {
    /// Called before the hook that was there before: records the panic in the runs under way.
    pub(crate) record: fn(&Panic),
    /// Called after it, for then there is time.
    pub(crate) deliver: fn(),
}

/// What is said where a thread has panicked, and not with what: the `Debug` of what `join` returns, the panic of
/// `thread::scope`, and a lock that a panic has poisoned, by `Debug` and `Display`.
const VAGUE: [&str; 4] = [
    "Any { .. }",
    "a scoped thread panicked",
    "PoisonError { .. }",
    "poisoned lock: another task failed inside",
];

/// How many panics of other threads are named as the cause of one.
const ELSEWHERE: usize = 3;

/// What the hook saw.
struct Note {
    thread: ThreadId,
    /// The thread's name.
    name: Option<String>,
    panic: Panic,
    /// It happened inside a run, which takes it unless the function caught it.
    is_in_a_run: bool,
    /// A payload was found for it.
    is_taken: bool,
}

/// A panic that is taken from one thread to another, by `join` say, is resumed there within this time.
const RESUMED: Duration = Duration::from_secs(1);

/// A payload on its way: the same address and message again is the same panic, as long as it can be.
/// Once a payload is dropped, that of the next panic may have its address.
struct Sighting {
    address: usize,
    thread: ThreadId,
    at: Instant,
    message: Option<String>,
    panic: Panic,
}

#[derive(Default)]
struct Notebook {
    notes: VecDeque<Note>,
    sightings: VecDeque<Sighting>,
}

/// Sets what the hook calls where a panic ends the process.
pub(crate) fn on_abort(calls: OnAbort) {
    ON_ABORT.get_or_make(|| calls);
}

/// Installs the hook, unless that was done before.
///
/// A thread whose first run begins meanwhile waits for that: a panic of its run would lose its place.
pub(crate) fn watch() {
    static INSTALLATION: Once<()> = Once::new();
    // While it panics a thread may not change the hook: then the next run does.
    if !thread::panicking() {
        INSTALLATION.get_or_make(install);
    }
}

/// Puts the panic hook of this library on top of the one that is there, which it calls.
///
/// The first run of an annotated function does that by itself. A program that replaces the hook
/// afterwards, as `color_eyre::install()` does, takes the place and the backtrace out of the reports
/// of panics (their message stays), and gets them back by a call of this function.
///
/// It prints nothing. On a thread that is panicking it does nothing.
///
/// ```
/// std::panic::set_hook(Box::new(|_| {})); // as other libraries do
/// pipeline_notify::install_panic_hook();
/// ```
pub fn install_panic_hook() {
    if !thread::panicking() {
        install();
    }
}

fn install() {
    let this = HOOK.fetch_add(1, Ordering::Relaxed) + 1;
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if HOOK.load(Ordering::Relaxed) != this {
            return earlier(info);
        }
        let panic = note(info);
        let on_abort = ON_ABORT.get().filter(|_| cfg!(panic = "abort"));
        if let Some(calls) = on_abort {
            (calls.record)(&panic);
        }
        earlier(info);
        if let Some(calls) = on_abort {
            (calls.deliver)();
        }
    }));
}

/// Writes down what the hook sees.
fn note(info: &PanicHookInfo<'_>) -> Panic {
    let is_in_a_run = stack::is_nested();
    let backtrace = if is_in_a_run {
        let backtrace = Backtrace::capture();
        (backtrace.status() == BacktraceStatus::Captured)
            .then(|| backtrace::trim(&bounded(&backtrace)))
    } else {
        None
    };
    let mut panic = Panic {
        location: info.location().map(ToString::to_string),
        backtrace,
        ..Panic::new(message(info.payload()), 0)
    };
    if let Some(mut notebook) = try_notebook() {
        panic.identity = next();
        if notebook.notes.len() == NOTES {
            notebook.notes.pop_front();
        }
        notebook.notes.push_back(Note {
            thread: thread::current().id(),
            name: thread::current()
                .name()
                .map(|name| format!("thread '{name}'")),
            panic: panic.clone(),
            is_in_a_run,
            is_taken: false,
        });
    }
    panic
}

/// Returns what is known of a panic that was caught.
///
/// `since` is what [`count`] said before what panicked was called.
pub(crate) fn of(payload: &Payload, since: usize) -> Panic {
    let message = message(&**payload);
    // A payload without a size has no address of its own.
    let address = match size_of_val(&**payload) {
        0 => None,
        _ => Some(std::ptr::from_ref(&**payload).addr()),
    };
    let mut notebook = notebook();
    let mut panic = notebook
        .take(message.as_deref())
        .or_else(|| notebook.seen(address?, message.as_deref(), since))
        .unwrap_or_else(|| Panic::new(message.clone(), next()));
    let text = message.as_deref().unwrap_or_default();
    panic.cause = notebook.cause(text, since);
    if let Some(address) = address {
        notebook.see(address, message, &panic);
    }
    panic
}

/// Returns what is known of the panic that unwinds this thread, where its payload cannot be had.
///
/// `since` is what [`count`] said before.
pub(crate) fn unwinding(since: usize) -> Panic {
    let this = thread::current().id();
    let notebook = notebook();
    let note = notebook.notes.iter().rev();
    let mut fitting = note.filter(|note| note.thread == this && note.panic.identity > since);
    if let Some(note) = fitting.next() {
        let mut panic = note.panic.clone();
        panic.cause = notebook.cause(panic.message.as_deref().unwrap_or_default(), since);
        return panic;
    }
    Panic::new(None, next())
}

/// Describes the panic of another thread, by what `join` returned for it.
pub(crate) fn elsewhere(payload: &dyn Any) -> String {
    let message = message(payload);
    let this = thread::current().id();
    let notebook = notebook();
    let mut notes = notebook.notes.iter().rev();
    let note = notes.find(|note| note.thread != this && note.panic.message == message);
    Panic {
        location: note.and_then(|note| note.panic.location.clone()),
        ..Panic::new(message, 0)
    }
    .text()
}

/// Returns whether a text says no more than that another thread has panicked.
pub(crate) fn is_vague(text: &str) -> bool {
    VAGUE.iter().any(|vague| text.contains(vague))
}

/// Returns what the hook saw on other threads, where a text says no more than that one has panicked.
pub(crate) fn cause(text: &str) -> Option<String> {
    // The latest alone, for it is not known since when they count.
    notebook().cause(text, count())
}

/// Counts the panics so far.
pub(crate) fn count() -> usize {
    PANICS.load(Ordering::Relaxed)
}

/// Distinguishes one panic from another.
fn next() -> usize {
    PANICS.fetch_add(1, Ordering::Relaxed) + 1
}

impl Notebook {
    /// Takes the latest note that fits: of this thread or, for a panic that was resumed here, of the
    /// one where it began. There the text alone distinguishes them.
    fn take(&mut self, message: Option<&str>) -> Option<Panic> {
        let this = thread::current().id();
        let fits = |note: &Note| !note.is_taken && note.panic.message.as_deref() == message;
        let of_this = |note: &Note| note.thread == this && fits(note);
        let note = match self.notes.iter().rposition(of_this) {
            Some(index) => self.notes.get_mut(index),
            None => self
                .notes
                .iter_mut()
                .rev()
                .find(|note| message.is_some() && fits(note)),
        }?;
        note.is_taken = true;
        Some(note.panic.clone())
    }

    /// Returns the panics of other threads that `text` may be about: those since then, else the latest.
    ///
    /// What happened inside a run is not among them: the run has ended with it, or the function caught it.
    fn cause(&self, text: &str, since: usize) -> Option<String> {
        if !is_vague(text) {
            return None;
        }
        let this = thread::current().id();
        // Nor one that only met what another had left.
        let says_more = |note: &&Note| !note.panic.message.as_deref().is_some_and(is_vague);
        let elsewhere = self.notes.iter().rev().filter(|note| note.thread != this);
        let elsewhere = elsewhere.filter(says_more);
        let free = elsewhere
            .clone()
            .filter(|note| !note.is_taken && !note.is_in_a_run);
        let recent = free.clone().filter(|note| note.panic.identity > since);
        let mut notes: Vec<_> = recent.take(ELSEWHERE).collect();
        if notes.is_empty() {
            notes.extend(free.chain(elsewhere).next());
        }
        notes.reverse();
        let texts = notes.iter().map(|note| {
            let name = note.name.as_deref().unwrap_or("another thread");
            format!("\n  caused by: {name} {}", note.panic.text())
        });
        Some(texts.collect()).filter(|texts: &String| !texts.is_empty())
    }

    fn seen(&self, address: usize, message: Option<&str>, since: usize) -> Option<Panic> {
        let this = thread::current().id();
        let mut sightings = self.sightings.iter();
        sightings
            .find(|seen| {
                seen.address == address
                    && seen.message.as_deref() == message
                    && (seen.panic.identity > since
                        || seen.thread != this && seen.at.elapsed() < RESUMED)
            })
            .map(|seen| seen.panic.clone())
    }

    fn see(&mut self, address: usize, message: Option<String>, panic: &Panic) {
        self.sightings.retain(|seen| seen.address != address);
        if self.sightings.len() == NOTES {
            self.sightings.pop_front();
        }
        self.sightings.push_back(Sighting {
            address,
            thread: thread::current().id(),
            at: Instant::now(),
            message,
            panic: panic.clone(),
        });
    }
}

fn notebook() -> MutexGuard<'static, Notebook> {
    NOTEBOOK.get().lock()
}

/// The hook waits for nobody for long: its thread may be the one that holds what it waits for.
fn try_notebook() -> Option<MutexGuard<'static, Notebook>> {
    ask_for_a_while(|| NOTEBOOK.get().try_lock())
}

fn message(payload: &dyn Any) -> Option<String> {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        Some(bounded(text))
    } else if let Some(text) = payload.downcast_ref::<String>() {
        Some(bounded(text))
    } else {
        // `panic_any(payload)`, where `resume_unwind(payload)` was meant.
        message(&**payload.downcast_ref::<Payload>()?)
    }
}

fn bounded(text: &dyn std::fmt::Display) -> String {
    let mut bounded = Bounded::default();
    let _ = write!(bounded, "{text}");
    bounded.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_reads_the_notes_of_panics_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(notebook));
    }

    #[test]
    fn a_panic_keeps_its_place_where_its_hook_meets_a_busy_thread() {
        watch();
        let since = count();
        let (held, is_held) = std::sync::mpsc::channel();
        let busy = thread::spawn(move || {
            let _notebook = notebook();
            held.send(()).unwrap();
            thread::sleep(Duration::from_millis(20));
        });
        is_held.recv().unwrap();
        let payload = std::panic::catch_unwind(|| panic!("beside a busy thread")).unwrap_err();
        let panic = of(&payload, since);
        assert!(panic.location.is_some(), "{panic:?}");
        busy.join().unwrap();
    }

    #[test]
    fn a_panic_that_no_hook_saw_is_the_same_in_the_calls_around_it_and_nowhere_else() {
        let around = count();
        let payload: Payload = Box::new("no hook has seen this".to_owned());
        let first = of(&payload, count());
        assert_eq!(of(&payload, around).identity, first.identity);
        // The next panic's payload may lie where this one's lay.
        assert_ne!(of(&payload, count()).identity, first.identity);

        let last = of(&payload, count());
        let elsewhere = thread::spawn(move || of(&payload, count()).identity);
        assert_eq!(elsewhere.join().unwrap(), last.identity);
    }
}
