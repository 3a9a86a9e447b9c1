//! A change as its journal has it: what a dead process has begun, somebody else can finish.

use crate::format::fields::{Fields, Page};
use crate::format::hash;
use crate::message::alert::Alert;
use crate::state::change::{Change, Place, Texts};
use crate::status::Status;

const BOTH: &str = "status and alert";
const ALERT: &str = "alert";
const STATUS: &str = "status";
const NOTHING: &str = "nothing";

const SUM: &str = "sum: ";

impl Change {
    /// Writes the change as a journal, which is complete if it can be read back.
    pub(crate) fn render(&self, texts: &Texts) -> String {
        let (says, text) = match (&texts.alert, &texts.status) {
            (Some(alert), Some(_)) if !self.queues.is_empty() => (BOTH, &**alert),
            (Some(alert), None) if !self.queues.is_empty() => (ALERT, &**alert),
            (_, Some(status)) => (STATUS, &**status),
            (_, None) => (NOTHING, ""),
        };
        let mut page = Page::new(256 + text.len());
        page.put("file", &self.file);
        for queue in &self.queues {
            page.put("queue", queue);
        }
        if let Some(place) = &self.place {
            page.put("record", &place.record);
            page.put("slot", &place.offset.to_string());
        }
        if self.is_held {
            page.put("held", "yes");
        }
        for withdrawn in &self.withdrawn {
            page.put("withdrawn", withdrawn);
        }
        page.put("says", says);
        let content = page.end(text);
        [SUM, &hash::hex(hash::hash(&content)), "\n", &content].concat()
    }

    /// Reads a journal; `None` where it was not written to its end.
    pub(crate) fn parse(journal: &str) -> Option<Self> {
        let (sum, content) = journal.strip_prefix(SUM)?.split_once('\n')?;
        if u64::from_str_radix(sum, 16).ok()? != hash::hash(content) {
            return None;
        }
        let fields = Fields::parse(content);
        let (status, alert) = match fields.get("says")? {
            BOTH => {
                let alert = Alert::parse(&fields.text)?;
                (Some(alert.status.clone()), Some(alert))
            }
            ALERT => (None, Some(Alert::parse(&fields.text)?)),
            STATUS => (Some(Status::parse(&fields.text)?), None),
            _ => (None, None),
        };
        let place = fields.get("record").and_then(|record| {
            Some(Place {
                record: record.into(),
                offset: fields.get("slot")?.parse().ok()?,
            })
        });
        Some(Self {
            file: fields.get("file")?.to_owned(),
            status,
            alert,
            queues: fields.all("queue"),
            is_held: fields.get("held").is_some(),
            withdrawn: fields.all("withdrawn"),
            place,
            settings: None,
        })
    }
}
