//! A job: an annotated function, what the attribute says of it, and its name.

pub(crate) mod arguments;
pub(crate) mod mention;
pub(crate) mod name;

use std::any::type_name;
use std::panic::Location;
use std::sync::Arc;

use crate::os::once::Once;
use crate::os::timezone;
use crate::status::plan::Plan;

use crate::message::writer::Writer;
use crate::rules::rule::Rule;
use crate::rules::took::Took;

/// What stands in the place of a line of code for what `pipeline-notify run` runs.
pub(crate) const SOURCE_OF_RUN: &str = "pipeline-notify run";

/// What the attribute knows of a function when it is compiled: one static a definition.
#[derive(Debug)]
pub struct Site {
    /// `CARGO_PKG_NAME` and `CARGO_BIN_NAME`, in a binary or an example.
    pub(crate) program: Option<[&'static str; 2]>,
    /// `module_path!()`.
    pub(crate) module: &'static str,
    /// Where the attribute stands, as `file!()` and `line!()` say it.
    pub(crate) place: &'static Location<'static>,
    /// `cfg!(test)` where the attribute expands.
    pub(crate) test: bool,
    /// `cfg!(debug_assertions)` where the attribute expands.
    pub(crate) debug: bool,
    /// Whether other attributes are on the function, which may change what it returns.
    pub(crate) is_wrapped: bool,
    /// The type name of what is nested in the annotated function: only this names the impl's type and trait.
    pub(crate) type_name: fn() -> &'static str,
    /// The version of the crate in which it stands; empty where it has none.
    pub(crate) version: &'static str,
    /// The attribute's arguments, evaluated at the first run.
    pub(crate) arguments: fn() -> Arguments,
    /// What is worked out at the first run.
    pub(crate) job: Once<Job>,
}

impl Site {
    /// Describes the function in which the static stands. One call, because each token of the
    /// expansion costs each build some time.
    #[must_use]
    #[track_caller]
    pub const fn new<At>(
        module: &'static str,
        test: bool,
        debug: bool,
        version: &'static str,
    ) -> Self {
        Self {
            program: None,
            version,
            module,
            place: Location::caller(),
            test,
            debug,
            is_wrapped: false,
            type_name: type_name::<At>,
            arguments: Arguments::new,
            job: Once::new(),
        }
    }

    /// Hands the attribute's arguments over, where it has some.
    #[must_use]
    pub const fn with(mut self, arguments: fn() -> Arguments) -> Self {
        self.arguments = arguments;
        self
    }

    /// Says that other attributes are on the function.
    #[must_use]
    pub const fn wrapped(mut self) -> Self {
        self.is_wrapped = true;
        self
    }

    /// Says of which program's source it is.
    #[must_use]
    pub const fn of_program(mut self, package: &'static str, binary: &'static str) -> Self {
        self.program = Some([package, binary]);
        self
    }
}

/// The attribute's arguments; `None` is an argument that was not given.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// Where alerts go; the empty text is nowhere.
    pub channel: Option<String>,
    /// See the rules.
    pub silent_seconds: Option<f64>,
    /// See the rules; infinity is "never".
    pub ok_silent_hours: Option<f64>,
    /// See the rules.
    pub remind_hours: Option<f64>,
    /// When a run that goes on is overdue.
    pub overdue_minutes: Option<f64>,
    /// See the rules.
    pub after: Option<u64>,
    /// See the rules.
    pub flapping: Option<bool>,
    /// How often the job is meant to run.
    pub every_hours: Option<f64>,
    /// When the job is meant to run, as a line of a crontab.
    pub schedule: Option<String>,
    /// The time zone of that, by its name.
    pub timezone: Option<String>,
    /// Who starts it, where that is not cron.
    pub clock_changes: Option<String>,
    /// How late a run may begin.
    pub grace_minutes: Option<f64>,
    /// How long a run should take.
    pub took: Option<Took>,
    /// Whether runs may overlap.
    pub overlap: Option<bool>,
    /// Whether the beginning of a run is sent.
    pub start: Option<bool>,
    /// Whom a failure mentions.
    pub mention: Option<String>,
    /// What a run proves whose future is dropped unfinished.
    pub cancelled: Option<Cancelled>,
    /// What to do when it fails: the address of a page.
    pub runbook: Option<String>,
    /// Whose job it is.
    pub owner: Option<String>,
    /// The program's own rule.
    pub rule: Option<Rule>,
    /// The program's own words.
    pub message: Option<Writer>,
    /// What was wrong with those that are left out.
    pub problems: Vec<String>,
}

impl Arguments {
    /// Returns when the job is meant to run, as far as that is said.
    pub(crate) fn plan(&self) -> Option<Arc<Plan>> {
        let timezone = self.timezone.clone();
        let plan = Plan {
            schedule: self.schedule.clone(),
            timezone: timezone.or_else(|| self.schedule.as_ref().and_then(|_| timezone::name())),
            clock_changes: self.clock_changes.clone(),
            grace_minutes: self.grace_minutes,
        };
        (plan != Plan::default()).then(|| Arc::new(plan))
    }
}

/// What becomes of a job's status when a run's future is dropped unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// `"error"`: the run has failed.
    Error,
    /// `"keep"`: it proves nothing, and the status stays.
    Keep,
}

/// A job, as far as it is the same at each run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    /// The file name that it makes.
    pub(crate) file: String,
    /// The hash of that, for it is wanted at each run.
    pub(crate) file_hash: u64,
    /// `module :: function`.
    pub(crate) location: String,
    /// `file:line`.
    pub(crate) source: String,
    pub(crate) is_debug_build: bool,
    pub(crate) version: Option<String>,
    pub(crate) arguments: Arguments,
    pub(crate) plan: Option<Arc<Plan>>,
}

impl Job {
    /// Returns whether it is the program's `main`, be it moved into another function of that name, as
    /// some attributes do.
    pub(crate) fn is_main(&self) -> bool {
        let path = self.location.strip_suffix(" :: main");
        path.is_some_and(|path| path.split("::").skip(1).all(|part| part == "main"))
    }

    /// Returns whether an attribute has moved it into another function.
    pub(crate) fn is_moved(&self) -> bool {
        self.location.ends_with("::main :: main")
    }
}
