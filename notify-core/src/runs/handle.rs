//! The way to a run under way: for what it says of itself.

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::future;
use std::pin::pin;
use std::sync::Arc;

use crate::os::isolate;
use crate::os::warning::Warning;
use crate::runs::run_data::{self, RunData};
use crate::runs::stack;
use crate::runs::unended;
use crate::status::facts::{self, Dropped};

thread_local! {
    /// The runs that this thread works for, the innermost last, each with how many runs were on its stack then.
    static WORKS_FOR: RefCell<Vec<(usize, Arc<RunData>)>> = const { RefCell::new(Vec::new()) };
}

/// A run under way, for threads and tasks that work for it. Once the run has ended, it does nothing.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use pipeline_notify::{fact, notify};
///
/// #[notify]
/// fn load(files: &[&str]) {
///     let run = pipeline_notify::current();
///     thread::scope(|scope| {
///         for file in files {
///             let run = &run;
///             // What it says, and what it logs, is of the run.
///             scope.spawn(move || run.in_scope(|| fact(file, 44)));
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
    Handle(innermost())
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
    with_innermost(|run| run.map(|run| say(run, name, value)));
}

/// Says how far the innermost run on this thread has come: `done` of `total`, in whatever both count. Outside a run
/// nothing happens, and where either is no number from 0 neither.
///
/// While the run goes on `pipeline-notify status`, the page, and the alert of one that is overdue show `45 %, 2 h left`:
/// the rest by the pace since this was first said. It is cheap enough for each turn of a loop: it writes two
/// numbers, and a thread of the library looks at them once a second.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{notify, progress};
///
/// #[notify(start = true)]
/// fn train(epochs: usize) {
///     for epoch in 0..epochs {
///         progress(epoch, epochs);
///     }
/// }
///
/// train(3);
/// ```
pub fn progress(done: impl TryInto<u64>, total: impl TryInto<u64>) {
    with_innermost(|run| run.map(|run| advance(run, done, total)));
}

/// The same where nobody knows of how much: `4500 done` is shown.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{notify, progress_unknown};
///
/// #[notify]
/// fn copy(rows: impl Iterator<Item = String>) -> usize {
///     rows.enumerate().map(|(number, _)| progress_unknown(number)).count()
/// }
///
/// assert_eq!(copy(["a".to_owned()].into_iter()), 1);
/// ```
pub fn progress_unknown(done: impl TryInto<u64>) {
    progress(done, run_data::UNKNOWN);
}

impl Handle {
    /// Says a fact of the run, as [`fact`] does of the innermost one.
    pub fn fact(&self, name: &str, value: impl Display) {
        if let Some(data) = &self.0 {
            say(data, name, value);
        }
    }

    /// Says how far the run has come, as [`progress`] does of the innermost one.
    pub fn progress(&self, done: impl TryInto<u64>, total: impl TryInto<u64>) {
        if let Some(data) = &self.0 {
            advance(data, done, total);
        }
    }

    /// The same where nobody knows of how much, as [`progress_unknown`] does.
    pub fn progress_unknown(&self, done: impl TryInto<u64>) {
        self.progress(done, run_data::UNKNOWN);
    }

    /// Runs a piece of code that works for the run: what it says with [`fact`] is of this run, what it logs is in
    /// the run's [last lines](crate::LastLines), and [`current`] is this handle. An annotated function that it
    /// calls is a run of its own all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use pipeline_notify::notify;
    ///
    /// #[notify]
    /// fn load() -> Result<(), &'static str> {
    ///     let run = pipeline_notify::current();
    ///     let worker = thread::spawn(move || {
    ///         run.in_scope(|| log::info!("reading orders.csv"));
    ///     });
    ///     worker.join().map_err(|_| "the worker has panicked")
    /// }
    ///
    /// assert_eq!(load(), Ok(()));
    /// ```
    pub fn in_scope<R>(&self, body: impl FnOnce() -> R) -> R {
        let _scope = self.0.as_ref().map(Scope::begin);
        body()
    }

    /// Makes each poll of a future a piece of code that works for the run, as [`in_scope`](Self::in_scope) does:
    /// for a task that is spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{fact, notify};
    ///
    /// #[notify]
    /// async fn load() -> usize {
    ///     let run = pipeline_notify::current();
    ///     let task = run.instrument(async {
    ///         fact("rows", 44);
    ///         44
    ///     });
    ///     // Or `tokio::spawn(task).await`.
    ///     task.await
    /// }
    /// # use std::task::{Context, Poll, Waker};
    /// # let mut load = std::pin::pin!(load());
    /// # let polled = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    /// # assert_eq!(polled, Poll::Ready(44));
    /// ```
    pub fn instrument<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let run = self.clone();
        async move {
            let mut future = pin!(future);
            future::poll_fn(|context| run.in_scope(|| future.as_mut().poll(context))).await
        }
    }
}

/// While this lives, its thread works for a run.
struct Scope(usize);

impl Scope {
    fn begin(run: &Arc<RunData>) -> Self {
        let push = |scopes: &RefCell<Vec<_>>| {
            let mut scopes = scopes.try_borrow_mut().ok()?;
            scopes.push((stack::depth(), Arc::clone(run)));
            Some(scopes.len() - 1)
        };
        // A thread that is being torn down has no scopes any more.
        Self(
            WORKS_FOR
                .try_with(push)
                .ok()
                .flatten()
                .unwrap_or(usize::MAX),
        )
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let _ = WORKS_FOR.try_with(|scopes| {
            if let Ok(mut scopes) = scopes.try_borrow_mut() {
                scopes.truncate(self.0);
            }
        });
    }
}

/// Returns the run that this thread speaks for: the innermost on its stack, or one that it works for.
pub(crate) fn innermost() -> Option<Arc<RunData>> {
    with_innermost(|run| run.map(Arc::clone))
}

/// Lends the run that this thread speaks for.
pub(crate) fn with_innermost<R>(used: impl FnOnce(Option<&Arc<RunData>>) -> R) -> R {
    if isolate::is_bare() {
        return used(None);
    }
    let scope = WORKS_FOR.try_with(|scopes| {
        let scopes = scopes.try_borrow().ok()?;
        let (depth, run) = scopes.last()?;
        // Unless a run has begun within it.
        (*depth >= stack::depth()).then(|| Arc::clone(run))
    });
    match (scope, stack::innermost()) {
        (Ok(Some(run)), _) => used(Some(&run)),
        (_, Some(run)) => run_data::with(run, |run| used(Some(run))),
        (_, None) => used(None),
    }
}

fn say(data: &RunData, name: &str, value: impl Display) {
    let said = facts::written(value).and_then(|value| data.put(name, value));
    if data.take_watch() {
        unended::watch_news(data.number());
    }
    if let Err(dropped) = said {
        warn(dropped);
    }
}

fn advance(data: &RunData, done: impl TryInto<u64>, total: impl TryInto<u64>) {
    let (Ok(done), Ok(total)) = (done.try_into(), total.try_into()) else {
        return;
    };
    data.advance(done, total);
    if data.take_watch() {
        unended::watch_news(data.number());
    }
}

#[cold]
fn warn(dropped: Dropped) {
    Warning::new(format!("{dropped:?} of a fact"), dropped.words()).warn();
}
