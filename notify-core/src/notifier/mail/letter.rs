//! A letter: its head, and what it says as plain text and as HTML.

use chrono::Datelike as _;

use super::address::{self, Address};
use super::{header, html, quoted_printable};
use crate::format::time::{self, Time};
use crate::message::alert::Alert;
use crate::message::digest;
use crate::notifier::key;
use crate::notifier::sanitize::{fit, line, visible};
use crate::os::machine::Machine;

const MAX_SUBJECT: usize = 250;
const MAX_TEXT: usize = 64 * 1024;

/// In English, whatever the locale is.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A letter that shows some alerts. Its lines end in a line feed alone.
pub(super) struct Letter<'a> {
    /// Where it is not known, the program that takes the letter knows it.
    pub(super) from: Option<&'a Address>,
    pub(super) to: &'a [Address],
    pub(super) alerts: &'a [Alert],
}

impl Letter<'_> {
    /// Returns the host in its ids. An incident's letters may come from many machines: where the sender's
    /// address is known, it is that one's.
    fn host(&self) -> String {
        let of_sender = self.from.and_then(Address::host).map(str::to_owned);
        let of_machine = || address::host_name(Machine::this().host.as_deref()?);
        of_sender
            .or_else(of_machine)
            .unwrap_or_else(|| "localhost".to_owned())
    }

    pub(super) fn text(&self) -> String {
        let (alerts, host) = (self.alerts, self.host());
        let id = plain(&key::of_message(alerts));
        let subject = line(&digest::summary(alerts), MAX_SUBJECT, &visible);
        let last = alerts.iter().map(|alert| alert.decided).max();
        let date = date(last.unwrap_or_default());
        let mut letter = String::new();
        let mut add = |parts: &[&str]| super::add(&mut letter, parts);
        if let Some(from) = self.from {
            add(&["From: pipeline-notify <", from.as_str(), ">\n"]);
        }
        add(&["To: ", &address::join(self.to, ",\n "), "\n"]);
        add(&[&header::unstructured("Subject", &subject)]);
        add(&["Date: ", &date, "\nMessage-ID: <", &id, "@", &host, ">\n"]);
        let incident = key::of_incident(alerts).map(plain).unwrap_or_default();
        if !incident.is_empty() {
            // It names a letter that was never sent. All letters of the incident answer it, and so make one thread.
            for name in ["In-Reply-To", "References"] {
                add(&[name, ": <", &incident, "@", &host, ">\n"]);
            }
        }
        // No machine is to answer it, such as one that says who is on holiday. What is encoded has no such text in it
        // as the boundary.
        add(&[
            "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative;\n boundary=\"=_",
            &id,
            "\"\n\n",
        ]);
        let text = digest::message(alerts);
        let text = fit(text.trim_end(), MAX_TEXT, &str::len, &visible) + "\n";
        let page = html::page(alerts);
        for (kind, text) in [("plain", &text), ("html", &page)] {
            add(&[
                "--=_",
                &id,
                "\nContent-Type: text/",
                kind,
                "; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n",
                &quoted_printable::encode(text),
                "\n",
            ]);
        }
        add(&["--=_", &id, "--\n"]);
        letter
    }
}

/// Writes a time as `Sun, 22 Nov 2026 13:00:00 +0000`.
fn date(time: Time) -> String {
    let (weekday, day, month) = (time.weekday(), time.day(), MONTHS[time.month0() as usize]);
    let (year, clock) = (time.year(), time::clock(time));
    format!("{weekday}, {day:02} {month} {year} {clock} +0000")
}

/// Leaves of an id what can stand in one of mail.
fn plain(id: &str) -> String {
    let mut plain = String::new();
    for c in id.chars() {
        if plain.len() < 40 && (c.is_ascii_alphanumeric() || c == '-') {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::alert::Kind;
    use crate::testing::{alert_of, alerts_of_each_kind, few_cases, with_text};
    use strict_services as strict;

    fn letter(alerts: &[Alert]) -> String {
        let from = Address::read("jobs@example.com").unwrap();
        let to = [Address::read("anna@example.com").unwrap()];
        Letter {
            from: Some(&from),
            to: &to,
            alerts,
        }
        .text()
    }

    fn field<'a>(letter: &'a str, name: &str) -> Option<&'a str> {
        let (head, _) = letter.split_once("\n\n").unwrap();
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        let mut fields = fields.filter(|(known, _)| *known == name);
        fields.next().map(|(_, value)| value)
    }

    #[test]
    fn an_alert_of_each_kind_is_a_letter() {
        for alert in alerts_of_each_kind() {
            let letter = letter(std::slice::from_ref(&alert));
            assert_eq!(strict::mail::check(&letter), Ok(()));
            insta::assert_snapshot!(alert.kind.as_str().replace(' ', "-"), letter);
        }
    }

    // Issue 16, point 3.
    #[test]
    fn the_letters_of_an_incident_answer_the_same_one() {
        let [failed, recovered, ok] =
            [Kind::Failed, Kind::Recovered, Kind::Ok].map(|kind| letter(&[alert_of(kind)]));
        for letter in [&failed, &recovered] {
            for name in ["In-Reply-To", "References"] {
                assert_eq!(
                    field(letter, name),
                    Some("<7f3a91c2@example.com>"),
                    "{letter}"
                );
            }
            assert_eq!(field(letter, "Auto-Submitted"), Some("auto-generated"));
        }
        let id = |letter: &str| field(letter, "Message-ID").map(str::to_owned);
        assert_eq!(
            id(&failed).as_deref(),
            Some("<0123456789abcdef-failed@example.com>")
        );
        assert_ne!(id(&failed), id(&recovered));
        assert_eq!(field(&ok, "In-Reply-To"), None);
        assert_eq!(
            field(&failed, "Date"),
            Some("Sun, 22 Nov 2026 13:04:12 +0000")
        );
    }

    #[test]
    fn a_text_longer_than_any_that_is_kept_fits() {
        for text in [
            "\"\\<&".repeat(25_000),
            "漢\n".repeat(25_000),
            ".\nFrom a\n".repeat(10_000),
        ] {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            for number in [1, 3, 12] {
                let letter = letter(&vec![alert.clone(); number]);
                assert_eq!(strict::mail::check(&letter), Ok(()));
                assert!(letter.len() < 1024 * 1024, "{}", letter.len());
            }
        }
    }

    proptest! {
        // A letter is long, and is read back here.
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_a_letter_that_says_its_first_line(
            text in crate::testing::wild_text(),
            number in 1_usize..6,
        ) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.incident = Some(text.clone());
            let letter = letter(&vec![alert.clone(); number]);
            prop_assert_eq!(strict::mail::check(&letter), Ok(()));
            let plain = strict::mail::plain_text(&letter);
            let first = visible(crate::format::text::first_line(&visible(alert.error()), 60));
            prop_assert!(number > 3 || plain.contains(first.trim()), "{:?} of {}", first, plain);
        }
    }
}
