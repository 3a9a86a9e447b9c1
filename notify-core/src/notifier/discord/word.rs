//! The words that name a webhook of Discord's.

use crate::notifier::service_url::{Problem, Word, is_number, is_of};
use crate::notifier::url::Destination;

pub(in crate::notifier) const HOSTS: [&str; 4] = [
    "discord.com", ".discord.com", "discordapp.com", ".discordapp.com",
];

/// `discord://ID/Token` as Apprise has it, or `discord://Token@ID` as shoutrrr; and with the host
/// and the path of the webhook's own URL.
pub(in crate::notifier) fn webhook(word: &Word<'_>) -> Result<Destination, Problem> {
    if word.is_at(&HOSTS) {
        return url(word);
    }
    let (id, token) = match (word.user, &*word.segments()) {
        (Some(token), []) => (word.host, token),
        (None, [token, rest @ ..]) => {
            word.is_a_webhook_alone()?;
            is_the_end(rest)?;
            (word.host, *token)
        }
        (Some(_), _) => return Err("it must not have a name before an `@`"),
        _ => return Err("it is not an id and a token"),
    };
    let thread = match checked(id, token, word)? {
        Some(thread) => format!("?thread_id={thread}"),
        None => String::new(),
    };
    Destination::parse(&format!(
        "https://discord.com/api/webhooks/{id}/{token}{thread}"
    ))
}

/// A webhook's own URL, also one that names the version of the service: `/api/v10/webhooks/…`.
pub(in crate::notifier) fn url(word: &Word<'_>) -> Result<Destination, Problem> {
    word.is_a_webhook_alone()?;
    let segments = word.segments();
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(is_number);
    let (id, token, rest) = match *segments {
        ["api", "webhooks", id, token, ref rest @ ..] => (id, token, rest),
        ["api", version, "webhooks", id, token, ref rest @ ..] if is_version(version) => {
            (id, token, rest)
        }
        _ => return Err("it is not the URL of a webhook"),
    };
    is_the_end(rest)?;
    checked(id, token, word)?;
    Destination::parse(&format!("https://{}", word.whole.trim_end_matches('/')))
}

/// Checks that nothing follows a webhook of Discord.
fn is_the_end(rest: &[&str]) -> Result<(), Problem> {
    match rest {
        [] => Ok(()),
        ["slack" | "github"] => Err(
            "with `/slack` or `/github` at its end it takes what other programs send: leave that out",
        ),
        _ => Err("nothing may follow its token"),
    }
}

/// Checks the parts of a webhook of Discord, and returns its thread.
fn checked<'a>(id: &str, token: &str, word: &Word<'a>) -> Result<Option<&'a str>, Problem> {
    if !is_number(id) {
        return Err("its id is not a number");
    }
    if !is_of("-_", token) {
        return Err("its token is not letters, digits, `-` and `_`");
    }
    match word.option(&["thread_id", "thread"]) {
        Some(thread) if !is_number(thread) => Err("its thread is not a number"),
        thread => Ok(thread),
    }
}
