//! Whom a failure mentions: the words of `mention`.

/// The longest id or name of somebody.
const LONGEST: usize = 100;

/// Somebody to call. Each service calls those that it knows, and passes over the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention<'a> {
    /// Who is there now.
    Here,
    /// All of a channel.
    Channel,
    Everyone,
    /// An id of Slack's, such as `U123`.
    SlackUser(&'a str),
    /// The id of a group of Slack's users, such as `S123`.
    SlackGroup(&'a str),
    /// The number of a user of Discord.
    DiscordUser(&'a str),
    /// The number of a role of Discord, written with a `&` before it.
    DiscordRole(&'a str),
    /// A user of Telegram by name, with the `@` before it.
    TelegramUser(&'a str),
    /// An account of Microsoft's by the name that its owner signs in with, `anna@example.com`, or by its
    /// object id.
    Account(&'a str),
}

impl<'a> Mention<'a> {
    /// Reads a word; `None` where no service knows anybody by it.
    pub(crate) fn read(word: &'a str) -> Option<Self> {
        // <https://docs.slack.dev/messaging/formatting-message-text/>
        let is_slack_id = (2..=32).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        match word {
            "@here" => Some(Self::Here),
            "@channel" => Some(Self::Channel),
            "@everyone" => Some(Self::Everyone),
            id if is_slack_id && id.starts_with(['U', 'W']) => Some(Self::SlackUser(id)),
            id if is_slack_id && id.starts_with('S') => Some(Self::SlackGroup(id)),
            id if is_snowflake(id) => Some(Self::DiscordUser(id)),
            name if is_telegram_name(name) => Some(Self::TelegramUser(name)),
            name if is_account(name) => Some(Self::Account(name)),
            role => {
                let id = role.strip_prefix('&').filter(|id| is_snowflake(id))?;
                Some(Self::DiscordRole(id))
            }
        }
    }
}

/// Returns whether it is an id of Discord, which counts milliseconds since 2015.
/// <https://discord.com/developers/docs/reference#snowflakes>
fn is_snowflake(id: &str) -> bool {
    (15..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether it is a name of Telegram's, with the `@`.
/// <https://telegram.org/faq#usernames-and-t-me>
fn is_telegram_name(name: &str) -> bool {
    name.strip_prefix('@').is_some_and(|name| {
        (5..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_account(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+'".contains(&byte);
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(is_of_name);
    let groups = name.split('-').map(str::len);
    let is_object_id = groups.eq([8, 4, 4, 4, 12])
        && name
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_sign_in_name = name
        .split_once('@')
        .is_some_and(|(user, domain)| is_name(user) && is_name(domain) && domain.contains('.'));
    name.len() <= LONGEST && (is_object_id || is_sign_in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 16, point 5.
    #[test]
    fn a_word_names_somebody_whom_one_of_the_services_knows() {
        for (word, expected) in [
            ("@here", Some(Mention::Here)),
            ("@channel", Some(Mention::Channel)),
            ("@everyone", Some(Mention::Everyone)),
            ("U0123ABC", Some(Mention::SlackUser("U0123ABC"))),
            ("W0123ABC", Some(Mention::SlackUser("W0123ABC"))),
            ("S0123ABC", Some(Mention::SlackGroup("S0123ABC"))),
            (
                "123456789012345678",
                Some(Mention::DiscordUser("123456789012345678")),
            ),
            (
                "&123456789012345678",
                Some(Mention::DiscordRole("123456789012345678")),
            ),
            (
                "anna.o-x@example.com",
                Some(Mention::Account("anna.o-x@example.com")),
            ),
            (
                "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
                Some(Mention::Account("87d349ed-44d7-43e1-9a83-5f2406dee5bd")),
            ),
            ("@anna_k", Some(Mention::TelegramUser("@anna_k"))),
            ("@1anna", None),
            ("", None),
            ("U", None),
            ("u0123abc", None),
            ("C0123ABC", None),
            ("<!channel>", None),
            ("<@123456789012345678>", None),
            ("12345", None),
            ("&", None),
            ("@anna", None),
            ("anna@localhost", None),
            ("a@b@example.com", None),
            ("</at>@example.com", None),
            ("87d349ed-44d7-43e1-9a83", None),
        ] {
            assert_eq!(Mention::read(word), expected, "{word}");
        }
        assert_eq!(
            Mention::read(&format!("{}@a.example", "x".repeat(LONGEST))),
            None
        );
    }
}
