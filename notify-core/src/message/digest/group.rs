//! The jobs of a digest that stand together, because they are the same now and for the same reason.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::format::order;
use crate::message::alert::Alert;
use crate::message::cut::{cut_name, one_line, shown};
use crate::status::fingerprint;

/// The longest remark, in bytes once it is escaped, and the longest name of a job before one on it alone.
const LONGEST_REMARK: usize = 200;
const NAME_OF_REMARK: usize = 40;

/// Jobs that stand together: they are the same now, for the same reason.
pub(super) struct Group<'a> {
    /// The place that such groups have.
    place: usize,
    /// What became of them, in words.
    became: String,
    /// The first error of those that are alike but for numbers, ids and paths; `None` where the
    /// jobs share none, and each has its own behind its name.
    pub(super) error: Option<Shared>,
    pub(super) lines: Vec<Line<'a>>,
}

/// The error of a group.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) text: String,
    is_the_same_for_all: bool,
}

/// A job's alerts.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) job: &'a str,
    /// In their order, so that the last says what the job is now.
    pub(super) alerts: Vec<&'a Alert>,
    /// The latest error, also of a job that works again; empty where there is none.
    pub(super) error: String,
    fingerprint: Option<String>,
}

impl<'a> Group<'a> {
    fn of(line: Line<'a>) -> Self {
        let state = line.latest_state();
        Self {
            place: state.map_or(0, |alert| alert.kind.place()),
            became: state.map(Alert::became).unwrap_or_default(),
            error: None,
            lines: vec![line],
        }
    }

    /// Says what those have in common that are alike.
    fn kind(&self) -> (usize, &str, Option<&str>) {
        let fingerprint = self.lines[0].fingerprint.as_deref();
        (self.place, &self.became, fingerprint)
    }

    /// Returns whether its jobs share an error, which are alike.
    fn is_of_one_error(&self) -> bool {
        self.lines.len() > 1 && self.lines[0].fingerprint.is_some()
    }

    fn shared_error(&self) -> Shared {
        let first = &self.lines[0].error;
        Shared {
            text: first.clone(),
            is_the_same_for_all: self.lines.iter().all(|line| line.error == *first),
        }
    }

    pub(super) fn errors(&self) -> Vec<&str> {
        match &self.error {
            Some(shared) => vec![&shared.text],
            None => self.lines.iter().map(|line| &*line.error).collect(),
        }
    }

    /// Returns the pages that say what to do, each once, where something is wrong.
    pub(super) fn runbooks(&self) -> Vec<&str> {
        let last = self.lines.iter().filter_map(Line::latest_state);
        let wrong = last.filter(|alert| !matches!(alert.symbol(), '✓' | '▸'));
        let mut runbooks: Vec<_> = wrong.filter_map(Alert::runbook).collect();
        order::sort(&mut runbooks);
        runbooks.dedup();
        runbooks
    }

    /// Says how many jobs there are, what became of them, and how their error begins.
    pub(super) fn title(&self) -> String {
        let count = self.lines.len();
        let error = match &self.error {
            Some(shared) if shared.is_the_same_for_all => ": ",
            Some(_) => " with errors alike, the first: ",
            None => "",
        };
        format!("{count} × {}{error}", self.became)
    }
}

impl Line<'_> {
    fn latest_state(&self) -> Option<&Alert> {
        let is_state = |alert: &&&Alert| !alert.kind.is_of_a_run();
        let state = self.alerts.iter().rev().find(is_state);
        state.or(self.alerts.last()).copied()
    }
}

/// Returns the remarks on an alert; none where the program writes a text in their place.
fn notes(alert: &Alert) -> &[String] {
    match alert.message.text {
        None => &alert.notes,
        Some(_) => &[],
    }
}

/// Returns the remarks on the jobs, each once, those on most of them first: one that is not on all says on which it is,
/// or on how many.
pub(super) fn remarks(groups: &[Group<'_>]) -> Vec<String> {
    let mut counted: Vec<(usize, &str, &str)> = Vec::new();
    let lines = || groups.iter().flat_map(|group| &group.lines);
    for line in lines() {
        for note in line.latest_state().map(notes).unwrap_or_default() {
            match counted.iter_mut().find(|(_, known, _)| known == note) {
                Some((count, ..)) => *count += 1,
                None => counted.push((1, note, line.job)),
            }
        }
    }
    order::sort_by_key(&mut counted, |(count, ..)| Reverse(*count));
    let all = lines().count();
    let remarks = counted.into_iter().map(|(count, note, job)| match count {
        count if count == all => note.to_owned(),
        1 => format!("{}: {note}", cut_name(job, NAME_OF_REMARK)),
        count => format!("{count} of {all} jobs: {note}"),
    });
    remarks
        .map(|remark| shown(&remark, LONGEST_REMARK))
        .collect()
}

/// Puts the jobs together that stand together.
pub(super) fn groups(alerts: &[Alert]) -> Vec<Group<'_>> {
    let mut each: Vec<_> = lines(alerts).into_iter().map(Group::of).collect();
    order::sort_by(&mut each, |one, other| one.kind().cmp(&other.kind()));
    let alike = merged(each, |one, other| one.kind() == other.kind());
    let (mut groups, rest): (Vec<_>, Vec<_>) = alike.into_iter().partition(Group::is_of_one_error);
    for group in &mut groups {
        group.error = Some(group.shared_error());
    }
    groups.extend(merged(rest, |one, other| {
        (one.place, &one.became) == (other.place, &other.became)
    }));
    // Within one kind the largest group first, and last the jobs that share no error.
    order::sort_by_key(&mut groups, |group| {
        (
            group.place,
            group.error.is_none(),
            Reverse(group.lines.len()),
        )
    });
    groups
}

/// Makes one of those that follow each other and are one.
fn merged<'a>(
    groups: Vec<Group<'a>>,
    are_one: fn(&Group<'a>, &Group<'a>) -> bool,
) -> Vec<Group<'a>> {
    let mut merged: Vec<Group<'a>> = Vec::new();
    for mut group in groups {
        match merged.last_mut() {
            Some(before) if are_one(before, &group) => before.lines.append(&mut group.lines),
            _ => merged.push(group),
        }
    }
    merged
}

/// Puts the alerts of each job together, in the order in which the jobs came.
fn lines(alerts: &[Alert]) -> Vec<Line<'_>> {
    let mut in_order: Vec<_> = alerts.iter().collect();
    order::sort_by_key(&mut in_order, |alert| alert.decided);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut places = HashMap::new();
    for alert in in_order {
        let place = *places.entry(&*alert.job).or_insert(lines.len());
        if place == lines.len() {
            lines.push(Line {
                job: &alert.job,
                alerts: Vec::new(),
                error: String::new(),
                fingerprint: None,
            });
        }
        let line = &mut lines[place];
        line.alerts.push(alert);
        let gist = alert.gist();
        let is_replaced = alert.message.replaces();
        // What was passed over says less than an error that was not.
        let is_news = is_replaced || !alert.error().is_empty() || line.error.is_empty();
        if is_news && !gist.trim().is_empty() {
            line.error = block(&gist);
            line.fingerprint = Some(if is_replaced || alert.error().is_empty() {
                fingerprint::of(&gist)
            } else {
                alert.fingerprint()
            });
        }
    }
    lines
}

/// Writes an error below the line that it begins in: without empty lines, and further in than names.
fn block(error: &str) -> String {
    let lines = error.lines().map(|line| one_line(line.trim_end()));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n    ").trim_start().to_owned()
}
