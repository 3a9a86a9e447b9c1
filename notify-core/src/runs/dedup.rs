//! Events that end several jobs at once, such as a panic, and are sent once per channel.

use std::collections::VecDeque;

use crate::os::engine::{Part, Slot};
use crate::os::mutex::Mutex;

/// Events that are remembered.
const MAX_EVENTS: usize = 64;

static SPOKEN: Part<Mutex<VecDeque<Spoken>>> = Part::new(Slot::Events);

/// One thing that ends several jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A panic, by its identity.
    Panic(usize),
    /// The exit of the process.
    Exit,
}

/// A job that speaks for an event on a channel: the others need not.
#[derive(Clone)]
struct Spoken {
    event: Event,
    channel: String,
    job: String,
    /// Whether its alert is sent, or on its way; else it fails as people know already.
    is_sent: bool,
}

/// Returns the job that speaks for an event on a channel, and whether it has sent it.
pub(crate) fn spoken(event: Event, channel: &str) -> Option<(String, bool)> {
    let spoken = SPOKEN.get().lock();
    let is_of_event = |spoken: &&Spoken| spoken.event == event && spoken.channel == channel;
    let found = spoken.iter().find(is_of_event)?;
    Some((found.job.clone(), found.is_sent))
}

/// Remembers that a job speaks for an event on a channel: it is sent, or it is known to fail so. What
/// was held back, silenced, or had nowhere to go must not come here.
pub(crate) fn speak(event: Event, channel: &str, job: &str, is_sent: bool) {
    let mut spoken = SPOKEN.get().lock();
    let mut of_event = spoken.iter_mut();
    let known = of_event.find(|known| known.event == event && known.channel == channel);
    if let Some(known) = known {
        if is_sent && !known.is_sent {
            (known.job, known.is_sent) = (job.to_owned(), true);
        }
        return;
    }
    if spoken.len() == MAX_EVENTS {
        spoken.pop_front();
    }
    spoken.push_back(Spoken {
        event,
        channel: channel.to_owned(),
        job: job.to_owned(),
        is_sent,
    });
}
