//! `--clock-changes`: who starts the jobs, which decides what is due when clocks change.

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
    /// Returns the name that was given.
    pub(crate) fn name(&self) -> Option<&'static str> {
        let mut all = ClockChanges::ALL.into_iter();
        let named = all.find(|(_, changes)| Some(*changes) == self.clock_changes);
        named.map(|(name, _)| name)
    }

    /// Returns what it says of when jobs should run.
    pub(crate) fn said(&self) -> Said {
        Said {
            clock_changes: self.clock_changes,
            ..Said::default()
        }
    }
}

fn named(name: &str) -> Result<ClockChanges, String> {
    ClockChanges::named(name).ok_or_else(|| "write cron, systemd or kubernetes".to_owned())
}
