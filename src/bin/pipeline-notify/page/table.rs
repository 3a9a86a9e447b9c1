//! The table of jobs on the page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use notify_core::__cli::{Awaited, Expected, Health, Job, Recent, Run, Since, Unreadable};
use notify_core::State;

use super::facts;
use super::strip::{self, RUNS};
use super::{STRIPS, View, escape};
use crate::json;
use crate::words::{self, plain};

/// Longer errors and names are cut.
const TEXT: usize = 300;

/// As many of a job's latest runs are listed with their errors.
const LAST_RUNS: usize = 10;

/// A browser lays out as many rows together, once they come near.
const GROUP: usize = 100;

/// What stands beside a job that should have run by now.
const MISSED: &str = "<span class=\"tag bad\">has missed a run</span>";

/// The columns, and what each is sorted by, as the script calls it.
const COLUMNS: [(&str, Option<&str>); 8] = [
    ("Status", Some("place")),
    ("Job", Some("name")),
    ("Since", Some("since")),
    ("Last run", Some("last")),
    ("Took", Some("took")),
    ("Runs", Some("runs")),
    ("Host", None),
    ("Recent runs", None),
];

impl View<'_> {
    pub(super) fn table(&self) -> String {
        let mut under_way: HashMap<&str, Vec<&Run>> = HashMap::new();
        for run in &self.seen.runs {
            under_way.entry(&run.job).or_default().push(run);
        }
        let mut rows = Vec::new();
        let (wrong, working): (Vec<_>, Vec<_>) = self
            .jobs()
            .iter()
            .partition(|job| job.state == State::Error || self.missed.contains(&job.name));
        for job in wrong {
            let runs = under_way.remove(&*job.name).unwrap_or_default();
            rows.push(self.row(job, &runs));
        }
        for file in &self.seen.jobs.unreadable {
            rows.push(unreadable_row(file));
        }
        let mut works = Vec::new();
        for job in working {
            let runs = under_way.remove(&*job.name).unwrap_or_default();
            works.push(self.row(job, &runs));
        }
        // Jobs that run for the first time have no status yet.
        let mut first: Vec<_> = under_way.into_iter().collect();
        first.sort_by_key(|(job, _)| *job);
        for (job, runs) in first {
            rows.push(self.first_row(job, &runs));
        }
        for awaited in self.never_ran() {
            rows.push(self.never_ran_row(awaited));
        }
        rows.append(&mut works);
        if rows.is_empty() {
            return "<p>There are no jobs yet.\n".to_owned();
        }
        let strips = if self.jobs().len() > STRIPS {
            format!(" Of {STRIPS} jobs alone, those that fail first.")
        } else {
            String::new()
        };
        // Roles, for the narrow table is none to a reader of screens.
        let heads: String = COLUMNS
            .map(|(head, by)| {
                let by = by.map_or_else(String::new, |by| format!(" data-by={by}"));
                format!("<th role=columnheader scope=col{by}>{head}")
            })
            .concat();
        let groups = rows.chunks(GROUP).map(<[String]>::concat);
        let groups = groups.map(|rows| format!("<tbody role=rowgroup>\n{rows}</tbody>"));
        let groups = groups.collect::<Vec<_>>().concat();
        let tools = tools();
        format!(
            "{tools}<table role=table aria-label=Jobs>\n<thead role=rowgroup><tr role=row>{heads}</thead>\n{groups}</table>\n<button id=more type=button hidden>Show more</button>\n<p class=dim>Recent runs: a bar each, the last {RUNS}, the newest to the right; the longer it took, the higher; red with a foot where it failed.{strips}</p>\n"
        )
    }

    fn row(&self, job: &Job, runs: &[&Run]) -> String {
        let calm = words::calm(job, self.now, words::local);
        let calm = calm.filter(|_| job.state == State::Error);
        let class = match job.state {
            State::Error if calm.is_some() => "w",
            State::Error => "e",
            _ => "o",
        };
        let class = class.to_owned() + self.missed_class(&job.name);
        let strip = self.recent.get(&job.file);
        let mut name = self.name_cell(job, runs, calm);
        name += &facts::draw(&job.facts, strip.map_or(&[], Vec::as_slice));
        name += &strip.map_or_else(String::new, |runs| last_runs(runs));
        let took = job.took.map_or_else(String::new, words::took);
        let host = escape(&plain(job.host.as_deref().unwrap_or_default()));
        let is_full = strip.is_some();
        let seconds = |time: DateTime<Utc>| time.timestamp();
        let took_keys = job.took.map_or_else(
            || "x".to_owned(),
            |took| format!("{:.3}", took.as_secs_f64()),
        );
        let keys = format!(
            "{} {} {took_keys} {}",
            seconds(job.since),
            seconds(job.begun),
            job.runs
        );
        cells(
            &class,
            &keys,
            [
                job.state.as_str(),
                &name,
                &self.age(job.since, is_full),
                &(self.age(job.begun, is_full) + " ago" + &self.next(job)),
                &took,
                &job.runs.to_string(),
                &host,
                &strip.map_or_else(String::new, |runs| strip::draw(runs)),
            ],
        )
    }

    /// Writes what stands in the cell of a job's name: what goes on, who is at it, and what is wrong.
    fn name_cell(&self, job: &Job, runs: &[&Run], calm: Option<(String, Option<&str>)>) -> String {
        let mut name = cut(&job.name);
        for run in runs {
            name += &self.tag(run);
        }
        if self.missed.contains(&job.name) {
            name += MISSED;
        }
        if job.is_flapping {
            name += "<span class=tag>flapping</span>";
        }
        let calm = calm.map(|(calm, because)| calm + &words::reason(because));
        let owner = job.owner.as_ref().map(|owner| format!("owner {owner}"));
        for text in [calm, owner].into_iter().flatten() {
            name += &format!("<span class=tag>{}</span>", cut(&text));
        }
        if let Some(runbook) = &job.runbook {
            name += &format!(
                "<a class=tag rel=noreferrer href=\"{}\">runbook</a>",
                escape(runbook)
            );
        }
        let what = match (&job.passed_over, job.error.is_empty()) {
            (Some(error), _) => format!("passed over: {error}"),
            (None, false) => job.error.clone(),
            (None, true) => String::new(),
        };
        if !what.is_empty() {
            let what = cut(&what);
            name += &format!("<div class=what>{what}</div>");
        }
        name
    }

    /// Says when a job runs next, or why that is not known.
    fn next(&self, job: &Job) -> String {
        self.next_after(job.expected(&self.said), Since::Run(job.begun))
    }

    fn next_after(&self, expected: Result<Option<Expected>, String>, since: Since) -> String {
        let words = match expected {
            Ok(expected) => match expected.and_then(|when| when.next(since, self.now)) {
                Some(next) => format!("next {}", words::local_in_zone(next, self.now)),
                None => return String::new(),
            },
            Err(fault) => fault,
        };
        let words = cut(&words);
        format!("<div class=next>{words}</div>")
    }

    fn never_ran_row(&self, awaited: &Awaited) -> String {
        let mut name = cut(&awaited.job);
        if self.missed.contains(&awaited.job) {
            name += MISSED;
        }
        let next = self.next_after(
            awaited.expected_by(&self.said).map(Some),
            Since::Expected(awaited.since),
        );
        let class = self.missed_class(&awaited.job).trim_start();
        cells(class, "", ["never ran", &name, "", &next, "", "", "", ""])
    }

    /// Returns what the script finds a job by that has missed a run.
    fn missed_class(&self, job: &str) -> &'static str {
        if self.missed.contains(job) { " m" } else { "" }
    }

    fn first_row(&self, job: &str, runs: &[&Run]) -> String {
        let mut name = cut(job);
        for run in runs {
            name += &self.tag(run);
        }
        let host = runs.first().map_or("", |run| &run.host);
        let host = escape(&plain(host));
        cells("", "", ["first run", &name, "", "", "", "", &host, ""])
    }

    fn tag(&self, run: &Run) -> String {
        let since = words::since(run.begun, self.now);
        let (what, class) = match run.health {
            Health::Alive => ("running for", ""),
            Health::Dead => ("died, begun before", " bad"),
            Health::Unknown => ("on another machine for", ""),
        };
        let progress = run.progress.map(|progress| progress.words(self.now));
        let progress = progress.map_or_else(String::new, |progress| format!(", {progress}"));
        format!("<span class=\"tag{class}\">{what} {since}{progress}</span>")
    }

    /// Writes how long ago something was, and when.
    fn age(&self, then: DateTime<Utc>, is_full: bool) -> String {
        let age = words::since(then, self.now);
        if is_full {
            let title = format!("{} {}", words::moment(then), words::zone_at(then));
            format!(
                "<time datetime=\"{}\" title=\"{title}\">{age}</time>",
                json::time(then)
            )
        } else {
            age
        }
    }
}

fn unreadable_row(file: &Unreadable) -> String {
    let name = cut(&file.name);
    let reason = cut(&file.reason);
    let name = format!("{name}<div class=what>cannot be read: {reason}</div>");
    cells("w", "", ["?", &name, "", "", "", "", "", ""])
}

/// Draws what filters and sorts, which is there where the script is.
fn tools() -> String {
    let sorts = COLUMNS.iter().filter_map(|(head, by)| Some((head, (*by)?)));
    let sorts = sorts.map(|(head, by)| format!("<option value={by}>{head}"));
    let sorts = sorts.collect::<Vec<_>>().concat();
    format!(
        "<form id=tools role=search hidden><label>Filter <input id=search type=search autocomplete=off></label><label>Show <select id=only><option value=\"\">all<option value=e>failing<option value=m>missed<option value=w>silenced, or unreadable<option value=o>working</select></label><label>Sort by <select id=sort>{sorts}</select></label><output id=count role=status></output></form>\n"
    )
}

/// Lists a job's latest runs with their errors, the newest first, to be opened.
fn last_runs(runs: &[Recent]) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let lines = runs.iter().rev().take(LAST_RUNS).map(|run| {
        let class = match run.state {
            State::Error => " class=f",
            _ => "",
        };
        let error = cut(&run.error);
        let error = match &*error {
            "" => String::new(),
            error => format!("<div class=what>{error}</div>"),
        };
        format!("<li{class}>{}{error}", strip::words(run))
    });
    let lines: String = lines.collect();
    format!("<details><summary>Last runs</summary><ol>{lines}</ol></details>")
}

/// Writes a row of these classes; `keys` are what it is sorted by: since, last, took, runs.
fn cells(class: &str, keys: &str, cells: [&str; 8]) -> String {
    let mut row = match class {
        "" => "<tr role=row".to_owned(),
        class => format!("<tr class=\"{class}\" role=row"),
    };
    if !keys.is_empty() {
        row += &format!(" data-k=\"{keys}\"");
    }
    row.push('>');
    for (number, cell) in cells.iter().enumerate() {
        row += match number {
            1 => "<th role=rowheader>",
            _ => "<td role=cell>",
        };
        row += cell;
    }
    row + "\n"
}

/// Writes a text of whatever length and content.
fn cut(text: &str) -> String {
    escape(&words::cut(&plain(text), TEXT))
}
