//! One message that the rules decided to send.

use std::borrow::Cow;
use std::time::Duration;

use crate::format::fields::{Fields, Page};
use crate::format::hash;
use crate::format::link::{self, Link};
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::dropped::Dropped;
use crate::message::written::Message;
use crate::status::fingerprint;
use crate::status::log_lines;
use crate::status::{LINE, State, Status};

/// The longest line that stands for the whole of an error.
const HEADLINE: usize = 200;

/// What an alert says of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// It failed, and did not before.
    Failed,
    /// It fails as it did before.
    StillFailing,
    /// It works again.
    Recovered,
    /// It works, as before: the article's quiet sign of life.
    Ok,
    /// It is still running, and should have ended.
    Overdue,
    /// Its status changes to and fro.
    Flapping,
    /// It was flapping, and has been in one status for an hour and three runs.
    Steady,
    /// It works, and its run ended sooner than it should (`took_hours`).
    TooShort,
    /// It works, and its run ended later than it should (`took_hours`).
    TooLong,
    /// A run began while another went on (`overlap = false`).
    Overlapping,
    /// A run that was missed has come after all.
    Late,
    /// A run has begun (`start = true`).
    Started,
}

impl Kind {
    /// Each kind in words, and the letter for it in the names of the outbox: a small one, and not
    /// that of another. They stand in the order of a digest.
    pub(crate) const ALL: [(Self, &'static str, char); 12] = [
        (Self::Failed, "failed", 'f'),
        (Self::StillFailing, "still failing", 's'),
        (Self::Flapping, "is flapping", 'p'),
        (Self::Overdue, "is overdue", 'd'),
        (Self::TooShort, "ended too soon", 'q'),
        (Self::TooLong, "took too long", 'l'),
        (Self::Overlapping, "overlaps another run", 'v'),
        (Self::Steady, "is steady again", 'y'),
        (Self::Late, "ran late", 'a'),
        (Self::Recovered, "recovered", 'r'),
        (Self::Started, "started", 'b'),
        (Self::Ok, "ok", 'o'),
    ];

    /// Returns the kind in words: `failed`, `still failing`, `recovered`, `ok`, `is overdue`,
    /// `is flapping`, `is steady again`, `ended too soon`, `took too long`, `overlaps another run`,
    /// `ran late` or `started`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(kind, ..)| *kind == self)
            .map_or("", |(_, words, _)| words)
    }

    /// Tells whether the job works, and something about its run is to be looked at.
    pub(crate) fn is_remark(self) -> bool {
        matches!(self, Self::TooShort | Self::TooLong | Self::Overlapping)
    }

    /// Returns whether it says nothing that an earlier alert of its job did not say.
    pub(crate) fn is_repeat(self) -> bool {
        matches!(
            self,
            Self::StillFailing | Self::Flapping | Self::Overdue | Self::Started | Self::Ok
        )
    }

    /// Returns the letter for it in the names of the outbox.
    pub(crate) fn letter(self) -> char {
        Self::ALL
            .into_iter()
            .find(|(kind, ..)| *kind == self)
            .map_or('x', |(.., letter)| letter)
    }

    /// Returns the kind of that letter; `None` also for one that only a later version knows.
    pub(crate) fn of_letter(letter: char) -> Option<Self> {
        let mut kinds = Self::ALL.into_iter();
        kinds
            .find(|(.., known)| *known == letter)
            .map(|(kind, ..)| kind)
    }

    /// Returns where a digest names this kind: the smaller, the sooner.
    pub(crate) fn place(self) -> usize {
        let place = Self::ALL.iter().position(|(kind, ..)| *kind == self);
        place.unwrap_or_default()
    }

    /// Names what became of a job that was in the state `before` and is in `now`.
    pub(crate) fn of(before: Option<State>, now: State) -> Self {
        match (before, now) {
            (Some(State::Error), State::Error) => Self::StillFailing,
            (_, State::Error) => Self::Failed,
            (Some(State::Error), State::Ok) => Self::Recovered,
            (_, State::Ok) => Self::Ok,
        }
    }
}

/// One message that the rules decided to send: a job, what became of it, and its status then.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) job: String,
    pub(crate) channel: String,
    pub(crate) decided: Time,
    pub(crate) incident: Option<String>,
    /// The first line of the run before, where that failed otherwise.
    pub(crate) earlier_error: Option<String>,
    /// What is over.
    pub(crate) outage: Option<Outage>,
    /// Whom it mentions.
    pub(crate) mention: Option<String>,
    /// Where it ran, beside what the status says: names and values.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    /// What a function of the program has written into it.
    pub(crate) message: Message,
    /// What was dropped from the queue that it leaves, and its message is to say; no file holds it.
    pub(crate) dropped: Option<Dropped>,
    /// How many of the jobs that its message speaks of work again, of how many; no file holds it.
    pub(crate) recovered: Option<(usize, usize)>,
    pub(crate) status: Status,
}

/// What a job recovered from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outage {
    /// When the first run that failed began.
    pub(crate) since: Time,
    /// How many runs failed.
    pub(crate) runs: u64,
    /// The first line of the first error.
    pub(crate) error: String,
}

impl Alert {
    /// Makes one that says nothing beside the status.
    pub(crate) fn new(
        id: u64,
        kind: Kind,
        job: String,
        channel: &str,
        decided: Time,
        status: Status,
    ) -> Self {
        Self {
            id: hash::hex(id),
            kind,
            job,
            channel: channel.to_owned(),
            decided,
            incident: status.incident.clone(),
            earlier_error: None,
            outage: None,
            mention: None,
            facts: Vec::new(),
            notes: Vec::new(),
            message: Message::default(),
            dropped: None,
            recovered: None,
            status,
        }
    }

    /// Returns the id of this alert: two messages with one id are the same event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns what became of the job.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the job's name, which is also its status file's.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// Returns the channel that the alert was sent to.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the job's state: the status file's first line.
    #[must_use]
    pub fn state(&self) -> State {
        self.status.state
    }

    /// Returns the error's text, empty where there is none.
    #[must_use]
    pub fn error(&self) -> &str {
        self.status.text.trim_end()
    }

    /// Returns the last lines that the run has logged, oldest first, such as
    /// `13:00:00.123 INFO etl::load: reading orders.csv`; none where it works, or nothing
    /// [keeps them](crate::LastLines).
    pub fn log_lines(&self) -> impl Iterator<Item = &str> {
        self.status.log_lines.iter()
    }

    /// Returns those that belong below the error, as many as have room there, by a measure of a line with its end:
    /// none where the program has written another text.
    pub(crate) fn lines_below(
        &self,
        room: usize,
        measure: impl Fn(&str) -> usize,
    ) -> Vec<Cow<'_, str>> {
        match &self.message.text {
            Some(_) => Vec::new(),
            None => self.status.log_lines.within(room, measure),
        }
    }

    /// Returns the id that all alerts from a job's first failure to its recovery share.
    #[must_use]
    pub fn incident(&self) -> Option<&str> {
        self.incident.as_deref()
    }

    /// Returns how long the run took; `None` where it is not known.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.status.took
    }

    /// Returns the address of the page that says what to do: the attribute's `runbook`.
    #[must_use]
    pub fn runbook(&self) -> Option<&str> {
        self.status.runbook.as_deref()
    }

    /// Returns whose job it is: the attribute's `owner`.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.status.owner.as_deref()
    }

    /// Returns the facts of an alert, by name: of where it ran, such as `context` (`NOTIFY_CONTEXT`), what the run
    /// said of itself ([`fact`](crate::fact())), and what a [`Message`] added.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        let place = self.facts.iter();
        let place = place.map(|(name, value)| (name.as_str(), value.as_str()));
        let run = self.status.facts.iter();
        place.chain(run).chain(self.message.facts.iter())
    }

    /// Returns the value of a fact; of several with one name, the last one's.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        let named = self.facts().filter(|(known, _)| *known == name);
        named.last().map(|(_, value)| value)
    }

    /// Returns the alert in one line, as a phone's lock screen shows it:
    /// `✗ etl.load failed on worker-3: connection refused`.
    #[must_use]
    pub fn summary(&self) -> String {
        self.summary_with(str::to_owned)
    }

    /// The same, in which `write` has written what comes from outside.
    pub(crate) fn summary_with(&self, write: impl Fn(&str) -> String) -> String {
        if let Some(headline) = &self.message.headline {
            return write(headline);
        }
        let title = self.title_with(&write);
        match self.headline() {
            headline if self.outage.is_none() && !headline.is_empty() => {
                format!("{title}: {}", write(&headline))
            }
            _ => title,
        }
    }

    /// Says what became of the job, in closer words than the kind's where there are any.
    pub(crate) fn became(&self) -> String {
        if self.is_missed() {
            return "missed a run".to_owned();
        }
        match self.silenced_until() {
            Some(until) => format!("is silenced until {}", until.format("%Y-%m-%d %H:%M UTC")),
            None if self.is_acknowledged() => "is acknowledged".to_owned(),
            None => self.kind.as_str().to_owned(),
        }
    }

    /// Returns whether the run that is overdue has never begun: such a one takes no time.
    pub(crate) fn is_missed(&self) -> bool {
        self.kind == Kind::Overdue && self.status.took.is_none()
    }

    /// Returns until when this very error is silenced. A run that fails with it sends nothing
    /// meanwhile: this alert announces the silence.
    fn silenced_until(&self) -> Option<Time> {
        let silence = self.status.silence.as_ref()?;
        let is_this = self.kind == Kind::StillFailing
            && silence.until > self.decided
            && Some(&silence.error) == self.status.fingerprint.as_ref();
        is_this.then_some(silence.until)
    }

    /// Tells whether somebody is at this very error: a run that fails with it is not sent meanwhile.
    fn is_acknowledged(&self) -> bool {
        let acknowledged = self.status.acknowledged.as_ref();
        self.kind == Kind::StillFailing
            && acknowledged.is_some_and(|one| {
                one.lasts(self.decided) && Some(&one.error) == self.status.fingerprint.as_ref()
            })
    }

    /// Returns what two errors share that are alike but for numbers, ids and the like.
    pub(crate) fn fingerprint(&self) -> String {
        let known = self.status.fingerprint.clone();
        known.unwrap_or_else(|| fingerprint::of(&self.status.text))
    }

    /// Returns the summary without the error: `✗ etl.load failed on worker-3`.
    pub(crate) fn title(&self) -> String {
        self.title_with(str::to_owned)
    }

    /// The same, in which `write` has written what comes from outside.
    pub(crate) fn title_with(&self, write: impl Fn(&str) -> String) -> String {
        if let Some(headline) = &self.message.headline {
            return write(headline);
        }
        let job = write(&text::readable(&self.job));
        let mut title = format!("{} {job} {}", self.symbol(), self.became());
        if let Some(host) = &self.status.host {
            title += &format!(" on {}", write(host));
        }
        if let Some(outage) = &self.outage {
            title += &format!(" after {}", self.outage_span(outage));
        }
        title
    }

    /// Returns `✗` where something is wrong, `✓` where nothing is, `⚠` where its last run alone does not say, and
    /// `▸` for a beginning.
    pub(crate) fn symbol(&self) -> char {
        match (self.kind, self.status.state) {
            (Kind::Flapping, _) => '⚠',
            (Kind::Started, _) => '▸',
            (kind, _) if kind.is_remark() => '⚠',
            // A job may work, and be overdue all the same.
            (Kind::Overdue, _) | (_, State::Error) => '✗',
            (_, State::Ok) => '✓',
        }
    }

    /// Returns the alert as text, which begins like the article's: `--- ERROR ---`, when the run
    /// began, `module :: function`, the error.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_with(&self.lines_below(usize::MAX, str::len))
    }

    /// The same, where it is to have at most so many bytes: without log lines rather than beyond that.
    pub(crate) fn text_within(&self, limit: usize, measure: impl Fn(&str) -> usize) -> String {
        let text = self.text();
        if measure(&text) <= limit {
            return text;
        }
        self.text_with(&[])
    }

    fn text_with(&self, log_lines: &[Cow<'_, str>]) -> String {
        let status = &self.status;
        let heading = match self.kind {
            Kind::Overdue if self.is_missed() => "MISSED",
            Kind::Overdue => "OVERDUE",
            Kind::Flapping => "FLAPPING",
            Kind::TooShort => "TOO SHORT",
            Kind::TooLong => "TOO LONG",
            Kind::Overlapping => "OVERLAPPING",
            Kind::Late => "LATE",
            Kind::Started => "STARTED",
            _ => status.state.as_str(),
        };
        let mut text = match &self.message.headline {
            Some(headline) => format!("{headline}\n"),
            None => format!("--- {heading} ---\n"),
        };
        if self.message.text.is_none() {
            text += &format!("{}\n{}\n", time::show(status.begun), status.location);
        }
        if !self.body().is_empty() {
            text += &format!("\n{}\n", self.body());
        }
        if !log_lines.is_empty() {
            text += &format!("\n{}\n{}\n", log_lines::HEADING, log_lines.join("\n"));
        }
        text.push('\n');
        for remark in self.remarks() {
            text += &format!("{remark}\n");
        }
        for Link { label, url } in self.links() {
            text += &format!("{label}: {url}\n");
        }
        let facts = self.details();
        let facts = facts.iter().map(|(name, value)| format!("{name} {value}"));
        let job = text::readable(&self.job);
        let job = format!("job {job} {}", self.became());
        let job = self.message.text.is_none().then_some(job);
        let all: Vec<_> = job.into_iter().chain(facts).collect();
        text + &all.join(" · ") + "\n"
    }

    /// Returns what stands below the headline: the error, or what the program writes in its place.
    pub(crate) fn body(&self) -> &str {
        match &self.message.text {
            Some(text) => text.trim_end(),
            None => self.error(),
        }
    }

    /// Returns the pages that a reader can open: what to do, and what the program adds.
    pub(crate) fn links(&self) -> Vec<Link> {
        let runbook = self.runbook().map(|url| Link {
            label: "runbook".to_owned(),
            url: url.to_owned(),
        });
        let added = self.message.links.iter().cloned();
        runbook.into_iter().chain(added).collect()
    }

    /// Returns all of these, and those that the context names. An error's own are none: who writes an error
    /// is not always who set up the job.
    pub(crate) fn pages(&self) -> Vec<Link> {
        let contexts = self.facts.iter().filter(|(name, _)| name == "context");
        let named = contexts.flat_map(|(_, context)| link::in_text(context));
        self.links().into_iter().chain(named).collect()
    }

    /// Says, a sentence each, what there is to know beside the error.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.message.text.is_none() {
            self.add_remarks(&mut remarks);
        }
        remarks.extend(self.message.lines.iter().cloned());
        remarks.extend(self.dropped.as_ref().and_then(Dropped::words));
        remarks
    }

    fn add_remarks(&self, remarks: &mut Vec<String>) {
        let status = &self.status;
        if let Some(outage) = &self.outage {
            let runs = runs(outage.runs, "failed run");
            remarks.push(format!(
                "works again after {} and {runs}; the error was: {}",
                self.outage_span(outage),
                outage.error
            ));
        }
        if self.is_repeated() {
            let error = if self.earlier_error.is_some() {
                ", with another error than before"
            } else if self.silenced_until().is_some() || self.is_acknowledged() {
                // There was no run that could have had one.
                ""
            } else {
                ", with the same error"
            };
            let since = time::span(time::between(status.since, self.decided));
            remarks.push(format!(
                "failing for {since}, {}{error}",
                runs(status.runs, "run")
            ));
        }
        if let Some(earlier) = &self.earlier_error {
            remarks.push(format!("before: {earlier}"));
        }
        if let Some(first) = &status.first_error
            && self.is_repeated()
            && *first != status.headline(LINE)
            && Some(first) != self.earlier_error.as_ref()
        {
            remarks.push(format!("at first: {first}"));
        }
        if let Some(error) = &status.passed_over {
            remarks.push(format!("error ignored, as the attribute says: {error}"));
        }
        remarks.extend(self.notes.iter().cloned());
    }

    /// Returns the facts that follow the error, by name: when, where, how long.
    pub(crate) fn details(&self) -> Vec<(Cow<'_, str>, String)> {
        let mut details: Vec<(Cow<'_, str>, String)> = Vec::new();
        if self.message.text.is_none() {
            let own = self.own_details().into_iter();
            details.extend(own.map(|(name, value)| (name.into(), value)));
            details.extend(named(self.status.facts.iter()));
        }
        details.extend(named(self.message.facts.iter()));
        if let Some(incident) = &self.incident {
            details.push(("incident".into(), incident.clone()));
        }
        details.push(("alert".into(), self.id.clone()));
        details
    }

    fn own_details(&self) -> Vec<(&str, String)> {
        let status = &self.status;
        let mut details = Vec::new();
        if self.is_repeated() {
            details.push(("since", time::show(status.since)));
        }
        if let Some(took) = status.took {
            details.push(("took", time::span(took)));
        }
        if let Some(host) = &status.host {
            details.push(("host", host.to_string()));
        }
        if let Some(version) = &status.version {
            let last_ok = status.ok_version.as_ref().filter(|ok| *ok != version);
            details.push((
                "version",
                match last_ok {
                    Some(ok) => format!("{version} (last OK: {ok})"),
                    None => version.to_string(),
                },
            ));
        }
        if let Some(owner) = &status.owner {
            details.push(("owner", owner.to_string()));
        }
        for (name, value) in &self.facts {
            details.push((name, value.clone()));
        }
        details
    }

    /// Returns whether it is not the first failure of its incident. A run that is overdue has not
    /// failed.
    fn is_repeated(&self) -> bool {
        self.kind != Kind::Overdue && self.status.state == State::Error && self.status.runs > 1
    }

    pub(crate) fn outage_span(&self, outage: &Outage) -> String {
        time::span(time::between(outage.since, self.status.begun))
    }

    /// Returns the error in one line, cut where it is long, or what the program writes in its place.
    pub(crate) fn headline(&self) -> String {
        match &self.message.headline {
            Some(headline) => text::first_bytes(headline, HEADLINE).to_owned(),
            None => self.status.headline(HEADLINE),
        }
    }

    /// Writes the alert as a file of the outbox.
    pub(crate) fn render(&self) -> String {
        self.render_with(&self.status.render())
    }

    /// The same, where what the status says is written already.
    pub(crate) fn render_with(&self, status: &str) -> String {
        let mut page = Page::new(256 + status.len());
        page.put("alert", &self.id);
        page.put("kind", self.kind.as_str());
        page.put("job", &self.job);
        page.put("channel", &self.channel);
        page.put("decided", &time::show(self.decided));
        page.put_some("incident", self.incident.as_deref());
        page.put_some("earlier-error", self.earlier_error.as_deref());
        if let Some(outage) = &self.outage {
            page.put("outage-since", &time::show(outage.since));
            page.put("outage-runs", &outage.runs.to_string());
            page.put("outage-error", &outage.error);
        }
        page.put_some("mention", self.mention.as_deref());
        for value in self.facts.iter().map(fact) {
            page.put("fact", &value);
        }
        for note in &self.notes {
            page.put("note", note);
        }
        self.message.write(&mut page);
        page.end(status)
    }

    /// Reads a file of the outbox; `None` where it is none.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let fields = Fields::parse(content);
        let kind = fields.get("kind")?;
        Some(Self {
            id: fields.get("alert")?.to_owned(),
            kind: Kind::ALL
                .into_iter()
                .find(|(_, words, _)| *words == kind)?
                .0,
            job: fields.get("job")?.to_owned(),
            channel: fields.get("channel")?.to_owned(),
            decided: time::parse(fields.get("decided")?)?,
            incident: fields.get("incident").map(str::to_owned),
            earlier_error: fields.get("earlier-error").map(str::to_owned),
            outage: fields.get("outage-since").and_then(|since| {
                Some(Outage {
                    since: time::parse(since)?,
                    runs: fields.get("outage-runs")?.parse().ok()?,
                    error: fields.get("outage-error")?.to_owned(),
                })
            }),
            mention: fields.get("mention").map(str::to_owned),
            facts: facts(&fields),
            notes: fields.all("note"),
            message: Message::read(&fields),
            dropped: None,
            recovered: None,
            status: Status::parse(&fields.text)?,
        })
    }
}

/// Counts in words: `1 run`, `2 runs`.
pub(crate) fn runs(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What the library itself says by these names: a fact that is called so is shown as `fact.host`.
const OWN: [&str; 12] = [
    "alert", "began", "context", "function", "host", "incident", "instance", "job", "owner",
    "since", "took", "version",
];

/// Names facts so that none is taken for what the library says.
fn named<'a>(
    facts: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (Cow<'a, str>, String)> {
    facts.map(|(name, value)| {
        let shown = if OWN.contains(&name) {
            format!("fact.{name}").into()
        } else {
            name.into()
        };
        (shown, value.to_owned())
    })
}

/// Writes what is said of where a run ran.
pub(crate) fn fact((name, value): &(String, String)) -> String {
    format!("{name}={value}")
}

/// Reads what [`fact`] has written.
pub(crate) fn facts(fields: &Fields) -> Vec<(String, String)> {
    let facts = fields.all("fact");
    facts
        .iter()
        .filter_map(|fact| fact.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(job: &str, kind: Kind, error: &str) -> Alert {
        let state = if matches!(kind, Kind::Failed | Kind::StillFailing) {
            State::Error
        } else {
            State::Ok
        };
        let status = format!(
            "{state}\n2026-11-22 13:00:00:123456 UTC\netl::load :: run\ntook: 2.500 s\n\
             since: 2026-11-22 11:00:00:000000 UTC\nruns: 3\nhost: worker-3\n\n{error}"
        );
        Alert {
            id: format!("id-{job}"),
            kind,
            job: job.to_owned(),
            channel: "alerts".to_owned(),
            decided: time::parse("2026-11-22 13:00:02:623456 UTC").unwrap(),
            incident: Some("7f3a91c2".to_owned()),
            earlier_error: None,
            outage: (kind == Kind::Recovered).then(|| Outage {
                since: time::parse("2026-11-22 10:55:00:000000 UTC").unwrap(),
                runs: 26,
                error: "connection refused".to_owned(),
            }),
            mention: Some("U123".to_owned()),
            facts: vec![("context".to_owned(), "env=prod".to_owned())],
            notes: vec!["this is a debug build".to_owned()],
            message: Message::default(),
            dropped: None,
            recovered: None,
            status: Status::parse(&status).unwrap(),
        }
    }

    #[test]
    fn the_text_begins_like_the_articles_and_ends_with_the_facts() {
        let alert = alert(
            "etl.load.run",
            Kind::StillFailing,
            "connection refused\n  caused by: no route\n",
        );
        assert_eq!(
            alert.text(),
            "--- ERROR ---\n2026-11-22 13:00:00:123456 UTC\netl::load :: run\n\nconnection refused\n  \
             caused by: no route\n\nfailing for 2 h, 3 runs, with the same error\nthis is a debug build\n\
             job etl.load.run still failing · since 2026-11-22 11:00:00:000000 UTC · took 2.500 s · host worker-3 \
             · context env=prod · incident 7f3a91c2 · alert id-etl.load.run\n"
        );
        assert_eq!(
            alert.summary(),
            "✗ etl.load.run still failing on worker-3: connection refused: no route"
        );
    }

    #[test]
    fn a_job_that_flaps_is_not_ticked_off_for_its_last_run() {
        let alert = alert("etl.load.run", Kind::Flapping, "");
        assert_eq!(alert.summary(), "⚠ etl.load.run is flapping on worker-3");
    }

    #[test]
    fn a_run_that_is_overdue_is_not_counted_as_failed() {
        let mut alert = alert(
            "etl.load.run",
            Kind::Failed,
            "still running after 90 minutes\n",
        );
        assert!(alert.text().contains("3 runs, with the same error"));
        alert.kind = Kind::Overdue;
        assert!(!alert.text().contains("it has failed"), "{}", alert.text());
    }

    /// Issue 12, what is small: both were "OVERDUE", and who read it looked for a process.
    #[test]
    fn a_run_that_has_never_begun_and_one_that_hangs_are_told_in_other_words() {
        let mut alert = alert("etl.load.run", Kind::Overdue, "late\n");
        alert.status.state = State::Error;

        let said = |alert: &Alert| (alert.title(), alert.text());
        let (title, text) = said(&alert);
        assert_eq!(title, "✗ etl.load.run is overdue on worker-3");
        assert!(text.starts_with("--- OVERDUE ---\n") && text.contains("etl.load.run is overdue"));
        alert.status.took = None;
        let (title, text) = said(&alert);
        assert_eq!(title, "✗ etl.load.run missed a run on worker-3");
        assert!(text.starts_with("--- MISSED ---\n") && text.contains("etl.load.run missed a run"));
        // Its file is the same for every version.
        assert!(alert.render().contains("kind: is overdue\n"));
        let read = Alert::parse(&alert.render()).unwrap();
        assert_eq!(read.title(), title);
    }

    /// Issue 12, what is small: the headline of a silence was "still failing", as if the job had run.
    #[test]
    fn a_silence_is_told_as_one_and_another_error_within_it_as_an_error() {
        let silence = |hour: u32| crate::status::Silence {
            until: time::parse(&format!("2026-11-22 {hour}:00:00:000000 UTC")).unwrap(),
            error: "0011aaff".to_owned(),
            because: None,
        };
        for (kind, hour, error, said) in [
            (
                Kind::StillFailing,
                15,
                "0011aaff",
                "is silenced until 2026-11-22 15:00 UTC",
            ),
            (Kind::StillFailing, 15, "ffffffff", "still failing"),
            (Kind::StillFailing, 13, "0011aaff", "still failing"),
            (Kind::Failed, 15, "0011aaff", "failed"),
        ] {
            let mut alert = alert("etl", kind, "connection refused\n");
            alert.status.silence = Some(silence(hour));
            alert.status.fingerprint = Some(error.to_owned());
            assert_eq!(alert.became(), said);
            let is_silence = said.starts_with("is silenced");
            let text = alert.text();
            assert!(text.contains(&format!("job etl {said} · ")), "{text}");
            assert_eq!(!text.contains("with the same error"), is_silence, "{text}");
        }
    }

    #[test]
    fn a_recovery_says_what_is_over_and_how_long_it_was() {
        let alert = alert("etl.load.run", Kind::Recovered, "");
        assert_eq!(
            alert.summary(),
            "✓ etl.load.run recovered on worker-3 after 2 h 5 min"
        );
        let sentence =
            "\nworks again after 2 h 5 min and 26 failed runs; the error was: connection refused\n";
        assert!(alert.text().contains(sentence), "{}", alert.text());
    }

    #[test]
    fn an_alert_is_read_back_from_its_file_as_it_was() {
        let alert = alert("etl.load.run", Kind::Recovered, "");
        assert_eq!(Alert::parse(&alert.render()), Some(alert));
        assert_eq!(Alert::parse("alert: x\n"), None);
    }
}
