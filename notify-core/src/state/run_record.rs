//! A run as its record describes it: what its death is reported by.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::format::fields::{Fields, Page};
use crate::format::hash;
use crate::format::link;
use crate::format::text;
use crate::format::time;
#[cfg(feature = "postgres")]
use crate::format::time::Micros;
use crate::format::time::Time;
use crate::message::alert;
use crate::os::clock::Whose;
use crate::os::machine::Machine;
use crate::os::process;
use crate::rules::transition::Ended;
use crate::rules::{Attempt, Settings};
use crate::status::facts::Facts;
use crate::status::plan::Plan;
use crate::status::progress::Progress;

/// A run under way, with what its end needs for the decision and the alert.
pub(crate) struct Recorded<'a> {
    pub(crate) ended: Ended,
    pub(crate) settings: Settings,
    /// The folders of its destinations' queues; none where it had no destination.
    pub(crate) queues: Cow<'a, [String]>,
    /// Whether it has returned, which counts as success if its process ends without a word.
    pub(crate) has_returned: bool,
}

/// Runs whose records say the same but for what is their own: those of a definition under the same settings, by the
/// addresses of both.
pub(crate) type Definition = (usize, usize);

/// How many microseconds the fleet's clock was ahead of the clock by which the run began.
const AHEAD: &str = "clock-ahead";

/// Says in the record of a run how much is to be added to its times.
#[cfg(feature = "postgres")]
pub(super) fn ahead(ahead: Option<Micros>) -> String {
    let mut page = Page::new(0);
    page.put_some(
        AHEAD,
        ahead
            .filter(|ahead| *ahead != 0)
            .map(|ahead| ahead.to_string()),
    );
    page.end("")
}

/// Says which run it is, and when it began: all that differs from run to run, until one says something of itself.
pub(crate) fn own(run: u64, begun: Time) -> String {
    let mut own = String::with_capacity(64);
    own += "run: ";
    hash::push_hex(&mut own, run);
    own += "\nbegun: ";
    time::push(&mut own, begun);
    own.push('\n');
    own
}

impl Recorded<'_> {
    /// Describes the run, but for what is its [`own`].
    pub(crate) fn same(&self) -> String {
        let Self {
            ended, settings, ..
        } = self;
        let mut run = Page::new(512);
        run.put("job", &ended.job);
        run.put("location", &ended.location);
        run.put("source", &ended.source);
        run.put("channel", &ended.channel);
        for queue in &*self.queues {
            run.put("queue", queue);
        }
        for (key, seconds) in settings.times_set() {
            run.put(key, &seconds.to_string());
        }
        if settings.after > 1 {
            run.put("after", &settings.after.to_string());
        }
        if settings.flapping {
            run.put("flapping", "true");
        }
        run.put_some("version", ended.version.as_deref());
        let hours = ended.every_hours.map(|hours| hours.to_string());
        run.put_some("every-hours", hours);
        run.put_some("mention", ended.mention.as_deref());
        run.put_some("runbook", ended.runbook.as_deref());
        run.put_some("owner", ended.owner.as_deref());
        for note in &ended.notes {
            run.put("note", note);
        }
        ended.heard.facts.write(&mut run);
        let progress = ended.heard.progress.as_ref();
        run.put_some("progress", progress.map(Progress::render));
        let took = ended.took.filter(|_| self.has_returned);
        let took = took.map(|took| format!("after {:.6} s", took.as_secs_f64()));
        run.put_some("returned", took);
        if let Some(plan) = &ended.plan {
            plan.write(&mut run);
        }
        run.end("")
    }

    pub(crate) fn process(&self) -> Fields {
        let ended = &self.ended;
        let mut fields = Fields::default();
        Machine::this().put(&mut fields);
        fields.put("host", &*ended.host);
        fields.put_some("pid", ended.pid.map(|pid| pid.to_string()));
        let started = ended.pid.and_then(process::started);
        fields.put_some("started", started.map(|started| started.to_string()));
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

    /// Names the program that a process has become, of whose record the lock is free: it lives, and so it
    /// was handed over to that program (`exec`).
    pub(crate) fn successor(record: &Fields) -> Option<String> {
        let pid = record.get("pid")?.parse().ok()?;
        let started: u64 = record.get("started").and_then(text::number)?;
        let lives = Machine::this().is_this(record) && process::started(pid) == Some(started);
        lives.then(|| process::program(pid))
    }

    /// Reads a run back; `None` where its record is damaged.
    pub(crate) fn read(run: &Fields, process: &Fields) -> Option<Self> {
        let number = |key| run.get(key).and_then(|value| value.parse::<f64>().ok());
        let text = |key| run.get(key).map(|text| Cow::Owned(text.to_owned()));
        let mut settings = Settings {
            flapping: run.get("flapping") == Some("true"),
            ..Settings::default()
        };
        for (key, _) in settings.times() {
            if let Some(seconds) = number(key) {
                settings.set_time(key, seconds);
            }
        }
        if let Some(after) = run.get("after").and_then(|after| after.parse().ok()) {
            settings.after = after;
        }
        let returned = run.get("returned");
        let took = returned.and_then(|after| {
            let seconds = after.strip_prefix("after ")?.strip_suffix(" s")?;
            Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
        });
        let id = u64::from_str_radix(run.get("run")?, 16).ok()?;
        let ahead = run.get(AHEAD).filter(|_| cfg!(feature = "postgres"));
        let ahead = ahead.and_then(|ahead| ahead.parse().ok());
        let begun = time::parse(run.get("begun")?)?;
        let mut ended = Ended::new(id, text("job")?, begun);
        ended.location = text("location")?;
        ended.source = text("source")?;
        ended.took = took;
        ended.host = process.get("host").unwrap_or("unknown").to_owned().into();
        ended.pid = process.get("pid").and_then(|pid| pid.parse().ok());
        ended.exe = process.get("exe").map(|exe| exe.to_owned().into());
        ended.version = text("version");
        ended.every_hours = number("every-hours");
        ended.plan = Plan::read(run).map(Arc::new);
        ended.channel = text("channel").unwrap_or_default();
        ended.attempt = process.get("attempt").and_then(Attempt::parse);
        ended.mention = text("mention");
        ended.runbook = text("runbook").filter(|url| link::check(url).is_ok());
        ended.owner = text("owner");
        ended.heard.facts = Facts::read(run);
        ended.heard.progress = run.get("progress").and_then(Progress::parse);
        ended.facts = alert::facts(process).into();
        ended.notes = run.all("note");
        ended.by = ahead.map_or(Whose::All, |_| Whose::Host);
        Some(Self {
            ended: ended.by_the_clock(ahead).into_owned(),
            settings,
            queues: run.all("queue").into(),
            has_returned: returned.is_some(),
        })
    }
}
