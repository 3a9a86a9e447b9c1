//! What is heard of a run from the program itself.

use crate::status::facts::Facts;
use crate::status::log_lines::LogLines;
use crate::status::progress::Progress;

/// What a run says of itself, and what it has logged last.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) facts: Facts,
    /// Kept for a run that has failed, or is overdue.
    pub(crate) log_lines: LogLines,
    /// Kept for a run that is under way, or has died.
    pub(crate) progress: Option<Progress>,
}
