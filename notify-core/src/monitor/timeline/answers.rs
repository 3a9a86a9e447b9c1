//! What became of alerts on their way.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use super::What;
use crate::format::time::Time;
use crate::monitor::view;
use crate::state::entry::Entry;
use crate::state::history::{Answered, Ran};
use crate::state::place::Place;
use crate::state::{channel_of, job_digits};
use crate::status::{State, Status};

/// What became of alerts on their way to a destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The destination's channel.
    pub channel: Option<String>,
    /// What was answered, or where it is.
    pub words: String,
    /// How often it was answered.
    pub times: usize,
    /// When, the last time; `None` where nobody has answered.
    pub at: Option<Time>,
    /// How long after the decision, at most.
    pub later: Option<Duration>,
    /// Whether the alert is held back now.
    pub is_held: bool,
}

/// Where a job's alerts are that nobody has answered for good.
#[derive(Default)]
pub(super) struct Places {
    /// The channels in whose queues an alert waits, by its id.
    pub(super) waiting: HashMap<String, Vec<String>>,
    /// The ids of alerts that are held, and until when.
    pub(super) held: HashMap<String, Time>,
}

impl Places {
    pub(super) fn of(place: &Place, file: &str, status: &Status) -> io::Result<Self> {
        let job = job_digits(&view::shown_name(file));
        let mut places = Self::default();
        for queue in place.queues()?.0 {
            let entries = queue.unsent.into_iter().filter_map(Entry::parse);
            for entry in entries.filter(|entry| entry.job() == job) {
                let channels = places.waiting.entry(entry.id().to_owned());
                let channel = channel_of(&queue.name).to_owned();
                channels.or_default().push(channel);
            }
        }
        if let Some(held) = &status.held {
            let alerts = held.alerts.iter();
            let ids = alerts.filter_map(|alert| alert.rsplit('-').next());
            places.held = ids.map(|id| (id.to_owned(), held.until)).collect();
        }
        Ok(places)
    }
}

/// Says what became of a run's alert.
pub(super) fn replies(
    ran: &Ran,
    answers: &[Answered],
    places: &Places,
    later: &[Ran],
) -> Vec<Reply> {
    let Some(id) = &ran.alert else {
        return Vec::new();
    };
    let mut replies: Vec<Reply> = Vec::new();
    for answer in answers {
        let after = (answer.at - ran.decided_at()).to_std().ok();
        let same = replies.last_mut().filter(|last| {
            last.channel.as_ref() == Some(&answer.channel) && last.words == answer.answer
        });
        match same {
            Some(last) => {
                last.times += 1;
                (last.at, last.later) = (Some(answer.at), after);
            }
            None => replies.push(Reply {
                channel: Some(answer.channel.clone()),
                words: answer.answer.clone(),
                times: 1,
                at: Some(answer.at),
                later: after,
                is_held: false,
            }),
        }
    }
    let unanswered = |channel: Option<String>, words: String| Reply {
        channel,
        words,
        times: 0,
        at: None,
        later: None,
        is_held: false,
    };
    if let Some(channels) = places.waiting.get(id) {
        let waits = |channel: &String| unanswered(Some(channel.clone()), "waits".to_owned());
        replies.extend(channels.iter().map(waits));
    }
    if replies.is_empty() {
        let is_held = places.held.contains_key(id);
        let words = if is_held {
            "held back"
        } else {
            why_unanswered(ran, later)
        };
        replies.push(Reply {
            is_held,
            ..unanswered(ran.channel.clone(), words.to_owned())
        });
    }
    replies
}

/// Says why no service has answered to a run's alert, which waits nowhere.
fn why_unanswered(ran: &Ran, later: &[Ran]) -> &'static str {
    if ran.held.is_none() {
        return "no answer is known";
    }
    let mut runs = later.iter();
    if runs.any(|later| later.what(Some(ran.begun)) == What::Person) {
        return "taken back: a person silenced it";
    }
    match later.iter().find(|later| later.begun > ran.begun) {
        Some(next) if next.state == State::Ok => "taken back: the job worked again",
        Some(_) => "taken back: a later alert says the same",
        None => "was held back; no answer is known",
    }
}
