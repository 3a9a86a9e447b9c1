//! A line of a job's history: what happened, and below it the answers.

use std::time::Duration;

use chrono::{DateTime, Local, Utc};
use notify_core::__cli::{Happened, Reply, Story, What};
use notify_core::State;
use serde_json::{Value, json};

use super::wrap;
use crate::json;
use crate::output::{Colour, Output};
use crate::words::{self, count, plain};

/// What stands below a line of the story stands under its words.
const INDENT: usize = 19;

pub(super) fn to_json(event: &Happened) -> Value {
    json!({
        "kind": match event.what {
            What::Runs => "runs",
            What::Aside => "aside",
            What::Person => "person",
            What::SilenceOver => "silence over",
        },
        "begun": json::time(event.begun),
        "last_begun": json::time(event.last),
        "decided": json::time(event.decided),
        "runs": event.runs,
        "status": event.state.as_str(),
        "took_seconds": event.took.map(|took| took.as_secs_f64()),
        "told": event.is_sent,
        "decision": event.decision,
        "code": event.code,
        "error": Some(&event.error).filter(|error| !error.is_empty()),
        "facts": json::facts(&event.facts),
        "alerts": event.alerts,
        "answers": event.replies.iter().map(|reply| json!({
            "channel": reply.channel,
            "answer": reply.words,
            "times": reply.times,
            "at": reply.at.map(json::time),
            "seconds_later": reply.later.map(|later| later.as_secs_f64()),
        })).collect::<Vec<_>>(),
    })
}

/// Returns when a line says that it happened: its run began, or, where there was no run, it was decided.
pub(super) fn time(event: &Happened) -> DateTime<Utc> {
    match event.what {
        What::Person | What::SilenceOver => event.decided,
        // A run that did not come has taken no time.
        What::Aside if event.took.is_none() => event.decided,
        What::Runs | What::Aside => event.begun,
    }
}

pub(super) fn lines(
    event: &Happened,
    is_in_force: bool,
    has_new_error: bool,
    story: &Story,
    output: &Output,
) -> Vec<String> {
    let mark = if is_in_force { '>' } else { ' ' };
    // That a run goes on says nothing of how the job is.
    let is_of_a_run = |code: &str| code.ends_with(" started") || code.ends_with(" overlapping");
    let goes_on = event.code.as_deref().is_some_and(is_of_a_run);
    let state = if goes_on { "-" } else { event.state.as_str() };
    let shown = match event.state {
        _ if goes_on => state.to_owned(),
        State::Error => output.paint(state, Colour::Red),
        _ => output.paint(state, Colour::Green),
    };
    let decision = plain(&event.decision);
    let words = match event.what {
        What::Runs if event.runs == 1 => decision.into_owned(),
        What::Runs => {
            let runs = count(event.runs, "run");
            let each = if event.is_sent { "each " } else { "" };
            let last = clock_of(event.last, event.begun);
            format!("{runs} until {last}, {each}{decision}")
        }
        What::Aside => format!("{decision} (the status does not change)"),
        What::Person => "a person changed the status".to_owned(),
        What::SilenceOver => decision.into_owned(),
    };
    let is_run = !matches!(event.what, What::Person | What::SilenceOver);
    let time = time(event).with_timezone(&Local).format("%H:%M:%S");
    let mut lines = wrap(&words, output, INDENT);
    if let Some(first) = lines.first_mut() {
        *first = format!(
            "{mark} {time}  {}{:room$}  {}",
            shown,
            "",
            first.trim_start(),
            room = 5 - state.len()
        );
    }
    if has_new_error && !event.error.is_empty() && is_run {
        let room = output.width().saturating_sub(INDENT);
        let error = plain(&event.error);
        lines.push(format!("{:INDENT$}{}", "", words::cut(&error, room)));
    }
    if !event.facts.is_empty() && is_run {
        lines.extend(wrap(&words::facts(&event.facts), output, INDENT));
    }
    lines.extend(answers(event, story, output));
    lines
}

/// Says what each channel answered to the alerts of a line.
fn answers(event: &Happened, story: &Story, output: &Output) -> Vec<String> {
    let mut lines = Vec::new();
    for replies in event
        .replies
        .chunk_by(|one, next| one.channel == next.channel)
    {
        let alerts = match &*event.alerts {
            [one] => format!("alert {one}"),
            [first, .., last] => format!("{} alerts, {first} to {last}", event.alerts.len()),
            [] => "alert".to_owned(),
        };
        let channel = replies[0].channel.as_deref();
        let channel = channel.map_or_else(String::new, |channel| format!(", channel {channel}"));
        let words = replies.iter().map(|reply| reply_words(event, reply, story));
        let text = format!(
            "{alerts}{channel}: {}",
            words.collect::<Vec<_>>().join("; then ")
        );
        lines.extend(wrap(&plain(&text), output, INDENT));
    }
    lines
}

/// Says what was answered to the alerts of a line.
fn reply_words(event: &Happened, reply: &Reply, story: &Story) -> String {
    let mut text = reply.words.clone();
    let retried = reply.times > event.alerts.len();
    match (reply.at, reply.later) {
        (Some(at), _) if retried => {
            text += &format!(
                ", {} times, last {}",
                reply.times,
                clock_of(at, event.begun)
            );
        }
        (Some(_), Some(later)) if event.alerts.len() > 1 => {
            text += &format!(", at most {} later", brief(later));
        }
        (Some(_), Some(later)) => text += &format!(" {} later", brief(later)),
        (Some(at), None) => text += &format!(" {}", clock_of(at, event.begun)),
        (None, _) => {
            if let Some(until) = story.held_until.filter(|_| reply.is_held) {
                text += &format!(" until {}", clock_of(until, event.begun));
            }
        }
    }
    text
}

/// Writes a time of the clock, with its day where that is another than that of `beside`.
fn clock_of(time: DateTime<Utc>, beside: DateTime<Utc>) -> String {
    let (time, beside) = (time.with_timezone(&Local), beside.with_timezone(&Local));
    let format = if time.date_naive() == beside.date_naive() {
        "%H:%M:%S"
    } else {
        "%a %m-%d %H:%M:%S"
    };
    time.format(format).to_string()
}

/// Writes a short time: `0.4 s`, `2 min 5 s`.
fn brief(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        words::span(time)
    }
}
