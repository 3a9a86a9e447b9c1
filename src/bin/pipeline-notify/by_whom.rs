//! `--clock-changes`: who starts the jobs, which decides what is due when clocks change.

use std::time::Duration;

use clap::Args;
use notify_core::__cli::{ClockChanges, Said};

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ByWhom {
    /// Who starts the jobs that do not say so: cron, systemd or kubernetes. They differ in what is due when clocks
    /// change [default: cron]
    #[arg(long, value_name = "WHO", value_parser = named)]
    pub(crate) clock_changes: Option<ClockChanges>,
}

impl ByWhom {
    /// Returns what it says of when jobs should run, and how late a run may begin.
    pub(crate) fn said(&self, grace: Option<Duration>) -> Said {
        Said {
            clock_changes: self.clock_changes,
            grace,
            ..Said::default()
        }
    }
}

fn named(name: &str) -> Result<ClockChanges, String> {
    ClockChanges::named(name).ok_or_else(|| "write cron, systemd or kubernetes".to_owned())
}
