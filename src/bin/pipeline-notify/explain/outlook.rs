//! What comes next: in sentences, and for programs.

use chrono::{DateTime, Local, Utc};
use notify_core::__cli::{Chance, Outlook, Rules};
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
            "those of the last run"
        } else {
            "the defaults: the job's own are not known"
        };
        let text = format!(
            "What comes next by the built-in rules, with {} ({source}):",
            rules(&story.rules)
        );
        let mut lines = wrap(&text, output, 0);
        for sentence in self.sentences() {
            let mut wrapped = wrap(&sentence, output, 4);
            if let Some(first) = wrapped.first_mut() {
                *first = format!("  - {}", first.trim_start());
            }
            lines.extend(wrapped);
        }
        if story.job.is_undelivered() {
            let text = "The last alert was not delivered: no destination could take it. Once one can, the next failed run sends an alert.";
            lines.extend(wrap(text, output, 0));
        }
        if story.job.is_ruled() {
            let text = "The program has a rule of its own, which may decide otherwise: it is asked where the program runs.";
            lines.extend(wrap(text, output, 0));
        }
        if story.job.attempt_follows() {
            let text = "This is for a last attempt. Where another attempt follows (NOTIFY_ATTEMPT), the alert is held back.";
            lines.extend(wrap(text, output, 0));
        }
        lines
    }

    /// Says what would happen, a sentence for each way in which the next run may end.
    fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(until) = self.story.held_until.filter(|until| *until > self.now) {
            let until = words::moment(until);
            sentences.push(format!(
                "The alert that is held back is sent {until}, unless the job works before."
            ));
        }
        let is_error = self.story.job.state == State::Error;
        let mut last: Option<&Outlook> = None;
        for next in &self.story.next {
            let condition = match (next.chance, is_error) {
                (Chance::Works, true) => "it works",
                (Chance::Works, false) => "it works again",
                (Chance::Fails, true) => "it fails again",
                (Chance::Fails, false) => "it fails",
                (Chance::FailsOtherwise, _) => "it fails with another error",
            };
            let says = |next: &Outlook| (next.reason, next.held, next.until);
            let is_same = last.is_some_and(|last| says(last) == says(next));
            if next.chance != Chance::FailsOtherwise || !is_same {
                sentences.push(self.sentence(condition, next));
            }
            last = Some(next);
        }
        sentences
    }

    fn sentence(&self, condition: &str, next: &Outlook) -> String {
        let reason = next.reason;
        let before = next
            .until
            .map(|until| format!(" before {}", self.clock(until)));
        let before = before.unwrap_or_default();
        match next.held {
            _ if next.is_sent => format!("If {condition}, an alert is sent: {reason}."),
            None => format!("If {condition}{before}, nothing is sent: {reason}."),
            Some(until) => {
                let until = self.clock(until);
                format!(
                    "If {condition}, its alert is held back until {until} at the latest: {reason}."
                )
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
        format!("{} {}", local.format(format), words::zone_at(time))
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
        "told": next.is_sent,
        "held_until": next.held.map(json::time),
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
