//! One message that the rules decided to send.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fields::Fields;
use crate::status::{State, Status};
use crate::text;
use crate::time::{self, Time};

/// The longest part of an error that stands for the whole of it.
const FIRST_LINE: usize = 200;

/// So many alerts are told one after the other; more are grouped, a line each.
const FEW: usize = 3;

/// The length to which each of a few is cut, so that Slack shows all of them.
const SHARE: usize = 1200;

/// The longest message, counted after escaping: Slack may split one above 4,000 characters.
pub(crate) const ROOM: usize = 3_900;

/// What an alert tells of its job.
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
}

impl Kind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Failed, "failed"),
        (Self::StillFailing, "still failing"),
        (Self::Recovered, "recovered"),
        (Self::Ok, "ok"),
        (Self::Overdue, "is overdue"),
    ];

    /// Returns the kind in words: `failed`, `still failing`, `recovered`, `ok` or `is overdue`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, words)| words)
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
    pub(crate) notes: Vec<String>,
    pub(crate) status: Status,
}

impl Alert {
    /// Returns the id of this alert: two messages with one id tell the same event.
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

    /// Returns the id that all alerts from a job's first failure to its recovery share.
    #[must_use]
    pub fn incident(&self) -> Option<&str> {
        self.incident.as_deref()
    }

    /// Returns the alert in one line, such as `etl.load failed on worker-3: connection refused`.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut line = format!("{} {}", self.job, self.kind.as_str());
        if let Some(host) = &self.status.host {
            line += &format!(" on {host}");
        }
        match self.headline() {
            "" => line,
            headline => line + ": " + headline,
        }
    }

    /// Returns the alert as text, which begins like the article's: `--- ERROR ---`, when the run
    /// began, `module :: function`, the error.
    #[must_use]
    pub fn text(&self) -> String {
        let status = &self.status;
        let heading = if self.kind == Kind::Overdue {
            "OVERDUE"
        } else {
            status.state.as_str()
        };
        let mut text = format!(
            "--- {heading} ---\n{}\n{}\n",
            time::show(status.begun),
            status.location
        );
        if !self.error().is_empty() {
            text += &format!("\n{}\n", self.error());
        }
        if let Some(error) = &status.passed_over {
            text += &format!("\npassed over, as the attribute says: {error}\n");
        }
        text.push('\n');
        for note in &self.notes {
            text += &format!("{note}\n");
        }
        text += &self.foot();
        text
    }

    /// The facts that follow the error: the job, since when, how long, where.
    fn foot(&self) -> String {
        let status = &self.status;
        let mut facts = vec![format!("job {} {}", self.job, self.kind.as_str())];
        if self.kind == Kind::StillFailing {
            facts.push(format!(
                "since {}, {} runs",
                time::show(status.since),
                status.runs
            ));
        }
        if let Some(took) = status.took {
            facts.push(format!("took {:.3} s", took.as_secs_f64()));
        }
        if let Some(host) = &status.host {
            facts.push(format!("host {host}"));
        }
        if let Some(incident) = &self.incident {
            facts.push(format!("incident {incident}"));
        }
        facts.push(format!("alert {}", self.id));
        facts.join(" · ") + "\n"
    }

    fn headline(&self) -> &str {
        text::first_line(&self.status.text, FIRST_LINE)
    }

    /// Writes the alert as a file of the outbox.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("alert", &*self.id);
        fields.put("kind", self.kind.as_str());
        fields.put("job", &*self.job);
        fields.put("channel", &*self.channel);
        fields.put("decided", time::show(self.decided));
        fields.put_some("incident", self.incident.as_deref());
        for note in &self.notes {
            fields.put("note", &**note);
        }
        fields.text = self.status.render();
        fields.render()
    }

    /// Reads a file of the outbox; `None` where it is none.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let fields = Fields::parse(content);
        let kind = fields.get("kind")?;
        Some(Self {
            id: fields.get("alert")?.to_owned(),
            kind: Kind::ALL.into_iter().find(|(_, words)| *words == kind)?.0,
            job: fields.get("job")?.to_owned(),
            channel: fields.get("channel")?.to_owned(),
            decided: time::parse(fields.get("decided")?)?,
            incident: fields.get("incident").map(str::to_owned),
            notes: fields
                .iter()
                .filter(|(key, _)| *key == "note")
                .map(|(_, note)| note.to_owned())
                .collect(),
            status: Status::parse(&fields.text)?,
        })
    }
}

/// Returns one alert's text, those of a few, or for more a digest that names each, grouped by error.
///
/// A [`Notifier`](crate::Notifier) gets more than one where they waited together.
#[must_use]
pub fn message(alerts: &[Alert]) -> String {
    if let [alert] = alerts {
        return alert.text();
    }
    if alerts.len() <= FEW {
        let texts = alerts
            .iter()
            .map(|alert| text::cut(&alert.text(), SHARE).into_owned());
        return texts.collect::<Vec<_>>().join("\n");
    }
    let mut groups: BTreeMap<(Kind, &str), Vec<&Alert>> = BTreeMap::new();
    for alert in alerts {
        groups
            .entry((alert.kind, alert.headline()))
            .or_default()
            .push(alert);
    }
    let mut text = format!("--- {} alerts ---\n", alerts.len());
    for ((kind, headline), members) in groups {
        let colon = if headline.is_empty() { "" } else { ": " };
        let _ = writeln!(
            text,
            "\n{} × {}{colon}{headline}",
            members.len(),
            kind.as_str()
        );
        for alert in members {
            let _ = writeln!(
                text,
                "  {} · {} · alert {}",
                alert.job,
                // When it was decided: of two lines about one job the later is what is so. By their
                // beginnings, runs at the same time and deaths that are found late come out of order.
                time::show(alert.decided),
                alert.id
            );
        }
    }
    text
}

/// Returns how many of the alerts, from the first, one message can name: what is cut off would count
/// as told. One alone can always be cut.
pub(crate) fn fitting(alerts: &[Alert]) -> usize {
    let fits = |count: &usize| {
        let text = message(&alerts[..*count]);
        let escapes = text.bytes().filter(|byte| b"&<>".contains(byte)).count();
        text.len() + escapes * ("&amp;".len() - 1) <= ROOM
    };
    (2..=alerts.len()).rev().find(fits).unwrap_or(1)
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
            notes: vec!["this is a debug build".to_owned()],
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
             caused by: no route\n\nthis is a debug build\njob etl.load.run still failing · since 2026-11-22 \
             11:00:00:000000 UTC, 3 runs · took 2.500 s · host worker-3 · incident 7f3a91c2 · alert id-etl.load.run\n"
        );
        assert_eq!(
            alert.summary(),
            "etl.load.run still failing on worker-3: connection refused"
        );
    }

    #[test]
    fn an_alert_is_read_back_from_its_file_as_it_was() {
        let alert = alert("etl.load.run", Kind::Recovered, "");
        assert_eq!(Alert::parse(&alert.render()), Some(alert));
        assert_eq!(Alert::parse("alert: x\n"), None);
    }

    #[test]
    fn a_digest_names_every_alert_once_grouped_by_error() {
        let alerts = [
            alert("a", Kind::Failed, "db gone\n"),
            alert("b", Kind::Failed, "db gone\n  caused by: x\n"),
            alert("c", Kind::Failed, "disk full\n"),
            alert("d", Kind::Recovered, ""),
        ];
        let text = message(&alerts);
        assert!(
            text.starts_with("--- 4 alerts ---\n\n2 × failed: db gone\n  a · "),
            "{text}"
        );
        assert!(text.contains("\n1 × recovered\n  d · "), "{text}");
        for job in ["a", "b", "c", "d"] {
            assert_eq!(text.matches(&format!("alert id-{job}\n")).count(), 1);
        }
    }
    #[test]
    fn a_message_holds_no_more_alerts_than_it_can_name() {
        let alerts: Vec<_> = (0..40)
            .map(|number| {
                let job = format!("a.job.with.a.rather.long.name.{number}");
                let error = format!("{} {number}\n", "Vec<T> & more ".repeat(number));
                alert(&job, Kind::Failed, &error)
            })
            .collect();
        let mut rest = &*alerts;
        while !rest.is_empty() {
            let (some, others) = rest.split_at(fitting(rest));
            let text = message(some);
            assert!(some.len() == 1 || text.len() <= ROOM, "{text}");
            for alert in some {
                assert!(text.contains(&format!("alert {}\n", alert.id)), "{text}");
            }
            rest = others;
        }
        assert_eq!(fitting(&alerts[..1]), 1);
        let short: Vec<_> = (0..40)
            .map(|number| alert(&format!("etl.load.{number}"), Kind::Failed, "no\n"))
            .collect();
        assert_eq!(fitting(&short), 40);
    }
}
