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

/// The least that is left for the error.
const ERROR: usize = 600;

/// The parts of a message, none of which has a blank end.
pub(super) struct Parts {
    pub(super) title: String,
    /// The error, word for word, or a digest.
    pub(super) body: String,
    /// Whether the body is to be shown letter by letter: it is no text of the program's.
    pub(super) is_code: bool,
    /// The last lines that the run has logged, to be shown letter by letter below their heading.
    pub(super) log_lines: String,
    pub(super) lines: Vec<String>,
}

impl Parts {
    /// Takes a message apart, whose body and log lines are no longer than that.
    pub(super) fn of(alerts: &[Alert], room: usize) -> Self {
        let body = |text: &str, room: usize| {
            fit(text.trim_end(), room, &units, &visible)
                .trim_end()
                .to_owned()
        };
        let title = line(&digest::title(alerts), TITLE, &visible);
        let title = title.trim().to_owned();
        match alerts {
            [alert] => {
                let left = room.saturating_sub(units(&body(alert.body(), room / 2)));
                let left = left.min(room.saturating_sub(ERROR));
                let around = units(HEADING) + 4;
                let logged = |line: &str| units(&visible(line)) + 1;
                let log_lines = alert.lines_below(left.saturating_sub(around), &logged);
                let log_lines = visible(&log_lines.join("\n"));
                let used = if log_lines.is_empty() {
                    0
                } else {
                    units(&log_lines) + around
                };
                Self {
                    title,
                    body: body(alert.body(), room.saturating_sub(used)),
                    is_code: alert.message.text.is_none(),
                    log_lines,
                    lines: lines(alert, &visible),
                }
            }
            _ => Self {
                title,
                body: body(digest::message(alerts).trim_start(), room),
                is_code: true,
                log_lines: String::new(),
                lines: Vec::new(),
            },
        }
    }
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

/// Says what there is to know beside the error: remarks, a line each, and the facts in one, as `write` writes them.
pub(super) fn lines(alert: &Alert, write: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut lines = within(REMARKS, alert.remarks().into_iter(), write);
    let began = ("began".into(), time::show(alert.status.begun));
    let began = alert.message.text.is_none().then_some(began);
    let facts = began.into_iter().chain(alert.details());
    let facts = facts.map(|(name, value)| format!("{name} {value}"));
    let facts = within(FACTS, facts, write);
    lines.push(facts.join(" · "));
    lines.retain(|line| !is_blank(line));
    lines
}

/// Leaves of some texts what fits together, each in one line.
fn within(
    room: usize,
    texts: impl Iterator<Item = String>,
    write: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let mut left = room;
    let texts = texts.map(|text| line(&text, LINE, write));
    texts
        .filter(|text| {
            let length = units(text) + 3;
            let fits = !is_blank(text) && length < left;
            left -= if fits { length } else { 0 };
            fits
        })
        .collect()
}
