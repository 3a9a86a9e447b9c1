//! The table of jobs, as wide as there is room.

use std::time::Duration;

use chrono::{DateTime, Utc};
use notify_core::__cli::{Job, Said, Since, Unreadable};
use notify_core::State;

use crate::output::{Colour, Output};
use crate::words::{self, plain};

/// An error has a column of its own where it has as much room.
const ERROR: usize = 30;

/// A job's name is not cut to less.
const JOB: usize = 16;

/// A host's name is cut to this where room is scarce.
const HOST: usize = 12;

const GAP: usize = 2;

/// The rank of jobs that work.
const WORKS: u8 = 4;

const HEADINGS: [&str; 8] = [
    "STATUS", "JOB", "SINCE", "LAST", NEXT, "TOOK", "RUNS", "HOST",
];

/// The column that is there only where a job says when it runs next.
const NEXT: &str = "NEXT";

/// A job, as the table shows it.
#[derive(Debug)]
pub(crate) struct Row {
    /// Those with the smallest stand first.
    pub(crate) rank: u8,
    pub(crate) job: String,
    status: &'static str,
    colour: Colour,
    since: Option<(DateTime<Utc>, DateTime<Utc>)>,
    last: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How long from now it runs next.
    next: Option<Duration>,
    took: Option<Duration>,
    runs: String,
    host: String,
    remark: String,
}

impl Row {
    /// Lays out a job, and what is said of the run that it has missed.
    pub(crate) fn of(job: &Job, missed: Option<&String>, now: DateTime<Utc>, said: &Said) -> Self {
        let calm = words::calm(job, now, words::local);
        let calm = calm.filter(|_| job.state == State::Error);
        let (rank, colour) = match job.state {
            State::Error if calm.is_some() => (2, Colour::Yellow),
            State::Error => (0, Colour::Red),
            State::Ok if missed.is_some() && job.quiet.is_some() => (2, Colour::Yellow),
            State::Ok if missed.is_some() => (1, Colour::Red),
            _ => (WORKS, Colour::Green),
        };
        let status = match job.state {
            State::Ok if missed.is_some() => "MISSED",
            state => state.as_str(),
        };
        let mut remarks = Vec::new();
        remarks.extend(calm.map(|(calm, because)| format!("({calm}{})", words::reason(because))));
        remarks.extend(missed.map(|missed| match job.state {
            // The error is to have room.
            State::Error => "(has missed a run)".to_owned(),
            _ => format!("({missed})"),
        }));
        if job.is_flapping {
            remarks.push("(flapping)".to_owned());
        }
        let expected = job.expected(said);
        if let Err(fault) = &expected {
            remarks.push(format!("({fault})"));
        }
        let next = expected.ok().flatten();
        let next = next.and_then(|expected| expected.next(Since::Run(job.begun), now));
        match (&job.passed_over, job.error.is_empty()) {
            (Some(error), _) => remarks.push(format!("passed over: {error}")),
            (None, false) => remarks.push(job.error.clone()),
            (None, true) if job.state == State::Error => remarks.push("no error text".to_owned()),
            (None, true) => {}
        }
        Self {
            rank,
            colour,
            job: plain(&job.name).into_owned(),
            status,
            since: Some((job.since, now)),
            last: Some((job.begun, now)),
            next: next.and_then(|next| (next - now).to_std().ok()),
            took: job.took,
            runs: job.runs.to_string(),
            host: plain(job.host.as_deref().unwrap_or_default()).into_owned(),
            remark: plain(&remarks.join(" ")).into_owned(),
        }
    }

    pub(crate) fn of_unreadable(file: &Unreadable) -> Self {
        Self {
            rank: 3,
            job: plain(&file.name).into_owned(),
            status: "?",
            colour: Colour::Yellow,
            since: None,
            last: None,
            next: None,
            took: None,
            runs: String::new(),
            host: String::new(),
            remark: plain(&format!("cannot be read: {}", file.reason)).into_owned(),
        }
    }

    /// Returns whether its job works, as far as is known.
    pub(crate) fn works(&self) -> bool {
        self.rank == WORKS
    }

    /// Counts the lines that it takes at most.
    pub(crate) fn lines(&self) -> usize {
        1 + usize::from(!self.remark.is_empty())
    }

    fn cells(&self, is_narrow: bool) -> [String; 8] {
        let span = if is_narrow { words::short } else { words::span };
        let age = |times: Option<(DateTime<Utc>, DateTime<Utc>)>, span: fn(Duration) -> String| {
            times.map_or_else(String::new, |(then, now)| words::since_by(then, now, span))
        };
        let host = if is_narrow {
            words::cut(&self.host, HOST).into_owned()
        } else {
            self.host.clone()
        };
        [
            self.status.to_owned(),
            self.job.clone(),
            age(self.since, words::span),
            age(self.last, span),
            self.next
                .map_or_else(String::new, |next| format!("in {}", span(next))),
            self.took.map_or_else(
                String::new,
                if is_narrow {
                    words::short_took
                } else {
                    words::took
                },
            ),
            self.runs.clone(),
            host,
        ]
    }
}

/// Lays rows out in columns, below their headings.
pub(crate) fn lines(rows: &[Row], output: &Output) -> Vec<String> {
    let width = output.width();
    let is_narrow = width < 120;
    let fit = |line: &str| words::cut(line.trim_end(), width).into_owned();
    let cells: Vec<_> = rows.iter().map(|row| row.cells(is_narrow)).collect();
    let has_next = rows.iter().any(|row| row.next.is_some());
    // A column without a width is left out.
    let mut widths = HEADINGS.map(|heading| match heading {
        NEXT if !has_next => 0,
        _ => heading.len(),
    });
    for cells in &cells {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(words::cells(cell));
        }
    }
    let fixed: usize = widths.iter().sum::<usize>() - widths[1] + GAP * (shown(&widths) - 1);
    widths[1] = widths[1].min(width.saturating_sub(fixed).max(JOB));
    let used = fixed + widths[1];
    // Where an error has no room beside its job, it stands below it.
    let beside = width.checked_sub(used + GAP);
    let beside = beside.filter(|room| *room >= ERROR);
    let mut headings = HEADINGS.map(str::to_owned);
    headings[1] = words::cut_middle(&headings[1], widths[1]).into_owned();
    let mut heading = line(&headings, &widths);
    if beside.is_some() && rows.iter().any(|row| !row.remark.is_empty()) {
        heading = format!("{heading}{:GAP$}ERROR", "");
    }
    let mut lines = Vec::with_capacity(rows.len() + 1);
    lines.push(output.paint(&fit(&heading), Colour::Dim));
    for (row, mut cells) in rows.iter().zip(cells) {
        cells[1] = words::cut_middle(&cells[1], widths[1]).into_owned();
        let mut text = line(&cells, &widths);
        if let Some(room) = beside.filter(|_| !row.remark.is_empty()) {
            text = format!("{text}{:GAP$}{}", "", words::cut(&row.remark, room));
        }
        let text = fit(&text);
        let rest = text.strip_prefix(row.status).unwrap_or_default();
        lines.push(output.paint(row.status, row.colour) + rest);
        if beside.is_none() && !row.remark.is_empty() {
            let indent = widths[0] + GAP;
            let room = width.saturating_sub(indent);
            lines.push(format!("{:indent$}{}", "", words::cut(&row.remark, room)));
        }
    }
    lines
}

/// Counts the columns that are shown.
fn shown(widths: &[usize]) -> usize {
    widths.iter().filter(|width| **width > 0).count()
}

/// Lays out cells, numbers to the right.
fn line(cells: &[String; 8], widths: &[usize; 8]) -> String {
    let mut line = String::new();
    let columns = cells.iter().zip(widths).enumerate();
    for (number, (cell, width)) in columns.filter(|(_, (_, width))| **width > 0) {
        let room = width.saturating_sub(words::cells(cell));
        if number > 0 {
            line.push_str("  ");
        }
        if HEADINGS[number] == "RUNS" {
            line.extend(std::iter::repeat_n(' ', room));
            line += cell;
        } else {
            line += cell;
            line.extend(std::iter::repeat_n(' ', room));
        }
    }
    line
}
