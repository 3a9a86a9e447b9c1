//! Whom a message mentions.

use super::markup::Dialect;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::notifier::mentions;

/// Adds whom the failures mention: the one way in which a message calls anybody.
pub(super) fn with_mentions(text: String, alerts: &[Alert], dialect: Dialect) -> String {
    // In front, where the text is one line, it would hide what has happened.
    mentions::of(alerts, &|mention| write(mention, dialect))
        .iter()
        .fold(text, |text, (_, written)| text + " " + written)
}

fn write(mention: Mention<'_>, dialect: Dialect) -> Option<String> {
    match (dialect, mention) {
        (Dialect::Slack, Mention::Here) => Some("<!here>".to_owned()),
        (Dialect::Slack, Mention::Channel) => Some("<!channel>".to_owned()),
        (Dialect::Slack, Mention::Everyone) => Some("<!everyone>".to_owned()),
        (Dialect::Slack, Mention::SlackUser(id)) => Some(format!("<@{id}>")),
        (Dialect::Slack, Mention::SlackGroup(id)) => Some(format!("<!subteam^{id}>")),
        (Dialect::Markdown, Mention::Here) => Some("@here".to_owned()),
        // The one word for it that both of them know.
        (Dialect::Markdown, Mention::Channel | Mention::Everyone) => Some("@all".to_owned()),
        // The ids of other services are nobody's there.
        _ => None,
    }
}
