//! The status file: how a status is read and written.

use std::sync::Arc;
use std::time::Duration;

use super::{Acknowledged, Flapping, Held, LINE, Quiet, Silence, State, Status, Text};
use crate::format::fields::{Fields, Page, split_line};
use crate::format::headline::headline;
use crate::format::link;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::status::decision::Decided;
use crate::status::error_count::ErrorCount;
use crate::status::facts::Facts;
use crate::status::log_lines::LogLines;
use crate::status::plan::Plan;

const NOT_COUNTED: &str = "not counted";

/// How many log lines stand below the error.
const LOG_LINES: &str = "log-lines";

impl Status {
    /// Reads a status file, ours or the article's; `None` where it cannot be understood.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let (state, rest) = split_line(content)?;
        let (begun, rest) = split_line(rest)?;
        let (location, rest) = split_line(rest).unwrap_or_default();
        let state = State::parse(state)?;
        let begun = time::parse(begun)?;
        let mut fields = Fields::parse(rest);
        let lines = fields.get(LOG_LINES).and_then(|lines| lines.parse().ok());
        let below = std::mem::take(&mut fields.text);
        let (error, log_lines) = LogLines::split(below, lines.unwrap_or(0));
        let get = |key| fields.get(key);
        let time = |key| get(key).and_then(time::parse);
        let text = |key| get(key).map(str::to_owned);
        let same = |key| text(key).map(Text::Owned);
        let count = |key| get(key).and_then(ErrorCount::parse).unwrap_or_default();
        let number = |key| get(key).and_then(|number| number.parse().ok());
        let since = time("since");
        // The article's own file does not say when its message was sent: at that time.
        let alerted = if since.is_some() {
            time("alerted")
        } else {
            Some(begun)
        };
        Some(Self {
            state,
            begun,
            location: text::unescape(location).into_owned().into(),
            took: get("took").and_then(parse_seconds),
            since: since.unwrap_or(begun),
            runs: number("runs").unwrap_or(1),
            runs_total: number("runs-total").unwrap_or_default(),
            failures_total: number("failures-total").unwrap_or_default(),
            last_ok: time("last-ok"),
            alerted,
            incident: text("incident"),
            fingerprint: text("fingerprint"),
            first_error: text("first-error").or_else(|| {
                let first = || headline(&error, LINE);
                (state == State::Error).then(first)
            }),
            sent_errors: match get("told-errors") {
                Some(sent) => sent.split_whitespace().map(str::to_owned).collect(),
                None if alerted.is_some() => text("fingerprint").into_iter().collect(),
                None => Vec::new(),
            },
            alerted_by: text("alerted-by"),
            other_errors: count("other-errors"),
            older_errors: count("older-errors"),
            overdue: time("overdue-alerted"),
            missed: time("missed"),
            missed_due: time("missed-due"),
            took_alerted: time("took-alerted"),
            overlap_alerted: time("overlap-alerted"),
            held: get("held").and_then(Held::parse),
            withheld_since: time("withheld-since"),
            silence: get("silenced").and_then(Silence::parse),
            acknowledged: get("acknowledged").and_then(Acknowledged::parse),
            quiet: get("quiet").and_then(Quiet::parse),
            flapping: get("flapping").and_then(Flapping::parse),
            decision: Decided::parse(&fields),
            host: same("host"),
            pid: get("pid").and_then(|pid| pid.parse().ok()),
            exe: same("exe"),
            source: same("source"),
            version: same("version"),
            ok_version: same("ok-version").or_else(|| match state {
                State::Ok => same("version"),
                State::Error => None,
            }),
            every_hours: get("every-hours")
                .and_then(|hours| hours.parse().ok())
                .filter(|hours| *hours > 0.0 && f64::is_finite(*hours)),
            plan: Plan::read(&fields).map(Arc::new),
            channel: same("channel"),
            mention: same("mention"),
            // Another user may have written the file.
            runbook: same("runbook").filter(|url| link::check(url).is_ok()),
            owner: same("owner"),
            alerted_channel: text("alerted-channel"),
            silenced_by_rule: text("silenced-by-rule"),
            facts: Facts::read(&fields),
            passed_over: text("passed-over"),
            cancelled: time("cancelled"),
            not_counted: text(NOT_COUNTED),
            text: error,
            log_lines,
        })
    }

    pub(crate) fn render(&self) -> String {
        let time = |time: Option<Time>| time.map(time::show);
        let mut page = Page::new(512 + self.text.len());
        page.line(self.state.as_str());
        page.line(&time::show(self.begun));
        page.line(&text::escape(&self.location));
        let took = self.took.map(|took| format!("{:.3} s", took.as_secs_f64()));
        page.put_some("took", took);
        page.put("since", &time::show(self.since));
        page.put("runs", &self.runs.to_string());
        let total = |number: u64| (number > 0).then(|| number.to_string());
        page.put_some("runs-total", total(self.runs_total));
        page.put_some("failures-total", total(self.failures_total));
        page.put_some("last-ok", time(self.last_ok));
        page.put_some("alerted", time(self.alerted));
        page.put_some("alerted-by", self.alerted_by.as_deref());
        if let Some(decision) = &self.decision {
            decision.put(&mut page);
        }
        page.put_some("incident", self.incident.as_deref());
        page.put_some("fingerprint", self.fingerprint.as_deref());
        // What the text says already is not said twice.
        let text = self.headline(LINE);
        let first = self.first_error.as_deref();
        page.put_some("first-error", first.filter(|first| *first != text));
        let is_plain = self.alerted.is_some() && self.sent_errors.iter().eq(&self.fingerprint);
        if !is_plain && (self.alerted.is_some() || !self.sent_errors.is_empty()) {
            page.put("told-errors", &self.sent_errors.join(" "));
        }
        page.put_some("other-errors", self.other_errors.render());
        page.put_some("older-errors", self.older_errors.render());
        page.put_some("overdue-alerted", time(self.overdue));
        page.put_some("missed", time(self.missed));
        page.put_some("missed-due", time(self.missed_due));
        page.put_some("took-alerted", time(self.took_alerted));
        page.put_some("overlap-alerted", time(self.overlap_alerted));
        page.put_some("held", self.held.as_ref().map(Held::render));
        page.put_some("withheld-since", time(self.withheld_since));
        page.put_some("silenced", self.silence.as_ref().map(Silence::render));
        let acknowledged = self.acknowledged.as_ref();
        page.put_some("acknowledged", acknowledged.map(Acknowledged::render));
        page.put_some("quiet", self.quiet.as_ref().map(Quiet::render));
        page.put_some("flapping", self.flapping.as_ref().map(Flapping::render));
        page.put_some("host", self.host.as_deref());
        page.put_some("pid", self.pid.map(|pid| pid.to_string()));
        page.put_some("exe", self.exe.as_deref());
        page.put_some("source", self.source.as_deref());
        page.put_some("version", self.version.as_deref());
        let ok_version = self.ok_version.as_deref();
        let ok_version = ok_version.filter(|_| self.state == State::Error);
        page.put_some("ok-version", ok_version);
        let hours = self.every_hours.map(|hours| hours.to_string());
        page.put_some("every-hours", hours);
        if let Some(plan) = &self.plan {
            plan.write(&mut page);
        }
        page.put_some("channel", self.channel.as_deref());
        page.put_some("mention", self.mention.as_deref());
        page.put_some("runbook", self.runbook.as_deref());
        page.put_some("owner", self.owner.as_deref());
        page.put_some("alerted-channel", self.alerted_channel.as_deref());
        page.put_some("silenced-by-rule", self.silenced_by_rule.as_deref());
        self.facts.write(&mut page);
        page.put_some("passed-over", self.passed_over.as_deref());
        page.put_some("cancelled", time(self.cancelled));
        page.put_some(NOT_COUNTED, self.not_counted.as_deref());
        let lines = self.log_lines.len();
        page.put_some(LOG_LINES, (lines > 0).then(|| lines.to_string()));
        page.end(&self.log_lines.below(&self.text))
    }
}

fn parse_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.strip_suffix(" s")?.parse().ok()?).ok()
}
