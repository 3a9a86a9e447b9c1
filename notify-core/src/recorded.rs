//! A run as its record describes it: what its death is reported by.

use std::borrow::Cow;

use crate::alert;
use crate::change::Ended;
use crate::fields::{Fields, Page};
use crate::id;
use crate::machine::Machine;
use crate::rules::{Attempt, Settings};
use crate::time;

/// A run under way, and what its end is decided and told by.
#[derive(Debug)]
pub(crate) struct Recorded<'a> {
    pub(crate) ended: Ended,
    pub(crate) settings: Settings,
    /// The folders of its destinations' queues; none where it had no destination.
    pub(crate) queues: Cow<'a, [String]>,
}

impl Recorded<'_> {
    /// Describes the run.
    pub(crate) fn run(&self) -> String {
        let Self {
            ended, settings, ..
        } = self;
        let mut run = Page::new(512);
        let mut put = |key, value: &str| run.put(key, value);
        put("run", &id::hex(ended.run));
        put("job", &ended.job);
        put("location", &ended.location);
        put("source", &ended.source);
        put("begun", &time::show(ended.begun));
        put("channel", &ended.channel);
        for queue in &*self.queues {
            put("queue", queue);
        }
        let defaults = Settings::default();
        for (key, value, default) in [
            ("silent", settings.silent, defaults.silent),
            ("ok-silent", settings.ok_silent, defaults.ok_silent),
            ("remind", settings.remind, defaults.remind),
        ] {
            if value.to_bits() != default.to_bits() {
                put(key, &value.to_string());
            }
        }
        if settings.after > 1 {
            put("after", &settings.after.to_string());
        }
        if settings.flapping {
            put("flapping", "true");
        }
        if let Some(version) = &ended.version {
            put("version", version);
        }
        if let Some(hours) = ended.every_hours {
            put("every-hours", &hours.to_string());
        }
        if let Some(mention) = &ended.mention {
            put("mention", mention);
        }
        for note in &ended.notes {
            put("note", note);
        }
        run.end("")
    }

    /// Describes its process.
    pub(crate) fn process(&self) -> Fields {
        let ended = &self.ended;
        let mut fields = Fields::default();
        Machine::this().put(&mut fields);
        fields.put("host", &*ended.host);
        fields.put_some("pid", ended.pid.map(|pid| pid.to_string()));
        fields.put_some("exe", ended.exe.as_deref());
        let attempt = ended
            .attempt
            .map(|Attempt { number, of }| format!("{number}/{of}"));
        fields.put_some("attempt", attempt);
        for value in ended.facts.iter().map(alert::fact) {
            fields.put("fact", value);
        }
        fields
    }

    /// Reads a run back; `None` where its record is damaged.
    pub(crate) fn read(run: &Fields, process: &Fields) -> Option<Self> {
        let number = |key| run.get(key).and_then(|value| value.parse::<f64>().ok());
        let text = |key| run.get(key).map(|text| Cow::Owned(text.to_owned()));
        let defaults = Settings::default();
        let settings = Settings {
            silent: number("silent").unwrap_or(defaults.silent),
            ok_silent: number("ok-silent").unwrap_or(defaults.ok_silent),
            remind: number("remind").unwrap_or(defaults.remind),
            after: run
                .get("after")
                .and_then(|after| after.parse().ok())
                .unwrap_or(defaults.after),
            flapping: run.get("flapping") == Some("true"),
        };
        let ended = Ended {
            run: u64::from_str_radix(run.get("run")?, 16).ok()?,
            job: text("job")?,
            location: text("location")?,
            source: text("source")?,
            begun: time::parse(run.get("begun")?)?,
            took: None,
            host: process.get("host").unwrap_or("unknown").to_owned().into(),
            pid: process.get("pid").and_then(|pid| pid.parse().ok()),
            exe: process.get("exe").map(|exe| exe.to_owned().into()),
            version: text("version"),
            every_hours: number("every-hours"),
            channel: text("channel").unwrap_or_default(),
            attempt: process.get("attempt").and_then(Attempt::parse),
            nested: false,
            was_overdue: false,
            is_in_time: false,
            failed_inside: None,
            mention: text("mention"),
            facts: alert::facts(process).into(),
            notes: run.all("note"),
        };
        Some(Self {
            ended,
            settings,
            queues: run.all("queue").into(),
        })
    }
}
