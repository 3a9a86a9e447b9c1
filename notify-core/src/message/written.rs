//! What a function of the program writes into an alert.

use std::fmt::Display;

use crate::format::fields::{Fields, Page};
use crate::format::link::{self, Link};
use crate::format::text;
use crate::os::redact;
use crate::status::bounded::Bounded;
use crate::status::facts::{self, Facts};

/// The longest headline, label and line, in bytes.
const HEADLINE: usize = 500;
const LABEL: usize = 80;
const LINE: usize = 1_000;

/// The most lines and the most links.
const LINES: usize = 16;
const LINKS: usize = 8;

/// What a function of the program writes into an alert: `message = path` and
/// [`Config::message`](crate::Config::message).
///
/// What nothing is said of stays as the library writes it. All of it is shown as plain text: each destination
/// escapes it as it does the error, and cuts it to its limits. Secrets that the library knows are hidden.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Alert, Message, notify};
///
/// // One line, and a link.
/// fn short(alert: &Alert) -> Message {
///     Message::new()
///         .headline(format!("{} {}: {}", alert.job(), alert.kind().as_str(), alert.error()))
///         .text("")
///         .link("what to do", "https://wiki.example.com/orders")
/// }
///
/// #[notify(message = short)]
/// fn load() -> Result<(), String> {
///     Err("no route".to_owned())
/// }
/// assert!(load().is_err());
///
/// let alert = &pipeline_notify::samples()[0];
/// assert!(short(alert).problems().next().is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a message is for the function to return"]
pub struct Message {
    pub(crate) headline: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) facts: Facts,
    pub(crate) links: Vec<Link>,
    problems: Vec<String>,
}

impl Message {
    /// Makes one that says nothing: the alert stays as the library writes it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes the headline, which a phone's lock screen shows: one line of at most 500 bytes. An empty one
    /// changes nothing.
    pub fn headline(mut self, headline: impl Into<String>) -> Self {
        let headline = redact::line(&headline.into(), HEADLINE);
        self.headline = Some(headline).filter(|headline| !headline.is_empty());
        self
    }

    /// Writes the text, in the place of all that the library shows below the headline: the error, the
    /// remarks, and where and when it ran. The empty text leaves the place empty. Cut in the middle above
    /// 64 KiB. A JSON document, which is for programs, holds the error all the same.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        // Cut first, for it costs time to read 100 MB.
        let text = Bounded::of(&text.into());
        let text = redact::hide(text::readable(&text));
        self.text = Some(text::cut(text, text::LIMIT).into_owned());
        self
    }

    /// Adds a line below the error, of at most 1,000 bytes; 16 lines are kept.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        let line = redact::line(&line.into(), LINE);
        if self.lines.len() == LINES {
            self.problem(format!("a line is dropped: a message may have {LINES}"));
        } else if !line.is_empty() {
            self.lines.push(line);
        }
        self
    }

    /// Adds a fact: as by [`fact`](crate::fact), and within the same limits, but in the alert alone.
    pub fn fact(mut self, name: impl AsRef<str>, value: impl Display) -> Self {
        let added = facts::written(value).and_then(|value| self.facts.put(name.as_ref(), value));
        if let Err(dropped) = added {
            self.problem(dropped.words().to_owned());
        }
        self
    }

    /// Adds a link: a button or a link where a service has such, else a line. The URL must be `https` or `http`,
    /// without a user in it; another is dropped with a warning. 8 links are kept.
    pub fn link(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        let (label, url) = (redact::line(&label.into(), LABEL), url.into());
        let url = url.trim();
        if let Err(fault) = link::check(url) {
            // The URL is not shown: it may hold a password.
            self.problem(format!("the link `{label}` is dropped: {fault}"));
        } else if self.links.len() == LINKS {
            self.problem(format!("a link is dropped: a message may have {LINKS}"));
        } else {
            let label = if label.is_empty() {
                "link".to_owned()
            } else {
                label
            };
            let url = redact::hide(url).into_owned();
            self.links.push(Link { label, url });
        }
        self
    }

    /// Returns what was wrong with what was written, and is therefore not shown: what the log is warned of.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }

    /// Returns whether it stands in the place of what the library writes, or of a part of that.
    pub(crate) fn replaces(&self) -> bool {
        self.headline.is_some() || self.text.is_some()
    }

    fn problem(&mut self, problem: String) {
        // A function that adds links without end hears of the first ones.
        if self.problems.len() < LINKS {
            self.problems.push(problem);
        }
    }

    /// Makes what was written fit to be stored.
    pub(crate) fn finished(self) -> Self {
        Self {
            facts: self.facts.readable(),
            problems: Vec::new(),
            ..self
        }
    }

    /// Writes it into a file of the outbox.
    pub(crate) fn write(&self, page: &mut Page) {
        page.put_some("headline", self.headline.as_deref());
        page.put_some("text", self.text.as_deref());
        for line in &self.lines {
            page.put("line", line);
        }
        self.facts.write(page);
        for Link { label, url } in &self.links {
            page.put("link", &format!("{url} {label}"));
        }
    }

    pub(crate) fn read(fields: &Fields) -> Self {
        let links = fields.all("link");
        let links = links.iter().filter_map(|link| {
            let (url, label) = link.split_once(' ')?;
            link::check(url).ok()?;
            let (label, url) = (label.to_owned(), url.to_owned());
            Some(Link { label, url })
        });
        Self {
            headline: fields.get("headline").map(str::to_owned),
            text: fields.get("text").map(str::to_owned),
            lines: fields.all("line"),
            facts: Facts::read(fields),
            links: links.collect(),
            problems: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Issue 17, point 2: bounded, and what is beyond is named.
    #[test]
    fn a_message_is_bounded_whatever_is_written() {
        let huge = "x".repeat(10 << 20);
        let mut message = Message::new()
            .headline(huge.clone())
            .text(huge.clone())
            .fact("rows", &huge)
            .link(huge.clone(), "https://wiki/")
            .link("secret", "https://anna:pass@wiki/");
        for _ in 0..100 {
            message = message.line(huge.clone()).link("a", "https://wiki/");
        }
        let problems: Vec<_> = message.problems().collect();
        assert!(problems.len() <= LINKS, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("no user")));
        assert!(!format!("{message:?}").contains("pass@"));
        let mut page = Page::new(0);
        message.finished().write(&mut page);
        let length = page.end("").len();
        assert!(length < text::LIMIT + 24 * 1024, "{length}");
    }

    #[test]
    fn a_long_text_says_how_much_of_it_is_missing() {
        for length in [10, 100].map(|times| times * text::LIMIT) {
            let text = Message::new().text("x".repeat(length)).text.unwrap();
            let missing = length - text.matches('x').count();
            assert!(
                text.contains(&format!("\n[… {missing} bytes cut …]\n")),
                "{missing}"
            );
        }
    }

    #[test]
    fn what_is_empty_changes_nothing_but_an_empty_text() {
        // The last one has a mark between its blanks that nobody sees.
        for nothing in ["", " \n", "\r\n\u{202e}\r\n\u{202e}"] {
            let message = Message::new().headline(nothing).line(nothing);
            assert_eq!((&message.headline, message.lines.len()), (&None, 0));
        }
        let message = Message::new().text("");
        assert_eq!(message.text.as_deref(), Some(""));
    }

    proptest! {
        #[test]
        fn a_message_is_read_back_from_its_file_as_it_was(
            headline in any::<String>(), text in any::<String>(), line in any::<String>(),
            value in any::<String>(), label in any::<String>(),
        ) {
            let message = Message::new().headline(headline).text(text).line(line).fact("a", value)
                .link(label, "https://wiki.example.com/a?b=c").finished();
            let mut page = Page::new(0);
            message.write(&mut page);
            prop_assert_eq!(Message::read(&Fields::parse(&page.end(""))), message);
        }
    }
}
