//! `status`: a table of all jobs.

mod room;

use std::collections::{HashMap, HashSet};
use std::io;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use notify_core::__cli::{
    self as look, Awaited, Health, Job, Jobs, Place, Planned, Queue, Run, Said,
};
use notify_core::State;
use serde_json::{Value, json};

use crate::by_whom::ByWhom;
use crate::check::{self, Seen};
use crate::expect;
use crate::json;
use crate::output::{self, Colour, Output};
use crate::table::{self, Row};
use crate::words::{self, count, plain};
use crate::{Common, Failure, span, suggest};

pub(crate) const FAILURE: u8 = 2;

/// How often `--watch` draws anew.
const PAUSE: Duration = Duration::from_secs(2);

/// A planned quiet is shown so long before it begins.
const SOON: TimeDelta = TimeDelta::hours(24);

/// More lines of a kind than these are counted.
const MOST: usize = 20;

#[derive(Debug, Args)]
#[command(after_help = "Exit codes:
  0  the jobs are shown, whatever their status (`check` is for alarms)
  1  a JOB that was named is not there
  2  the notify directory cannot be read

STATUS is ERROR; MISSED where a run was due and none began; OK; or ? where the file cannot be read. SINCE is how long it has lasted, and RUNS how many runs; LAST is how long ago the last run began, and NEXT when one is due.

A terminal shows as many jobs that work as fit below the others; where JOBs are named, or into a pipe, all are shown.")]
pub(crate) struct Arguments {
    /// Jobs to show, by name; `*` stands for any characters [default: all]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Redraw the table every two seconds, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// How late a run may begin, where its job does not say: as of `check`
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    #[command(flatten)]
    clock_changes: ByWhom,
}

/// All that there is to see at one time.
struct View {
    now: DateTime<Utc>,
    jobs: Jobs,
    planned: Vec<Planned>,
    runs: Vec<Run>,
    queues: Vec<Queue>,
    /// Users whose runs and alerts cannot be seen.
    closed: usize,
    /// Whether nobody has named jobs.
    is_of_all: bool,
    /// What the options say of when jobs should run.
    said: Said,
    /// The jobs that should run and never did.
    never_ran: Vec<Awaited>,
    /// What `check` says of the jobs that have missed a run.
    missed: HashMap<String, String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let said = self.clock_changes.said(self.grace);
        loop {
            let place = common.place()?;
            let view = View::of(&place, &self.jobs, said.clone());
            let view = view.map_err(Failure::unreadable(&place))?;
            let code = u8::from(!view.jobs.missing.is_empty());
            output.set_code(code);
            if common.json {
                output.json(&view.to_json(&place))?;
            } else {
                let lines = view.lines(&place, output);
                room::draw(&lines, self.watch, output)?;
            }
            if !self.watch {
                for name in &view.jobs.missing {
                    output::complain(&plain(&suggest::no_job(&place, name)));
                }
                return Ok(code);
            }
            output.flush()?;
            thread::sleep(PAUSE);
        }
    }
}

impl View {
    fn of(place: &Place, wanted: &[String], said: Said) -> io::Result<Self> {
        let now = look::now();
        let mut seen = Seen::of(place, wanted, now)?;
        // Whoever looks here is not to learn less than a monitor does.
        let findings = check::Arguments::of(wanted, &said).judge(&seen, now);
        // What comes later is for `silence --list`.
        let is_near = |window: &Planned| window.is_open(now) || window.from - now < SOON;
        seen.planned.retain(is_near);
        if !wanted.is_empty() {
            // Of those that are held back it is not known whose they are.
            seen.queues = look::queues(place, None)?.0;
        }
        let Seen {
            mut jobs,
            planned,
            runs,
            queues,
            closed,
            awaited,
            ..
        } = seen;
        // A job that runs for the first time has no status yet.
        jobs.missing
            .retain(|name| !runs.iter().any(|run| run.is_named(name)));
        let mut never_ran = awaited.all;
        let known = jobs.jobs.iter().map(|job| &*job.name);
        let known: HashSet<_> = known.chain(runs.iter().map(|run| &*run.job)).collect();
        never_ran.retain(|one| {
            let is_wanted =
                wanted.is_empty() || wanted.iter().any(|name| look::is_fit(name, &one.job));
            is_wanted && !known.contains(&*one.job)
        });
        jobs.missing
            .retain(|name| !never_ran.iter().any(|one| look::is_fit(name, &one.job)));
        let missed = findings.missed();
        let missed = missed.map(|(job, problem)| (job.to_owned(), problem.words.clone()));
        let missed = missed.collect();
        Ok(Self {
            now,
            jobs,
            planned,
            runs,
            queues,
            closed,
            is_of_all: wanted.is_empty(),
            said,
            never_ran,
            missed,
        })
    }

    fn to_json(&self, place: &Place) -> Value {
        json!({
            "directory": place.to_string(),
            "now": json::time(self.now),
            "jobs": self.jobs.jobs.iter().map(|job| self.job_to_json(job)).collect::<Vec<_>>(),
            "planned": self.planned.iter().map(|window| json::planned(window, self.now)).collect::<Vec<_>>(),
            "unreadable": self.jobs.unreadable.iter().map(json::unreadable).collect::<Vec<_>>(),
            "missing": self.jobs.missing,
            "never_ran": self.never_ran.iter().map(|one| self.never_ran_to_json(one)).collect::<Vec<_>>(),
            "runs": self.runs.iter().map(|run| json::run(run, self.now)).collect::<Vec<_>>(),
            "queues": self.queues.iter().map(json::queue).collect::<Vec<_>>(),
            "unseen_users": self.closed,
        })
    }

    fn job_to_json(&self, job: &Job) -> Value {
        let mut value = json::job(job, self.now, &self.said);
        value["missed"] = json!(self.missed.contains_key(&job.name));
        value
    }

    fn never_ran_to_json(&self, awaited: &Awaited) -> Value {
        let mut value = expect::to_json(awaited, self.now);
        value["missed"] = json!(self.missed.contains_key(&awaited.job));
        value
    }

    fn lines(&self, place: &Place, output: &Output) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rows = self.rows();
        let rest = self.rest(output);
        let mut hidden = 0;
        if let Some(height) = output.height().filter(|_| self.is_of_all) {
            let lines: Vec<_> = rows.iter().map(Row::lines).collect();
            let failing = rows.iter().filter(|row| !row.works()).count();
            // Beside the headings, and the line of the prompt.
            let shown = room::shown(&lines, failing, rest.len() + 2, height);
            hidden = rows.len() - shown;
            rows.truncate(shown);
        }
        let is_empty = self.runs.is_empty() && self.never_ran.is_empty();
        if rows.is_empty() && self.jobs.missing.is_empty() && is_empty {
            let place = place.to_string();
            lines.push(format!("no jobs in {} yet", plain(&place)));
        } else if !rows.is_empty() {
            lines = table::lines(&rows, output);
        }
        if hidden > 0 {
            let more = format!("… {hidden} more that work: `pipeline-notify status '*'` shows all");
            lines.push(output.paint(&more, Colour::Dim));
        }
        lines.extend(rest);
        lines
    }

    /// What stands below the table.
    fn rest(&self, output: &Output) -> Vec<String> {
        let mut lines = Vec::new();
        for (health, heading) in [
            (Health::Dead, "Died (the next run of any job reports it):"),
            (
                Health::Unknown,
                "On another machine (running or dead is not known):",
            ),
            (Health::Alive, "Running now:"),
        ] {
            let runs = self.runs.iter();
            let runs: Vec<_> = runs.filter(|run| run.health == health).collect();
            if runs.is_empty() {
                continue;
            }
            let colour = match health {
                Health::Dead => Colour::Red,
                Health::Alive | Health::Unknown => Colour::Plain,
            };
            lines.push(output.paint(heading, colour));
            lines.extend(first_of(&runs, |run| self.run_line(run, output)));
        }
        if !self.never_ran.is_empty() {
            lines.push("Never ran, and should:".to_owned());
            lines.extend(first_of(&self.never_ran, |one| {
                let missed = self.missed.get(&one.job);
                let next = || expect::next(one, self.now);
                let line = format!("  {}  {}", one.job, missed.cloned().unwrap_or_else(next));
                let colour = missed.map_or(Colour::Plain, |_| Colour::Red);
                output.paint(&words::cut(&plain(&line), output.width()), colour)
            }));
        }
        lines.extend(self.quiet(output));
        lines.extend(self.footer(output));
        lines
    }

    /// What is planned, now and soon.
    fn quiet(&self, output: &Output) -> Vec<String> {
        if self.planned.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![output.paint("Planned quiet:", Colour::Yellow)];
        lines.extend(first_of(&self.planned, |window| {
            let line = format!("  {}", plain(&words::planned(window, self.now)));
            words::cut(&line, output.width()).into_owned()
        }));
        lines
    }

    fn rows(&self) -> Vec<Row> {
        let rows = self.jobs.jobs.iter();
        let rows = rows.map(|job| Row::of(job, self.missed.get(&job.name), self.now, &self.said));
        let mut rows: Vec<_> = rows.collect();
        rows.extend(self.jobs.unreadable.iter().map(Row::of_unreadable));
        rows.sort_by(|one, other| (one.rank, &one.job).cmp(&(other.rank, &other.job)));
        rows
    }

    fn run_line(&self, run: &Run, output: &Output) -> String {
        let pid = run
            .pid
            .map_or_else(String::new, |pid| format!("pid {pid} on "));
        let since = match run.health {
            Health::Alive => words::since(run.begun, self.now),
            Health::Dead | Health::Unknown => format!("begun {}", words::ago(run.begun, self.now)),
        };
        let progress = run.progress.map(|progress| progress.words(self.now));
        let progress = progress.map_or_else(String::new, |progress| format!(", {progress}"));
        let facts = format!("{since}, {pid}{}{progress}", plain(&run.host));
        let job = plain(&run.job);
        let room = output.width().saturating_sub(words::cells(&facts) + 4);
        let job = words::cut_middle(&job, room.max(8));
        words::cut(&format!("  {job}  {facts}"), output.width()).into_owned()
    }

    /// Counts the alerts that did not get through.
    fn alerts(&self, output: &Output) -> Option<String> {
        let sum = |number: fn(&Queue) -> usize| self.queues.iter().map(number).sum::<usize>();
        let (waiting, held) = (sum(|queue| queue.waiting), sum(|queue| queue.held));
        let rejected = sum(|queue| queue.rejected);
        let mut alerts = Vec::new();
        if waiting > 0 {
            let oldest = self.queues.iter().filter_map(|queue| queue.oldest).min();
            let oldest = words::oldest(oldest, self.now);
            alerts.push(output.paint(&format!("{waiting} waiting{oldest}"), Colour::Yellow));
        }
        if rejected > 0 {
            alerts.push(output.paint(&format!("{rejected} refused"), Colour::Red));
        }
        if held > 0 {
            alerts.push(format!("{held} held back"));
        }
        (!alerts.is_empty()).then(|| format!("alerts: {}", alerts.join(" · ")))
    }

    /// The last line: counts, and alerts that did not get through.
    fn footer(&self, output: &Output) -> Vec<String> {
        let jobs = self.jobs.jobs.iter();
        let failed = jobs.clone().filter(|job| job.state == State::Error);
        let calm = jobs.filter(|job| words::is_calm(job, self.now));
        let (acknowledged, silenced): (Vec<_>, Vec<_>) =
            calm.partition(|job| words::is_acknowledged(job, self.now));
        let runs = self.runs.iter();
        let of = |health| runs.clone().filter(move |run| run.health == health).count();
        let unreadable = self.jobs.unreadable.len();
        let jobs = self.jobs.jobs.len() + unreadable;
        let mut parts = Vec::new();
        if jobs > 0 {
            parts.push(count(jobs, "job"));
        }
        for (number, what, colour) in [
            (failed.count(), "failed", Colour::Red),
            (self.missed.len(), "missed", Colour::Red),
            (silenced.len(), "silenced", Colour::Yellow),
            (acknowledged.len(), "acknowledged", Colour::Yellow),
            (unreadable, "unreadable", Colour::Yellow),
            (of(Health::Dead), "died", Colour::Red),
            (of(Health::Alive), "running", Colour::Plain),
        ] {
            if number > 0 {
                parts.push(output.paint(&format!("{number} {what}"), colour));
            }
        }
        let mut lines = Vec::new();
        if !parts.is_empty() {
            lines.push(parts.join(" · "));
        }
        lines.extend(self.alerts(output));
        if self.closed > 0 {
            let users = count(self.closed, "other user");
            let line = format!("the runs and alerts of {users} cannot be seen from here");
            lines.push(output.paint(&line, Colour::Dim));
        }
        lines
    }
}

/// Writes a line for each of the first, and counts the others.
fn first_of<T>(all: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let mut lines: Vec<_> = all.iter().take(MOST).map(line).collect();
    if all.len() > MOST {
        lines.push(format!("  … and {} more", all.len() - MOST));
    }
    lines
}
