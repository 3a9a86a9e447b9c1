//! A change as its journal has it: what a dead process has begun, somebody else can finish.

use crate::format::fields::{Fields, Page};
use crate::format::{hash, text};
use crate::message::alert::Alert;
use crate::state::change::{Change, RunKey, Texts};
use crate::status::Status;

const BOTH: &str = "status and alert";
const ALERT: &str = "alert";
const STATUS: &str = "status";
const NOTHING: &str = "nothing";

const SUM: &str = "sum: ";

/// Writes the change of a status file as a journal, which is complete if it can be read back.
pub(crate) fn render(file: &str, change: &Change, texts: &Texts) -> String {
    let has_queues = !change.queues.is_empty();
    let (says, text) = match (&texts.alert, &texts.status) {
        (Some(alert), Some(_)) if has_queues => (BOTH, &**alert),
        (Some(alert), None) if has_queues => (ALERT, &**alert),
        (_, Some(status)) => (STATUS, &**status),
        (_, None) => (NOTHING, ""),
    };
    let mut page = Page::new(256 + text.len());
    page.put("file", file);
    for queue in &change.queues {
        page.put("queue", queue);
    }
    if let Some(run) = &change.ends {
        page.put("record", &run.record);
        page.put("slot", &run.offset.to_string());
    }
    if change.is_held {
        page.put("held", "yes");
    }
    for withdrawn in &change.withdrawn {
        page.put("withdrawn", withdrawn);
    }
    page.put("says", says);
    let content = page.end(text);
    [SUM, &hash::hex(hash::hash(&content)), "\n", &content].concat()
}

/// Writes what is left of a change whose status alone could not be written.
pub(super) fn of_status(file: &str, change: &Change, texts: &Texts) -> String {
    let rest = Change {
        is_held: change.is_held,
        ..Change::default()
    };
    let texts = Texts {
        alert: None,
        status: texts.status.clone(),
    };
    render(file, &rest, &texts)
}

/// Reads a journal: the status file, and its change; `None` where it was not written to its end.
pub(crate) fn parse(journal: &str) -> Option<(String, Change)> {
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
    let ends = fields.get("record").and_then(|record| {
        Some(RunKey {
            record: record.into(),
            offset: fields.get("slot").and_then(text::number)?,
        })
    });
    let change = Change {
        status,
        alert: alert.map(Box::new),
        queues: fields.all("queue"),
        is_held: fields.get("held").is_some(),
        withdrawn: fields.all("withdrawn"),
        ends,
        ..Change::default()
    };
    Some((fields.get("file")?.to_owned(), change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_journal_counts_only_when_it_is_complete() {
        let alert = testing::alert("etl.load", "a1");
        let both = Change {
            status: Some(alert.status.clone()),
            alert: Some(Box::new(alert)),
            queues: vec!["alerts-0".to_owned(), "alerts-1".to_owned()],
            is_held: true,
            withdrawn: vec!["alerts-0/01-02".to_owned()],
            ends: Some(RunKey::new("1-2", 512)),
            ..Change::default()
        };
        let alert = Change {
            status: None,
            ..both.clone()
        };
        let status = Change {
            alert: None,
            queues: Vec::new(),
            ends: None,
            ..both.clone()
        };
        let nothing = Change {
            status: None,
            ..status.clone()
        };
        for change in [both, alert, status, nothing] {
            let journal = render("etl.load", &change, &Texts::of(&change));
            let whole = Some(("etl.load".to_owned(), change));
            assert_eq!(parse(&journal), whole);
            for end in 0..journal.len() {
                assert_eq!(parse(&journal[..end]), None, "cut at {end}");
            }
        }
    }
}
