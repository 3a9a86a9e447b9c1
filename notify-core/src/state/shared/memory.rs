//! What this process knows of its jobs, so that a silent run need not ask the store: write-behind.
//!
//! A run that says nothing new changes memory alone, for a second after the job was exchanged with the store. The
//! background thread writes what has come together, for all jobs in one statement, where nobody else has changed
//! them meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::fault::Fault;
use super::link::Link;
use super::session::{Client, Rows, columns};
use super::transaction::Row;
use crate::format::hash;
use crate::format::json::{Value, object};
use crate::format::time::{Micros, Time};
use crate::os::clock;
use crate::os::random;
use crate::rules::Past;
use crate::state::local::memory::{Alike, Job, Shown};
use crate::state::local::silences::Silences;
use crate::state::{Access, Again, Decide, Repeat, Seen};
use crate::status::Status;

/// For so long after an exchange a silent run may stay in memory.
const STAY: Duration = Duration::from_secs(1);
const STAY_MICROS: Micros = 1_000_000;

/// What has stayed there for so long is written.
const DUE: Duration = Duration::from_millis(700);

/// What no run has used for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// A job as this process last left it.
pub(super) struct Known {
    job: Job,
    /// The change that wrote what is in the store.
    id: String,
    exchanged: Instant,
    is_being_written: bool,
    /// The writes of its runs of which it is not known yet whether they were made: one of them at most was.
    asked: Vec<Asked>,
    /// Whether the store has runs of others beside those of this process.
    is_merged: bool,
}

/// A write that the store was asked for: its answer may still be on its way, or lost.
struct Asked {
    /// The change that it is to replace.
    seen: String,
    id: String,
    /// How many runs of those in memory it writes.
    runs: u64,
}

const READ: &str = "SELECT j.name, j.change, j.status FROM pn.job j \
    WHERE j.name IN (SELECT jsonb_array_elements_text($1::text::jsonb))";

/// Writes them, where nobody has changed them meanwhile. One that somebody else has locked holds up no other.
const WRITE: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a), \
    x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS x(name text, seen text, id text, status text)), \
    free AS MATERIALIZED (SELECT j.name FROM pn.job j WHERE j.name IN (SELECT x.name FROM x) FOR UPDATE OF j SKIP LOCKED) \
    UPDATE pn.job j SET change = x.id, status = x.status, written = clock_timestamp() \
    FROM s, x JOIN free USING (name) \
    WHERE s.a IS NOT NULL AND j.name = x.name AND j.change = x.seen RETURNING j.name, j.change";

/// The pauses at the exit, in milliseconds, before what others have changed or locked meanwhile is written again.
const PAUSES_MS: [u64; 4] = [0, 20, 100, 500];

/// What is written of a job.
struct Written {
    name: String,
    seen: String,
    id: String,
    status: Box<Status>,
}

impl Known {
    pub(super) fn new(name: &str, status: Status, id: &str, exchanged: Instant) -> Self {
        Self {
            job: Job::new(name, status, id_of(id), (exchanged, 0), exchanged, None),
            id: id.to_owned(),
            exchanged,
            is_being_written: false,
            asked: Vec::new(),
            is_merged: false,
        }
    }

    /// Remembers a job as it was read from the store, which is not to be asked for it by now. No run stays with that.
    pub(super) fn seen(name: &str, row: &Row, at: Instant) -> Option<Self> {
        let status = row.past.status()?.clone();
        Some(Self::new(name, status, &row.change, at.checked_sub(STAY)?))
    }

    /// Returns what is known of the job; nothing, where an alert of it is held in the store.
    pub(super) fn past(&mut self) -> Option<&Past> {
        self.job.catch_up();
        let past = self.job.past();
        let is_open = past.status().is_some_and(|status| status.held.is_none());
        is_open.then_some(past)
    }

    fn is_behind(&self) -> bool {
        self.job.is_behind()
    }

    /// Returns whether its runs may stay in memory.
    fn is_young(&self, at: Instant) -> bool {
        at.saturating_duration_since(self.exchanged) < STAY
    }

    /// Takes it out of the memory of the jobs, where no write finds it: makes it what its last run has made of it.
    pub(super) fn taken(mut self) -> Self {
        self.job.catch_up();
        self.is_being_written = false;
        self
    }

    /// Finds out from what the store shows of the job whether a write was made, whose runs are not to be added once more.
    fn settle(&mut self, id: &str, past: &Past) {
        let asked = self.asked.iter().position(|asked| asked.id == id);
        if let (Some(asked), Some(status)) = (asked, past.status()) {
            let Asked { seen, id, runs } = self.asked.swap_remove(asked);
            self.job.is_written(Shown::of(status), id_of(&id), runs);
            self.is_merged |= seen != self.id;
            self.id = id;
            // They were to replace the same change.
            self.asked.clear();
        }
    }

    /// Returns whether it is all that there is to know of the job, as long as nobody else changes it.
    fn is_whole(&self) -> bool {
        let status = self.job.past().status();
        !self.is_merged && status.is_some_and(|status| status.held.is_none())
    }

    /// Returns what a change of the job may be decided by, as long as nobody else changes it.
    pub(super) fn row(&self, link: &Link) -> Option<Row> {
        let planned = link.planned().filter(|_| self.is_whole())?;
        Some(Row {
            change: self.id.clone(),
            past: self.job.past().clone(),
            planned,
            held: Vec::new(),
        })
    }

    /// Adds to what was read from the store the runs that are in memory alone. A store that shows less than this process
    /// has left there was set back, as where a replica was promoted that lacked the last changes, or a backup was restored:
    /// what this process knows counts. One that a person has had forgotten has a change there still.
    pub(super) fn correct(&mut self, past: Past, id: &str, now: Time) -> Past {
        self.settle(id, &past);
        let is_set_back = |status: &Status| self.job.has_left_later_than(status);
        let is_known = if id == self.id {
            self.is_whole()
        } else {
            past.status().map_or(id.is_empty(), is_set_back)
        };
        if is_known {
            return self.job.past().clone();
        }
        self.job.correct(past, Some(id_of(id)), now)
    }
}

/// Reads an id, which is a number.
fn id_of(id: &str) -> [u8; 8] {
    u64::from_str_radix(id, 16)
        .unwrap_or_default()
        .to_be_bytes()
}

impl Shared {
    /// Ends a run in memory alone, where it repeats the one before and may stay there; returns whether it does.
    pub(crate) fn repeat(&self, job: &str, run: &Repeat<'_>) -> bool {
        let link = self.link();
        let mut memory = link.memory.lock();
        let stays = |known: &&mut Known| {
            known.is_young(run.at)
                && known.job.is_repeated_by(run)
                && run.ends.is_none_or(|ended| link.is_own(ended))
        };
        let Some(known) = memory.get_mut(job).filter(stays) else {
            return false;
        };
        if let Some(run) = run.ends {
            link.runs.lock().end(run.offset);
        }
        known.job.add_repeat(run);
        true
    }

    /// Ends a run in memory alone, where it may stay there; returns whether it does.
    pub(super) fn stays_in_memory(
        link: &Link,
        job: &str,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> bool {
        let mut memory = link.memory.lock();
        let Some(known) = memory.get_mut(job) else {
            return false;
        };
        if !known.is_young(at) {
            return false;
        }
        known.job.catch_up();
        // What only planned quiet keeps from being sent is for the store to say.
        let (now, none_planned) = (clock::now(), Silences::default());
        let change = decide(&Seen {
            past: known.job.past(),
            now,
            access: Access::Alone,
            planned: Some(&none_planned),
        });
        let Some(change) = change else { return true };
        let is_own = change.ends.as_ref().is_none_or(|run| link.is_own(run));
        if !is_own || !change.is_nothing_new(known.job.past()) {
            return false;
        }
        if let Some(run) = &change.ends {
            link.runs.lock().end(run.offset);
        }
        if let Some(status) = change.status {
            let until = now.timestamp_micros() + STAY_MICROS;
            known.job.alike = again.and_then(|again| Alike::of(again, &status, until));
            known.job.add_silent(status);
        }
        true
    }

    /// Writes all that silent runs have changed in memory alone, at the exit.
    pub(crate) fn flush(&self) {
        let link = self.link();
        let until = super::link::deadline();
        self.record_late();
        self.erase_ended(until);
        for pause in PAUSES_MS {
            std::thread::sleep(Duration::from_millis(pause));
            let behind = take_behind(&link, Duration::ZERO, Instant::now());
            if behind.is_empty() && !link.memory.lock().values().any(Known::is_behind) {
                return;
            }
            let rows = link.ask(READ, &[&names(&behind)], until);
            let rows = rows.map(|rows| corrected(&link, rows));
            let written = rows.and_then(|all| {
                let written = link.ask(WRITE, &[&values(&all)], until)?;
                Ok((all, written))
            });
            let is_lost = written.is_err();
            let (all, written) = written.unwrap_or_default();
            put_back(&link, &all, &behind, written);
            if is_lost {
                return;
            }
        }
    }

    pub(crate) fn is_behind(&self) -> Option<bool> {
        let link = self.link();
        let memory = link.memory.try_lock()?;
        let runs = link.runs.try_lock()?;
        Some(runs.is_behind() || memory.values().any(Known::is_behind))
    }
}

/// Returns whether runs are to be written by now, and forgets jobs that no run has used for long.
pub(super) fn is_due(link: &Link, now: Instant) -> bool {
    let Some(mut memory) = link.memory.try_lock() else {
        return false;
    };
    let age = |known: &Known| now.saturating_duration_since(known.exchanged);
    memory.retain(|_, known| known.job.is_behind() || age(known) < FORGOTTEN);
    let is_due =
        |known: &Known| known.job.is_behind() && !known.is_being_written && age(known) >= DUE;
    memory.values().any(is_due)
}

pub(super) async fn write_behind(link: Arc<Link>, client: Arc<Client>) -> Result<(), Fault> {
    let behind = take_behind(&link, DUE, Instant::now());
    let asked = async {
        let rows = link.ask_by(&client, READ, &[&names(&behind)]).await?;
        let all = corrected(&link, rows);
        let written = link.ask_by(&client, WRITE, &[&values(&all)]).await?;
        Ok((all, written))
    };
    match asked.await {
        Ok((all, written)) => {
            put_back(&link, &all, &behind, written);
            Ok(())
        }
        Err(fault) => {
            put_back(&link, &[], &behind, Vec::new());
            Err(fault)
        }
    }
}

/// Takes the names of the jobs of which runs have been in memory alone for so long.
fn take_behind(link: &Link, age: Duration, now: Instant) -> Vec<String> {
    let mut memory = link.memory.lock();
    let is_due = |known: &Known| {
        known.job.is_behind()
            && !known.is_being_written
            && now.saturating_duration_since(known.exchanged) >= age
    };
    let due = memory.iter_mut().filter(|(_, known)| is_due(known));
    due.map(|(name, known)| {
        known.is_being_written = true;
        name.clone()
    })
    .collect()
}

fn names(behind: &[String]) -> String {
    behind.iter().collect::<Value>().text()
}

/// Adds to what was read the runs that are in memory.
fn corrected(link: &Link, rows: Rows) -> Vec<Written> {
    let mut memory = link.memory.lock();
    let now = clock::now();
    let rows = rows.into_iter().filter_map(columns);
    let written = rows.filter_map(|[name, seen, status]| {
        let known = memory.get_mut(&name)?;
        known.job.catch_up();
        let past = Past::Known(Box::new(Status::parse(&status)?));
        let Past::Known(status) = known.correct(past, &seen, now) else {
            return None;
        };
        let id = hash::hex(random::number());
        known.asked.push(Asked {
            seen: seen.clone(),
            id: id.clone(),
            runs: known.job.runs_behind(),
        });
        Some(Written {
            name,
            seen,
            id,
            status,
        })
    });
    written.collect()
}

fn values(all: &[Written]) -> String {
    let rows = all.iter().map(|one| {
        let status = one.status.render().replace('\0', "\u{fffd}");
        object! { "name": &one.name, "seen": &one.seen, "id": &one.id, "status": status }
    });
    rows.collect::<Value>().text()
}

/// Notes what was written. A job that others have changed is forgotten: its next run asks the store.
fn put_back(link: &Link, all: &[Written], behind: &[String], written: Rows) {
    let mut memory = link.memory.lock();
    let written: Vec<_> = written.into_iter().filter_map(columns).collect();
    for name in behind {
        let Some(known) = memory.get_mut(name) else {
            continue;
        };
        known.is_being_written = false;
        let Some(one) = all.iter().find(|one| one.name == *name) else {
            continue;
        };
        let Some(asked) = known.asked.iter().position(|asked| asked.id == one.id) else {
            continue;
        };
        if written.iter().any(|[of, id]| (of, id) == (name, &one.id)) {
            let now = Instant::now();
            // Where the job has another status by now, the next run asks the store.
            let exchanged = if known.job.is_of(&one.status) {
                Some(now)
            } else {
                now.checked_sub(STAY)
            };
            known.settle(&one.id, &Past::Known(one.status.clone()));
            known.exchanged = exchanged.unwrap_or(known.exchanged);
        } else {
            known.asked.swap_remove(asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::time;
    use crate::status::State;

    #[test]
    fn a_run_of_another_host_that_began_before_is_counted_and_a_store_that_was_set_back_is_known_by_what_it_lacks()
     {
        let at = |second: i64| time::from_micros(second * 1_000_000);
        let status = |begun, runs| Status {
            since: at(1),
            runs,
            runs_total: runs,
            ..Status::new(State::Ok, at(begun))
        };
        for (runs, expected) in [(6, 6), (4, 5)] {
            let mut known = Known::new("etl", status(50, 5), "1", Instant::now());
            let past = Past::Known(Box::new(status(40, runs)));
            let past = known.correct(past, "2", at(60));
            assert_eq!(past.status().unwrap().runs_total, expected);
        }
    }
}
