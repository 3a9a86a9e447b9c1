//! A run as its record describes it: what its death is reported by.

use crate::alert;
use crate::change::Ended;
use crate::fields::Fields;
use crate::machine::Machine;
use crate::rules::{Attempt, Settings};
use crate::time;

/// A run under way, and what its end is decided and told by.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) ended: Ended,
    pub(crate) settings: Settings,
    /// The folders of its destinations' queues; none where it had no destination.
    pub(crate) queues: Vec<String>,
}

impl Recorded {
    /// Describes the run.
    pub(crate) fn run(&self) -> Fields {
        let Self {
            ended, settings, ..
        } = self;
        let mut fields = Fields::default();
        fields.put("run", format!("{:016x}", ended.run));
        fields.put("job", &*ended.job);
        fields.put("location", &*ended.location);
        fields.put("source", &*ended.source);
        fields.put("begun", time::show(ended.begun));
        fields.put("channel", &*ended.channel);
        for queue in &self.queues {
            fields.put("queue", &**queue);
        }
        fields.put("silent", settings.silent.to_string());
        fields.put("ok-silent", settings.ok_silent.to_string());
        fields.put("remind", settings.remind.to_string());
        fields.put("after", settings.after.to_string());
        fields.put("flapping", settings.flapping.to_string());
        fields.put_some("version", ended.version.as_deref());
        fields.put_some(
            "every-hours",
            ended.every_hours.map(|hours| hours.to_string()),
        );
        fields.put_some("mention", ended.mention.as_deref());
        for note in &ended.notes {
            fields.put("note", &**note);
        }
        fields
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
        alert::put_facts(&mut fields, &ended.facts);
        fields
    }

    /// Reads a run back; `None` where its record is damaged.
    pub(crate) fn read(run: &Fields, process: &Fields) -> Option<Self> {
        let number = |key| run.get(key).and_then(|value| value.parse::<f64>().ok());
        let text = |key| run.get(key).map(str::to_owned);
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
            host: process.get("host").unwrap_or("unknown").to_owned(),
            pid: process.get("pid").and_then(|pid| pid.parse().ok()),
            exe: process.get("exe").map(str::to_owned),
            version: text("version"),
            every_hours: number("every-hours"),
            channel: text("channel").unwrap_or_default(),
            attempt: process.get("attempt").and_then(Attempt::parse),
            nested: false,
            was_overdue: false,
            mention: text("mention"),
            facts: alert::facts(process),
            notes: run.all("note"),
        };
        Some(Self {
            ended,
            settings,
            queues: run.all("queue"),
        })
    }
}
