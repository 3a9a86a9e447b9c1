//! A job: an annotated function, what the attribute says of it, and its name.

use std::sync::OnceLock;

/// What the attribute knows of a function when it is compiled: one static a definition.
#[derive(Debug)]
pub struct Site {
    /// `CARGO_PKG_NAME` of the annotated crate.
    pub package: Option<&'static str>,
    /// `CARGO_BIN_NAME`: set for binaries and examples.
    pub binary: Option<&'static str>,
    /// `CARGO_PKG_VERSION` of the annotated crate.
    pub version: Option<&'static str>,
    /// `module_path!()`.
    pub module: &'static str,
    /// The function's own name.
    pub function: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// `cfg!(test)` where the attribute expands.
    pub test: bool,
    /// `cfg!(debug_assertions)` where the attribute expands.
    pub debug: bool,
    /// The type name of a function nested in the annotated one: it alone tells impl type and trait.
    pub type_name: fn() -> &'static str,
    /// The attribute's arguments, evaluated at the first run.
    pub arguments: fn() -> Arguments,
    /// What is worked out at the first run.
    pub job: OnceLock<Job>,
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
    /// When a run that goes on is told.
    pub overdue_minutes: Option<f64>,
    /// What was wrong with those that are left out.
    pub problems: Vec<String>,
}

/// A job, as far as it is the same at each run.
#[derive(Debug)]
pub struct Job {
    pub(crate) name: String,
    /// `module :: function`.
    pub(crate) location: String,
    /// `file:line`.
    pub(crate) source: String,
    pub(crate) is_debug_build: bool,
    pub(crate) arguments: Arguments,
}
