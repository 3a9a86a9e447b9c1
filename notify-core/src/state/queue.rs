//! The alerts that wait for one destination, in whichever engine.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::local;
#[cfg(feature = "postgres")]
use super::shared;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::message::dropped::Dropped;
#[cfg(test)]
use crate::state::dropped::Loss;
use crate::state::entry::Entry;
use crate::state::moved::Moved;
use crate::state::rate::Pace;
use crate::state::turn::{Claim, Turn};

/// The alerts that wait for one destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Queue {
    /// A folder of a notify directory.
    Local(local::queue::Queue),
    /// Rows of the shared store.
    #[cfg(feature = "postgres")]
    Shared(shared::queue::Queue),
}

/// What others have left in a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// Some are held back, or it is not known.
    Perhaps,
    Some,
}

/// What a sender has to know of a queue, as its last sender left it.
pub(crate) struct Look {
    /// The oldest first.
    pub(crate) waiting: Vec<Entry>,
    pub(crate) pace: Pace,
    pub(crate) moved: Moved,
    /// See [`Queue::loss_to_report`]; `None` where that is asked by itself.
    pub(crate) loss: Option<Dropped>,
}

impl From<local::queue::Queue> for Queue {
    fn from(queue: local::queue::Queue) -> Self {
        Self::Local(queue)
    }
}

impl Queue {
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(one), Self::Local(other)) => one.is(other),
            #[cfg(feature = "postgres")]
            (one, other) => one == other,
        }
    }

    /// Returns the name by which it is found again.
    pub(crate) fn name(&self) -> &str {
        either!(self, queue => queue.name())
    }

    /// Returns the channel whose alerts wait here.
    pub(crate) fn channel(&self) -> &str {
        local::spool::channel_of(self.name())
    }

    /// Returns whether the processes of many hosts send from it: an exit gathers, too, and looks less often.
    pub(crate) fn is_of_a_fleet(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// Returns whether what follows soon gathers even where a process exits: it is of a fleet, or stands in for the
    /// queue of one.
    pub(crate) fn gathers_at_exit(&self) -> bool {
        either!(self, queue => queue.is_aside(); _ => true)
    }

    /// Returns the queue on this host in which alerts wait for the same destination that the shared store could not
    /// be given.
    pub(crate) fn aside(&self) -> Option<Self> {
        either!(self, _ => None; queue => queue.aside.clone().map(Self::Local))
    }

    /// Puts an alert at the end, durably. The same alert put twice is there once.
    pub(crate) fn put(&self, alert: &Alert, content: &str) -> io::Result<Entry> {
        either!(self, queue => queue.put(alert, content))
    }

    /// Keeps an alert back, durably; it leaves when its name says so, unless it is withdrawn.
    #[cfg(test)]
    pub(crate) fn hold(&self, content: &str, name: &str) -> io::Result<()> {
        either!(self, queue => queue.hold(content, name))
    }

    /// Lets the held alerts leave whose time has come, but for those of jobs that are quiet by plan, and
    /// returns when the next one may.
    pub(crate) fn release(&self, now: Time) -> io::Result<Option<Time>> {
        self.release_to(now, &mut Vec::new())
    }

    /// The same, and adds those that leave to `left`.
    pub(crate) fn release_to(&self, now: Time, left: &mut Vec<Entry>) -> io::Result<Option<Time>> {
        either!(self, queue => queue.release_to(now, left))
    }

    /// Takes over all that waits in another queue. What is held there leaves as well, for a status that
    /// names its place takes it for sent once it is gone.
    pub(crate) fn adopt(&self, other: &Self) -> io::Result<usize> {
        match (self, other) {
            (Self::Local(one), Self::Local(other)) => one.adopt(other),
            #[cfg(feature = "postgres")]
            (Self::Shared(one), Self::Shared(other)) => one.adopt(other),
            #[cfg(feature = "postgres")]
            _ => Err(io::ErrorKind::CrossesDevices.into()),
        }
    }

    pub(crate) fn left(&self) -> Left {
        match self {
            Self::Local(queue) if !queue.list().is_empty() => Left::Some,
            Self::Local(queue) if queue.has_held() => Left::Perhaps,
            Self::Local(_) => Left::Nothing,
            #[cfg(feature = "postgres")]
            Self::Shared(queue) => queue.left(),
        }
    }

    /// Returns what waits, the oldest first.
    pub(crate) fn list(&self) -> Vec<Entry> {
        either!(self, queue => queue.list())
    }

    /// Reads all that a sender has to know: of a shared store in one question, for each takes the time of a way there and
    /// back.
    pub(crate) fn look(&self, now: Time) -> Look {
        match self {
            Self::Local(queue) => Look {
                waiting: queue.list(),
                pace: queue.pace(now),
                moved: queue.moved(),
                loss: None,
            },
            #[cfg(feature = "postgres")]
            Self::Shared(queue) => queue.look(now),
        }
    }

    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        either!(self, queue => queue.holds(entry))
    }

    /// Reads an alert for sending, and keeps others from sending it meanwhile; `None` where it is gone or
    /// being sent.
    pub(crate) fn take(&self, entry: &Entry) -> io::Result<Option<(Alert, Claim)>> {
        either!(self, queue => queue.take(entry))
    }

    /// Reads an alert, be it being sent or not; `None` where it is gone.
    pub(crate) fn read(&self, entry: &Entry) -> io::Result<Option<Alert>> {
        either!(self, queue => queue.read(entry))
    }

    /// Removes alerts that were accepted, and returns those that could not be removed: the sender must not send
    /// them again then.
    pub(crate) fn remove_all<'a>(&self, entries: &'a [Entry]) -> Vec<(&'a Entry, io::Error)> {
        match self {
            Self::Local(queue) => {
                let removed = entries.iter().map(|entry| (entry, queue.remove(entry)));
                removed
                    .filter_map(|(entry, removed)| Some((entry, removed.err()?)))
                    .collect()
            }
            #[cfg(feature = "postgres")]
            Self::Shared(queue) => match queue.remove_all(entries) {
                Ok(()) => Vec::new(),
                Err(error) => {
                    let why = error.to_string();
                    entries
                        .iter()
                        .map(|entry| (entry, io::Error::other(why.clone())))
                        .collect()
                }
            },
        }
    }

    /// Reads alerts for sending, each as [`take`](Self::take) does.
    pub(crate) fn take_all(&self, entries: &[Entry]) -> Vec<io::Result<Option<(Alert, Claim)>>> {
        match self {
            Self::Local(queue) => entries.iter().map(|entry| queue.take(entry)).collect(),
            #[cfg(feature = "postgres")]
            Self::Shared(queue) => queue.take_all(entries),
        }
    }

    /// Puts an alert aside that will never be accepted, with the reason beside it; returns where it is.
    pub(crate) fn reject(&self, entry: &Entry, reason: &str) -> io::Result<PathBuf> {
        either!(self, queue => queue.reject(entry, reason))
    }

    /// Returns why an alert was put aside, if it was.
    #[cfg(feature = "cli")]
    pub(crate) fn rejection(&self, entry: &Entry) -> io::Result<Option<String>> {
        either!(self, queue => queue.rejection(entry))
    }

    /// Removes alerts that are not to be sent, and counts them; not those that are being sent. Stops at the deadline;
    /// where another is at it, waits for that one if there is a deadline. Where they cannot be counted, none is
    /// removed.
    pub(crate) fn give_up(&self, entries: &[Entry], deadline: Option<Instant>) -> io::Result<()> {
        either!(self, queue => queue.give_up(entries, deadline))
    }

    /// Reads what was given up since the last message that said so.
    #[cfg(test)]
    pub(crate) fn loss(&self) -> io::Result<Loss> {
        either!(self, queue => queue.loss())
    }

    /// Returns what a message can say of it; waits for whoever is at it, for some of what is counted
    /// meanwhile may be in that very message.
    pub(crate) fn loss_to_report(&self) -> io::Result<Dropped> {
        either!(self, queue => queue.loss_to_report())
    }

    /// Takes off what a message that was accepted has said. Where it cannot be written, it is said again.
    pub(crate) fn loss_sent(&self, said: &Dropped) -> io::Result<()> {
        either!(self, queue => queue.loss_sent(said))
    }

    /// Asks for the right to send, without waiting.
    pub(crate) fn turn(&self) -> io::Result<Turn> {
        either!(self, queue => queue.turn())
    }

    /// Reads what the queue's last sender, in whichever process, left for the next.
    pub(crate) fn pace(&self, now: Time) -> Pace {
        either!(self, queue => queue.pace(now))
    }

    /// Writes what the queue's next sender must know. Where it cannot be written, the sender itself must not forget it.
    pub(crate) fn set_pace(&self, pace: &Pace) -> io::Result<()> {
        either!(self, queue => queue.set_pace(pace))
    }

    /// Reads which jobs' failures have left for another channel.
    pub(crate) fn moved(&self) -> Moved {
        either!(self, queue => queue.moved())
    }

    /// Writes which jobs' failures have left. Where it cannot be written, what follows is sent to the queue's own
    /// destination.
    pub(crate) fn set_moved(&self, moved: &Moved) -> io::Result<()> {
        either!(self, queue => queue.set_moved(moved))
    }

    /// Adds failures that have left before there was a queue.
    pub(crate) fn add_moved(&self, moved: &Moved) -> io::Result<()> {
        if moved.is_empty() {
            return Ok(());
        }
        let mut known = self.moved();
        known.add(moved);
        self.set_moved(&known)
    }

    /// Reads what is kept of a message, by the key of what it speaks of; `None` where nothing is.
    pub(crate) fn handle(&self, key: &str) -> io::Result<Option<String>> {
        either!(self, queue => queue.handle(key))
    }

    /// Keeps what [`handle`](Self::handle) reads. Where it cannot be written, the old one is whole.
    pub(crate) fn set_handle(&self, key: &str, text: &str) -> io::Result<()> {
        either!(self, queue => queue.set_handle(key, text))
    }

    pub(crate) fn forget_handle(&self, key: &str) -> io::Result<()> {
        either!(self, queue => queue.forget_handle(key))
    }

    /// Forgets the messages to which nothing was sent for three months.
    pub(crate) fn forget_stale_handles(&self, now: Time) {
        either!(self, queue => queue.forget_stale_handles(now));
    }

    /// Returns the keys of what is kept in a folder.
    #[cfg(test)]
    pub(crate) fn handle_keys(&self) -> Vec<String> {
        match self {
            Self::Local(queue) => queue.handle_keys(),
            #[cfg(feature = "postgres")]
            Self::Shared(_) => Vec::new(),
        }
    }
}
