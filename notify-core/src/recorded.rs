//! A run as its record describes it: what its death is reported by.

use std::borrow::Cow;

use crate::alert;
use crate::change::Ended;
use crate::fields::{self, Fields};
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
    pub(crate) fn run(&self) -> String {
        let Self {
            ended, settings, ..
        } = self;
        let mut run = String::with_capacity(512);
        let mut put = |key, value: &str| fields::line(&mut run, key, value);
        put("run", &format!("{:016x}", ended.run));
        put("job", &ended.job);
        put("location", &ended.location);
        put("source", &ended.source);
        put("begun", &time::show(ended.begun));
        put("channel", &ended.channel);
        for queue in &self.queues {
            put("queue", queue);
        }
        put("silent", &seconds(settings.silent));
        put("ok-silent", &seconds(settings.ok_silent));
        put("remind", &seconds(settings.remind));
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
        run
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
            mention: text("mention"),
            facts: alert::facts(process).into(),
            notes: run.all("note"),
        };
        Some(Self {
            ended,
            settings,
            queues: run.all("queue"),
        })
    }
}

/// Writes a number of seconds; a whole one costs a tenth of what others do.
fn seconds(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit is another number"
    )]
    let whole = seconds as u32;
    if f64::from(whole).to_bits() == seconds.to_bits() {
        whole.to_string()
    } else {
        seconds.to_string()
    }
}
