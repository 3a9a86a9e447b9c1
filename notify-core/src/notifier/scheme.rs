//! Destinations as words in the environment: `slack://…`, `jsons://…`, `exec:///…`. A word that
//! cannot be used is a problem that shows the right form, and nothing of the word.

mod service;

use std::ffi::OsStr;
use std::sync::Arc;

pub use service::Service;

use super::service_url::{Problem, Word};
use super::{
    Discord, Exec, GoogleChat, Jsm, Json, Matrix, Notifier, Ntfy, PagerDuty, Sendmail, Slack,
    SlackBot, Teams, Telegram, discord, mail, slack, teams,
};
use crate::format::text;
use crate::notifier::secret::Secret;
use crate::notifier::url::{self, Destination};
use crate::os::warning::Warning;

/// A kind of destination: how its words begin, how they are written, and what they become.
struct Scheme {
    names: &'static [&'static str],
    form: &'static str,
    make: fn(&Word<'_>, &Signing) -> Made,
}

type Made = Result<Arc<dyn Notifier>, Problem>;

/// The key of documents: none, one, or one that cannot be used.
pub(crate) type Signing = Result<Option<Secret>, Problem>;

#[expect(
    clippy::unnecessary_wraps,
    reason = "what reads a word may fail, and each kind reads one"
)]
fn made<T: Notifier + 'static>(notifier: T) -> Made {
    Ok(Arc::new(notifier))
}

/// Every kind there is.
const SCHEMES: &[Scheme] = &[
    Scheme {
        names: &["slack"],
        form: "slack://TokenA/TokenB/TokenC or slack://xoxb-Token/#channel",
        make: |word, _| {
            if SlackBot::is_named_by(word) {
                return made(SlackBot::read(word)?);
            }
            made(Slack::to(slack::word::webhook(word)?))
        },
    },
    Scheme {
        names: &["mattermost", "mmost", "mmosts"],
        form: "mattermost://host/key",
        make: |word, _| made(Slack::compatible_to(slack::word::hook(word, 1..=1)?)),
    },
    Scheme {
        names: &["rocketchat", "rocket", "rockets"],
        form: "rocketchat://host/keyA/keyB",
        make: |word, _| made(Slack::compatible_to(slack::word::hook(word, 1..=2)?)),
    },
    Scheme {
        names: &["discord"],
        form: "discord://1234567890/WebhookToken or discord://WebhookToken@1234567890",
        make: |word, _| made(Discord::to(discord::word::webhook(word)?)),
    },
    Scheme {
        names: &["workflows", "workflow", "teams", "msteams"],
        form: "workflows://host/workflow/signature",
        make: |word, _| made(Teams::to(teams::word::webhook(word)?)),
    },
    Scheme {
        names: &["gchat"],
        form: "gchat://Space/Key/Token",
        make: |word, _| made(GoogleChat::read(word)?),
    },
    Scheme {
        names: &["ntfys", "ntfy"],
        form: "ntfys://topic or ntfys://token@host/topic",
        make: |word, _| made(Ntfy::read(word)?),
    },
    Scheme {
        names: &["tgram"],
        form: "tgram://123456:Token/-1001234567890 or tgram://123456:Token/-1001234567890:42",
        make: |word, _| made(Telegram::read(word)?),
    },
    Scheme {
        names: &["matrixs", "matrix"],
        form: "matrixs://AccessToken@host/!room:server",
        make: |word, _| made(Matrix::read(word)?),
    },
    Scheme {
        names: &["sendmail"],
        form: "sendmail:///usr/sbin/sendmail?to=anna@example.com",
        make: |word, _| made(Sendmail::read(word)?),
    },
    Scheme {
        names: &["mailtos"],
        form: "mailtos://user:password@host:587/?from=jobs@example.com&to=anna@example.com",
        make: |word, _| mail::by_smtp(word, false),
    },
    Scheme {
        names: &["mailto"],
        form: "mailto://127.0.0.1:25/?from=jobs@example.com&to=anna@example.com",
        make: |word, _| mail::by_smtp(word, true),
    },
    Scheme {
        names: &["pagerduty"],
        form: "pagerduty://0123456789abcdef0123456789abcdef",
        make: |word, _| made(PagerDuty::read(word)?),
    },
    Scheme {
        names: &["jira"],
        form: "jira://IntegrationKey",
        make: |word, _| made(Jsm::of_jira(word)?),
    },
    Scheme {
        names: &["opsgenie"],
        form: "opsgenie://IntegrationKey or opsgenie://IntegrationKey?region=eu",
        make: |word, _| made(Jsm::of_opsgenie(word)?),
    },
    Scheme {
        names: &["jsons"],
        form: "jsons://host/path",
        make: |word, signing| made(Json::read(word, "https", signing)?),
    },
    Scheme {
        names: &["json"],
        form: "json://127.0.0.1:8080/path",
        make: |word, signing| made(Json::read(word, "http", signing)?),
    },
    Scheme {
        names: &["exec"],
        form: "exec:///path/to/program?arg=one&arg=two",
        make: |word, _| made(Exec::read(word)?),
    },
    Scheme {
        names: &["https", "http"],
        form: "https://hooks.slack.com/services/TokenA/TokenB/TokenC",
        make: |word, _| plain(word),
    },
];

/// How a file is named that holds a word.
const FILE: &str = "file:/path/to/secret";

/// A notifier, and what names it in messages: its variable, and which of several words it is.
pub(crate) type Named = (Arc<dyn Notifier>, String);

/// Makes the notifiers that a variable names, one for each of its words; and a warning for each
/// word that cannot be used.
pub(crate) fn notifiers(
    variable: &str,
    value: &OsStr,
    signing: &Signing,
) -> (Vec<Named>, Vec<Warning>) {
    let Some(value) = value.to_str() else {
        // The value itself is a secret, and not shown.
        let message = format!("{variable} cannot be used: it is not UTF-8");
        return (Vec::new(), vec![Warning::new(variable, message)]);
    };
    let words: Vec<_> = value.split_whitespace().collect();
    let (mut notifiers, mut problems) = (Vec::<Named>::new(), Vec::new());
    for (number, word) in words.iter().enumerate() {
        let name = match words.len() {
            1 => variable.to_owned(),
            _ => format!("word {} of {variable}", number + 1),
        };
        match Service::read(word, signing) {
            Ok(service) => notifiers.push((Arc::new(service), name)),
            Err(problem) => problems.push(Warning::new(
                format!("{variable} {number}"),
                format!("{name} cannot be used: {problem}"),
            )),
        }
    }
    (notifiers, problems)
}

/// Makes the notifier of one word that names a destination by itself.
fn direct(word: &str, signing: &Signing) -> Result<Arc<dyn Notifier>, String> {
    if url::is_quoted(word) {
        return Err(format!("{}; write {}", url::QUOTED, forms()));
    }
    let find = |name: &str| {
        let name = text::lower(name);
        SCHEMES.iter().find(|scheme| scheme.names.contains(&&*name))
    };
    let Some((name, rest)) = word.split_once("://") else {
        // `exec:/path`
        let meant = word.split_once(':').and_then(|(name, _)| find(name));
        let forms = meant.map_or_else(forms, |meant| meant.form.to_owned());
        return Err(format!("it has no `://`; write {forms}"));
    };
    let scheme = find(name);
    let Some(scheme) = scheme else {
        return Err(format!("its scheme is unknown; write {}", forms()));
    };
    let word = Word::parse(rest);
    // A channel in the word of any other service is a slip.
    let may_name_a_channel =
        name == "slack" && SlackBot::is_named_by(&word) || name.starts_with("matrix");
    let checked = if may_name_a_channel {
        Ok(())
    } else {
        word.has_no_channel()
    };
    let made = checked.and_then(|()| (scheme.make)(&word, signing));
    made.map_err(|problem| format!("{problem}; write {}", scheme.form))
}

/// How words begin. The whole form of each would fill a screen: whoever has the beginning right is shown the rest.
fn forms() -> String {
    let begin = SCHEMES.iter().map(|scheme| {
        let path = if scheme.form.contains(":///") {
            "/"
        } else {
            ""
        };
        format!("{}://{path}…, ", scheme.names[0])
    });
    format!("{}or {FILE}", begin.collect::<String>())
}

/// A webhook's own URL, whose host names the service.
fn plain(word: &Word<'_>) -> Made {
    let destination = Destination::parse(&format!("https://{}", word.whole))?;
    if word.is_at(&slack::word::HOSTS) {
        slack::word::is_incoming(word)?;
        return made(Slack::to(destination));
    }
    if word.is_at(&discord::word::HOSTS) {
        return made(Discord::to(discord::word::url(word)?));
    }
    if word.is_at(&[GoogleChat::HOST]) {
        return made(GoogleChat::read(word)?);
    }
    if word.is_at(&[Ntfy::HOST]) {
        return made(Ntfy::read(word)?);
    }
    if word.is_at(&[".webhook.office.com"]) {
        return Err(teams::word::OLD_CONNECTOR);
    }
    if teams::word::is_known(word) {
        word.is_a_webhook_alone()?;
        return made(Teams::to(destination));
    }
    Err(
        "its host does not say which service it is: write the service in place of `https` \
         (`mattermost`, `rocketchat`, `ntfys`, or `jsons` for JSON)",
    )
}

#[cfg(test)]
mod tests;
