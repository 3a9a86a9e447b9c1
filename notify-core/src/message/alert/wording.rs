//! How an alert reads: its summary, its title, its text, its remarks and its details.

use std::borrow::Cow;

use super::{Alert, Kind, Outage};
use crate::format::link::{self, Link};
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::dropped::Dropped;
use crate::status::log_lines;
use crate::status::{LINE, State};

/// The longest line that stands for the whole of an error.
const HEADLINE: usize = 200;

impl Alert {
    /// Returns the alert in one line, as a phone's lock screen shows it:
    /// `✗ etl.load failed on worker-3: connection refused`.
    #[must_use]
    pub fn summary(&self) -> String {
        self.summary_with(&str::to_owned)
    }

    /// The same, in which `write` has written what comes from outside.
    pub(crate) fn summary_with(&self, write: &dyn Fn(&str) -> String) -> String {
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
            Some(until) => format!("is silenced until {} UTC", time::minute(until)),
            None if self.is_acknowledged() => "is acknowledged".to_owned(),
            None if self.is_forgotten() => "is forgotten".to_owned(),
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

    /// Returns whether somebody is at this very error: a run that fails with it is not sent meanwhile.
    fn is_acknowledged(&self) -> bool {
        let acknowledged = self.status.acknowledged.as_ref();
        self.kind == Kind::StillFailing
            && acknowledged.is_some_and(|one| {
                one.lasts(self.decided) && Some(&one.error) == self.status.fingerprint.as_ref()
            })
    }

    /// Returns whether its failure is over because a person has forgotten the job: no run of it works again.
    fn is_forgotten(&self) -> bool {
        self.kind == Kind::Recovered && self.status.runs == 0
    }

    /// Returns the summary without the error: `✗ etl.load failed on worker-3`.
    pub(crate) fn title(&self) -> String {
        self.title_with(&str::to_owned)
    }

    /// The same, in which `write` has written what comes from outside.
    pub(crate) fn title_with(&self, write: &dyn Fn(&str) -> String) -> String {
        if let Some(headline) = &self.message.headline {
            return write(headline);
        }
        let job = write(&text::readable(&self.job));
        let mut title = format!("{} {job} {}", self.symbol(), self.became());
        if let Some(host) = &self.status.host {
            title += &format!(" on {}", write(host));
        }
        // A job that flaps has not recovered after that time, and one that ran late was not late by it.
        let is_span_of_kind = !matches!(self.kind, Kind::Flapping | Kind::Late);
        let outage = self.outage.as_ref().filter(|_| is_span_of_kind);
        if let Some(span) = outage.and_then(|outage| self.outage_span(outage)) {
            title += &format!(" after {span}");
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
        self.text_with(&self.lines_below(usize::MAX, &str::len))
    }

    /// The same, where it is to have at most so much by a measure: with the log lines that have room, each whole. For
    /// them a long error is cut to a third of it; what is still too long then is cut by who shows it.
    pub(crate) fn text_within(&self, limit: usize, measure: &dyn Fn(&str) -> usize) -> String {
        let text = self.text();
        if measure(&text) <= limit {
            return text;
        }
        let around =
            measure(&self.text_of("", &[])) + measure(&format!("\n\n\n{}\n", log_lines::HEADING));
        let body = measure(self.body());
        let left = limit.saturating_sub(around + body.min(limit / 3));
        let line = |line: &str| measure(&format!("{line}\n"));
        let lines = self.lines_below(left, &line);
        if lines.iter().all(|line| matches!(line, Cow::Owned(_))) {
            // How many are missing is all that has room.
            return self.text_with(&[]);
        }
        let logged: usize = lines.iter().map(|shown| line(shown)).sum();
        let left = limit.saturating_sub(around + logged);
        if body <= left {
            return self.text_with(&lines);
        }
        // In proportion to what the measure adds.
        let room = self.body().len().saturating_mul(left) / body.max(1);
        self.text_of(&text::cut(self.body(), room), &lines)
    }

    fn text_with(&self, log_lines: &[Cow<'_, str>]) -> String {
        self.text_of(self.body(), log_lines)
    }

    fn text_of(&self, body: &str, log_lines: &[Cow<'_, str>]) -> String {
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
        if !body.is_empty() {
            text += &format!("\n{body}\n");
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

    /// Returns what stands for the alert in a digest: the error, or what the program writes in its place.
    pub(crate) fn gist(&self) -> Cow<'_, str> {
        match (&self.message.headline, self.body()) {
            (Some(headline), body) => format!("{headline}\n{body}").into(),
            (None, "") => match self.passed_over() {
                Some(passed_over) => passed_over.into(),
                None => self.status.headline(HEADLINE).into(),
            },
            (None, body) => body.into(),
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
            let span = self.outage_span(outage);
            let span = span.map_or_else(String::new, |span| format!("{span} and "));
            let error = &outage.error;
            remarks.push(format!(
                "works again after {span}{runs}; the error was: {error}"
            ));
        }
        if self.is_repeated() {
            let error = if self.earlier_error.is_some() {
                ", with another error than the run before"
            } else if self.silenced_until().is_some() || self.is_acknowledged() {
                // There was no run that could have had one.
                ""
            } else {
                ", with the same error"
            };
            let span = time::passed(status.since, self.decided).map(time::span);
            let span = span.map_or_else(String::new, |span| format!("{span}, "));
            let runs = runs(status.runs, "run");
            remarks.push(format!("failing for {span}{runs}{error}"));
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
        remarks.extend(self.passed_over());
        remarks.extend(self.notes.iter().cloned());
    }

    /// Says which error was passed over, so that `OK` never reads as if nothing had happened.
    fn passed_over(&self) -> Option<String> {
        let error = self.status.passed_over.as_ref()?;
        Some(format!("error ignored, as the attribute says: {error}"))
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

    /// Returns the same for a message that shows none of our text: where and when the run began come first, and the
    /// alert's id is not among them.
    pub(crate) fn details_with_origin(&self) -> Vec<(Cow<'_, str>, String)> {
        let details = self.details().into_iter();
        let details = details.filter(|(name, _)| name != "alert");
        self.origin().into_iter().flatten().chain(details).collect()
    }

    /// Returns when the run began, and where; `None` where the program writes a text of its own.
    pub(crate) fn origin(&self) -> Option<[(Cow<'_, str>, String); 2]> {
        let origin = || {
            [
                ("began".into(), time::show(self.status.begun)),
                ("function".into(), self.status.location.to_string()),
            ]
        };
        self.message.text.is_none().then(origin)
    }

    fn own_details(&self) -> Vec<(&str, String)> {
        let status = &self.status;
        let version = status.version.as_ref().map(|version| {
            let last_ok = status.ok_version.as_ref().filter(|ok| *ok != version);
            let last_ok = last_ok.map(|ok| format!(" (last OK: {ok})"));
            format!("{version}{}", last_ok.unwrap_or_default())
        });
        let own = [
            (
                "since",
                self.is_repeated().then(|| time::show(status.since)),
            ),
            ("took", status.took.map(time::span)),
            ("host", status.host.as_ref().map(ToString::to_string)),
            ("version", version),
            ("owner", status.owner.as_ref().map(ToString::to_string)),
        ];
        let own = own
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let facts = self.facts.iter();
        let facts = facts.map(|(name, value)| (name.as_str(), value.clone()));
        own.chain(facts).collect()
    }

    /// Returns whether it is not the first failure of its incident. A run that is overdue has not
    /// failed.
    fn is_repeated(&self) -> bool {
        self.kind != Kind::Overdue && self.status.state == State::Error && self.status.runs > 1
    }

    /// Returns how long an outage was; `None` where the clock was set back meanwhile.
    pub(crate) fn outage_span(&self, outage: &Outage) -> Option<String> {
        time::passed(outage.since, self.status.begun).map(time::span)
    }

    /// Returns the error in one line, cut where it is long, or what the program writes in its place.
    pub(crate) fn headline(&self) -> String {
        match &self.message.headline {
            Some(headline) => text::first_bytes(headline, HEADLINE).to_owned(),
            None => self.status.headline(HEADLINE),
        }
    }
}

/// Counts in words: `1 run`, `2 runs`.
fn runs(number: u64, noun: &str) -> String {
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
