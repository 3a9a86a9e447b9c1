//! What comes next: in sentences, and for programs.

use chrono::{DateTime, Local, TimeDelta, Utc};
use notify_core::__cli::{Chance, Hold, Outlook, Rules};
use notify_core::State;
use serde_json::{Value, json};

use super::{View, wrap};
use crate::json;
use crate::output::Output;
use crate::words;

impl View {
    pub(super) fn outlook(&self, output: &Output) -> Vec<String> {
        let story = &self.story;
        let source = if story.knows_rules {
            "as the last run had them"
        } else {
            "the defaults, for nothing here says what the job's own are"
        };
        let text = format!("What comes next, with {} ({source}):", rules(&story.rules));
        let mut lines = wrap(&text, output, 0);
        for sentence in self.sentences() {
            let wrapped = wrap(&sentence, output, 4);
            let number = wrapped.len();
            lines.extend(wrapped.into_iter().enumerate().map(|(line, text)| {
                if line == 0 && number > 0 {
                    format!("  - {}", text.trim_start())
                } else {
                    text
                }
            }));
        }
        if story.job.is_undelivered() {
            let text = "Nobody could be told of the last run: its channel had no destination. Once it has one, the next run that fails is told.";
            lines.extend(wrap(text, output, 0));
        }
        if story.job.attempt_follows() {
            let text = "This holds for a last attempt; the alert of one that another follows (NOTIFY_ATTEMPT) is held back.";
            lines.extend(wrap(text, output, 0));
        }
        lines
    }

    /// Says what would happen, a sentence for each way in which the next run may end.
    fn sentences(&self) -> Vec<String> {
        let of = |chance: Chance| -> Vec<_> {
            let next = self.story.next.iter();
            next.filter(|next| next.chance == chance).collect()
        };
        let says = |outlooks: &[&Outlook]| -> Vec<_> {
            let outlooks = outlooks.iter();
            outlooks
                .map(|outlook| (outlook.until, outlook.is_told, outlook.reason))
                .collect()
        };
        let fails = of(Chance::Fails);
        let is_error = self.story.job.state == State::Error;
        let mut sentences = Vec::new();
        if let Some(until) = self.story.held_until.filter(|until| *until > self.now) {
            sentences.push(format!(
                "The alert that is held back leaves {}, if it has not worked before.",
                words::moment(until)
            ));
        }
        let again = if is_error { "fails again" } else { "fails" };
        sentences.extend(self.sentence(&format!("If it {again}"), &fails));
        let otherwise = of(Chance::FailsOtherwise);
        if says(&otherwise) != says(&fails) {
            sentences.extend(self.sentence("If it fails with another error", &otherwise));
        }
        let again = if is_error { "works" } else { "works again" };
        sentences.extend(self.sentence(&format!("If it {again}"), &of(Chance::Works)));
        sentences
    }

    fn sentence(&self, condition: &str, outlooks: &[&Outlook]) -> Option<String> {
        let mut parts: Vec<(Option<DateTime<Utc>>, &Outlook)> = Vec::new();
        let mut from = self.now;
        for outlook in outlooks {
            // What holds for less than a second is nobody's concern.
            let until = outlook.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
            if until - from < TimeDelta::seconds(1) {
                continue;
            }
            from = until;
            match parts.last_mut() {
                // By which rule it would be told then makes no difference.
                Some((until, last)) if last.is_told && outlook.is_told => *until = outlook.until,
                _ => parts.push((outlook.until, outlook)),
            }
        }
        let is_silent = |outlook: &Outlook| !outlook.is_told && outlook.held.is_none();
        if let Some((_, last)) = parts.last()
            && parts.iter().all(|(_, outlook)| is_silent(outlook))
        {
            return Some(format!("{condition}, {}.", self.fate(last)));
        }
        let mut text = String::new();
        for (number, (until, outlook)) in parts.iter().enumerate() {
            let before = until.map(|until| format!("before {}", self.clock(until)));
            match (number, before) {
                (0, Some(before)) => text += &format!("{condition} {before}, "),
                (0, None) => text += &format!("{condition}, "),
                (_, Some(before)) => text += &format!("; then, {before}, "),
                (_, None) => text += "; after that ",
            }
            text += &self.fate(outlook);
        }
        (!text.is_empty()).then(|| text + ".")
    }

    fn fate(&self, outlook: &Outlook) -> String {
        let reason = outlook.reason;
        match outlook.held {
            None if outlook.is_told => format!("it is told: {reason}"),
            None => format!("nobody is told: {reason}"),
            Some(Hold::Until(until)) => {
                let until = self.clock(until);
                format!("its alert is held back until {until} at the latest: {reason}")
            }
            Some(Hold::For(longest)) => {
                let longest = words::span(longest);
                format!("its alert is held back for {longest} at most: {reason}")
            }
        }
    }

    /// Writes a time that is near: the day is left out where it is today's.
    fn clock(&self, time: DateTime<Utc>) -> String {
        let local = time.with_timezone(&Local);
        let is_today = local.date_naive() == self.now.with_timezone(&Local).date_naive();
        let format = if is_today {
            "%H:%M:%S"
        } else {
            "%a %Y-%m-%d %H:%M:%S"
        };
        format!("{} {}", local.format(format), words::zone())
    }
}

pub(super) fn to_json(next: &Outlook) -> Value {
    json!({
        "if": match next.chance {
            Chance::Works => "works",
            Chance::Fails => "fails",
            Chance::FailsOtherwise => "fails with another error",
        },
        "until": next.until.map(json::time),
        "told": next.is_told,
        "held_until": match next.held {
            Some(Hold::Until(until)) => Some(json::time(until)),
            _ => None,
        },
        "held_seconds": match next.held {
            Some(Hold::For(time)) => Some(time.as_secs_f64()),
            _ => None,
        },
        "reason": next.reason,
    })
}

/// Writes the settings, those that are seldom set where they are.
fn rules(rules: &Rules) -> String {
    let number = |number: f64| {
        if number.is_infinite() {
            "never".to_owned()
        } else {
            // What was hours became seconds, and hours again.
            format!("{}", (number * 1e6).round() / 1e6)
        }
    };
    let mut text = format!(
        "silent_seconds {}, ok_silent_hours {}, remind_hours {}",
        number(rules.silent_seconds),
        number(rules.ok_silent_hours),
        number(rules.remind_hours)
    );
    if rules.after != 1 {
        text += &format!(", after {}", rules.after);
    }
    if rules.flapping {
        text += ", flapping";
    }
    text
}
