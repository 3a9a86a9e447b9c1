//! What a rule of the program decides on: the end of a run, and what is known of the runs before.

use std::borrow::Cow;
use std::error::Error;
use std::time::{Duration, SystemTime};

use crate::format::time::Time;
use crate::rules::decision::Decision;
use crate::status::cause::Cause;
use crate::status::facts::Facts;
use crate::status::outcome::OutcomeKind;
use crate::status::{State, Status};

/// The end of a run, and what is known of the runs before: what a rule of the program decides on.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Decision, Occasion, State, notify};
///
/// // Only the third failure in a row, and nothing that works.
/// fn third(occasion: &Occasion<'_>) -> Decision {
///     match occasion.failures() {
///         3 => Decision::send("the third failure"),
///         _ => Decision::silent("not the third failure"),
///     }
/// }
///
/// #[notify(rule = third)]
/// fn load() -> Result<(), String> {
///     Err("no route".to_owned())
/// }
///
/// assert!(load().is_err(), "the caller sees what it always saw");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    pub(crate) known: &'a Known,
    pub(crate) cause: Option<Cause<'a>>,
}

/// What a rule may ask for, but the error as itself: this can be taken to another thread.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) job: Cow<'static, str>,
    pub(crate) channel: String,
    pub(crate) outcome: OutcomeKind,
    pub(crate) state: State,
    pub(crate) error: String,
    pub(crate) begun: Time,
    pub(crate) took: Option<Duration>,
    pub(crate) now: Time,
    pub(crate) facts: Facts,
    pub(crate) previous: Option<Status>,
    pub(crate) built_in: Decision,
}

/// What is known of a job's latest run before: what its status file says.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Decision, Occasion, State, notify};
///
/// // What breaks wakes somebody; what goes on failing does not.
/// fn rule(occasion: &Occasion<'_>) -> Decision {
///     match occasion.previous() {
///         Some(previous) if previous.state() == State::Ok => occasion.built_in().to("pager"),
///         _ => occasion.built_in(),
///     }
/// }
///
/// #[notify(rule = rule)]
/// fn load() -> u32 {
///     17
/// }
///
/// assert_eq!(load(), 17);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Previous<'a>(&'a Status);

impl<'a> Occasion<'a> {
    /// Returns the job's name, which is also its status file's.
    #[must_use]
    pub fn job(&self) -> &'a str {
        &self.known.job
    }

    /// Returns the channel that an alert goes to, unless the rule names another.
    #[must_use]
    pub fn channel(&self) -> &'a str {
        &self.known.channel
    }

    /// Returns how the run ended.
    #[must_use]
    pub fn outcome(&self) -> OutcomeKind {
        self.known.outcome
    }

    /// Returns what the run makes of the job's status.
    #[must_use]
    pub fn state(&self) -> State {
        self.known.state
    }

    /// Returns the error as it stands in the status file: its text, with its causes; empty where there is
    /// none. Of a run whose error was passed over, that error.
    #[must_use]
    pub fn error(&self) -> &'a str {
        &self.known.error
    }

    /// Returns the error that the function returned, where it is an [`Error`] and the attribute has a `rule`:
    /// a rule for all jobs ([`Config::rule`](crate::Config::rule)) can ask for its type alone, by
    /// [`is`](Self::is).
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Decision, Occasion};
    ///
    /// fn not_found_is_fine(occasion: &Occasion<'_>) -> Decision {
    ///     let error = occasion.as_error().and_then(|error| error.downcast_ref::<std::io::Error>());
    ///     match error.map(std::io::Error::kind) {
    ///         Some(std::io::ErrorKind::NotFound) => Decision::silent("there is no file today"),
    ///         _ => occasion.built_in(),
    ///     }
    /// }
    /// # let _ = not_found_is_fine;
    /// ```
    #[must_use]
    pub fn as_error(&self) -> Option<&'a (dyn Error + 'static)> {
        self.cause.and_then(Cause::seen)
    }

    /// Returns whether the error that the function returned, or one that it was made from, is of that type.
    #[must_use]
    pub fn is<T: Error + 'static>(&self) -> bool {
        self.cause.is_some_and(Cause::is::<T>)
    }

    /// Returns when the run began.
    #[must_use]
    pub fn begun(&self) -> SystemTime {
        self.known.begun.into()
    }

    /// Returns how long the run took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.known.took.unwrap_or_default()
    }

    /// Returns the time: a rule that reads the clock itself may answer something else when it is asked again.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.known.now.into()
    }

    /// Returns what the run said of itself by [`fact`](crate::fact).
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&'a str> {
        self.known.facts.get(name)
    }

    /// Returns all that the run said of itself, by name.
    pub fn facts(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.known.facts.iter()
    }

    /// Returns what is known of the latest run before; `None` where there was none, or its status file cannot be
    /// read.
    #[must_use]
    pub fn previous(&self) -> Option<Previous<'a>> {
        self.known.previous.as_ref().map(Previous)
    }

    /// Counts how many runs in a row have failed with this one; 0 where it works.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let before = self.known.previous.as_ref();
        let before = before.filter(|previous| previous.state == State::Error);
        match self.known.state {
            State::Ok => 0,
            State::Error => before.map_or(1, |before| before.runs.saturating_add(1)),
        }
    }

    /// Returns what the built-in rules decide, and why. A rule that returns it leaves the decision to them.
    pub fn built_in(&self) -> Decision {
        self.known.built_in.clone()
    }
}

impl<'a> Previous<'a> {
    /// Returns the status that the run left.
    #[must_use]
    pub fn state(&self) -> State {
        self.0.state
    }

    /// Returns when it began.
    #[must_use]
    pub fn begun(&self) -> SystemTime {
        self.0.begun.into()
    }

    /// Returns when the first run of that status began.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.0.since.into()
    }

    /// Counts how many runs that status has lasted.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.0.runs
    }

    /// Returns when an alert of that status was last sent; `None` where none was.
    #[must_use]
    pub fn alerted(&self) -> Option<SystemTime> {
        self.0.alerted.map(Into::into)
    }

    /// Returns its error's text; empty where there was none.
    #[must_use]
    pub fn error(&self) -> &'a str {
        self.0.text.trim_end()
    }
}
