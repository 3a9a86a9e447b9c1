//! How long a run should take.

use std::time::Duration;

/// How long a run should take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// A run that works is not sooner at its end,
    pub shortest: Option<Duration>,
    /// nor later.
    pub longest: Option<Duration>,
}
