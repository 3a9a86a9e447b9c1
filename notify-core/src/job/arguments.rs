//! The arguments of the attribute, evaluated and checked.

mod values;

use std::time::Duration;

use crate::format::link;
use crate::job::mention::Mention;
use crate::job::{Arguments, Cancelled};
use crate::message::alert::Alert;
use crate::message::writer::Writer;
use crate::message::written::Message;
use crate::os::{isolate, redact};
use crate::rules::decision::Decision;
use crate::rules::occasion::Occasion;
use crate::rules::rule::Rule;
use crate::rules::took::Took;

use values::{Amount, Count, Span, Text};

/// The longest name of an owner, in bytes.
const OWNER: usize = 100;

const SECOND: f64 = 1.0;
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;

impl Arguments {
    /// Makes those that say nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `channel = …`
    #[must_use]
    pub fn channel<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        let Some(name) = self.value("channel", || value().text()) else {
            return self;
        };
        if name.bytes().all(is_channel_byte) {
            self.channel = Some(name);
        } else {
            self.problem(format!(
                "`channel` is `{}`, and may hold ASCII letters, digits, `-` and `_`",
                name.escape_debug()
            ));
        }
        self
    }

    /// `silent_seconds = …`
    #[must_use]
    pub fn silent_seconds<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.silent_seconds = self.number("silent_seconds", SECOND, f64::MAX, value);
        self
    }

    /// `ok_silent_hours = …`
    #[must_use]
    pub fn ok_silent_hours<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.ok_silent_hours = self.number("ok_silent_hours", HOUR, f64::INFINITY, value);
        self
    }

    /// `remind_hours = …`
    #[must_use]
    pub fn remind_hours<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.remind_hours = self.number("remind_hours", HOUR, f64::MAX, value);
        self
    }

    /// `overdue_minutes = …`
    #[must_use]
    pub fn overdue_minutes<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.overdue_minutes = self.number("overdue_minutes", MINUTE, f64::MAX, value);
        self
    }

    /// `every_hours = …`
    #[must_use]
    pub fn every_hours<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.every_hours = self.number("every_hours", HOUR, f64::MAX, value);
        self
    }

    /// `schedule = …`: what it says is read by those who look at the status file.
    #[must_use]
    pub fn schedule<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        self.schedule = self.words("schedule", value);
        self
    }

    /// `timezone = …`
    #[must_use]
    pub fn timezone<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        self.timezone = self.words("timezone", value);
        self
    }

    /// `grace_minutes = …`
    #[must_use]
    pub fn grace_minutes<A: Amount>(mut self, value: impl FnOnce() -> A) -> Self {
        self.grace_minutes = self.number("grace_minutes", MINUTE, f64::MAX, value);
        self
    }

    /// `took_hours = …`
    #[must_use]
    pub fn took_hours<S: Span>(mut self, value: impl FnOnce() -> S) -> Self {
        let Some((least, most)) = self.value("took_hours", || value().ends(HOUR)) else {
            return self;
        };
        let time = |hours: f64| Duration::try_from_secs_f64(hours * HOUR).ok();
        let (shortest, longest) = (least.map(time), most.map(time));
        let is_wrong = shortest == Some(None) || longest == Some(None);
        if is_wrong || least.zip(most).is_some_and(|(least, most)| least >= most) {
            self.problem(
                "`took_hours` must be a range of numbers from 0, the smaller one first".to_owned(),
            );
        } else {
            self.took = Some(Took {
                shortest: shortest.flatten(),
                longest: longest.flatten(),
            });
        }
        self
    }

    /// `overlap = …`
    #[must_use]
    pub fn overlap(mut self, value: impl FnOnce() -> bool) -> Self {
        self.overlap = self.value("overlap", value);
        self
    }

    /// `start = …`
    #[must_use]
    pub fn start(mut self, value: impl FnOnce() -> bool) -> Self {
        self.start = self.value("start", value);
        self
    }

    /// `after = …`
    #[must_use]
    pub fn after<C: Count>(mut self, value: impl FnOnce() -> C) -> Self {
        if let Some(count) = self.value("after", || value().count()) {
            match count {
                Some(count) => self.after = Some(count),
                None => self.problem("`after` must be a number of runs from 1".to_owned()),
            }
        }
        self
    }

    /// `flapping = …`
    #[must_use]
    pub fn flapping(mut self, value: impl FnOnce() -> bool) -> Self {
        self.flapping = self.value("flapping", value);
        self
    }

    /// `mention = …`
    #[must_use]
    pub fn mention<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        let Some(mention) = self.value("mention", || value().text()) else {
            return self;
        };
        let is_known = |word| Mention::read(word).is_some();
        if mention.split_whitespace().all(is_known) {
            self.mention = Some(mention).filter(|mention| !mention.trim().is_empty());
        } else {
            self.problem(format!(
                "`mention` is `{}`, and may hold `@here`, `@channel`, ids of Slack's users (`U123`) and groups (`S123`), \
                 of Discord's users (`123456789012345678`) and roles (`&123456789012345678`), \
                 names of Telegram's users (`@anna_k`), and the addresses \
                 that people sign in to Teams with (`anna@example.com`)",
                mention.escape_debug()
            ));
        }
        self
    }

    /// `cancelled = …`
    #[must_use]
    pub fn cancelled<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        let Some(word) = self.value("cancelled", || value().text()) else {
            return self;
        };
        match &*word {
            "keep" => self.cancelled = Some(Cancelled::Keep),
            "error" => self.cancelled = Some(Cancelled::Error),
            _ => self.problem(format!(
                "`cancelled` is `{}`, and may be `keep` or `error`",
                word.escape_debug()
            )),
        }
        self
    }

    /// `runbook = …`
    #[must_use]
    pub fn runbook<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        let Some(url) = self.value("runbook", || value().text()) else {
            return self;
        };
        match link::check(url.trim()) {
            _ if url.is_empty() => {}
            Ok(()) => self.runbook = Some(url.trim().to_owned()),
            // The URL is not shown: it may hold a password.
            Err(fault) => self.problem(format!("`runbook` is no address of a page: {fault}")),
        }
        self
    }

    /// `owner = …`
    #[must_use]
    pub fn owner<T: Text>(mut self, value: impl FnOnce() -> T) -> Self {
        if let Some(owner) = self.value("owner", || value().text()) {
            let owner = redact::line(&owner, OWNER);
            self.owner = Some(owner).filter(|owner| !owner.is_empty());
        }
        self
    }

    /// `rule = …`
    #[must_use]
    pub fn rule<R>(mut self, value: impl FnOnce() -> R) -> Self
    where
        R: Fn(&Occasion<'_>) -> Decision + Send + Sync + 'static,
    {
        self.rule = self.value("rule", value).map(Rule::new);
        self
    }

    /// `message = …`
    #[must_use]
    pub fn message<M>(mut self, value: impl FnOnce() -> M) -> Self
    where
        M: Fn(&Alert) -> Message + Send + Sync + 'static,
    {
        self.message = self.value("message", value).map(Writer::new);
        self
    }

    fn words<T: Text>(&mut self, argument: &str, value: impl FnOnce() -> T) -> Option<String> {
        let text = self.value(argument, || value().text())?;
        Some(text).filter(|text| !text.trim().is_empty())
    }

    fn number<A: Amount>(
        &mut self,
        argument: &str,
        unit: f64,
        most: f64,
        value: impl FnOnce() -> A,
    ) -> Option<f64> {
        let number = self.value(argument, || value().amount(unit))?;
        if (0.0..=most).contains(&number) {
            return Some(number);
        }
        self.problem(format!(
            "`{argument}` is {number}, and must be a number from 0"
        ));
        None
    }

    /// Evaluates an argument, which is foreign code.
    fn value<T>(&mut self, argument: &str, value: impl FnOnce() -> T) -> Option<T> {
        let result = isolate::contain(value);
        if result.is_none() {
            self.problem(format!("`{argument}` panicked when it was evaluated"));
        }
        result
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem + ": the default is used");
    }
}

/// Returns whether the name of a channel may have such a letter.
pub(crate) fn is_channel_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn numbers_of_any_type_and_durations_are_taken() {
        let arguments = Arguments::default()
            .silent_seconds(|| 60u8)
            .ok_silent_hours(|| Duration::from_secs(1800))
            .remind_hours(|| 2.5f32);
        assert_eq!(arguments.silent_seconds, Some(60.0));
        assert_eq!(arguments.ok_silent_hours, Some(0.5));
        assert_eq!(arguments.remind_hours, Some(2.5));
        assert!(arguments.problems.is_empty());
    }

    /// Issue 18, point 2.
    #[test]
    fn how_long_a_run_should_take_is_any_range_of_numbers_or_durations() {
        let took = |arguments: Arguments| {
            assert!(arguments.problems.is_empty(), "{:?}", arguments.problems);
            let Took { shortest, longest } = arguments.took.unwrap();
            [shortest, longest].map(|time| time.map(|time| time.as_secs()))
        };
        let new = Arguments::default;
        assert_eq!(
            took(new().took_hours(|| 0.5..4.0)),
            [Some(1800), Some(14400)]
        );
        assert_eq!(
            took(new().took_hours(|| 1..=4u8)),
            [Some(3600), Some(14400)]
        );
        assert_eq!(took(new().took_hours(|| ..4i64)), [None, Some(14400)]);
        assert_eq!(took(new().took_hours(|| ..=0.5f32)), [None, Some(1800)]);
        let minute = Duration::from_secs(60);
        assert_eq!(took(new().took_hours(|| minute..)), [Some(60), None]);
        for arguments in [
            new().took_hours(|| 4.0..0.5),
            new().took_hours(|| 4.0..4.0),
            new().took_hours(|| -1.0..),
            new().took_hours(|| ..f64::NAN),
            new().took_hours(|| ..f64::INFINITY),
            new().took_hours(|| -> Range<f64> { panic!("no") }),
        ] {
            assert_eq!((arguments.took, arguments.problems.len()), (None, 1));
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out_and_logged() {
        let arguments = Arguments::default()
            .silent_seconds(|| -1)
            .ok_silent_hours(|| f64::NAN)
            .remind_hours(|| f64::INFINITY)
            .cancelled(|| "maybe")
            .channel(|| "a b");
        assert_eq!(arguments.problems.len(), 5, "{:?}", arguments.problems);
        assert!(arguments.silent_seconds.is_none() && arguments.ok_silent_hours.is_none());
        assert_eq!(arguments.cancelled, None);
        assert!(arguments.remind_hours.is_none() && arguments.channel.is_none());
    }

    #[test]
    fn infinity_hours_of_silence_are_never() {
        let arguments = Arguments::default().ok_silent_hours(|| f64::INFINITY);
        assert_eq!(arguments.ok_silent_hours, Some(f64::INFINITY));
    }

    /// Issue 17, point 2.
    #[test]
    fn a_runbook_that_is_no_page_is_left_out_and_its_password_is_not_shown() {
        let said = Arguments::default()
            .runbook(|| "https://wiki.example.com/orders")
            .owner(|| " team-data\n");
        assert_eq!(
            said.runbook.as_deref(),
            Some("https://wiki.example.com/orders")
        );
        assert_eq!(said.owner.as_deref(), Some("team-data"));
        assert!(said.problems.is_empty());
        for url in ["wiki/orders", "https://anna:s3cret@wiki/", "https://a b"] {
            let arguments = Arguments::default().runbook(|| url);
            assert_eq!(arguments.runbook, None, "{url}");
            let [problem] = &*arguments.problems else {
                panic!("{url}")
            };
            assert!(
                problem.starts_with("`runbook` ") && !problem.contains("s3cret"),
                "{problem}"
            );
        }
        let none = Arguments::default().runbook(|| None::<&str>).owner(|| "");
        assert_eq!(
            (none.runbook, none.owner, none.problems.len()),
            (None, None, 0)
        );
    }

    #[test]
    fn no_channel_is_the_empty_one() {
        let arguments = Arguments::default().channel(|| None::<String>);
        assert_eq!(arguments.channel.as_deref(), Some(""));
    }

    #[test]
    fn a_panic_in_an_argument_is_a_problem_and_the_default() {
        let arguments = Arguments::default().channel(|| -> &str { panic!("no") });
        assert_eq!(arguments.channel, None);
        assert_eq!(arguments.problems.len(), 1);
    }
}
