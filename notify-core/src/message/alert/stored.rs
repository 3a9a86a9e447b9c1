//! An alert as a file of the outbox.

use super::{Alert, Kind, Outage};
use crate::format::fields::{Fields, Page};
use crate::format::{text, time};
use crate::message::written::Message;
use crate::status::Status;

impl Alert {
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
                .find(|(_, words, ..)| *words == kind)?
                .0,
            job: fields.get("job")?.to_owned(),
            channel: fields.get("channel")?.to_owned(),
            decided: time::parse(fields.get("decided")?)?,
            incident: fields.get("incident").map(str::to_owned),
            earlier_error: fields.get("earlier-error").map(str::to_owned),
            outage: fields.get("outage-since").and_then(|since| {
                Some(Outage {
                    since: time::parse(since)?,
                    runs: fields.get("outage-runs").and_then(text::number)?,
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

/// Writes what is said of where a run ran.
pub(crate) fn fact((name, value): &(String, String)) -> String {
    format!("{name}={value}")
}

/// Reads what [`fact`] has written.
pub(crate) fn facts(fields: &Fields) -> Vec<(String, String)> {
    let facts = fields.all("fact");
    let pairs = facts.iter().filter_map(|fact| fact.split_once('='));
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}
