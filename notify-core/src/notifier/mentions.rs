//! Whom a message calls: those whom its failures mention.

use super::severity::Severity;
use crate::job::mention::Mention;
use crate::message::alert::Alert;

/// The most that are called by one message.
const MOST: usize = 10;

/// Returns what `write` makes of those whom the failures among some alerts mention: each once. It
/// passes over whom its service does not know.
pub(super) fn of<T: PartialEq>(
    alerts: &[Alert],
    write: impl Fn(Mention<'_>) -> Option<T>,
) -> Vec<T> {
    let failures = alerts
        .iter()
        .filter(|alert| Severity::of(alert) != Severity::Good);
    let words = failures
        .filter_map(|alert| alert.mention.as_deref())
        .flat_map(str::split_whitespace);
    let mut mentions = Vec::new();
    for mention in words.filter_map(Mention::read).filter_map(write) {
        if mentions.len() < MOST && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
    mentions
}
