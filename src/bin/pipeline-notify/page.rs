//! `page`: all jobs on one HTML page, which needs nothing beside itself.

mod facts;
mod strip;
mod table;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Awaited, Health, Job, Place, Recent, Said};
use notify_core::State;
use serde_json::json;

use self::strip::RUNS;
use crate::by_whom::ByWhom;
use crate::check::{self, Seen};
use crate::output::{self, Output};
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, span, whole_file};

pub(crate) const FAILURE: u8 = 2;

/// What stands above the table where nothing else is said.
pub(crate) const TITLE: &str = "Jobs";

/// The most jobs with a strip: one strip is as large as fifty plain rows.
const STRIPS: usize = 200;

const STYLE: &str = include_str!("page.css");

/// Filters and sorts the table.
const SCRIPT: &str = include_str!("page.js");

#[derive(Debug, Args)]
#[command(
    after_help = "The page needs no server, loads nothing, and can be read on a phone. Its script filters and sorts; without it all is there to read. It is made whole under another name first, so that nobody sees half of it; a cron job, or `watch --page FILE`, can write it each minute.

Exit codes:
  0  the page is written
  2  it is not: the directory cannot be read, or the file cannot be written"
)]
pub(crate) struct Arguments {
    /// The file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
    /// What stands above the table
    #[arg(long, value_name = "TEXT", default_value = TITLE)]
    title: String,
    /// How late a run may begin, where its job does not say: as of `check`
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    #[command(flatten)]
    clock_changes: ByWhom,
}

/// All that the page shows.
pub(crate) struct View<'a> {
    title: &'a str,
    now: DateTime<Utc>,
    /// What the options say of when jobs should run.
    said: Said,
    seen: Seen,
    /// The jobs of which `check` says that they have missed a run.
    missed: HashSet<String>,
    /// The runs of those that are shown with them, by their files.
    recent: HashMap<String, Vec<Recent>>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let said = self.clock_changes.said(self.grace);
        if output::is_standard(&self.output) {
            if common.json {
                return Err(
                    "the page is HTML: leave out --json, or write it to a file with -o".into(),
                );
            }
            output.raw(&View::of(&common.place()?, &self.title, said)?.page())?;
            return Ok(0);
        }
        let (view, bytes) = write(&common.place()?, &self.output, &self.title, said)?;
        let (jobs, failed) = (view.jobs().len(), view.failed());
        if common.json {
            output.json(&json!({
                "file": self.output.to_string_lossy(),
                "bytes": bytes,
                "jobs": jobs,
                "failed": failed,
                "now": json::time(view.now),
            }))?;
        } else {
            let file = self.output.display().to_string();
            output.say(&format!(
                "{} is written: {}, {failed} failed",
                plain(&file),
                count(jobs, "job")
            ))?;
        }
        Ok(0)
    }
}

/// Writes the page of a notify directory, whole or not at all; returns what it shows, and its length.
pub(crate) fn write<'a>(
    place: &Place,
    file: &Path,
    title: &'a str,
    said: Said,
) -> Result<(View<'a>, usize), Failure> {
    let view = View::of(place, title, said)?;
    let page = view.page();
    whole_file::write(file, &page).map_err(Failure::unwritable(file))?;
    Ok((view, page.len()))
}

impl<'a> View<'a> {
    fn of(place: &Place, title: &'a str, said: Said) -> Result<Self, Failure> {
        let now = look::now();
        let mut seen = Seen::of(place, &[], now).map_err(Failure::unreadable(place))?;
        let findings = check::Arguments::of(&[], &said).judge(&seen, now);
        let missed = findings.missed().map(|(job, _)| job.to_owned());
        let missed: HashSet<_> = missed.collect();
        let rank = |job: &Job| rank(job, missed.contains(&job.name), now);
        let jobs = &mut seen.jobs.jobs;
        jobs.sort_by(|one, other| (rank(one), &one.name).cmp(&(rank(other), &other.name)));
        let files = jobs.iter().take(STRIPS).map(|job| &job.file);
        let recent = files
            .map(|file| (file.clone(), look::recent(place, file, RUNS)))
            .collect();
        Ok(Self {
            title,
            now,
            said,
            seen,
            missed,
            recent,
        })
    }

    fn jobs(&self) -> &[Job] {
        &self.seen.jobs.jobs
    }

    /// Returns the jobs that should run, never did, and do not run now.
    fn never_ran(&self) -> Vec<&Awaited> {
        let jobs = self.jobs().iter().map(|job| &*job.name);
        let runs = self.seen.runs.iter().map(|run| &*run.job);
        let mut known: HashSet<_> = jobs.chain(runs).collect();
        let awaited = self.seen.awaited.all.iter();
        awaited.filter(|one| known.insert(&one.job)).collect()
    }

    fn failed(&self) -> usize {
        let jobs = self.jobs().iter();
        jobs.filter(|job| job.state == State::Error).count()
    }

    fn page(&self) -> String {
        let title = escape(&plain(self.title));
        let failed = self.failed();
        let tab = if failed > 0 {
            format!("{failed} failed · {title}")
        } else {
            title.clone()
        };
        // Nothing is loaded or run but the script below, whatever a name or an error might hold: nobody
        // can know this number before.
        let nonce = look::random();
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce:016x}'"
        );
        let mut page = format!(
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"{policy}\">\n<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<meta name=referrer content=no-referrer>\n<title>{tab}</title>\n<style>\n{STYLE}</style>\n<main>\n<h1>{title}</h1>\n"
        );
        page += &self.summary();
        page += &self.alerts();
        page += &self.quiet();
        page += &self.table();
        page += &format!("</main>\n<script nonce={nonce:016x}>\n{SCRIPT}</script>\n");
        page
    }

    fn summary(&self) -> String {
        let unreadable = self.seen.jobs.unreadable.len();
        let all = self.jobs().len() + unreadable;
        let failed = self.failed();
        let jobs = self.jobs().iter();
        let silenced = jobs.filter(|job| words::is_calm(job, self.now)).count();
        let of = |health: Health| {
            let runs = self.seen.runs.iter();
            runs.filter(|run| run.health == health).count()
        };
        let mut parts = vec![count(all, "job")];
        for (number, what, class) in [
            (failed, "failed", "bad"),
            (silenced, "silenced", "warn"),
            (self.missed.len(), "missed", "bad"),
            (unreadable, "unreadable", "warn"),
            (of(Health::Dead), "died", "bad"),
            (of(Health::Alive), "running", "dim"),
            (self.never_ran().len(), "never ran", "dim"),
        ] {
            if number > 0 {
                parts.push(format!("<span class={class}>{number} {what}</span>"));
            }
        }
        if failed == 0 && all > 0 {
            parts.push("<span class=good>none failed</span>".to_owned());
        }
        format!(
            "<p>{}<br><span class=dim>as of <time datetime=\"{}\">{} {}</time></span></p>\n",
            parts.join(" · "),
            json::time(self.now),
            words::moment(self.now),
            words::zone_at(self.now)
        )
    }

    /// What is planned.
    fn quiet(&self) -> String {
        let Seen {
            planned, faults, ..
        } = &self.seen;
        if planned.is_empty() && faults.is_empty() {
            return String::new();
        }
        let lines = planned.iter().map(|window| {
            let class = if window.is_open(self.now) {
                "warn"
            } else {
                "dim"
            };
            let line = escape(&plain(&words::planned(window, self.now)));
            format!("<li class={class}>{line}\n")
        });
        let faults = faults
            .iter()
            .map(|fault| format!("<li class=warn>{}\n", escape(&plain(fault))));
        let lines: String = lines.chain(faults).collect();
        format!("<h2>Planned quiet</h2>\n<ul>\n{lines}</ul>\n")
    }

    /// What waits or was refused, and what cannot be seen.
    fn alerts(&self) -> String {
        let mut lines = Vec::new();
        for queue in &self.seen.queues {
            let mut parts = Vec::new();
            if queue.waiting > 0 {
                let oldest = words::oldest(queue.oldest, self.now);
                let waiting = queue.waiting;
                parts.push(format!("<span class=warn>{waiting} waiting</span>{oldest}"));
            }
            if queue.rejected > 0 {
                let folder = queue.rejected_folder.display().to_string();
                parts.push(format!(
                    "<span class=bad>{} refused</span> (see {})",
                    queue.rejected,
                    escape(&plain(&folder))
                ));
            }
            if queue.held > 0 {
                parts.push(format!("{} held back", queue.held));
            }
            let channel = escape(&plain(&queue.channel));
            lines.push(format!("channel {channel}: {}", parts.join(" · ")));
        }
        if self.seen.closed > 0 {
            let users = count(self.seen.closed, "other user");
            lines.push(format!(
                "the runs and alerts of {users} cannot be seen from here"
            ));
        }
        if lines.is_empty() {
            return String::new();
        }
        let lines = lines.join("\n<li>");
        format!("<h2>Alerts that were not delivered</h2>\n<ul>\n<li>{lines}\n</ul>\n")
    }
}

/// Those with the smallest stand first.
fn rank(job: &Job, has_missed: bool, now: DateTime<Utc>) -> u8 {
    match job.state {
        State::Error if words::is_calm(job, now) => 1,
        State::Error => 0,
        _ if has_missed => 2,
        _ => 3,
    }
}

/// Makes a text harmless in a page, in an attribute as well.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escape("<a b=\"c\" d='e'>&amp;</a>"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;&lt;/a&gt;"
        );
    }
}
