//! How many alerts were dropped because too many waited: a count beside the alerts of a message.

use crate::format::time::{self, Time};

/// The alerts of a destination that were dropped since the last message that said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Those that said what an earlier alert of their job had said.
    pub(crate) repeats: u64,
    /// First failures, recoveries and the like.
    pub(crate) others: u64,
    /// When the oldest of them was decided.
    pub(crate) oldest: Option<Time>,
}

impl Dropped {
    pub(crate) fn count(&self) -> u64 {
        self.repeats.saturating_add(self.others)
    }

    /// Returns the sentence of a message; `None` where nothing was dropped.
    pub(crate) fn words(&self) -> Option<String> {
        let all = self.count();
        let (alerts, were) = match all {
            0 => return None,
            1 => ("alert", "was"),
            _ => ("alerts", "were"),
        };
        let kinds = [(self.repeats, "repeats"), (self.others, "others")];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let kinds = kinds.map(|(count, what)| format!("{} {what}", thousands(count)));
        let oldest = time::minute(self.oldest.unwrap_or_default());
        Some(format!(
            "and {} more {alerts} {were} dropped, the oldest of {oldest} UTC: {}",
            thousands(all),
            kinds.collect::<Vec<_>>().join(", ")
        ))
    }
}

/// Writes a number as `1,234`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
