//! The parts of a message that services show one below the other, as plain texts of a bounded length.

use super::sanitize::{fit, line, units, visible};
use crate::format::text::is_blank;
use crate::format::time;
use crate::message::alert::Alert;
use crate::message::digest;
use crate::status::log_lines::HEADING;

/// The longest title.
const TITLE: usize = 200;

/// The longest of the other lines, together and each.
const REMARKS: usize = 600;
const FACTS: usize = 700;
const LINE: usize = 200;

/// The parts of a message, none of which has a blank end.
pub(super) struct Parts {
    pub(super) title: String,
    /// The error, word for word, or a digest.
    pub(super) body: String,
    /// Whether the body is to be shown letter by letter: it is no text of the program's.
    pub(super) is_code: bool,
    pub(super) lines: Vec<String>,
}

impl Parts {
    /// Takes a message apart, whose body is no longer than that.
    pub(super) fn of(alerts: &[Alert], room: usize) -> Self {
        let body = |text: &str| {
            fit(text.trim_end(), room, &units, &visible)
                .trim_end()
                .to_owned()
        };
        let title = line(&digest::title(alerts), TITLE, &visible);
        let title = title.trim().to_owned();
        match alerts {
            [alert] => Self {
                title,
                body: body(alert.body()),
                is_code: alert.message.text.is_none(),
                lines: lines(alert),
            },
            _ => Self {
                title,
                body: body(digest::message(alerts).trim_start()),
                is_code: true,
                lines: Vec::new(),
            },
        }
    }
}

/// Writes the remarks on an alert, a line each, cut where they are too long together.
pub(super) fn remarks(
    alert: &Alert,
    room: usize,
    measure: &dyn Fn(&str) -> usize,
    write: &dyn Fn(&str) -> String,
) -> String {
    fit(&alert.remarks().join("\n"), room, measure, write)
}

/// Shows the last lines that the run has logged, in a block, as many as have room; none where there is no room.
pub(super) fn log_lines(alert: &Alert, room: usize, block: &dyn Fn(&str) -> String) -> String {
    let room = room.saturating_sub(units(HEADING) + units(&block("")) + 1);
    // A block of each line counts too much, and never too little.
    let lines = alert.lines_below(room, &|line: &str| units(&block(line)));
    if lines.is_empty() {
        return String::new();
    }
    format!("{HEADING}\n{}", block(&lines.join("\n")))
}

/// Says what there is to know beside the error: remarks, a line each, and the facts in one.
fn lines(alert: &Alert) -> Vec<String> {
    let mut lines = within(REMARKS, alert.remarks().into_iter());
    let began = ("began".into(), time::show(alert.status.begun));
    let began = alert.message.text.is_none().then_some(began);
    let facts = began.into_iter().chain(alert.details());
    let facts = within(FACTS, facts.map(|(name, value)| format!("{name} {value}")));
    lines.push(facts.join(" · "));
    lines.retain(|line| !is_blank(line));
    lines
}

/// Leaves of some texts what fits together, each in one line.
fn within(room: usize, texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut left = room;
    let texts = texts.map(|text| line(&text, LINE, &visible));
    texts
        .filter(|text| {
            let length = units(text) + 3;
            let fits = !is_blank(text) && length < left;
            left -= if fits { length } else { 0 };
            fits
        })
        .collect()
}
