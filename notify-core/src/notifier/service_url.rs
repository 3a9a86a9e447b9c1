//! A word that names a destination, such as `slack://A/B/C`, in its parts.
//!
//! The parts are as they are written: tokens may differ in case alone, where a URL's host may not.
//! Options of other programs in the query, which say how a message looks there, are left out.

use std::ffi::OsString;

use crate::format::{percent, text};
use crate::notifier::url::Destination;

/// What is wrong with a word, without the word.
pub(super) type Problem = &'static str;

/// A word after its `://`, in its parts.
pub(super) struct Word<'a> {
    pub(super) whole: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) host: &'a str,
    /// From the first `/` on.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Word<'a> {
    pub(super) fn parse(whole: &'a str) -> Self {
        let (before, query) = match whole.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (whole, None),
        };
        let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Self {
            whole,
            user,
            host,
            path,
            query,
        }
    }

    pub(super) fn has_no_channel(&self) -> Result<(), Problem> {
        if self.whole.contains('#') {
            return Err("a `#` is not allowed in it, a webhook has its own channel");
        }
        Ok(())
    }

    /// The parts of the path, without the empty ones that a `/` at the end makes.
    #[inline(never)]
    pub(super) fn segments(&self) -> Vec<&'a str> {
        self.path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Checks that there is none: what it would name, a webhook has already.
    pub(super) fn has_no_user(&self) -> Result<(), Problem> {
        match self.user {
            Some(_) => Err("it must not have a name before an `@`"),
            None => Ok(()),
        }
    }

    /// The options of the query, by name in small letters.
    pub(super) fn options(&self) -> Vec<(String, &'a str)> {
        let options = self.query.into_iter().flat_map(|query| query.split('&'));
        let options = options.map(|option| match option.split_once('=') {
            Some((name, value)) => (text::lower(name), value),
            None => (text::lower(option), ""),
        });
        options.collect()
    }

    /// Returns the value of the first option that has one of these names.
    pub(super) fn option(&self, names: &[&str]) -> Option<&'a str> {
        let mut options = self.options().into_iter();
        let found = options.find(|(name, _)| names.contains(&&**name));
        found.map(|(_, value)| value)
    }

    /// Checks that nothing names another place than the webhook's own. What stands before an `@`
    /// within the path was meant for a user, and the host is then a part of the secret.
    #[inline(never)]
    pub(super) fn is_a_webhook_alone(&self) -> Result<(), Problem> {
        self.has_no_user()?;
        if self.path.contains('@') {
            return Err("write the host before the keys, and no `@` after it");
        }
        let places = [
            "to", "channel", "channels", "target", "targets", "thread_ts",
        ];
        if self.option(&places).is_some() {
            return Err(
                "an option of it names a channel, and a webhook has its own: make a webhook for that channel",
            );
        }
        Ok(())
    }

    /// Returns whether the host is one of these, or below one that begins with a dot.
    #[inline(never)]
    pub(super) fn is_at(&self, hosts: &[&str]) -> bool {
        let host = self.host.split(':').next().unwrap_or_default();
        let host = text::lower(host);
        hosts
            .iter()
            .any(|known| host == *known || (known.starts_with('.') && host.ends_with(known)))
    }
}

/// Returns whether a part of a word is there, and of ASCII letters, digits and some signs alone.
#[inline(never)]
pub(super) fn is_of(signs: &str, part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    !part.is_empty() && part.chars().all(is_plain)
}

#[inline(never)]
pub(super) fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// In clear to a loopback address, and to no other.
pub(super) fn at(rest: &str) -> Result<Destination, Problem> {
    Destination::parse(&format!("http://{rest}"))
        .or_else(|_| Destination::parse(&format!("https://{rest}")))
}

/// Decodes `%20`; a `+` is a plus.
pub(super) fn decode(text: &str) -> Result<OsString, Problem> {
    if !percent::is_sound(text) {
        return Err("a `%` in it is not followed by two digits");
    }
    let bytes = percent::bytes(text);
    if bytes.contains(&0) {
        return Err("it contains a NUL");
    }
    os_string(bytes)
}

pub(super) fn decode_text(text: &str) -> Result<String, Problem> {
    decode(text)?.into_string().map_err(|_| "it is not UTF-8")
}

/// Encodes what is not plain in a part of a URL.
pub(super) fn encode(text: &str) -> String {
    percent::encode(text, "-._~")
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every text will do")]
fn os_string(bytes: Vec<u8>) -> Result<OsString, Problem> {
    Ok(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Result<OsString, Problem> {
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_its_parts_as_they_are_written() {
        let word = Word::parse("Us:er@Host:80//a/B/?k=v?w@x/y");
        assert_eq!((word.user, word.host), (Some("Us:er"), "Host:80"));
        assert_eq!(
            (word.segments(), word.query),
            (vec!["a", "B"], Some("k=v?w@x/y"))
        );
        assert!(word.is_at(&["host"]) && !word.is_at(&[".host", "ost"]));
        assert!(Word::parse("a#b").has_no_channel().is_err() && word.has_no_channel().is_ok());
        let bare = Word::parse("");
        assert_eq!(
            (bare.user, bare.host, bare.segments().len(), bare.query),
            (None, "", 0, None)
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_from_its_encoding(text in "[^\0]{0,40}") {
            let encoded = encode(&text);
            assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
            assert_eq!(decode_text(&encoded), Ok(text));
        }
    }

    #[test]
    fn a_text_is_decoded_but_for_a_plus_and_a_bad_escape_is_a_problem() {
        assert_eq!(decode("a%20b+%C3%a9%25").unwrap(), "a b+é%");
        for text in ["%", "%2", "%zz", "%+1", "%00", "a%é"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
