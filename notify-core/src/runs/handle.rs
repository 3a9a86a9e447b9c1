//! The way to a run under way: for what it says of itself.

use std::fmt::{self, Display};
use std::sync::Arc;

use crate::os::warning::Warning;
use crate::runs::run_data::{self, RunData};
use crate::runs::stack;
use crate::status::facts::{self, Dropped};

/// A run under way, for threads and tasks that work for it. Once the run has ended, it does nothing.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use pipeline_notify::notify;
///
/// #[notify]
/// fn load(files: &[&str]) {
///     let run = pipeline_notify::current();
///     thread::scope(|scope| {
///         for file in files {
///             let run = &run;
///             scope.spawn(move || run.fact(file, 44));
///         }
///     });
/// }
///
/// load(&["orders", "returns"]);
/// ```
#[derive(Clone, Default)]
#[must_use = "it is the way to a run, and does nothing by itself"]
pub struct Handle(Option<Arc<RunData>>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Returns a handle of the innermost run on this thread: of the one that was called last, and in
/// asynchronous code of the one that is being polled. Outside a run it is a handle of none, and does nothing.
///
/// # Examples
///
/// ```
/// // Outside a run nothing happens.
/// pipeline_notify::current().fact("rows", 44);
/// ```
pub fn current() -> Handle {
    Handle(stack::innermost().map(run_data::of))
}

/// Says a fact of the innermost run on this thread, as `fact.rows: 44` in its status file and beside it in
/// its alerts and its history. Outside a run nothing happens.
///
/// A later fact of the same name takes the place of an earlier one. A run may have 32; a name is 1 to 64 of the
/// letters `a` to `z`, digits, `_`, `.` and `-`; a value has at most 256 bytes. What is beyond is dropped, with
/// one warning.
///
/// A thread or task that works for a run says facts by its [`Handle`].
///
/// # Examples
///
/// ```
/// use pipeline_notify::{fact, notify};
///
/// #[notify]
/// fn load(rows: &[u32]) -> usize {
///     fact("rows", rows.len());
///     fact("file", "orders.csv");
///     rows.len()
/// }
///
/// assert_eq!(load(&[1, 2, 3]), 3);
/// ```
pub fn fact(name: &str, value: impl Display) {
    if let Some(run) = stack::innermost() {
        say(&run_data::of(run), name, value);
    }
}

impl Handle {
    /// Says a fact of the run, as [`fact`] does of the innermost one.
    pub fn fact(&self, name: &str, value: impl Display) {
        if let Some(data) = &self.0 {
            say(data, name, value);
        }
    }
}

fn say(data: &RunData, name: &str, value: impl Display) {
    let said = facts::written(value).and_then(|value| data.put(name, value));
    if let Err(dropped) = said {
        warn(dropped);
    }
}

#[cold]
fn warn(dropped: Dropped) {
    Warning::new(format!("{dropped:?} of a fact"), dropped.words()).tell();
}
