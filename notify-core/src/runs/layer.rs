//! Keeps the last lines of each run where a program logs with `tracing`: a layer of `tracing-subscriber`.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::runs::handle;
use crate::runs::last_lines::{self, LastLines};
use crate::runs::log_ring::{self, Text};
use crate::runs::run_data::RunData;

/// What the bridge from the `log` crate adds to an event, and the target of all that comes over it.
const BRIDGE: &str = "log.";
const BRIDGED: &str = "log";
const BRIDGED_TARGET: &str = "log.target";

impl LastLines {
    /// Makes a layer for `tracing-subscriber`, which keeps the last events of each run; with the feature `tracing`.
    ///
    /// Give other layers their filters with `with_filter`: a filter of the whole subscriber, such as an
    /// `EnvFilter` that stands as a layer, keeps events from this one, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::LastLines;
    /// use tracing_subscriber::layer::SubscriberExt as _;
    ///
    /// // And `.with(tracing_subscriber::fmt::layer())`, or the like.
    /// let subscriber = tracing_subscriber::registry().with(LastLines::layer().lines(20));
    /// assert!(format!("{subscriber:?}").contains("LastLinesLayer"));
    /// ```
    pub fn layer() -> LastLinesLayer {
        LastLinesLayer { _private: () }
    }
}

/// Keeps the last events of each run for its alert, as [`LastLines`] does the records of the `log` crate.
#[derive(Debug, Clone, Copy)]
#[must_use = "it is a layer of a subscriber"]
pub struct LastLinesLayer {
    _private: (),
}

impl LastLinesLayer {
    /// Keeps so many lines of each run, at most 500. Defaults to 50.
    pub fn lines(self, lines: usize) -> Self {
        log_ring::set_lines(lines);
        self
    }

    /// Keeps so many bytes of each run, at most 16 KiB. Defaults to 8 KiB. A longer line is cut.
    pub fn bytes(self, bytes: usize) -> Self {
        log_ring::set_bytes(bytes);
        self
    }
}

/// The run in which a span was made.
struct OfRun(Arc<RunData>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LastLinesLayer {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let parents = span.parent().and_then(|parent| run_of(&parent));
        let run = handle::with_innermost(|run| last_lines::later(parents.as_ref(), run).cloned());
        if let Some(run) = run {
            span.extensions_mut().replace(OfRun(run));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let Some(level) = level(*metadata.level()) else {
            return;
        };
        let is_bridged = metadata.target() == BRIDGED;
        let mut is_of_program = is_bridged || last_lines::is_of_program(metadata.target());
        if is_bridged {
            event.record(&mut BridgedTarget(|target: &str| {
                is_of_program = last_lines::is_of_program(target);
            }));
        }
        // A logger that hands on to `tracing` may stand inside of one that has kept the record.
        if !is_of_program || last_lines::is_logging() {
            return;
        }
        let known = context.event_span(event).and_then(|span| run_of(&span));
        last_lines::keep(known.as_ref(), level, |text| {
            let mut is_written = false;
            if is_bridged {
                event.record(&mut BridgedTarget(|target: &str| {
                    is_written = text.write_str(target).is_ok();
                }));
            }
            if !is_written {
                text.write_str(metadata.target())?;
            }
            text.write_str(":")?;
            event.record(&mut Message(text));
            event.record(&mut Fields(text));
            Ok(())
        });
    }
}

fn run_of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<Arc<RunData>> {
    let extensions = span.extensions();
    extensions.get().map(|OfRun(run)| Arc::clone(run))
}

fn level(level: Level) -> Option<log::Level> {
    match level {
        Level::ERROR => Some(log::Level::Error),
        Level::WARN => Some(log::Level::Warn),
        Level::INFO => Some(log::Level::Info),
        _ => None,
    }
}

/// Looks at the target of a record that came over the bridge.
struct BridgedTarget<F>(F);

impl<F: FnMut(&str)> Visit for BridgedTarget<F> {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == BRIDGED_TARGET {
            (self.0)(value);
        }
    }
}

const MESSAGE: &str = "message";

/// Writes the message alone: it stands first, wherever it is among the fields.
struct Message<'a>(&'a mut Text);

impl Visit for Message<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            let _ = write!(self.0, " {value:?}");
        }
    }
}

/// Writes the other fields.
struct Fields<'a>(&'a mut Text);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, &format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, value);
    }
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if name != MESSAGE && !name.starts_with(BRIDGE) {
            // What is too long is cut, and ends the rest of them.
            let _ = write!(self.0, " {name}={value:?}");
        }
    }
}
