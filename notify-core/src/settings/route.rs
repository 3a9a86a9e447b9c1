//! Where the alerts of a job go.

use std::fmt;
use std::sync::Arc;

use crate::notifier::Notifier;
use crate::rules::transition::Address;
use crate::state::Queue;

/// All that the alerts of a channel go to.
pub(crate) struct Routes {
    pub(crate) channel: String,
    pub(crate) all: Vec<Route>,
    /// The names of their queues; none where there is no directory for them.
    pub(crate) queues: Vec<String>,
}

/// One destination of a channel.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) channel: String,
    /// Which of the channel's destinations it is.
    pub(crate) number: usize,
    /// The destination's queue; `None` where there is no directory for one.
    pub(crate) queue: Option<Queue>,
    pub(crate) notifier: Arc<dyn Notifier>,
    /// The setting that a person has to fix when the destination is broken.
    pub(crate) mend: String,
}

impl Route {
    /// Returns whether the other leads to the same place, be it that it has no queue yet.
    #[inline(never)]
    pub(crate) fn is(&self, other: &Self) -> bool {
        let is_same_queue = match (&self.queue, &other.queue) {
            (Some(queue), Some(other)) => queue.is(other),
            _ => true,
        };
        is_same_queue && (self.number, &self.channel) == (other.number, &other.channel)
    }

    /// Returns the way from that queue, where what waits in it is for this destination: it is its own, or the one
    /// that stands in for its own on this host.
    pub(crate) fn from(&self, queue: &Queue) -> Option<Self> {
        let own = self.queue.as_ref()?;
        let is_aside = || own.aside().is_some_and(|aside| aside.is(queue));
        (own.is(queue) || is_aside()).then(|| self.by(queue.clone()))
    }

    /// Returns the same destination, whose alerts wait in that queue.
    pub(crate) fn by(&self, queue: Queue) -> Self {
        Self {
            queue: Some(queue),
            ..self.clone()
        }
    }
}

impl Routes {
    pub(crate) fn new(channel: &str, all: Vec<Route>) -> Self {
        let queues = all.iter().filter_map(|route| route.queue.as_ref());
        let queues: Vec<_> = queues.map(|queue| queue.name().to_owned()).collect();
        // Queue for all destinations or for none: after a crash an alert queued for some would be lost for the rest.
        let is_complete = queues.len() == all.len();
        Self {
            channel: channel.to_owned(),
            all,
            queues: if is_complete { queues } else { Vec::new() },
        }
    }

    pub(crate) fn address(&self) -> Address<'_> {
        Address {
            channel: &self.channel,
            queues: &self.queues,
        }
    }
}

/// Where the alerts of a job go.
pub(crate) struct Way {
    pub(crate) routes: Arc<Routes>,
    /// What they say of it, where it is the channel `alerts`, for the job's own has no destination.
    pub(crate) note: Option<String>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.routes.channel)
    }
}
