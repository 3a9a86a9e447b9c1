//! Hides secrets in texts: those of the configured destinations, and passwords in any URL, and in an error the tokens of one.
//!
//! A program's error may quote what it was given, such as the webhook that it could not reach, and the
//! status file is for all to read. What was hidden reads `[hidden]`.
//!
//! Long on purpose: what counts as a secret, and each form in which a text may show one, are read together.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::MutexGuard;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::format::debug::debug_by_name;
use crate::format::{order, percent, text};
use crate::os::engine::{Part, Slot};
use crate::os::ffi::{self, OnceBox};
use crate::os::mutex::Mutex;

/// What stands where a secret stood.
const MARK: &str = "[hidden]";

/// A part of a URL that is shorter is no secret by itself: it may be a word of any text.
pub(crate) const LONG: usize = 8;

/// A shorter key is hidden only where it stands alone, and below this it is none.
const SHORT: usize = 3;

/// The longest secret that is looked for where a text is cut.
pub(crate) const LONGEST: usize = 8 * 1024;

/// Secrets may stand in files, and change: they are gathered anew after this time.
const FRESH: Duration = Duration::from_secs(1);

/// Who knows the secrets that are configured.
static SOURCE: OnceBox<fn() -> Vec<String>> = OnceBox::new();

static SECRETS: Part<Mutex<Gathered>> = Part::new(Slot::Secrets);

/// The secrets that were last gathered.
#[derive(Default)]
struct Gathered {
    secrets: Secrets,
    at: Option<Duration>,
    /// A text that holds none of them: what fails again mostly fails in the very same words.
    clean: String,
}

/// Names who knows the secrets that are configured; it is asked once a text may hold one.
pub(crate) fn ask(source: fn() -> Vec<String>) {
    SOURCE.get_or_make(|| source);
}

/// Hides in a text all secrets that are configured, and the passwords of any URL.
pub(crate) fn hide<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if text.is_empty() {
        return text;
    }
    let mut known = gathered();
    if known.clean == *text {
        return text;
    }
    if let Cow::Owned(hidden) = known.secrets.hide(&text) {
        return hidden.into();
    }
    known.clean.clear();
    known.clean.push_str(&text);
    text
}

/// Hides in an error, or in what a program wrote, also what its URLs call a token: many clients show the whole URL that they
/// asked. In what a person writes such a URL is meant: a report that is signed.
pub(crate) fn hide_in_error<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    without_tokens(hide(text))
}

fn without_tokens(text: Cow<'_, str>) -> Cow<'_, str> {
    let tokens = tokens_of_queries(&text);
    if tokens.is_empty() {
        return text;
    }
    marked(&text, tokens.into_iter().map(|token| token.place)).into()
}

/// Puts the mark in the place of each secret.
fn marked(text: &str, places: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut from = 0;
    for secret in places {
        hidden += &text[from..secret.start];
        hidden += MARK;
        from = secret.end;
    }
    hidden + &text[from..]
}

/// Makes one line of at most `limit` bytes that can be read and holds no secret; empty where nothing is left
/// to see.
pub(crate) fn line(text: &str, limit: usize) -> String {
    // Cut first, for it costs time to read 100 MB.
    let shown = text::readable(text::first_bytes(text, text::LIMIT)).replace(['\n', '\t'], " ");
    // Trimmed last: a mark that nobody sees may have stood between the blanks.
    let hidden = hide(shown.trim());
    text::first_bytes(&hidden, limit).trim_end().to_owned()
}

/// Returns where a text may be cut: at a place, or before the secret that is there.
pub(crate) fn cut_before(text: &str, place: usize) -> usize {
    let across = gathered().secrets.across(text, place);
    across.map_or(place, |secret| secret.start)
}

/// Returns where what is left of a text may begin: at a place, or behind the secret that is there.
pub(crate) fn cut_after(text: &str, place: usize) -> usize {
    let across = gathered().secrets.across(text, place);
    across.map_or(place, |secret| secret.end)
}

fn gathered() -> MutexGuard<'static, Gathered> {
    let mut known = SECRETS.get().lock();
    let now = ffi::coarse_time();
    if known.at.is_none_or(|at| now.saturating_sub(at) > FRESH) {
        let all = SOURCE.get().map_or_else(Vec::new, |source| source());
        let secrets = Secrets::new(all);
        if secrets != known.secrets {
            known.clean.clear();
        }
        known.secrets = secrets;
        known.at = Some(now);
    }
    known
}

/// Secrets, as they may stand in a text.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Secrets {
    plain: Vec<String>,
    /// The same inside of base64.
    in_base64: Vec<String>,
}

debug_by_name!(Secrets);

impl Secrets {
    pub(crate) fn new(all: impl IntoIterator<Item = String>) -> Self {
        let mut plain = Vec::new();
        for secret in all {
            if let Some(decoded) = percent::decoded(&secret) {
                plain.push(decoded);
            }
            plain.push(secret);
        }
        plain.retain(|form| form.len() >= SHORT);
        let mut in_base64: Vec<_> = plain.iter().flat_map(|form| in_base64(form)).collect();
        for forms in [&mut plain, &mut in_base64] {
            order::sort(forms);
            forms.dedup();
        }
        Self { plain, in_base64 }
    }

    /// Hides them in a text, and the passwords of URLs.
    pub(crate) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text);
        if found.is_empty() {
            return text.into();
        }
        marked(text, found).into()
    }

    /// Finds what a cut at a place would part: a secret, or a password from the name before it.
    fn across(&self, text: &str, place: usize) -> Option<Range<usize>> {
        let passwords = passwords(text)
            .into_iter()
            .chain(tokens_of_queries(text))
            .map(|password| password.known_by);
        let mut all = apart(self.find(text).into_iter().chain(passwords).collect()).into_iter();
        // At its beginning nothing is parted: it is whole behind the cut.
        all.find(|part| part.start < place && place < part.end)
    }

    /// Finds where they stand, in order; those that overlap are one.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let passwords = passwords(text).into_iter();
        let mut found: Vec<_> = passwords.map(|password| password.place).collect();
        found.extend(places(&self.plain, text));
        if may_hold_base64(text) {
            found.extend(places(&self.in_base64, text));
        }
        // Who quotes a URL may encode it in another way.
        if let Some((meant, at)) = percent::without_encoding(text) {
            let places = places(&self.plain, &meant).into_iter();
            found.extend(places.map(|place| at[place.start]..at[place.end]));
        }
        let mut apart = apart(found);
        apart.retain(|place| text[place.clone()] != *MARK);
        apart
    }
}

/// Finds where any of those forms stands.
fn places(forms: &[String], text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for secret in forms {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(secret.as_str())) {
            let place = from + at..from + at + secret.len();
            if secret.len() >= LONG || stands_alone(text, &place) {
                found.push(place.clone());
            }
            // A secret may overlap itself.
            from = place.start + text[place.start..].chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// Returns whether a text has a long word with capitals in it, as base64 has. Most texts have none, and need not be
/// searched for each form.
fn may_hold_base64(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let mut words = text.as_bytes().split(|byte| !is_of_it(*byte));
    words.any(|word| word.len() > LONG && word[1..].iter().any(u8::is_ascii_uppercase))
}

/// Returns how a long secret reads inside of base64, as in a header of HTTP: in either alphabet, behind any number of
/// other bytes. What stands for its neighbours, too, is left out.
fn in_base64(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in (0..3).filter(|_| secret.len() >= LONG) {
        let bytes = [&b"\0\0"[..before], secret.as_bytes()].concat();
        let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.extend(alphabet.encode(&bytes).get(own.clone()).map(str::to_owned));
        }
    }
    forms
}

/// Puts places in order, and those that overlap together.
fn apart(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    order::sort_by_key(&mut places, |place| place.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for place in places {
        match apart.last_mut() {
            Some(last) if place.start < last.end => {
                last.end = last.end.max(place.end);
            }
            _ => apart.push(place),
        }
    }
    apart
}

/// How user and password are written where a text says how an address is written, as ours do.
const SHOWN_HOW: &str = "user:password";

/// A password in a text.
struct Password {
    place: Range<usize>,
    /// From `://` to `@`, or from the mark before an option, by which it is known as one.
    known_by: Range<usize>,
}

pub(crate) fn without_passwords(text: &str) -> Cow<'_, str> {
    Secrets::default().hide(text)
}

/// Finds the passwords of URLs: in `scheme://user:password@host`.
fn passwords(text: &str) -> Vec<Password> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + 3;
        from = start;
        let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>".contains(c);
        let url = text[start..].split(ends).next().unwrap_or_default();
        // Another URL may stand behind it, as in a list.
        let url = url.split("://").next().unwrap_or_default();
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        let Some(colon) = authority.find(':') else {
            continue;
        };
        // Many write a password as it is, be there a `/` in it; but a path may hold an `@`, too.
        let is_port = authority[colon + 1..]
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        let is_address = authority.starts_with('[');
        let end = match authority.rfind('@') {
            Some(_) if is_of_database(&text[..start]) => url.rfind('@'),
            Some(end) => Some(end),
            None if is_port || is_address => None,
            None => url.rfind('@'),
        };
        if let Some(end) = end.filter(|end| *end > colon + 1 && &url[..*end] != SHOWN_HOW) {
            found.push(Password {
                place: start + colon + 1..start + end,
                known_by: start - "://".len()..start + end + "@".len(),
            });
            from = start + end;
        }
    }
    found
}

/// Returns whether a text ends with the beginning of a database's or a broker's address. Its path holds no `@`, so that
/// the last one ends the password.
fn is_of_database(text: &str) -> bool {
    const SCHEMES: [&str; 6] = ["postgres", "mysql", "mariadb", "mongodb", "redis", "amqp"];
    let mut words = text
        .trim_end_matches("://")
        .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+');
    let scheme = words.next().unwrap_or_default();
    SCHEMES.into_iter().any(|known| scheme.starts_with(known))
}

/// Finds the values of a query that are secret by their names: `?access_token=…&X-Amz-Signature=…`.
fn tokens_of_queries(text: &str) -> Vec<Password> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let ends = |c: char| c.is_whitespace() || c.is_control() || "&#\"'`<>()[]{},;\\".contains(c);
    let options = text.match_indices(['?', '&']).filter_map(|(at, mark)| {
        let start = at + mark.len();
        let name = text[start..].split(|c| !is_of_name(c)).next()?;
        let rest = text[start + name.len()..].strip_prefix('=')?;
        let value = rest.split(ends).next()?.trim_end_matches([':', '.']);
        let from = start + name.len() + "=".len();
        let place = from..from + value.len();
        let known_by = at..place.end;
        names_secret(name, value).then_some(Password { place, known_by })
    });
    options.collect()
}

/// Returns whether an option of a query is a secret, whosever URL it is. A `key` is mostly none, but for Google's.
fn names_secret(name: &str, value: &str) -> bool {
    const ENDS: [&str; 6] = [
        "token", "apikey", "api_key", "api-key", "signature", "secret",
    ];
    let name = text::lower(name);
    let is_secret = ENDS.iter().any(|end| name.ends_with(end))
        || matches!(&*name, "sig" | "password" | "passwd")
        || name == "key" && value.starts_with("AIza");
    is_secret && value.len() >= LONG
}

fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let before = text[..place.start].chars().next_back();
    let after = text[place.end..].chars().next();
    ![before, after]
        .into_iter()
        .flatten()
        .any(char::is_alphanumeric)
}

/// Parts of a path that are the same for everybody.
const FIXED: [&str; 7] = [
    "messages", "services", "webhooks", "workflows", "triggers", "automations", "powerautomate",
];

/// Returns whether the first token stands where others have their host. Who knows a topic of ntfy may
/// write to it.
fn is_hostless(scheme: &str, path: &str) -> bool {
    match &*scheme.to_ascii_lowercase() {
        "slack" | "pagerduty" | "jira" | "opsgenie" => true,
        "ntfy" | "ntfys" => path.trim_matches('/').is_empty(),
        _ => false,
    }
}

/// What the secret options of a query are called.
const OPTIONS: [&str; 12] = [
    "token", "key", "apikey", "api_key", "api-key", "access_token", "auth", "sig", "signature",
    "secret", "password", "pass",
];

/// What of a URL is its secret, beside the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    /// Its path is tokens, such as a webhook's.
    Tokens,
    /// Its path is a path; only a query names its tokens.
    Options,
}

/// Returns it without the quotation marks that a file of settings may have left around it.
fn unquoted(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
}

/// Returns the secrets of a URL: the whole, where it has more than a host; its password; and what of its path and query
/// is a token.
pub(crate) fn of_url(url: &str, parts: Parts) -> Vec<String> {
    let url = unquoted(url);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if rest.is_empty() {
        return Vec::new();
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_host_alone = user.is_empty() && query.is_empty() && path.trim_matches('/').is_empty();
    let mut all = Vec::new();
    let mut long = Vec::new();
    match scheme {
        // A word that is no URL: `none` or `off`, with which somebody meant to switch it off, may stand in any text.
        "" => long.push(url),
        // Who knows a host knows no secret.
        _ if is_host_alone && !is_hostless(scheme, path) => {}
        _ => all.push(url),
    }
    all.extend(user.split_once(':').map(|(_, password)| password));
    if parts == Parts::Tokens {
        // As logs show it, without the scheme or the host.
        long.extend(
            [before, path]
                .into_iter()
                .filter(|part| part.trim_matches('/').contains('/')),
        );
        long.extend(path.split('/').filter(|part| !FIXED.contains(part)));
        long.extend(user.split([':', '-']));
        long.extend(Some(host).filter(|_| is_hostless(scheme, path)));
    }
    let options = query.split('&').filter_map(|option| option.split_once('='));
    let options = options.filter(|(name, _)| OPTIONS.contains(&&*name.to_ascii_lowercase()));
    long.extend(options.map(|(_, value)| value));
    all.extend(long.into_iter().filter(|part| part.len() >= LONG));
    all.into_iter().map(str::to_owned).collect()
}

/// Returns the secrets of a word that names a destination, be it one that cannot be used.
pub(crate) fn of_word(word: &str) -> Vec<String> {
    let word = unquoted(word);
    let scheme = word.split_once("://").map_or("", |(scheme, _)| scheme);
    match &*scheme.to_ascii_lowercase() {
        "json" | "jsons" | "mailto" | "mailtos" => of_url(word, Parts::Options),
        // It names people, and a program.
        "sendmail" => Vec::new(),
        // Where one has to say who he is, the topic's name is no secret.
        "ntfy" | "ntfys" if word.contains('@') => {
            let user = word.split(['/', '@']).nth(2).map(str::to_owned);
            let whole = of_url(word, Parts::Options);
            whole.into_iter().chain(user).collect()
        }
        // What follows the token names a thread.
        "gchat" => {
            let end = word
                .match_indices('/')
                .nth(4)
                .map_or(word.len(), |(end, _)| end);
            of_url(&word[..end], Parts::Tokens)
        }
        "exec" => {
            let query = word.split_once('?').map_or("", |(_, query)| query);
            let values = query
                .split('&')
                .filter_map(|option| Some(option.split_once('=')?.1));
            // Plain arguments are none, but one may be a destination of the program's own.
            let urls =
                values.map(|value| percent::decoded(value).unwrap_or_else(|| value.to_owned()));
            let urls = urls.filter(|value| value.contains("://"));
            urls.flat_map(|url| of_word(&url)).collect()
        }
        _ => of_url(word, Parts::Tokens),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_looks_for_secrets_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(gathered));
    }

    const SLACK: &str = "https://hooks.slack.com/services/T00000001/B00000002/s3cr3tS3CR3Ts3cr3t";

    fn secrets(of: &[&str]) -> Secrets {
        Secrets::new(of.iter().flat_map(|word| of_word(word)))
    }

    /// Issue 12, point 22.
    #[test]
    fn a_destinations_secrets_are_hidden_as_a_whole_and_in_their_parts() {
        for (word, text, hidden) in [
            (SLACK, format!("POST {SLACK}: 500"), "POST [hidden]: 500"),
            (
                SLACK,
                "no /services/T00000001/B00000002/s3cr3tS3CR3Ts3cr3t".to_owned(),
                "no [hidden]",
            ),
            (
                SLACK,
                "token s3cr3tS3CR3Ts3cr3t, team T00000001".to_owned(),
                "token [hidden], team [hidden]",
            ),
            (
                SLACK,
                "all services of hooks.slack.com".to_owned(),
                "all services of hooks.slack.com",
            ),
            (
                "slack://T00000001/B2/s3",
                "T00000001 B2 s3".to_owned(),
                "[hidden] B2 s3",
            ),
            (
                "slack://T00000001/B2/s3",
                "slack://T00000001/B2/s3".to_owned(),
                "[hidden]",
            ),
            (
                "jsons://in.example/long-path/alerts",
                "at /long-path/alerts".to_owned(),
                "at /long-path/alerts",
            ),
            (
                "jsons://in.example/long-path",
                "jsons://in.example/long-path!".to_owned(),
                "[hidden]!",
            ),
            (
                "jsons://in.example/a?token=abcdefgh",
                "with abcdefgh".to_owned(),
                "with [hidden]",
            ),
            (
                "jsons://in.example/a?token=abc",
                "with abc".to_owned(),
                "with abc",
            ),
            (
                "jsons://in.example/a?mode=abcdefgh",
                "with abcdefgh".to_owned(),
                "with abcdefgh",
            ),
            (
                "mattermost://localhost/k3yk3yk3y",
                "localhost k3yk3yk3y".to_owned(),
                "localhost [hidden]",
            ),
            (
                "pagerduty://0123456789abcdef0123456789abcdef",
                "0123456789abcdef0123456789abcdef".to_owned(),
                "[hidden]",
            ),
            (
                "discord://1234567890/t0ken-t0ken",
                "t0ken-t0ken".to_owned(),
                "[hidden]",
            ),
            (
                "exec:///usr/bin/apprise?arg=--verbose&arg=tgram%3A%2F%2F12345%3Aabcdefgh%2F99",
                "/usr/bin/apprise --verbose tgram://12345:abcdefgh/99".to_owned(),
                "/usr/bin/apprise --verbose [hidden]",
            ),
            (
                "workflows://h.example/0123456789/a%2Fb%2Fc%2Fd%2F",
                "sig a/b/c/d/ and a%2Fb%2Fc%2Fd%2F".to_owned(),
                "sig [hidden] and [hidden]",
            ),
            (
                "https://user:hunter2@in.example/",
                "password hunter2, not hunter22".to_owned(),
                "password [hidden], not hunter22",
            ),
            // They cannot be used, and hold no secret.
            ("none", "none of 12 rows".to_owned(), "none of 12 rows"),
            ("off", "the host is off".to_owned(), "the host is off"),
            (
                "https://hooks.slack.com",
                "write https://hooks.slack.com/services/TokenA".to_owned(),
                "write https://hooks.slack.com/services/TokenA",
            ),
            ("s3cr3ts3cr3t", "no s3cr3ts3cr3t".to_owned(), "no [hidden]"),
            (
                "ntfys://t0pic",
                "at ntfys://t0pic".to_owned(),
                "at [hidden]",
            ),
        ] {
            assert_eq!(secrets(&[word]).hide(&text), hidden, "{word}: {text}");
        }
    }

    #[test]
    fn a_secret_is_hidden_in_any_encoding_and_of_a_value_in_quotation_marks() {
        for (word, text, hidden) in [
            // Left so by a file of settings.
            (
                "'https://hooks.slack.com/services/T00000001/B00000002/s3cr3tS3CR3Ts3cr3t'",
                "s3cr3tS3CR3Ts3cr3t".to_owned(),
                "[hidden]",
            ),
            (
                "slack://",
                "write slack://TokenA".to_owned(),
                "write slack://TokenA",
            ),
            // Another encoding of the same, and none at all.
            (
                "workflows://h.example/0123456789/a%2Fb%2Fc%2Fd%2F",
                "sig a%2fb%2fc%2fd%2f! and %61/b/c/d/".to_owned(),
                "sig [hidden]! and [hidden]",
            ),
            (
                SLACK,
                "at services%2FT00000001%2FB00000002%2Fs3cr3tS3CR3Ts3cr3t 100% 5%2 %zz".to_owned(),
                "at services%2F[hidden]%2F[hidden]%2F[hidden] 100% 5%2 %zz",
            ),
        ] {
            assert_eq!(secrets(&[word]).hide(&text), hidden, "{word}: {text}");
        }
    }

    /// Issue 12, point 22: as in a header of HTTP that an error shows.
    #[test]
    fn a_long_secret_is_hidden_inside_of_base64_wherever_it_stands_there() {
        let token = "s3cr3t?S3CR3T>s3cr3t";
        let secrets = Secrets::new([token.to_owned()]);
        for (before, after) in [
            ("", ""),
            ("u:", ""),
            ("user:", "!"),
            ("a:", "bc"),
            ("abc", "d"),
        ] {
            for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let header = format!(
                    "Basic {}==",
                    alphabet.encode([before, token, after].concat())
                );
                let hidden = secrets.hide(&header);
                // At either end one letter encodes bits of the secret and bits of what is beside it.
                let left = hidden.replace(MARK, "").len() - "Basic ==".len();
                let beside = (before.len() * 8).div_ceil(6) + (after.len() * 8).div_ceil(6);
                assert!(left <= beside + 1, "{header}: {hidden}");
            }
        }
    }

    /// Issue 12, point 22.
    #[test]
    fn any_url_loses_its_password_and_nothing_else() {
        for (text, hidden) in [
            (
                "postgres://etl:hunter2@db/x",
                "postgres://etl:[hidden]@db/x",
            ),
            ("redis://:hunter2@cache", "redis://:[hidden]@cache"),
            ("a://u:p@h b://u:q@h", "a://u:[hidden]@h b://u:[hidden]@h"),
            ("a://u:p@h,b://u:q@h", "a://u:[hidden]@h,b://u:[hidden]@h"),
            ("mysql://u:a@b@h/x", "mysql://u:[hidden]@h/x"),
            (
                "(postgresql://u:p@x/y@h/d)",
                "(postgresql://u:[hidden]@h/d)",
            ),
            ("mongodb+srv://u:p@x#y@h", "mongodb+srv://u:[hidden]@h"),
            ("https://u:p@h/@a/b", "https://u:[hidden]@h/@a/b"),
            (
                "jdbc:postgresql://h:5432/d?user=a@b",
                "jdbc:postgresql://h:5432/d?user=a@b",
            ),
            ("mysql://u:a/b@h/x", "mysql://u:[hidden]@h/x"),
            (
                "(\"mongodb://u:ü@h1,h2/db\")",
                "(\"mongodb://u:[hidden]@h1,h2/db\")",
            ),
            ("http://h:8080/a@b", "http://h:8080/a@b"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
            ("https://anna@h/x", "https://anna@h/x"),
            ("https://h: mail anna@h", "https://h: mail anna@h"),
            ("mailto:anna@h, ://", "mailto:anna@h, ://"),
            ("x://u:@h", "x://u:@h"),
            // How it is written.
            (
                "write x://user:password@host/y",
                "write x://user:password@host/y",
            ),
            ("x://anna:password@host", "x://anna:[hidden]@host"),
            ("x://user:passwords@host", "x://user:[hidden]@host"),
        ] {
            assert_eq!(without_passwords(text), hidden, "{text}");
            assert_eq!(without_passwords(hidden), hidden, "{text}");
        }
    }

    /// Issue 12, point 22.
    #[test]
    fn in_an_error_the_query_of_any_url_loses_its_tokens() {
        for (text, hidden) in [
            (
                "401 for url: https://h/v1?page=2&api_key=AKZ81hsk29xk21",
                "401 for url: https://h/v1?page=2&api_key=[hidden]",
            ),
            (
                "no answer of (/v1/x?access_token=abcd1234efgh) (Caused by it)",
                "no answer of (/v1/x?access_token=[hidden]) (Caused by it)",
            ),
            (
                "PUT \"https://s3/b/k?X-Amz-Date=20261129T030000Z&X-Amz-Signature=9f86d081884c\": 403",
                "PUT \"https://s3/b/k?X-Amz-Date=20261129T030000Z&X-Amz-Signature=[hidden]\": 403",
            ),
            (
                "https://x.blob.core.windows.net/c?sv=2024&sig=abc%2Fdef%3D: no",
                "https://x.blob.core.windows.net/c?sv=2024&sig=[hidden]: no",
            ),
            ("https://h?key=AIzaSyA1B2C3", "https://h?key=[hidden]"),
            (
                "https://h?key=2026/orders.csv",
                "https://h?key=2026/orders.csv",
            ),
            ("is it a token=abcdefgh?", "is it a token=abcdefgh?"),
            ("https://h?token=none", "https://h?token=none"),
            ("a && b || token=abcdefgh", "a && b || token=abcdefgh"),
        ] {
            assert_eq!(hide_in_error(text), hidden, "{text}");
            assert_eq!(hide_in_error(hidden), hidden, "{text}");
            // A person may mean such a link.
            assert_eq!(hide(text), text);
        }
    }

    /// Issue 12, point 22.
    #[test]
    fn no_cut_leaves_a_password_without_what_tells_that_it_is_one() {
        let text = "no answer of postgres://etl:hunter2@db?sslmode=off&token=hunter2hunter2";
        for place in 0..text.len() {
            for part in [
                &text[..cut_before(text, place)],
                &text[cut_after(text, place)..],
            ] {
                let part = hide_in_error(part);
                assert!(!part.contains("hunter2"), "{place}: {part}");
            }
        }
    }

    #[test]
    fn what_begins_with_a_secret_is_not_cut_behind_it() {
        let known = Secrets::new(["s3cr3ts3cr3t".to_owned()]);
        let text = "s3cr3ts3cr3t is no table";
        assert_eq!(known.across(text, 0), None);
        assert_eq!(known.across(text, 1), Some(0..12));
        assert_eq!(known.across(text, 12), None);
    }

    #[test]
    fn a_short_key_is_hidden_where_it_stands_alone() {
        let secrets = Secrets::new(["k3y".to_owned(), "ab".to_owned(), String::new()]);
        assert_eq!(secrets.hide("k3y: monk3y ab"), "[hidden]: monk3y ab");
    }

    proptest! {
        /// Issue 12, point 22.
        #[test]
        fn no_secret_is_left_in_any_text(
            before in any::<String>(),
            between in any::<String>(),
            after in any::<String>(),
            token in "[A-Za-z0-9%/_-]{8,40}",
        ) {
            let secrets = Secrets::new([token.clone()]);
            let text = format!("{before}{token}{between}{token}{after}");
            let hidden = secrets.hide(&text).into_owned();
            prop_assert!(!hidden.contains(&token), "{hidden}");
            prop_assert!(hidden.contains(MARK));
            prop_assert_eq!(secrets.hide(&hidden), &*hidden);
        }

        /// Issue 12, point 22.
        #[test]
        fn any_word_and_any_text_can_be_asked(word in any::<String>(), text in any::<String>()) {
            secrets(&[&word]).hide(&text);
            secrets(&[&format!("slack://{word}")]).hide(&format!("a://{text}"));
        }

        /// Issue 12, point 22.
        #[test]
        fn a_text_without_secrets_stays_as_it_is(text in "[a-z :/@.0-9]{0,80}") {
            prop_assume!(!text.contains("://"));
            prop_assert_eq!(secrets(&[SLACK]).hide(&text), &*text);
        }
    }
}
