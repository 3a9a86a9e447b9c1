//! When a job should run, as its code says. Whoever looks from outside works out the times.

use crate::format::fields::{Fields, Page};

/// What is said of when a job should run, beside how often.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    /// A line of a crontab.
    pub(crate) schedule: Option<String>,
    /// The time zone of that, by its name; the host's, where the code names none.
    pub(crate) timezone: Option<String>,
    /// Who starts it, where that is not cron.
    pub(crate) clock_changes: Option<String>,
    /// How late a run may begin.
    pub(crate) grace_minutes: Option<f64>,
}

impl Plan {
    pub(crate) fn read(fields: &Fields) -> Option<Self> {
        let text = |key| fields.get(key).map(str::to_owned);
        let minutes = fields
            .get("grace-minutes")
            .and_then(|minutes| minutes.parse().ok());
        let plan = Self {
            schedule: text("schedule"),
            timezone: text("timezone"),
            clock_changes: text("clock-changes"),
            grace_minutes: minutes.filter(|minutes: &f64| *minutes >= 0.0 && minutes.is_finite()),
        };
        (plan != Self::default()).then_some(plan)
    }

    pub(crate) fn write(&self, page: &mut Page) {
        let grace = self.grace_minutes.map(|minutes| minutes.to_string());
        for (key, value) in [
            ("schedule", self.schedule.as_deref()),
            ("timezone", self.timezone.as_deref()),
            ("clock-changes", self.clock_changes.as_deref()),
            ("grace-minutes", grace.as_deref()),
        ] {
            page.put_some(key, value);
        }
    }
}
