//! What happened to a job, a line each: its runs, the rule that decided, and what became of alerts.
//!
//! It is for people who ask why an alert was sent, or not. Nothing is decided by it. What cannot be
//! written is missing there and nowhere else.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::format::text;
use crate::format::time::{self, Time};
use crate::os::ffi;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::rules::Settings;
use crate::state::change::Change;
use crate::status::decision::Decided;
use crate::status::facts::Facts;
use crate::status::{LINE, State, Status};

/// A history that has grown to this many bytes is made shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// The most bytes that are kept then.
const KEPT_BYTES: usize = 32 * 1024;

/// The latest runs that are kept one by one; earlier runs that were alike are counted.
const RECENT_RUNS: usize = 50;

/// The fields of a run's line that are always written,
const MIN_FIELDS: usize = 8;

/// and all that there are.
const MAX_FIELDS: usize = 15;

/// Stands for settings of which none was set.
const DEFAULTS: &str = "-";

/// The histories of a user's jobs in a notify directory.
#[derive(Debug, Clone)]
pub(crate) struct History {
    folder: PathBuf,
}

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

impl History {
    pub(crate) fn new(hidden: &Path) -> Self {
        Self {
            folder: hidden.join("history"),
        }
    }

    /// Adds a change that was made. Its job is locked.
    pub(crate) fn add_change(&self, file: &str, change: &Change) {
        let Some(ran) = Ran::new(change) else { return };
        let event = Event::Ran(ran);
        if let Ok(length) = self.add(file, &event)
            && length > MAX_BYTES
        {
            let _ = self.shorten(file);
        }
    }

    /// Adds what a destination said.
    pub(crate) fn add_answer(&self, file: &str, answered: Answered) {
        let _ = self.add(file, &Event::Answered(answered));
    }

    /// Reads a job's history, the oldest first.
    pub(crate) fn read(&self, file: &str) -> Vec<Event> {
        self.content(file)
            .lines()
            .filter_map(Event::parse)
            .collect()
    }

    /// Removes a job's history.
    pub(crate) fn forget(&self, file: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives a job's history to another name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match std::fs::rename(self.path(from), self.path(to)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Adds a line, and returns the file's length.
    fn add(&self, file: &str, event: &Event) -> io::Result<u64> {
        let mut line = event.render();
        line.push('\n');
        let open = || file::open_private(&self.path(file), OpenOptions::new().append(true));
        let (mut file, before) = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                file::make_private_folder(&self.folder, ffi::user_id())?;
                open()?
            }
            file => file?,
        };
        file.write_all(line.as_bytes())?;
        Ok(before.len() + line.len() as u64)
    }

    fn shorten(&self, file: &str) -> io::Result<()> {
        let content = self.content(file);
        let lines = shortened(content.lines());
        let mut first = 0;
        let mut length: usize = lines.iter().map(|line| line.len() + 1).sum();
        while length > KEPT_BYTES {
            length -= lines[first].len() + 1;
            first += 1;
        }
        let content = lines[first..].join("\n") + "\n";
        let temporary = self.folder.join(format!(".{file}"));
        file::replace(&self.path(file), &temporary, &content, PRIVATE, Durable::No).map(drop)
    }

    fn content(&self, file: &str) -> String {
        let content = file::read(&self.path(file), 2 * MAX_BYTES, Links::Refuse);
        content.ok().flatten().unwrap_or_default()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }
}

/// Returns the line of a change; `None` where it has none.
#[cfg(feature = "postgres")]
pub(in crate::state) fn line_of(change: &Change) -> Option<String> {
    Ran::new(change).map(|ran| Event::Ran(ran).render())
}

/// Returns the line of what a destination said.
#[cfg(feature = "postgres")]
pub(in crate::state) fn line_of_answer(answered: Answered) -> String {
    Event::Answered(answered).render()
}

/// Reads a line.
#[cfg(feature = "postgres")]
pub(in crate::state) fn event_of(line: &str) -> Option<Event> {
    Event::parse(line)
}

/// Counts runs that were alike, but for the latest, and leaves out what is no event.
fn shortened<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let events = lines.filter_map(|line| Some((Cow::from(line), Event::parse(line)?)));
    let events: Vec<_> = events.collect();
    let runs = events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Ran(_)));
    let mut earlier = runs.count().saturating_sub(RECENT_RUNS);
    let mut kept: Vec<(Cow<'_, str>, Event)> = Vec::with_capacity(events.len());
    for (line, event) in events {
        let is_recent = earlier == 0;
        if let Event::Ran(ran) = &event {
            earlier = earlier.saturating_sub(1);
            if let Some((line, Event::Ran(last))) = kept.last_mut().filter(|_| !is_recent)
                && last.is_like(ran)
            {
                last.runs += ran.runs;
                last.took = ran.took;
                last.last = ran.last.or(Some(ran.begun));
                last.settings = ran.settings;
                last.facts.clone_from(&ran.facts);
                // Written once it is known how many they are.
                *line = Cow::Borrowed("");
                continue;
            }
        }
        kept.push((line, event));
    }
    let rendered = |(line, event): (Cow<'a, str>, Event)| match &*line {
        "" => Cow::from(event.render()),
        _ => line,
    };
    kept.into_iter().map(rendered).collect()
}

impl Ran {
    /// Describes a change, or the alert that leaves the status as it is; `None` where a run proves
    /// nothing: the status is the one before it.
    fn new(change: &Change) -> Option<Self> {
        let alert = change.alert.as_deref();
        let is_of_a_run = change.settings.is_some();
        let is_not_counted = |status: &Status| status.not_counted.is_some();
        if is_of_a_run && alert.is_none() && change.status.as_ref().is_some_and(is_not_counted) {
            return None;
        }
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

    fn is_like(&self, other: &Self) -> bool {
        (self.state, &self.decision, &self.error) == (other.state, &other.decision, &other.error)
            && self.alert.is_none()
            && other.alert.is_none()
    }
}

impl Event {
    fn render(&self) -> String {
        let mut line = Line {
            text: String::with_capacity(256),
            fields: 0,
        };
        let time = |time: Option<Time>| time.map(time::show);
        match self {
            Self::Ran(ran) => {
                line.put("ran");
                line.put(&time::show(ran.begun));
                line.put(ran.state.as_str());
                line.put_some(ran.took.map(|took| took.as_micros().to_string()));
                line.put(&ran.runs.to_string());
                line.put_some(ran.decision.as_ref().map(Decided::words));
                line.put_some(ran.alert.as_deref());
                line.put(&ran.error);
                line.put_some(time(ran.last));
                line.put_some(time(ran.decided));
                line.put_some(ran.channel.as_deref());
                line.put_some(time(ran.held));
                line.put_some(ran.settings.as_ref().map(render_settings));
                line.put_some(ran.decision.as_ref().and_then(Decided::code));
                line.put(&render_facts(&ran.facts));
            }
            Self::Answered(answered) => {
                line.put("answer");
                line.put(&time::show(answered.at));
                line.put(&answered.alert);
                line.put(&answered.channel);
                line.put(&answered.answer);
            }
        }
        line.end()
    }

    fn parse(line: &str) -> Option<Self> {
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
                    took: took.parse().ok().map(Duration::from_micros),
                    runs: runs.parse().ok()?,
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
    fn put(&mut self, value: &str) {
        if self.fields > 0 {
            self.text.push('\t');
        }
        self.text += &text::escape(value);
        self.fields += 1;
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

/// Reads what [`render_facts`] has written.
fn parse_facts(text: &str) -> Facts {
    let mut facts = Facts::default();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        // What is beyond the bounds is dropped.
        let _ = facts.put(name, value.to_owned());
    }
    facts
}

/// Writes settings, but for those that are the defaults.
fn render_settings(settings: &Settings) -> String {
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
fn parse_settings(text: &str) -> Settings {
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;
    use crate::status::Status;
    use crate::testing::Folder;

    fn noon() -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap()
    }

    fn ran(number: i64, decision: &str, alert: Option<&str>) -> Event {
        Event::Ran(Ran {
            begun: noon() + TimeDelta::minutes(number),
            state: State::Ok,
            took: Some(Duration::from_millis(1500)),
            runs: 1,
            decision: Decided::of(None, decision),
            alert: alert.map(str::to_owned),
            error: String::new(),
            last: None,
            decided: alert.map(|_| noon()),
            channel: alert.map(|_| "alerts".to_owned()),
            held: None,
            settings: Some(Settings::default()),
            facts: Facts::default(),
        })
    }

    fn runs(events: &[Event]) -> u64 {
        events
            .iter()
            .map(|event| match event {
                Event::Ran(ran) => ran.runs,
                Event::Answered(_) => 0,
            })
            .sum()
    }

    #[test]
    fn of_runs_that_are_alike_the_latest_are_kept_one_by_one_and_the_earlier_are_counted() {
        let mut events: Vec<_> = (0..200)
            .map(|number| ran(number, "OK as before", None))
            .collect();
        events[100] = ran(100, "sent: the status changed", Some("a1"));
        let shortened = |events: &[Event]| -> Vec<Event> {
            let lines: Vec<_> = events.iter().map(Event::render).collect();
            let lines = shortened(lines.iter().map(String::as_str));
            let events = lines.iter().map(|line| Event::parse(line).unwrap());
            events.collect()
        };
        let short = shortened(&events);
        assert_eq!((short.len(), runs(&short)), (3 + RECENT_RUNS, 200));
        assert_eq!(short[3..], events[150..]);
        assert_eq!(shortened(&short), short);
    }

    #[test]
    fn a_history_stays_small_and_its_latest_lines_are_whole() {
        let folder = Folder::new();
        let history = History::new(folder.path());
        let mut status = Status::parse("ERROR\n2026-11-22 13:00:00:123456 UTC\nx\n\nno\n").unwrap();
        for number in 0..3000 {
            status.decision = Decided::of(None, &format!("told: {number}"));
            let change = Change {
                status: Some(status.clone()),
                ..Change::default()
            };
            history.add_change("etl", &change);
        }
        let length = std::fs::metadata(history.path("etl")).unwrap().len();
        assert!(length <= MAX_BYTES, "{length}");
        let events = history.read("etl");
        let Some(Event::Ran(last)) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(last.decision, Decided::of(None, "told: 2999"));
        history.rename("etl", "load").unwrap();
        assert_eq!(
            (history.read("etl").len(), history.read("load")),
            (0, events)
        );
        history.forget("load").unwrap();
        assert!(history.read("load").is_empty());
    }

    #[test]
    fn a_line_of_an_earlier_version_can_be_read() {
        let line = "ran\t2026-11-22 13:00:00:123456 UTC\tERROR\t1500000\t3\ttold: it fails again\t0a1b\tno";
        let Some(Event::Ran(ran)) = Event::parse(line) else {
            panic!("{line}")
        };
        assert_eq!((ran.runs, &*ran.error), (3, "no"));
        assert_eq!((ran.last, ran.channel, ran.settings), (None, None, None));
        assert!(ran.facts.is_empty());
    }

    #[test]
    fn settings_are_written_where_they_were_set_and_read_back() {
        let defaults = Settings::default();
        assert_eq!(render_settings(&defaults), DEFAULTS);
        let all = Settings {
            silent: Duration::from_nanos(300_000_001),
            ok_silent: None,
            remind: Duration::ZERO,
            after: 3,
            flapping: true,
        };
        for settings in [
            defaults,
            all,
            Settings {
                after: 2,
                ..defaults
            },
        ] {
            assert_eq!(parse_settings(&render_settings(&settings)), settings);
        }
        assert_eq!(parse_settings("silent=NaN after=x remind=-1 y"), defaults);
    }

    #[test]
    fn an_alert_that_leaves_the_status_is_in_the_history_as_well() {
        let alert = crate::testing::alert_of(crate::message::alert::Kind::Overdue);
        let ran = Ran::new(&Change {
            alert: Some(Box::new(alert.clone())),
            ..Change::default()
        });
        let ran = ran.unwrap();
        assert_eq!(
            (ran.alert, ran.decided),
            (Some(alert.id), Some(alert.decided))
        );
        assert_eq!(Ran::new(&Change::default()), None);
        // A run that proves nothing is no second one of the run before it.
        let mut status = alert.status;
        let ran = |status: &Status| {
            Ran::new(&Change {
                status: Some(status.clone()),
                settings: Some(Settings::default()),
                ..Change::default()
            })
        };
        assert!(ran(&status).is_some());
        status.not_counted = Some("2026-11-22, it did not run".to_owned());
        assert_eq!(ran(&status), None);
    }

    proptest! {
        #[test]
        fn any_event_is_read_back_as_it_was(decision in any::<String>(), error in any::<String>(), answer in any::<String>(), fact in any::<String>()) {
            let Event::Ran(ran) = ran(1, &decision, None) else { unreachable!() };
            let mut facts = Facts::default();
            let _ = facts.put("rows", "44".to_owned());
            let _ = facts.put("file", fact);
            let facts = facts.readable();
            let ran = Event::Ran(Ran { error, facts, held: Some(noon()), last: Some(noon()), ..ran });
            prop_assert_eq!(Event::parse(&ran.render()), Some(ran));
            let answered = Event::Answered(Answered {
                at: noon(),
                alert: "a1".to_owned(),
                channel: "alerts".to_owned(),
                answer,
            });
            prop_assert_eq!(Event::parse(&answered.render()), Some(answered));
        }

        #[test]
        fn any_line_can_be_read(line in any::<String>()) {
            let _ = Event::parse(&line);
        }
    }
}
