//! The table of jobs on the page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use notify_core::__cli::{Health, Job, Run, Said, Unreadable};
use notify_core::State;

use super::facts;
use super::strip::{self, RUNS};
use super::{STRIPS, View, escape};
use crate::json;
use crate::words::{self, plain};

/// Longer errors and names are cut.
const TEXT: usize = 300;

impl View<'_> {
    pub(super) fn table(&self) -> String {
        let mut under_way: HashMap<&str, Vec<&Run>> = HashMap::new();
        for run in &self.runs {
            under_way.entry(&run.job).or_default().push(run);
        }
        let mut rows = String::new();
        let (failing, working): (Vec<_>, Vec<_>) = self
            .jobs
            .jobs
            .iter()
            .partition(|job| job.state == State::Error);
        for job in failing {
            let runs = under_way.remove(&*job.name).unwrap_or_default();
            rows += &self.row(job, &runs);
        }
        for file in &self.jobs.unreadable {
            rows += &unreadable_row(file);
        }
        let mut works = String::new();
        for job in working {
            let runs = under_way.remove(&*job.name).unwrap_or_default();
            works += &self.row(job, &runs);
        }
        // Jobs that run for the first time have no status yet.
        let mut first: Vec<_> = under_way.into_iter().collect();
        first.sort_by_key(|(job, _)| *job);
        for (job, runs) in first {
            rows += &self.first_row(job, &runs);
        }
        rows += &works;
        if rows.is_empty() {
            return "<p>There are no jobs yet.\n".to_owned();
        }
        let strips = if self.jobs.jobs.len() > STRIPS {
            format!(" Of {STRIPS} jobs alone, those that fail first.")
        } else {
            String::new()
        };
        // Roles, for the narrow table is none to a reader of screens.
        let heads = [
            "Status",
            "Job",
            "Since",
            "Last run",
            "Took",
            "Runs",
            "Host",
            "Recent runs",
        ];
        let heads = heads.map(|head| "<th role=columnheader>".to_owned() + head);
        let heads = heads.concat();
        format!(
            "<p class=dim>Recent runs: a bar each, the last {RUNS}, the newest to the right; the longer it took, the higher; red with a foot where it failed.{strips}</p>\n<table role=table>\n<thead role=rowgroup><tr role=row>{heads}</thead>\n<tbody role=rowgroup>\n{rows}</tbody></table>\n"
        )
    }

    fn row(&self, job: &Job, runs: &[&Run]) -> String {
        let is_silenced = job.is_silenced(self.now);
        let class = match job.state {
            State::Error if is_silenced => "w",
            State::Error => "e",
            _ => "o",
        };
        let mut name = escape(&words::cut(&plain(&job.name), TEXT));
        for run in runs {
            name += &self.tag(run);
        }
        if job.is_flapping {
            name += "<span class=tag>flapping</span>";
        }
        let silenced = job.silence_now(self.now).map(|silence| {
            let because = silence.because.as_deref();
            let because = because.map_or_else(String::new, |because| format!(": {because}"));
            let until = words::local(silence.until, self.now);
            format!("silenced until {until}{because}")
        });
        let by_rule = job.silenced_by_rule.as_ref().filter(|_| is_silenced);
        let by_rule = by_rule.map(|reason| format!("silenced by its rule: {reason}"));
        let owner = job.owner.as_ref().map(|owner| format!("owner {owner}"));
        for text in [silenced, by_rule, owner].into_iter().flatten() {
            name += &format!(
                "<span class=tag>{}</span>",
                escape(&words::cut(&plain(&text), TEXT))
            );
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
            let what = escape(&words::cut(&plain(&what), TEXT));
            name += &format!("<div class=what>{what}</div>");
        }
        let strip = self.recent.get(&job.file);
        name += &facts::draw(&job.facts, strip.map_or(&[], Vec::as_slice));
        let took = job.took.map_or_else(String::new, words::took);
        let host = escape(&plain(job.host.as_deref().unwrap_or_default()));
        let is_full = strip.is_some();
        cells(
            class,
            [
                job.state.as_str(),
                &name,
                &self.age(job.since, is_full),
                &(self.age(job.begun, is_full) + &self.next(job)),
                &took,
                &job.runs.to_string(),
                &host,
                &strip.map_or_else(String::new, |runs| strip::draw(runs)),
            ],
        )
    }

    /// Says when a job runs next, or why nobody can tell.
    fn next(&self, job: &Job) -> String {
        let words = match job.expected(&Said::default()) {
            Ok(expected) => match expected.and_then(|when| when.next(job.begun, self.now)) {
                Some(next) => format!("next {}", words::local_in_zone(next, self.now)),
                None => return String::new(),
            },
            Err(fault) => fault,
        };
        let words = escape(&words::cut(&plain(&words), TEXT));
        format!("<div class=what>{words}</div>")
    }

    fn first_row(&self, job: &str, runs: &[&Run]) -> String {
        let mut name = escape(&words::cut(&plain(job), TEXT));
        for run in runs {
            name += &self.tag(run);
        }
        let host = runs.first().map_or("", |run| &run.host);
        let host = escape(&plain(host));
        cells("", ["first run", &name, "", "", "", "", &host, ""])
    }

    fn tag(&self, run: &Run) -> String {
        let since = words::since(run.begun, self.now);
        let (what, class) = match run.health {
            Health::Alive => ("running for", ""),
            Health::Dead => ("died, begun before", " bad"),
            Health::Unknown => ("on another machine for", ""),
        };
        format!("<span class=\"tag{class}\">{what} {since}</span>")
    }

    /// Writes how long ago something was, and when.
    fn age(&self, then: DateTime<Utc>, is_full: bool) -> String {
        let age = words::since(then, self.now);
        if is_full {
            let title = format!("{} {}", words::moment(then), words::zone());
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
    let name = escape(&words::cut(&plain(&file.name), TEXT));
    let reason = escape(&words::cut(&plain(&file.reason), TEXT));
    let name = format!("{name}<div class=what>cannot be read: {reason}</div>");
    cells("w", ["?", &name, "", "", "", "", "", ""])
}

fn cells(class: &str, cells: [&str; 8]) -> String {
    let mut row = match class {
        "" => "<tr role=row>".to_owned(),
        class => format!("<tr class={class} role=row>"),
    };
    for (number, cell) in cells.iter().enumerate() {
        row += match number {
            1 => "<th role=rowheader>",
            _ => "<td role=cell>",
        };
        row += cell;
    }
    row + "\n"
}
