//! Destinations as words in the environment: `slack://…`, `jsons://…`, `exec:///…`. A word that
//! cannot be used is a problem that shows the right form, and nothing of the word.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::service_url::{Problem, Word, decode};
use super::{Discord, Exec, Hidden, Json, Notifier, Ours, PagerDuty, Refusal, Slack, Teams};
use crate::message::alert::Alert;
use crate::notifier::secret::Secret;
use crate::notifier::url::Destination;
use crate::os::file::{self, Links};
use crate::os::warning::Warning;

/// The longest word that makes sense.
const MAX_FILE_BYTES: u64 = 8 * 1024;

/// A kind of destination: how its words begin, how they are written, and what they become.
struct Scheme {
    names: &'static [&'static str],
    form: &'static str,
    make: fn(&Word<'_>, &Signing) -> Made,
}

type Made = Result<Arc<dyn Notifier>, Problem>;

/// The key of documents: none, one, or one that cannot be used.
pub(crate) type Signing = Result<Option<Secret>, Problem>;

/// Every kind there is.
const SCHEMES: &[Scheme] = &[
    Scheme {
        names: &["slack"],
        form: "slack://TokenA/TokenB/TokenC",
        make: |word, _| Ok(Arc::new(Slack::to(slack(word)?))),
    },
    Scheme {
        names: &["mattermost", "mmost", "mmosts"],
        form: "mattermost://host/key",
        make: |word, _| Ok(Arc::new(Slack::compatible_to(hook(word, 1..=1)?))),
    },
    Scheme {
        names: &["rocketchat", "rocket", "rockets"],
        form: "rocketchat://host/keyA/keyB",
        make: |word, _| Ok(Arc::new(Slack::compatible_to(hook(word, 1..=2)?))),
    },
    Scheme {
        names: &["discord"],
        form: "discord://1234567890/WebhookToken or discord://WebhookToken@1234567890",
        make: |word, _| Ok(Arc::new(Discord::to(discord(word)?))),
    },
    Scheme {
        names: &["workflows", "workflow", "teams", "msteams"],
        form: "workflows://host/workflow/signature",
        make: |word, _| Ok(Arc::new(Teams::to(workflow(word)?))),
    },
    Scheme {
        names: &["pagerduty"],
        form: "pagerduty://0123456789abcdef0123456789abcdef",
        make: |word, _| Ok(Arc::new(pagerduty(word)?)),
    },
    Scheme {
        names: &["jsons"],
        form: "jsons://host/path",
        make: |word, signing| json(word, "https", signing),
    },
    Scheme {
        names: &["json"],
        form: "json://127.0.0.1:8080/path",
        make: |word, signing| json(word, "http", signing),
    },
    Scheme {
        names: &["exec"],
        form: "exec:///path/to/program?arg=one&arg=two",
        make: |word, _| Ok(Arc::new(exec(word)?)),
    },
    Scheme {
        names: &["https", "http"],
        form: "https://hooks.slack.com/services/TokenA/TokenB/TokenC",
        make: |word, _| plain(word),
    },
];

/// How a file is named that holds a word.
const FILE: &str = "file:/path/to/secret";

/// Makes the notifiers that a variable names, one for each of its words; and a warning for each
/// word that cannot be used.
pub(crate) fn notifiers(
    variable: &str,
    value: &OsStr,
    signing: &Signing,
) -> (Vec<Arc<dyn Notifier>>, Vec<Warning>) {
    let Some(value) = value.to_str() else {
        // Not the value itself: it is a secret.
        let message = format!("{variable} cannot be used: it is not UTF-8");
        return (Vec::new(), vec![Warning::new(variable, message)]);
    };
    let words: Vec<_> = value.split_whitespace().collect();
    let (mut notifiers, mut problems) = (Vec::new(), Vec::new());
    for (number, word) in words.iter().enumerate() {
        match notifier(word, signing) {
            Ok(notifier) => notifiers.push(notifier),
            Err(problem) => {
                let which = match words.len() {
                    1 => String::new(),
                    all => format!("word {} of {all}: ", number + 1),
                };
                problems.push(Warning::new(
                    format!("{variable} {number}"),
                    format!("{variable} cannot be used: {which}{problem}"),
                ));
            }
        }
    }
    (notifiers, problems)
}

/// Makes the notifier of one word, a `file:` too.
fn notifier(word: &str, signing: &Signing) -> Result<Arc<dyn Notifier>, String> {
    match word.strip_prefix("file:") {
        Some(path) => {
            let path = Path::new(path);
            if !path.is_absolute() {
                return Err(format!("`file:` takes an absolute path; write {FILE}"));
            }
            Ok(Arc::new(FromFile {
                path: path.to_owned(),
                signing: signing.clone(),
            }))
        }
        None => direct(word, signing),
    }
}

/// Makes the notifier of one word that names a destination by itself.
fn direct(word: &str, signing: &Signing) -> Result<Arc<dyn Notifier>, String> {
    let Some((name, rest)) = word.split_once("://") else {
        return Err(format!("it has no `://`; write {}", forms()));
    };
    let name = name.to_ascii_lowercase();
    let scheme = SCHEMES.iter().find(|scheme| scheme.names.contains(&&*name));
    let Some(scheme) = scheme else {
        return Err(format!("its scheme is unknown; write {}", forms()));
    };
    let made = Word::parse(rest).and_then(|word| (scheme.make)(&word, signing));
    made.map_err(|problem| format!("{problem}; write {}", scheme.form))
}

fn forms() -> String {
    let forms: Vec<_> = SCHEMES.iter().map(|scheme| scheme.form).collect();
    format!("{}, or {FILE}", forms.join(", "))
}

const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// `slack://A/B/C` as Apprise has it, or `slack://hook:A-B-C@webhook` as shoutrrr; and with the host
/// and the path of the webhook's own URL.
fn slack(word: &Word<'_>) -> Result<Destination, Problem> {
    let segments = word.segments();
    let mut host = SLACK_HOSTS[0];
    let tokens = match word.user {
        Some(user) if segments.is_empty() => {
            let tokens = user.strip_prefix("hook:").unwrap_or(user);
            tokens.split('-').collect()
        }
        _ => {
            word.is_a_webhook_alone()?;
            if word.is_at(&SLACK_HOSTS) {
                is_incoming(word)?;
                host = word.host;
                segments
            } else {
                [&[word.host], &*segments].concat()
            }
        }
    };
    if tokens.iter().any(|token| token.starts_with("xox")) {
        return Err("it is the token of a bot, and an incoming webhook is what is posted to");
    }
    let tokens = tokens.strip_prefix(&["services"]).unwrap_or(&tokens);
    let [a, b, c] = *tokens else {
        return Err("it does not have three tokens");
    };
    if ![a, b, c].into_iter().all(is_token) {
        return Err("its tokens are not letters and digits");
    }
    Destination::parse(&format!("https://{host}/services/{a}/{b}/{c}"))
}

/// Checks that a URL of Slack is no other than an incoming webhook's.
fn is_incoming(word: &Word<'_>) -> Result<(), Problem> {
    match *word.segments() {
        ["services", "services", ..] => Err("it contains `services` twice"),
        ["services", ..] => word.is_a_webhook_alone(),
        ["triggers" | "workflows", ..] => Err(super::slack::TRIGGER),
        _ => Err("it is not the URL of an incoming webhook"),
    }
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A webhook of Mattermost or Rocket.Chat, which take Slack's payload. The server may be below a
/// folder of its host: that is what stands before `hooks`, or else before Mattermost's one key.
fn hook(word: &Word<'_>, keys: std::ops::RangeInclusive<usize>) -> Result<Destination, Problem> {
    word.is_a_webhook_alone()?;
    if is_key(word.host) {
        return Err("its host looks like a key: write the host before the keys");
    }
    let segments = word.segments();
    let (folder, key) = match segments.iter().rposition(|part| *part == "hooks") {
        Some(at) => (&segments[..at], &segments[at + 1..]),
        None if keys == (1..=1) => segments.split_at(segments.len().saturating_sub(1)),
        None => (&[][..], &*segments),
    };
    if folder.iter().any(|part| is_key(part)) {
        return Err("no channel may follow the key: a webhook has its own");
    }
    if !keys.contains(&key.len()) {
        return Err("its path is not the webhook's key");
    }
    // An address with `hooks` in it twice is a slip, and no folder of that name.
    let folder = folder.iter().filter(|part| **part != "hooks");
    let path: Vec<_> = folder.chain([&"hooks"]).chain(key).copied().collect();
    at(&format!("{}/{}", word.host, path.join("/")))
}

/// Returns whether a part of a word is as long as a key of Mattermost or Rocket.Chat, and no name.
fn is_key(part: &str) -> bool {
    part.len() >= 17 && is_token(part) && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// In clear to a loopback address, and to no other.
fn at(rest: &str) -> Result<Destination, Problem> {
    Destination::parse(&format!("http://{rest}"))
        .or_else(|_| Destination::parse(&format!("https://{rest}")))
}

const DISCORD_HOSTS: [&str; 4] = [
    "discord.com",
    ".discord.com",
    "discordapp.com",
    ".discordapp.com",
];

/// `discord://ID/Token` as Apprise has it, or `discord://Token@ID` as shoutrrr; and with the host
/// and the path of the webhook's own URL.
fn discord(word: &Word<'_>) -> Result<Destination, Problem> {
    if word.is_at(&DISCORD_HOSTS) {
        return discord_url(word);
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
fn discord_url(word: &Word<'_>) -> Result<Destination, Problem> {
    word.is_a_webhook_alone()?;
    let segments = word.segments();
    let is_version = |part: &str| {
        let number = part.strip_prefix('v');
        number.is_some_and(|number| number.parse::<u16>().is_ok())
    };
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
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(id) {
        return Err("its id is not a number");
    }
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if token.is_empty() || !token.bytes().all(is_of_token) {
        return Err("its token is not letters, digits, `-` and `_`");
    }
    match word.option(&["thread_id", "thread"]) {
        Some(thread) if !is_number(thread) => Err("its thread is not a number"),
        thread => Ok(thread),
    }
}

/// `pagerduty://key`, or `pagerduty://host/key`, such as that of the European Union; or shoutrrr's
/// `pagerduty:///key`.
fn pagerduty(word: &Word<'_>) -> Result<PagerDuty, Problem> {
    if word.user.is_some() {
        return Err("it takes the integration's key alone");
    }
    let made = match (word.host, &*word.segments()) {
        (key, []) => PagerDuty::new(key),
        ("", [key]) => PagerDuty::new(key),
        (host, [key]) if word.is_at(&["events.pagerduty.com", "events.eu.pagerduty.com"]) => {
            PagerDuty::at(&format!("https://{host}"), key)
        }
        _ => return Err("it is not a key alone"),
    };
    // Not the error's own text, which speaks of code.
    made.map_err(|_| "its key is not 32 letters and digits")
}

const OLD_CONNECTOR: Problem =
    "it is an old connector of Office 365, which Microsoft has switched off: make a workflow";

/// Where workflows have been since the end of 2025, in each of Microsoft's clouds.
const POWER_PLATFORM_HOSTS: [&str; 5] = [
    ".api.powerplatform.com",
    ".api.gov.powerplatform.microsoft.us",
    ".api.high.powerplatform.microsoft.us",
    ".api.appsplatform.us",
    ".api.powerplatform.partner.microsoftonline.cn",
];

/// Where they were before.
const LOGIC_HOSTS: [&str; 3] = [".logic.azure.com", ".logic.azure.us", ".logic.azure.cn"];

/// `workflows://host/workflow/signature` as Apprise has it, or the workflow's whole URL.
fn workflow(word: &Word<'_>) -> Result<Destination, Problem> {
    if word.user.is_some() || word.is_at(&[".webhook.office.com"]) {
        return Err(OLD_CONNECTOR);
    }
    word.is_a_webhook_alone()?;
    if word.option(&["sig"]).is_some() {
        return at(word.whole);
    }
    let [workflow, signature] = *word.segments() else {
        return Err("it is not a host, a workflow and a signature");
    };
    let is_new = word.is_at(&POWER_PLATFORM_HOSTS);
    let automate = word.option(&["pa"]).map(str::to_ascii_lowercase);
    let is_automate = automate.is_some_and(|pa| ["yes", "y", "1", "true", "on"].contains(&&*pa));
    let (folder, usual) = match (is_new, is_automate) {
        (true, _) => (AUTOMATE, "1"),
        (false, true) => (AUTOMATE, "2022-03-01-preview"),
        (false, false) => ("", "2016-06-01"),
    };
    let version = word.option(&["ver", "api-version"]).unwrap_or(usual);
    let is_of_version = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if version.is_empty() || !version.bytes().all(is_of_version) {
        return Err("its version is not one such as 1 or 2016-06-01");
    }
    let route = match word.option(&["route", "routeid"]) {
        None | Some("") => String::new(),
        Some(route) if !route.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err("its route is not a number");
        }
        Some(_) if folder.is_empty() => return Err("a route needs `pa=yes`"),
        Some(route) => format!("/cu/{route}"),
    };
    at(&format!(
        "{}{folder}{route}/workflows/{workflow}/triggers/manual/paths/invoke?api-version={version}\
         &sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={signature}",
        word.host
    ))
}

const AUTOMATE: &str = "/powerautomate/automations/direct";

fn json(word: &Word<'_>, scheme: &str, signing: &Signing) -> Made {
    let signing = signing.clone()?;
    if signing.is_some() {
        super::json::can_sign()?;
    }
    word.has_no_user()?;
    let destination = Destination::parse(&format!("{scheme}://{}", word.whole));
    let destination = destination.map_err(|problem| match scheme {
        "http" if at(word.whole).is_ok() => {
            "`json://` would show it to the network: use `jsons://` (127.0.0.1 and [::1] excepted)"
        }
        _ => problem,
    })?;
    Ok(Arc::new(Json::to(destination).signing(signing)))
}

fn exec(word: &Word<'_>) -> Result<Exec, Problem> {
    if word.user.is_some() || !word.host.is_empty() || word.segments().is_empty() {
        return Err("it takes three slashes and an absolute path");
    }
    let mut exec = Exec::new(decode(word.path)?);
    for part in word.query.into_iter().flat_map(|query| query.split('&')) {
        match part.split_once('=') {
            Some(("arg", value)) => exec = exec.arg(decode(value)?),
            Some(("text", "yes")) => exec = exec.text(),
            Some(("text", "no")) => {}
            Some(("text", _)) => return Err("its `text=` is neither `yes` nor `no`"),
            _ if part.is_empty() => {}
            _ => return Err("what follows its `?` is neither `arg=` nor `text=yes`"),
        }
    }
    Ok(exec)
}

/// A webhook's own URL, whose host names the service.
fn plain(word: &Word<'_>) -> Made {
    let destination = Destination::parse(&format!("https://{}", word.whole))?;
    if word.is_at(&SLACK_HOSTS) {
        is_incoming(word)?;
        return Ok(Arc::new(Slack::to(destination)));
    }
    if word.is_at(&DISCORD_HOSTS) {
        return Ok(Arc::new(Discord::to(discord_url(word)?)));
    }
    if word.is_at(&[".webhook.office.com"]) {
        return Err(OLD_CONNECTOR);
    }
    if word.is_at(&LOGIC_HOSTS) || word.is_at(&POWER_PLATFORM_HOSTS) {
        word.is_a_webhook_alone()?;
        return Ok(Arc::new(Teams::to(destination)));
    }
    Err(
        "its host does not say which service it is: write the service in place of `https` \
         (`mattermost`, `rocketchat`, or `jsons` for JSON)",
    )
}

/// A word in a file, which is read at each send.
struct FromFile {
    path: PathBuf,
    signing: Signing,
}

impl FromFile {
    fn read(&self) -> Result<Arc<dyn Notifier>, String> {
        let content = match file::read(&self.path, MAX_FILE_BYTES, Links::Follow) {
            Ok(Some(content)) => content,
            Ok(None) => return Err("its `file:` does not exist".to_owned()),
            Err(error) => return Err(format!("its `file:` cannot be read: {}", error.kind())),
        };
        let mut words = content.split_whitespace();
        match (words.next(), words.next()) {
            (Some(word), None) => {
                direct(word, &self.signing).map_err(|problem| format!("in its `file:`, {problem}"))
            }
            (None, _) => Err("its `file:` is empty".to_owned()),
            _ => Err("its `file:` holds more than one word: name a file for each".to_owned()),
        }
    }
}

impl Notifier for FromFile {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let notifier = self.read().map_err(|reason| Refusal::Channel { reason })?;
        notifier.notify(alerts, timeout)
    }

    fn most(&self) -> usize {
        // Where it cannot be read, it names none.
        self.read().map_or(1, |notifier| notifier.most())
    }

    fn hidden(&self, ours: Ours) -> Vec<Hidden> {
        self.read()
            .map(|notifier| notifier.hidden(ours))
            .unwrap_or_default()
    }

    fn identity(&self) -> String {
        format!("file:{}", self.path.display())
    }
}

#[cfg(test)]
mod elsewhere;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::{Folder, alert};

    /// A secret part, which no problem may show.
    const SECRET: &str = "s3cr3t";

    fn made(value: &str) -> (Vec<String>, Vec<String>) {
        let (notifiers, problems) = notifiers("NOTIFY_ALERTS_URL", value.as_ref(), &Ok(None));
        let identities = notifiers.iter().map(|notifier| notifier.identity());
        let problems = problems.iter().map(|problem| format!("{problem:?}"));
        (identities.collect(), problems.collect())
    }

    const SLACK: &str = "https://hooks.slack.com/services/T0/B0/s3cr3t";

    /// Words, and what they become, by its identity.
    const TABLE: &[(&str, &str)] = &[
        ("slack://T0/B0/s3cr3t", SLACK),
        ("slack://T0/B0/s3cr3t/", SLACK),
        ("SLACK://T0/B0/s3cr3t", SLACK),
        ("slack://hook:T0-B0-s3cr3t@webhook", SLACK),
        ("slack://hook:T0-B0-s3cr3t@webhook?color=good", SLACK),
        (SLACK, SLACK),
        (
            "https://hooks.slack-gov.com/services/T0/B0/s3cr3t",
            "https://hooks.slack-gov.com/services/T0/B0/s3cr3t",
        ),
        (
            "mattermost://mm.example/s3cr3t",
            "https://mm.example/hooks/s3cr3t",
        ),
        (
            "mmosts://mm.example:8443/s3cr3t",
            "https://mm.example:8443/hooks/s3cr3t",
        ),
        (
            "mattermost://127.0.0.1:8065/s3cr3t",
            "http://127.0.0.1:8065/hooks/s3cr3t",
        ),
        (
            "rocketchat://rc.example/a/s3cr3t",
            "https://rc.example/hooks/a/s3cr3t",
        ),
        (
            "rocket://rc.example/s3cr3t",
            "https://rc.example/hooks/s3cr3t",
        ),
        (
            "discord://123/s3cr3t-_",
            "https://discord.com/api/webhooks/123/s3cr3t-_",
        ),
        (
            "discord://s3cr3t@123",
            "https://discord.com/api/webhooks/123/s3cr3t",
        ),
        (
            "discord://s3cr3t@123?splitLines=yes&thread_id=456",
            "https://discord.com/api/webhooks/123/s3cr3t?thread_id=456",
        ),
        (
            "https://ptb.discord.com/api/webhooks/1/s3cr3t",
            "https://ptb.discord.com/api/webhooks/1/s3cr3t",
        ),
        (
            "workflows://prod-1.westus.logic.azure.com:443/abc/s3cr3t/",
            "https://prod-1.westus.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke\
                 ?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t",
        ),
        (
            "workflow://127.0.0.1:80/abc/s3cr3t?pa=yes",
            "http://127.0.0.1:80/powerautomate/automations/direct/workflows/abc/triggers/manual/paths/invoke\
                 ?api-version=2022-03-01-preview&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t",
        ),
        (
            "teams://x.example/a/b/c?v=1&sig=s3cr3t",
            "https://x.example/a/b/c?v=1&sig=s3cr3t",
        ),
        (
            "https://prod-1.westus.logic.azure.com:443/workflows/abc?sig=s3cr3t",
            "https://prod-1.westus.logic.azure.com:443/workflows/abc?sig=s3cr3t",
        ),
        (
            "https://a.b.environment.api.powerplatform.com/x?sig=s3cr3t",
            "https://a.b.environment.api.powerplatform.com/x?sig=s3cr3t",
        ),
        (
            "pagerduty://s3cr3t789abcdef0123456789abcdef0",
            "https://events.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
        ),
        (
            "pagerduty:///s3cr3t789abcdef0123456789abcdef0",
            "https://events.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
        ),
        (
            "pagerduty://events.eu.pagerduty.com/s3cr3t789abcdef0123456789abcdef0",
            "https://events.eu.pagerduty.com/v2/enqueue s3cr3t789abcdef0123456789abcdef0",
        ),
        (
            "jsons://x.example/a/b?k=s3cr3t",
            "json:https://x.example/a/b?k=s3cr3t",
        ),
        (
            "json://127.0.0.1:8080/s3cr3t",
            "json:http://127.0.0.1:8080/s3cr3t",
        ),
        ("json://[::1]/s3cr3t", "json:http://[::1]/s3cr3t"),
        ("exec:///bin/tell", "exec:/bin/tell"),
        (
            "exec:///bin/tell?arg=a%20b&arg=c+d&arg=%C3%A9=",
            "exec:/bin/tell\0a b\0c+d\0é=",
        ),
        ("exec:///my%20bin/tell", "exec:/my bin/tell"),
        ("exec:///bin/tell?text=yes&arg=a", "exec:/bin/tell\0a"),
        ("file:/run/secrets/alerts", "file:/run/secrets/alerts"),
    ];

    #[test]
    fn every_form_becomes_its_destination() {
        for (word, destination) in TABLE {
            let expected = (vec![(*destination).to_owned()], Vec::new());
            assert_eq!(made(word), expected, "{word}");
        }
        for scheme in SCHEMES {
            let is_walked = |name: &&str| {
                let start = format!("{name}://");
                TABLE.iter().any(|(word, _)| word.starts_with(&start))
            };
            assert!(scheme.names.iter().any(is_walked), "{}", scheme.form);
        }
    }

    #[test]
    fn every_form_that_is_shown_as_the_right_one_can_be_used() {
        for form in SCHEMES
            .iter()
            .flat_map(|scheme| scheme.form.split(" or "))
            .chain([FILE])
        {
            let (made, problems) = made(form);
            assert_eq!((made.len(), problems.len()), (1, 0), "{form}: {problems:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_a_problem_with_the_right_form_and_without_the_secret() {
        for (word, form) in [
            ("s3cr3t", "slack://"),
            ("/s3cr3t", "exec:///"),
            ("s3cr3t://x", "slack://"),
            ("://s3cr3t", "slack://"),
            ("slack://s3cr3t", "slack://TokenA"),
            ("slack://", "slack://TokenA"),
            ("slack://T0/B0/s3cr3t/#general", "slack://TokenA"),
            ("slack://T0/B0/s3cr3t/general", "slack://TokenA"),
            ("slack://bot@T0/B0/s3cr3t", "slack://TokenA"),
            ("slack://T0//s3cr3t", "slack://TokenA"),
            ("slack://T0/../s3cr3t", "slack://TokenA"),
            ("slack://xoxb-123-s3cr3t", "slack://TokenA"),
            ("slack://xoxb:1-2-s3cr3t@C001", "slack://TokenA"),
            ("mattermost://s3cr3t", "mattermost://host/key"),
            (
                "mattermost://bot@mm.example/s3cr3t",
                "mattermost://host/key",
            ),
            (
                "mattermost://mm.example/s3cr3t789abcdef0123456789a/general",
                "mattermost://host/key",
            ),
            ("mattermost:///s3cr3t", "mattermost://host/key"),
            ("rocketchat://rc.example/a/b/s3cr3t", "rocketchat://host"),
            ("discord://s3cr3t/123", "discord://1234567890"),
            ("discord://123", "discord://1234567890"),
            ("discord://bot@123/s3cr3t", "discord://1234567890"),
            ("discord://123/s3cr3t?thread=s3cr3t", "discord://1234567890"),
            ("discord://123/s3%63r3t", "discord://1234567890"),
            (
                "teams://group@s3cr3t/1/2?host=x.webhook.office.com",
                "workflows://host",
            ),
            ("workflows://x.example/s3cr3t", "workflows://host"),
            ("workflows:///abc/s3cr3t", "workflows://host"),
            ("https://logic.azure.com.evil.example/s3cr3t", "mattermost"),
            ("https://evil-logic.azure.com/s3cr3t", "mattermost"),
            ("https://discord.com/s3cr3t", "not the URL of a webhook"),
            ("pagerduty://s3cr3t", "pagerduty://0123"),
            ("pagerduty://", "pagerduty://0123"),
            (
                "pagerduty://s3cr3t789abcdef0123456789abcdef0@api",
                "pagerduty://0123",
            ),
            (
                "pagerduty://evil.example/s3cr3t789abcdef0123456789abcdef0",
                "pagerduty://0123",
            ),
            ("json://x.example/s3cr3t", "use `jsons://`"),
            ("json://localhost/s3cr3t", "use `jsons://`"),
            ("jsons://user:s3cr3t@x.example/", "jsons://host"),
            ("jsons:///s3cr3t", "jsons://host"),
            ("jsons://x.example:99999/s3cr3t", "jsons://host"),
            ("exec://bin/s3cr3t", "exec:///path"),
            ("exec:///", "exec:///path"),
            ("exec:///bin/s3cr3t?token=s3cr3t", "exec:///path"),
            ("exec:///bin/s3cr3t?text=s3cr3t", "exec:///path"),
            ("exec:///bin/s3cr3t?arg=%", "exec:///path"),
            ("exec:///bin/s3cr3t?arg=%+1", "exec:///path"),
            ("exec:///bin/s3cr3t?arg=%00", "exec:///path"),
            ("https://x.example/s3cr3t", "mattermost"),
            (
                "https://hooks.slack.com.evil.example/services/s3cr3t",
                "mattermost",
            ),
            (
                "https://hooks.slack.com@evil.example/services/s3cr3t",
                "before its host",
            ),
            (
                "https://hooks.slack.com/workflows/s3cr3t",
                "make an incoming webhook",
            ),
            ("http://hooks.slack.com/s3cr3t", "https://hooks.slack.com"),
            ("file:s3cr3t", "file:/path"),
            ("file:", "file:/path"),
        ] {
            let (made, problems) = made(word);
            assert_eq!((made.len(), problems.len()), (0, 1), "{word}");
            let problem = &problems[0];
            assert!(problem.contains("NOTIFY_ALERTS_URL"), "{problem}");
            assert!(problem.contains(form), "{word}: {problem}");
            assert!(!problem.contains(SECRET), "{problem}");
        }
    }

    #[test]
    fn one_bad_word_silences_no_other() {
        let (made, problems) =
            made("  slack://T0/B0/s3cr3t\njson://x.example/s3cr3t  exec:///bin/tell ");
        assert_eq!(made.len(), 2);
        assert!(problems[0].contains("word 2 of 3: "), "{problems:?}");
        assert_eq!(self::made(" \n"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_key_that_cannot_be_used_sends_nothing_unsigned() {
        let signing: Signing = Err("its key is empty");
        let value = "jsons://x.example/ slack://T0/B0/s3cr3t";
        let (made, problems) = notifiers("NOTIFY_ALERTS_URL", value.as_ref(), &signing);
        assert_eq!((made.len(), problems.len()), (1, 1));
        assert!(format!("{problems:?}").contains("its key is empty"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_read_at_each_send_and_its_faults_break_the_channel() {
        let folder = Folder::new();
        let path = folder.path().join("word");
        let word = format!("file:{}", path.display());
        let notifier = notifier(&word, &Ok(None)).unwrap();
        let send = || notifier.notify(&[alert("etl", "1")], Duration::from_secs(30));
        for (content, said) in [
            (None, Some("does not exist")),
            (Some(""), Some("is empty")),
            (Some("exec:///bin/sh?arg=-c&arg=exit%200"), None),
            (
                Some("exec:///bin/sh?arg=-c&arg=exit%2078\n"),
                Some("exit code 78"),
            ),
            (
                Some("exec:///bin/true exec:///bin/true"),
                Some("more than one word"),
            ),
            (Some("s3cr3t"), Some("write slack://")),
            (Some("file:/etc/s3cr3t"), Some("write slack://")),
        ] {
            if let Some(content) = content {
                fs::write(&path, content).unwrap();
            }
            match (send(), said) {
                (Ok(()), None) => {}
                (Err(Refusal::Channel { reason }), Some(said)) => {
                    assert!(
                        reason.contains(said) && !reason.contains(SECRET),
                        "{reason}"
                    );
                }
                (other, _) => panic!("{content:?}: {other:?}"),
            }
        }
    }
}
