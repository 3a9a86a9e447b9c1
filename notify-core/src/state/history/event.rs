//! Something that happened to a job, and the line of the history that says so.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use crate::format::text;
use crate::format::time::{self, Time};
use crate::rules::Settings;
use crate::state::change::Change;
use crate::status::decision::Decided;
use crate::status::facts::Facts;
use crate::status::fingerprint;
use crate::status::{LINE, State};

/// The fields of a run's line that are always written,
const MIN_FIELDS: usize = 8;

/// and all that there are.
const MAX_FIELDS: usize = 15;

/// Stands for settings of which none was set.
pub(super) const DEFAULTS: &str = "-";

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Ran(Ran),
    Answered(Answered),
}

/// A run, or some that were alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// When the first of them began.
    pub(crate) begun: Time,
    pub(crate) state: State,
    pub(crate) took: Option<Duration>,
    /// How many they are.
    pub(crate) runs: u64,
    /// Whether their alert was sent, and by which rule.
    pub(crate) decision: Option<Decided>,
    /// The id of its alert.
    pub(crate) alert: Option<String>,
    /// The first line of the error.
    pub(crate) error: String,
    /// When the last of them began, where they are several.
    pub(crate) last: Option<Time>,
    /// When the alert was decided.
    pub(crate) decided: Option<Time>,
    /// Where the alert goes.
    pub(crate) channel: Option<String>,
    /// Until when the alert is held back.
    pub(crate) held: Option<Time>,
    /// What decided; `None` where a person did, and in lines that do not say it.
    pub(crate) settings: Option<Settings>,
    /// What the last of them said of itself.
    pub(crate) facts: Facts,
}

/// What a destination said to an alert.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) at: Time,
    pub(crate) alert: String,
    pub(crate) channel: String,
    pub(crate) answer: String,
}

#[cfg(feature = "postgres")]
pub(in crate::state) fn line_of(change: &Change) -> Option<String> {
    Ran::new(change).map(|ran| Event::Ran(ran).render())
}

#[cfg(feature = "postgres")]
pub(in crate::state) fn line_of_answer(answered: Answered) -> String {
    Event::Answered(answered).render()
}

impl Ran {
    /// Describes a change, or the alert that leaves the status as it is; `None` where a run proves
    /// nothing: the status is the one before it.
    pub(super) fn new(change: &Change) -> Option<Self> {
        let alert = change.alert.as_deref();
        let status = change
            .status
            .as_ref()
            .or(alert.map(|alert| &alert.status))
            // A run that proves nothing has left the status of the one before it.
            .filter(|status| status.not_counted.is_none())?;
        let held = status.held.as_ref().filter(|_| change.is_held);
        Some(Self {
            begun: status.begun,
            state: status.state,
            took: status.took,
            runs: 1,
            decision: status.decision.clone(),
            alert: alert.map(|alert| alert.id.clone()),
            error: status.headline(LINE),
            last: None,
            decided: alert.map(|alert| alert.decided),
            channel: alert.map(|alert| alert.channel.clone()),
            held: held.map(|held| held.until),
            settings: change.settings,
            facts: status.facts.clone(),
        })
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.state, &self.decision) == (other.state, &other.decision)
            && self.alert.is_none()
            && other.alert.is_none()
            && fingerprint::is_one(&self.error, &other.error)
    }
}

impl Event {
    pub(super) fn render(&self) -> String {
        let mut line = Line {
            text: String::with_capacity(256),
            fields: 0,
        };
        match self {
            Self::Ran(ran) => {
                line.put("ran");
                line.put_time(Some(ran.begun));
                line.put(ran.state.as_str());
                line.put_number(ran.took.map(|took| took.as_micros()));
                line.put_number(Some(ran.runs.into()));
                line.put_some(ran.decision.as_ref().map(Decided::words));
                line.put_some(ran.alert.as_deref());
                line.put(&ran.error);
                line.put_time(ran.last);
                line.put_time(ran.decided);
                line.put_some(ran.channel.as_deref());
                line.put_time(ran.held);
                line.put_some(ran.settings.as_ref().map(render_settings));
                line.put_some(ran.decision.as_ref().and_then(Decided::code));
                line.put(&render_facts(&ran.facts));
            }
            Self::Answered(answered) => {
                line.put("answer");
                line.put_time(Some(answered.at));
                line.put(&answered.alert);
                line.put(&answered.channel);
                line.put(&answered.answer);
            }
        }
        line.end()
    }

    pub(in crate::state) fn parse(line: &str) -> Option<Self> {
        let mut fields: Vec<Cow<'_, str>> = Vec::with_capacity(MAX_FIELDS);
        fields.extend(line.split('\t').map(text::unescape));
        let some = |at: usize| fields.get(at).filter(|text| !text.is_empty());
        let owned = |at: usize| some(at).map(ToString::to_string);
        let time = |at: usize| some(at).and_then(|text| time::parse(text));
        match &*fields {
            [what, _, state, took, runs, decision, _, error, ..] if what == "ran" => {
                Some(Self::Ran(Ran {
                    begun: time(1)?,
                    state: State::parse(state)?,
                    took: text::number(took).map(Duration::from_micros),
                    runs: text::number(runs)?,
                    decision: Decided::of(some(13).map(AsRef::as_ref), decision),
                    alert: owned(6),
                    error: error.to_string(),
                    last: time(8),
                    decided: time(9),
                    channel: owned(10),
                    held: time(11),
                    settings: some(12).map(|text| parse_settings(text)),
                    facts: some(14).map(|text| parse_facts(text)).unwrap_or_default(),
                }))
            }
            [what, _, alert, channel, answer] if what == "answer" => {
                Some(Self::Answered(Answered {
                    at: time(1)?,
                    alert: alert.to_string(),
                    channel: channel.to_string(),
                    answer: answer.to_string(),
                }))
            }
            _ => None,
        }
    }
}

/// A line that is being written, field by field.
struct Line {
    text: String,
    fields: usize,
}

impl Line {
    fn begin_field(&mut self) {
        if self.fields > 0 {
            self.text.push('\t');
        }
        self.fields += 1;
    }

    fn put(&mut self, value: &str) {
        self.begin_field();
        self.text += &text::escape(value);
    }

    fn put_time(&mut self, value: Option<Time>) {
        self.begin_field();
        if let Some(value) = value {
            time::push(&mut self.text, value);
        }
    }

    fn put_number(&mut self, value: Option<u128>) {
        self.begin_field();
        if let Some(value) = value {
            let _ = write!(self.text, "{value}");
        }
    }

    fn put_some(&mut self, value: Option<impl AsRef<str>>) {
        match value {
            Some(value) => self.put(value.as_ref()),
            None => self.put(""),
        }
    }

    /// Ends the line; what is empty at its end need not be written.
    fn end(mut self) -> String {
        while self.fields > MIN_FIELDS && self.text.ends_with('\t') {
            self.text.pop();
            self.fields -= 1;
        }
        self.text
    }
}

/// Writes facts, a line each.
fn render_facts(facts: &Facts) -> String {
    let facts = facts.iter().map(|(name, value)| format!("{name}={value}"));
    facts.collect::<Vec<_>>().join("\n")
}

fn parse_facts(text: &str) -> Facts {
    let mut facts = Facts::default();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        // What is beyond the bounds is dropped.
        let _ = facts.put(name, value.to_owned());
    }
    facts
}

/// Writes settings, but for those that are the defaults.
pub(super) fn render_settings(settings: &Settings) -> String {
    let defaults = Settings::default();
    let mut words = Vec::new();
    for (name, seconds) in settings.times_set() {
        words.push(format!("{name}={seconds}"));
    }
    if settings.after != defaults.after {
        words.push(format!("after={}", settings.after));
    }
    if settings.flapping {
        words.push("flapping".to_owned());
    }
    if words.is_empty() {
        DEFAULTS.to_owned()
    } else {
        words.join(" ")
    }
}

/// Reads what [`render_settings`] has written; what it cannot read is the default.
pub(super) fn parse_settings(text: &str) -> Settings {
    let mut settings = Settings::default();
    for word in text.split(' ') {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let seconds = value.parse().ok().filter(|seconds: &f64| *seconds >= 0.0);
        match name {
            "after" => settings.after = value.parse().unwrap_or(settings.after),
            "flapping" => settings.flapping = true,
            name => {
                if let Some(seconds) = seconds {
                    settings.set_time(name, seconds);
                }
            }
        }
    }
    settings
}
