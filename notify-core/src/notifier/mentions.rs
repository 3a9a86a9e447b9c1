//! Whom a message calls: those whom its failures mention.

use super::severity::Severity;
use crate::job::mention::Mention;
use crate::message::alert::Alert;

/// The most that are called by one message.
const MOST: usize = 10;

/// Returns those whom the failures among some alerts mention, as `write` writes each: once. It passes over
/// whom its service does not know.
pub(super) fn of<'a>(
    alerts: &'a [Alert],
    write: &dyn Fn(Mention<'a>) -> Option<String>,
) -> Vec<(Mention<'a>, String)> {
    let failures = alerts
        .iter()
        .filter(|alert| Severity::of(alert) != Severity::Good);
    let words = failures
        .filter_map(|alert| alert.mention.as_deref())
        .flat_map(str::split_whitespace);
    let mut mentions: Vec<(_, String)> = Vec::new();
    for mention in words.filter_map(Mention::read) {
        let Some(written) = write(mention) else {
            continue;
        };
        if mentions.len() < MOST && mentions.iter().all(|(_, known)| *known != written) {
            mentions.push((mention, written));
        }
    }
    mentions
}
