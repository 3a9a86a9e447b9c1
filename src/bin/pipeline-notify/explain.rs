//! `explain`: says why an alert was sent or not, and what comes next.

mod event;
mod outlook;

use chrono::{DateTime, Local, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Health, Job, Run, Said, Story};
use notify_core::State;
use serde_json::{Value, json};

use crate::check;
use crate::output::{Colour, Output};
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, moment, suggest};

pub(crate) const FAILURE: u8 = 2;

/// The latest lines that are shown without `--all`.
const LATEST: usize = 20;

/// The lines that are shown before and after the one that was in force.
const AROUND: usize = 5;

/// Sentences are broken to this width where nothing limits them.
const PROSE: usize = 80;

#[derive(Debug, Args)]
#[command(
    after_help = "Runs that were alike are one line. Each line says when the run began, how it ended, and which rule sent or withheld its alert; below it stand the alert, its channel, and what was answered.

Exit codes:
  0  it is explained
  2  there is no such job, or its files cannot be read; see standard error"
)]
pub(crate) struct Arguments {
    /// The job
    #[arg(value_name = "JOB")]
    job: String,
    /// Show what was in force then: 'Sat 03:00', '2026-11-22 13:00', 03:00, or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "all")]
    at: Option<String>,
    /// Show all that is known, and not the latest lines alone
    #[arg(long)]
    all: bool,
}

/// A story, as of a time, with what is asked of it.
struct View {
    now: DateTime<Utc>,
    story: Story,
    runs: Vec<Run>,
    /// What `check` says where it has missed a run.
    missed: Option<String>,
    at: Option<DateTime<Utc>>,
    all: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let now = look::now();
        let local = now.with_timezone(&Local);
        let at = self.at.as_ref().map(|at| moment::parse_past(at, &local));
        let at = at.transpose()?;
        let cannot = |error: std::io::Error| {
            let job = plain(&self.job);
            format!("`{job}` cannot be explained: {error}")
        };
        let runs = look::runs(&place, std::slice::from_ref(&self.job));
        let runs = runs.map(|(runs, _)| runs).unwrap_or_default();
        let story = look::story(&place, &self.job, &runs, now).map_err(cannot)?;
        let Some(story) = story else {
            if let Some(run) = runs.first() {
                return self.first_run(run, common, output, now);
            }
            let message = suggest::no_job(&place, &self.job);
            return Err(plain(&message).into_owned().into());
        };
        let missed = check::missed(&place, &story.job.name, now).map_err(cannot)?;
        let view = View {
            now,
            story,
            runs,
            missed,
            at,
            all: self.all,
        };
        if common.json {
            output.json(&view.to_json())?;
        } else {
            let lines = view.lines(output);
            lines.iter().try_for_each(|line| output.line(line))?;
        }
        Ok(0)
    }

    /// A job that runs for the first time has no decision yet.
    fn first_run(
        &self,
        run: &Run,
        common: &Common,
        output: &mut Output,
        now: DateTime<Utc>,
    ) -> Result<u8, Failure> {
        if common.json {
            let run = json::run(run, now);
            output.json(&json!({ "job": self.job, "status": null, "running": [run] }))?;
        } else {
            output.line(&format!(
                "{} has no status yet: its first run began {} ({})",
                plain(&run.job),
                words::ago(run.begun, now),
                plain(&run.host)
            ))?;
        }
        Ok(0)
    }
}

impl View {
    /// Finds the line that was in force then.
    fn in_force(&self) -> Option<usize> {
        let at = self.at?;
        let events = &self.story.events;
        events.iter().rposition(|event| event.decided <= at)
    }

    /// Returns which lines are shown.
    fn shown(&self) -> std::ops::Range<usize> {
        let all = self.story.events.len();
        if self.at.is_some() {
            let at = self.in_force().unwrap_or(0);
            at.saturating_sub(AROUND)..all.min(at + AROUND + 1)
        } else if self.all {
            0..all
        } else {
            all.saturating_sub(LATEST)..all
        }
    }

    fn lines(&self, output: &Output) -> Vec<String> {
        let mut lines = self.heading(output);
        lines.push(String::new());
        lines.extend(self.history(output));
        lines.push(String::new());
        lines.extend(self.outlook(output));
        lines
    }

    fn heading(&self, output: &Output) -> Vec<String> {
        let job = &self.story.job;
        let colour = match job.state {
            State::Error if job.is_silenced(self.now) => Colour::Yellow,
            State::Error => Colour::Red,
            _ => Colour::Green,
        };
        let facts = format!(
            "since {}, {}",
            words::moment(job.since),
            count(job.runs, "run")
        );
        let mut lines = wrap(&plain(&job.name), output, 0);
        let state = output.paint(job.state.as_str(), colour);
        lines.push(format!("  {state} {facts} ({})", self.zones()));
        let mut add = |text: String| lines.extend(wrap(&text, output, 2));
        if !job.error.is_empty() {
            add(plain(&job.error).into_owned());
        }
        if let Some(error) = &job.passed_over {
            add(format!("passed over: {}", plain(error)));
        }
        add(last_run(job));
        if let Some(missed) = &self.missed {
            add(plain(missed).into_owned());
        }
        if let Some(run) = &job.not_counted {
            add(format!("not counted: {}", plain(run)));
        }
        if let Some(incident) = &job.incident {
            add(format!("incident {}", plain(incident)));
        }
        if let Some(quiet) = &job.quiet {
            let because = words::because(quiet.because.as_deref());
            let until = words::moment(quiet.until);
            add(plain(&format!("quiet until {until}{because}")).into_owned());
        }
        if let Some(silence) = self.silence() {
            add(silence);
        }
        if let Some(one) = job.acknowledged(self.now) {
            add(plain(&words::acknowledged(one, self.now)).into_owned());
        }
        let by_rule = job.silenced_by_rule.as_ref();
        if let Some(reason) = by_rule.filter(|_| job.state == State::Error) {
            add(format!("silenced by the program's rule: {}", plain(reason)));
        }
        for (name, value) in [("owner", &job.owner), ("runbook", &job.runbook)] {
            if let Some(value) = value {
                add(format!("{name} {}", plain(value)));
            }
        }
        if !job.facts.is_empty() {
            add(words::facts(&job.facts));
        }
        if let Some(until) = self.story.held_until {
            add(format!(
                "an alert is held back until {}",
                words::moment(until)
            ));
        }
        self.runs.iter().map(under_way).for_each(add);
        lines
    }

    /// Names the zone of the times: that in which the status began, and that of now where clocks have changed since.
    fn zones(&self) -> String {
        let [then, now] = [self.story.job.since, self.now].map(words::zone_at);
        if then == now {
            now
        } else {
            format!("{then}, now {now}")
        }
    }

    /// Says what a person has silenced, while that lasts.
    fn silence(&self) -> Option<String> {
        let silence = self.story.job.silence.as_ref();
        let silence = silence.filter(|silence| silence.until > self.now)?;
        let which = match self.story.job.state {
            State::Error if silence.is_of_this_error => "silenced",
            State::Error => "another error is silenced",
            _ if silence.is_of_this_error => "its overdue runs are silenced",
            _ => "one error is silenced",
        };
        let because = words::reason(silence.because.as_deref());
        let until = words::moment(silence.until);
        Some(plain(&format!("{which} until {until}{because}")).into_owned())
    }

    /// Says what the status file alone knows.
    fn without_history(&self) -> String {
        let decision = self.story.job.decision();
        let decision = decision.map_or_else(
            || "The status file does not say what was decided.".to_owned(),
            |decision| {
                format!(
                    "The status file says of the last run: {}.",
                    plain(&decision)
                )
            },
        );
        let alerted = self.story.job.alerted.map_or_else(
            || "No alert was sent.".to_owned(),
            |alerted| format!("The last alert was sent {}.", words::moment(alerted)),
        );
        format!("There is no history of it here. {decision} {alerted}")
    }

    fn history(&self, output: &Output) -> Vec<String> {
        let story = &self.story;
        let mut lines = Vec::new();
        if story.closed > 0 {
            let users = count(story.closed, "user");
            let line = format!("The history of {users} cannot be read here: ask as that user.");
            lines.extend(wrap(&line, output, 0));
        }
        if story.events.is_empty() {
            let text = self.without_history();
            lines.extend(wrap(&text, output, 0));
            return lines;
        }
        let in_force = self.in_force();
        if let Some(at) = self.at {
            let text = match in_force {
                Some(_) => format!("> marks what was in force {}.", words::moment(at)),
                None => format!(
                    "Nothing is known of {}: the history begins later.",
                    words::moment(at)
                ),
            };
            lines.extend(wrap(&text, output, 0));
        }
        let shown = self.shown();
        if shown.start > 0 {
            let more = count(shown.start, "earlier line");
            let first = words::moment(story.events[0].begun);
            let text = format!("… {more}, the first of {first}: --all shows them");
            lines.push(output.paint(&text, Colour::Dim));
        }
        let mut day = String::new();
        let mut error = "";
        for number in shown.clone() {
            let event = &story.events[number];
            let today = event::time(event)
                .with_timezone(&Local)
                .format("%a %Y-%m-%d");
            let today = today.to_string();
            if today != day {
                lines.push(output.paint(&today, Colour::Dim));
                day = today;
            }
            let is_new = event.error != error;
            lines.extend(event::lines(
                event,
                in_force == Some(number),
                is_new,
                story,
                output,
            ));
            error = &event.error;
        }
        let later = story.events.len() - shown.end;
        if later > 0 {
            let more = format!("… {} : --all shows them", count(later, "later line"));
            lines.push(output.paint(&more.replace(" :", ":"), Colour::Dim));
        }
        lines
    }

    fn to_json(&self) -> Value {
        let story = &self.story;
        let rules = &story.rules;
        let in_force = self.in_force();
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        let events = story.events.iter().enumerate().map(|(number, event)| {
            let mut value = event::to_json(event);
            if self.at.is_some() {
                value["in_force"] = json!(in_force == Some(number));
            }
            value
        });
        let shown = self.shown();
        let all = self.at.is_none();
        let events = events
            .enumerate()
            .filter(|(number, _)| all || shown.contains(number));
        json!({
            "job": story.job.name,
            "now": json::time(self.now),
            "at": self.at.map(json::time),
            "status": json::job(&story.job, self.now, &Said::default()),
            "running": self.runs.iter().map(|run| json::run(run, self.now)).collect::<Vec<_>>(),
            "missed": self.missed.is_some(),
            "held_until": story.held_until.map(json::time),
            "settings": {
                "silent_seconds": rules.silent_seconds,
                // JSON has no infinity: null is "never".
                "ok_silent_hours": finite(rules.ok_silent_hours),
                "remind_hours": finite(rules.remind_hours),
                "after": rules.after,
                "flapping": rules.flapping,
                "known": story.knows_rules,
            },
            "events": events.map(|(_, event)| event).collect::<Vec<_>>(),
            "next": story.next.iter().map(outlook::to_json).collect::<Vec<_>>(),
            "unseen_users": story.closed,
        })
    }
}

/// Breaks a text to the room that there is, below what it belongs to.
fn wrap(text: &str, output: &Output, indent: usize) -> Vec<String> {
    let room = output.limit().unwrap_or(PROSE).saturating_sub(indent);
    let lines = words::wrap(text, room).into_iter();
    lines.map(|line| format!("{:indent$}{line}", "")).collect()
}

/// Says when the latest run began, how long it took, and where.
fn last_run(job: &Job) -> String {
    let took = job.took.map(|took| format!(", took {}", words::took(took)));
    let host = job.host.as_deref();
    let host = host.map(|host| format!(", on {}", plain(host)));
    format!(
        "last run {}{}{}",
        words::moment(job.begun),
        took.unwrap_or_default(),
        host.unwrap_or_default()
    )
}

/// Says what is known of a run that has not ended.
fn under_way(run: &Run) -> String {
    let what = match run.health {
        Health::Alive => "running",
        Health::Dead => "died, and the next run reports it; begun",
        Health::Unknown => "running, or dead, on another machine",
    };
    format!("{what} since {}", words::moment(run.begun))
}
