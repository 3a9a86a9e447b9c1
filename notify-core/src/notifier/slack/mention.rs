//! Whom a message mentions.

use super::markup::Dialect;
use super::payload::Severity;
use crate::message::alert::Alert;

/// The most that are mentioned by one message.
const MENTIONS: usize = 10;

/// Adds whom the failures mention: the one way in which a message calls anybody.
pub(super) fn with_mentions(text: String, alerts: &[Alert], dialect: Dialect) -> String {
    let failures = alerts
        .iter()
        .filter(|alert| Severity::of(alert) != Severity::Good);
    let words = failures
        .filter_map(|alert| alert.mention.as_deref())
        .flat_map(str::split_whitespace);
    let mut mentions = Vec::new();
    for mention in words.filter_map(|word| mention(word, dialect)) {
        if mentions.len() < MENTIONS && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
    // In front, where the text is one line, it would hide what has happened.
    mentions
        .into_iter()
        .fold(text, |text, mention| text + " " + &mention)
}

fn mention(word: &str, dialect: Dialect) -> Option<String> {
    let is_id = (2..=32).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match (dialect, word) {
        (Dialect::Slack, "@here") => Some("<!here>".to_owned()),
        (Dialect::Slack, "@channel") => Some("<!channel>".to_owned()),
        (Dialect::Slack, "@everyone") => Some("<!everyone>".to_owned()),
        (Dialect::Slack, id) if is_id && id.starts_with(['U', 'W']) => Some(format!("<@{id}>")),
        (Dialect::Slack, id) if is_id && id.starts_with('S') => Some(format!("<!subteam^{id}>")),
        (Dialect::Markdown, "@here") => Some("@here".to_owned()),
        // The one word for it that both of them know.
        (Dialect::Markdown, "@channel" | "@everyone") => Some("@all".to_owned()),
        // Slack's ids are nobody's there.
        _ => None,
    }
}
