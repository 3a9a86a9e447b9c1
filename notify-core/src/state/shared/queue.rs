//! The alerts that wait for one destination, in the whole fleet: rows, and one sender at a time by a lease.
//!
//! Long on purpose: each step of a sender stands beside the statement that makes it.

mod lease;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};

use super::address::Address;
use super::link::Link;
use super::plans;
use super::session::Rows;
use crate::format::hash;
use crate::format::json::Value;
use crate::format::order;
use crate::format::time::{self, Time};
use crate::message::alert::Alert;
use crate::message::dropped::Dropped;
use crate::os::clock;
use crate::os::ffi;
use crate::state::dropped::Loss;
use crate::state::entry::Entry;
use crate::state::local;
use crate::state::local::spool::time_of;
use crate::state::moved::Moved;
use crate::state::queue::{Left, Look};
use crate::state::rate::Pace;
use crate::state::turn::{Claim, Turn};

/// Names queues alike on all hosts. The identities of destinations are long and random where they are secret.
const KEYS: [&[u8; 16]; 2] = [b"pipeline-notify0", b"pipeline-notify1"];

/// How long to try to note that alerts were sent: without the note they are sent again.
const REMOVAL: Duration = Duration::from_secs(8);

/// How often to change a text anew that others change meanwhile.
const TRIES: u32 = 5;

/// The alerts that wait for one destination.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(super) address: Arc<Address>,
    pub(super) name: String,
    /// The queue on this host that stands in for it, where there is a place for one.
    pub(crate) aside: Option<local::queue::Queue>,
}

/// Names the queue of a destination, so that only those who know the destination find it.
pub(crate) fn name(channel: &str, identity: &str) -> String {
    let [one, other] = KEYS.map(|key| hash::keyed_hash(key, identity));
    format!("{channel}-{one:016x}{other:016x}")
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.name).finish()
    }
}

impl PartialEq for Queue {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Queue {}

impl PartialOrd for Queue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

const HELD: &str = "SELECT a.name, a.body FROM pn.alert a WHERE a.queue = $1::text AND a.state = 'held' ORDER BY a.name";

/// Lets a held alert leave. One that was withdrawn meanwhile is not there any more.
const LEAVE: &str = "UPDATE pn.alert SET state = 'waits', name = $3::text \
    WHERE queue = $1::text AND name = $2::text AND state = 'held' RETURNING 1::text";

impl Queue {
    fn link(&self) -> Arc<Link> {
        Link::of(&self.address)
    }

    /// Asks by its name, which is the first value.
    fn ask(&self, statement: &str, values: &[&str]) -> io::Result<Rows> {
        let values = [&[&*self.name], values].concat();
        Ok(self.link().ask_now(statement, &values)?)
    }

    /// Asks for one text; `None` where there is no such row.
    fn ask_for(&self, statement: &str, values: &[&str]) -> io::Result<Option<String>> {
        Ok(self.ask(statement, values)?.into_iter().flatten().next())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn put(&self, alert: &Alert, content: &str) -> io::Result<Entry> {
        let entry = Entry::of(alert);
        self.place(&alert.job, entry.name(), "waits", content)?;
        Ok(entry)
    }

    #[cfg(test)]
    pub(crate) fn hold(&self, content: &str, name: &str) -> io::Result<()> {
        let alert = Alert::parse(content).ok_or(io::ErrorKind::InvalidData)?;
        self.place(&alert.job, name, "held", content)
    }

    fn place(&self, job: &str, name: &str, state: &str, content: &str) -> io::Result<()> {
        const PUT: &str = "WITH q AS (INSERT INTO pn.queue (name) VALUES ($1::text) ON CONFLICT DO NOTHING) \
            INSERT INTO pn.alert (queue, job, name, state, body) \
            VALUES ($1::text, $2::text, $3::text, $4::text, $5::text) ON CONFLICT DO NOTHING";
        let job = crate::job::name::file_name(job);
        self.ask(PUT, &[&job, name, state, content]).map(drop)
    }

    pub(crate) fn release_to(&self, now: Time, left: &mut Vec<Entry>) -> io::Result<Option<Time>> {
        let mut next = None;
        let mut later = |until: Time| next = Some(next.map_or(until, |next: Time| next.min(until)));
        let mut planned = None;
        for row in self.ask(HELD, &[])? {
            let [name, body] = &*row else { continue };
            let Some(until) = time_of(name) else { continue };
            if until > now {
                later(until);
                continue;
            }
            let alert = Alert::parse(body);
            let planned =
                planned.get_or_insert_with(|| plans::read(&self.link()).unwrap_or_default());
            let quiet = alert
                .as_ref()
                .and_then(|alert| planned.quiet(&alert.job, 0, now));
            if let Some(quiet) = quiet {
                later(quiet.until);
                continue;
            }
            // What cannot be read is for the sender to put aside, and to warn of.
            let Some(entry) = Entry::of_held(name, alert.as_ref()) else {
                continue;
            };
            if !self.ask(LEAVE, &[name, entry.name()])?.is_empty() {
                left.push(entry);
            }
        }
        Ok(next)
    }

    pub(super) fn is_held(&self, name: &str) -> bool {
        self.ask(HELD, &[])
            .is_ok_and(|rows| rows.iter().any(|row| row[0] == name))
    }

    pub(crate) fn adopt(&self, other: &Self) -> io::Result<usize> {
        const ADOPT: &str = "UPDATE pn.alert SET queue = $2::text WHERE queue = $1::text AND state = 'waits' RETURNING 1::text";
        other.release_to(DateTime::<chrono::Utc>::MAX_UTC, &mut Vec::new())?;
        if other.list().is_empty() {
            return Ok(0);
        }
        let turn = other.turn()?;
        if matches!(turn, Turn::Others) {
            return Err(io::Error::other(
                "another process sends from that queue now",
            ));
        }
        Ok(other.ask(ADOPT, &[&self.name])?.len())
    }

    /// Returns whether alerts waited or were held here as this process began.
    pub(crate) fn left(&self) -> Left {
        self.link().runs.lock().left_in(&self.name)
    }

    /// Makes its row, so that it can be taken turns at.
    pub(super) fn make(&self) -> io::Result<()> {
        const MAKE: &str = "INSERT INTO pn.queue (name) VALUES ($1::text) ON CONFLICT DO NOTHING";
        self.ask(MAKE, &[]).map(drop)
    }

    pub(crate) fn list(&self) -> Vec<Entry> {
        const LIST: &str =
            "SELECT a.name FROM pn.alert a WHERE a.queue = $1::text AND a.state = 'waits'";
        let rows = self.ask(LIST, &[]).unwrap_or_default().into_iter();
        entries(rows.filter_map(|row| row.into_iter().next()))
    }

    pub(crate) fn look(&self, now: Time) -> Look {
        const LOOK: &str = "SELECT q.pace, q.moved, q.loss, (SELECT string_agg(a.name, ' ') FROM pn.alert a \
            WHERE a.queue = q.name AND a.state = 'waits') FROM pn.queue q WHERE q.name = $1::text";
        let rows = self.ask(LOOK, &[]).unwrap_or_default();
        let mut texts = rows.into_iter().flatten();
        let mut next = || texts.next().unwrap_or_default();
        Look {
            pace: parse_pace(&next(), now),
            moved: Moved::parse(&next()),
            loss: Some(Loss::parse(&next()).dropped),
            waiting: entries(next().split_whitespace().map(str::to_owned)),
        }
    }

    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        self.body(entry).is_ok_and(|body| body.is_some())
    }

    fn body(&self, entry: &Entry) -> io::Result<Option<String>> {
        const BODY: &str = "SELECT a.body FROM pn.alert a WHERE a.queue = $1::text AND a.name = $2::text AND a.state = 'waits'";
        self.ask_for(BODY, &[entry.name()])
    }

    pub(crate) fn take_all(&self, entries: &[Entry]) -> Vec<io::Result<Option<(Alert, Claim)>>> {
        // Who was cut off from the store for long may have lost the turn.
        const BODIES: &str = "SELECT a.name, a.body FROM pn.alert a JOIN pn.queue q ON q.name = a.queue \
            WHERE a.queue = $1::text AND a.state = 'waits' AND q.token <> '' AND q.sender = $3::text::bigint \
            AND a.name IN (SELECT jsonb_array_elements_text($2::text::jsonb))";
        let own = self.link().process.to_string();
        let Ok(rows) = self.ask(BODIES, &[&names(entries), &own]) else {
            // They wait on.
            return entries.iter().map(|_| Ok(None)).collect();
        };
        let taken = entries.iter().map(|entry| {
            let row = rows.iter().find(|row| row[0] == entry.name());
            row.map(|row| taken(&row[1])).transpose()
        });
        taken.collect()
    }

    pub(crate) fn take(&self, entry: &Entry) -> io::Result<Option<(Alert, Claim)>> {
        self.body(entry)?.map(|body| taken(&body)).transpose()
    }

    pub(crate) fn read(&self, entry: &Entry) -> io::Result<Option<Alert>> {
        Ok(self.body(entry)?.and_then(|body| Alert::parse(&body)))
    }

    pub(crate) fn remove_all(&self, entries: &[Entry]) -> io::Result<()> {
        const REMOVE: &str = "DELETE FROM pn.alert WHERE queue = $1::text AND state = 'waits' \
            AND name IN (SELECT jsonb_array_elements_text($2::text::jsonb))";
        let values = [&*self.name, &names(entries)];
        // The destination has them: whoever waited in vain before, this is tried, within the lease.
        let until = Instant::now() + ffi::within(REMOVAL);
        self.link().insist(REMOVE, &values, until)?;
        Ok(())
    }

    pub(crate) fn reject(&self, entry: &Entry, reason: &str) -> io::Result<PathBuf> {
        const REJECT: &str = "UPDATE pn.alert SET state = 'rejected', reason = $3::text \
            WHERE queue = $1::text AND name = $2::text";
        self.ask(REJECT, &[entry.name(), reason])?;
        Ok(PathBuf::from(&self.name).join(entry.name()))
    }

    #[cfg(feature = "cli")]
    pub(crate) fn rejection(&self, entry: &Entry) -> io::Result<Option<String>> {
        const REASON: &str = "SELECT a.reason FROM pn.alert a WHERE a.queue = $1::text AND a.name = $2::text AND a.state = 'rejected'";
        self.ask_for(REASON, &[entry.name()])
    }

    /// Removes them and counts them, both or neither.
    pub(crate) fn give_up(&self, entries: &[Entry], _deadline: Option<Instant>) -> io::Result<()> {
        const GIVE_UP: &str = "WITH ok AS (UPDATE pn.queue SET loss = $4::text WHERE name = $1::text AND loss = $3::text RETURNING 1), \
            gone AS (DELETE FROM pn.alert a USING ok WHERE a.queue = $1::text AND a.state = 'waits' \
            AND a.name IN (SELECT jsonb_array_elements_text($2::text::jsonb)) RETURNING 1) \
            SELECT count(*)::text FROM ok";
        for _ in 0..TRIES {
            let there = self.list();
            let given_up: Vec<_> = entries
                .iter()
                .filter(|entry| there.contains(entry))
                .cloned()
                .collect();
            if given_up.is_empty() {
                return Ok(());
            }
            let before = self.text("loss")?;
            let mut loss = Loss::parse(&before);
            loss.count(&given_up);
            loss.going.clear();
            let names = names(&given_up);
            let done = self.ask(GIVE_UP, &[&names, &before, &loss.render()])?;
            if done.first().is_some_and(|row| row[0] == "1") {
                return Ok(());
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn loss(&self) -> io::Result<Loss> {
        self.text("loss").map(|text| Loss::parse(&text))
    }

    pub(crate) fn loss_to_report(&self) -> io::Result<Dropped> {
        self.text("loss").map(|text| Loss::parse(&text).dropped)
    }

    pub(crate) fn loss_sent(&self, said: &Dropped) -> io::Result<()> {
        const TAKE_OFF: &str = "UPDATE pn.queue SET loss = $3::text WHERE name = $1::text AND loss = $2::text RETURNING 1::text";
        for _ in 0..TRIES {
            let before = self.text("loss")?;
            let mut loss = Loss::parse(&before);
            loss.take_off(said);
            let after = if loss.is_empty() {
                String::new()
            } else {
                loss.render()
            };
            if !self.ask(TAKE_OFF, &[&before, &after])?.is_empty() {
                return Ok(());
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    pub(crate) fn pace(&self, now: Time) -> Pace {
        parse_pace(&self.text("pace").unwrap_or_default(), now)
    }

    /// Who writes it has the turn, which lasts on.
    pub(crate) fn set_pace(&self, pace: &Pace) -> io::Result<()> {
        const PACE: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
            UPDATE pn.queue q SET pace = $2::text, lease = clock_timestamp() + interval '12 s' FROM s \
            WHERE s.a IS NOT NULL AND q.name = $1::text";
        self.ask(PACE, &[&pace.render()]).map(drop)
    }

    pub(crate) fn moved(&self) -> Moved {
        self.text("moved")
            .map(|text| Moved::parse(&text))
            .unwrap_or_default()
    }

    pub(crate) fn set_moved(&self, moved: &Moved) -> io::Result<()> {
        const MOVED: &str = "UPDATE pn.queue SET moved = $2::text WHERE name = $1::text";
        self.ask(MOVED, &[&moved.render()]).map(drop)
    }

    pub(crate) fn handle(&self, key: &str) -> io::Result<Option<String>> {
        const HANDLE: &str = "SELECT a.body FROM pn.alert a WHERE a.queue = $1::text AND a.name = $2::text AND a.state = 'handle'";
        self.ask_for(HANDLE, &[key])
    }

    pub(crate) fn set_handle(&self, key: &str, text: &str) -> io::Result<()> {
        const KEEP: &str = "INSERT INTO pn.alert (queue, name, job, state, body, reason) \
            VALUES ($1::text, $2::text, '', 'handle', $3::text, $4::text) \
            ON CONFLICT (queue, name) DO UPDATE SET body = EXCLUDED.body, reason = EXCLUDED.reason";
        self.ask(KEEP, &[key, text, &time::show(clock::now())])
            .map(drop)
    }

    /// Forgets the messages to which nothing was sent for so long. What cannot be removed is tried again with the next
    /// message.
    pub(crate) fn forget_stale_handles(&self, now: Time) {
        const STALE: &str = "DELETE FROM pn.alert WHERE queue = $1::text AND state = 'handle' \
            AND reason <> '' AND reason < $2::text COLLATE \"C\"";
        let age = TimeDelta::from_std(local::queue::handles::STALE);
        if let Some(limit) = age.ok().and_then(|age| now.checked_sub_signed(age)) {
            let _ = self.ask(STALE, &[&time::show(limit)]);
        }
    }

    pub(crate) fn forget_handle(&self, key: &str) -> io::Result<()> {
        const FORGET: &str =
            "DELETE FROM pn.alert WHERE queue = $1::text AND name = $2::text AND state = 'handle'";
        self.ask(FORGET, &[key]).map(drop)
    }

    fn text(&self, column: &str) -> io::Result<String> {
        let statement = format!("SELECT q.{column} FROM pn.queue q WHERE q.name = $1::text");
        self.ask_for(&statement, &[]).map(Option::unwrap_or_default)
    }
}

/// Reads an alert for sending. The turn keeps all others from it.
fn taken(body: &str) -> io::Result<(Alert, Claim)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "not an alert");
    let alert = Alert::parse(body).ok_or_else(damaged)?;
    Ok((alert, Claim(Box::new(()))))
}

fn entries(names: impl Iterator<Item = String>) -> Vec<Entry> {
    let mut entries: Vec<_> = names.filter_map(Entry::parse).collect();
    order::sort(&mut entries);
    entries
}

fn parse_pace(text: &str, now: Time) -> Pace {
    if text.is_empty() {
        Pace::new(now)
    } else {
        Pace::parse(text, now)
    }
}

fn names(entries: &[Entry]) -> String {
    entries.iter().map(Entry::name).collect::<Value>().text()
}
