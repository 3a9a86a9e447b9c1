//! A logger that keeps the last lines of each run, and hands each record on.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use log::kv::{self, Key, Value, VisitSource, VisitValue};
use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};

use crate::os::isolate;
use crate::os::warning::TARGET;
use crate::runs::handle;
use crate::runs::log_ring::{self, Line, Text};
use crate::runs::registry;
use crate::runs::run_data::RunData;

/// The lowest level of a line that is kept.
const LOWEST: Level = Level::Info;

/// How deep a logger may log from inside itself before its lines are dropped: it would never end.
const MOST_INSIDE: u8 = 4;

thread_local! {
    /// How many calls of loggers are on this thread's stack.
    static INSIDE: Cell<u8> = const { Cell::new(0) };
}

/// Keeps the last log lines of each run for its alert: the alert of a failed run, and its status file, show what
/// the program was doing.
///
/// It stands around the logger of the `log` crate that the program has; with the feature `tracing`,
/// `LastLines::layer` makes a layer for `tracing-subscriber` that does the same. Of each run the last 50 lines
/// are kept, at most 8 KiB, from [`Level::Info`] up: time, level, target, message and fields. Nothing of it is in an
/// `OK`. Lines are of the run
///
/// - that is under way on their thread, or being polled on it, and of those around it;
/// - whose [`Handle`](crate::Handle) their thread or task was given: [`in_scope`](crate::Handle::in_scope),
///   [`instrument`](crate::Handle::instrument);
/// - with `tracing`: in which their span was made;
/// - else of the one outermost run that is under way; where none is or several are, of none.
///
/// Secrets that the library knows are hidden, and what a terminal obeys is removed. The status file is for all to
/// read unless `NOTIFY_FILE_MODE` says otherwise: a program that logs what not everybody should see sets it to `0640`.
///
/// The lines are kept in memory: the alert of a run that was killed has none. Its facts and its progress are in
/// it, for these are written down while it runs.
///
/// # Costs
///
/// [`log::max_level`] is raised to `Info`: what the macros did not even format before is formatted for the run. The
/// logger inside gets what it got before, and filters as it did.
///
/// # Examples
///
/// ```
/// use log::{Log, Metadata, Record};
/// use pipeline_notify::{LastLines, notify};
///
/// /// In its place stands `env_logger::Builder::from_default_env().build()` or the like, and before `wrap`
/// /// `log::set_max_level(logger.filter())`, as its own `init` does.
/// struct Quiet;
///
/// impl Log for Quiet {
///     fn enabled(&self, _: &Metadata<'_>) -> bool {
///         false
///     }
///     fn log(&self, _: &Record<'_>) {}
///     fn flush(&self) {}
/// }
///
/// #[notify]
/// fn load() -> Result<(), &'static str> {
///     log::info!("reading orders.csv");
///     Err("line 7 is no order")
/// }
///
/// LastLines::wrap(Quiet).install()?;
/// assert_eq!(log::max_level(), log::LevelFilter::Info);
/// assert!(load().is_err(), "its alert shows the line");
/// # Ok::<(), log::SetLoggerError>(())
/// ```
pub struct LastLines {
    logger: Box<dyn Log>,
    /// What it gets: all that the macros let through before.
    passes: LevelFilter,
}

impl fmt::Debug for LastLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastLines").finish_non_exhaustive()
    }
}

impl LastLines {
    /// Takes the logger that gets each record after it was kept, and raises [`log::max_level`] to `Info`.
    ///
    /// What was set before with [`log::set_max_level`] stays the bound of that logger, and lets `Debug` and `Trace`
    /// through to it: `log::set_max_level(logger.filter())` for `env_logger`. Where nothing was set, it gets `Info` at
    /// most. It is to be set first, for what is set later bounds both.
    #[must_use = "it is to be installed: `install`, or `log::set_boxed_logger`"]
    pub fn wrap(logger: impl Log + 'static) -> Self {
        let passes = match log::max_level() {
            // Nothing was set: the logger filters by itself.
            LevelFilter::Off => LevelFilter::Trace,
            level => level,
        };
        raise();
        Self {
            logger: Box::new(logger),
            passes,
        }
    }

    /// Keeps so many lines of each run, at most 500. Defaults to 50.
    #[must_use = "it is to be installed: `install`, or `log::set_boxed_logger`"]
    pub fn lines(self, lines: usize) -> Self {
        log_ring::set_lines(lines);
        self
    }

    /// Keeps so many bytes of each run, at most 16 KiB. Defaults to 8 KiB. A longer line is cut.
    #[must_use = "it is to be installed: `install`, or `log::set_boxed_logger`"]
    pub fn bytes(self, bytes: usize) -> Self {
        log_ring::set_bytes(bytes);
        self
    }

    /// Makes it the logger of the program.
    ///
    /// # Errors
    ///
    /// Where the program has one already.
    pub fn install(self) -> Result<(), SetLoggerError> {
        log::set_boxed_logger(Box::new(self))?;
        raise();
        Ok(())
    }

    fn is_passed(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.passes
    }
}

fn raise() {
    if log::max_level() < LOWEST {
        log::set_max_level(LOWEST.to_level_filter());
    }
}

/// Returns whether a logger is at work on this thread that keeps what it gets.
#[cfg(feature = "tracing")]
pub(crate) fn is_logging() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(MOST_INSIDE) > 0
}

/// Returns whether lines of a target are the program's: the library's own are no news of a run.
pub(crate) fn is_of_program(target: &str) -> bool {
    target != TARGET
}

impl Log for LastLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_kept = metadata.level() <= LOWEST && is_of_program(metadata.target());
        is_kept || self.is_passed(metadata) && self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let inside = INSIDE.try_with(Cell::get).unwrap_or(MOST_INSIDE);
        // What the logger itself logs is no line of the run.
        if inside == 0 && record.level() <= LOWEST && is_of_program(record.target()) {
            keep_record(record);
        }
        if inside < MOST_INSIDE && self.is_passed(record.metadata()) {
            let _inside = Inside::begin(inside);
            self.logger.log(record);
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// While this lives, a logger is at work on this thread.
struct Inside(u8);

impl Inside {
    fn begin(before: u8) -> Self {
        let _ = INSIDE.try_with(|inside| inside.set(before + 1));
        Self(before)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.set(self.0));
    }
}

fn keep_record(record: &Record<'_>) {
    keep(None, record.level(), |text| {
        text.write_str(record.target())?;
        text.write_char(':')?;
        text.write_char(' ')?;
        match record.args().as_str() {
            Some(message) => text.write_str(message)?,
            None => text.write_fmt(*record.args())?,
        }
        let _ = record.key_values().visit(&mut Pairs(text));
        Ok(())
    });
}

/// Writes fields behind a message.
struct Pairs<'a>(&'a mut Text);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.write_char(' ')?;
        self.0.write_str(key.as_str())?;
        self.0.write_char('=')?;
        value.visit(&mut Written(self.0))
    }
}

/// Writes a value by what it is: to ask that is cheaper than to have it show itself.
struct Written<'a>(&'a mut Text);

impl VisitValue<'_> for Written<'_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        Ok(write!(self.0, "{value}")?)
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        Ok(self.0.write_str(itoa::Buffer::new().format(value))?)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        Ok(self.0.write_str(itoa::Buffer::new().format(value))?)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        Ok(self.0.write_str(value)?)
    }
}

/// Keeps a line for the run that it is of: the one that the logger knows, or the innermost on this thread; or the
/// only one.
pub(crate) fn keep(
    known: Option<&Arc<RunData>>,
    level: Level,
    write: impl FnOnce(&mut Text) -> fmt::Result,
) {
    handle::with_innermost(|innermost| {
        let sole = || (!isolate::is_bare()).then(registry::sole).flatten();
        match later(known, innermost) {
            Some(run) => run.log(Line::new(level, write)),
            None => {
                if let Some(run) = sole() {
                    run.log(Line::new(level, write));
                }
            }
        }
    });
}

/// Returns the run that began later: it is inside the other, or has nothing to do with it.
pub(crate) fn later<'a>(
    one: Option<&'a Arc<RunData>>,
    other: Option<&'a Arc<RunData>>,
) -> Option<&'a Arc<RunData>> {
    match (one, other) {
        (Some(one), Some(other)) if registry::is_later(one.number(), other.number()) => Some(one),
        (one, other) => other.or(one),
    }
}
