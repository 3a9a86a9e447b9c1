//! A change of a job: one statement, which makes it whole where the job's last change is still the one that was
//! seen, and otherwise answers what is there.
//!
//! A change is known by its random id. Where the answer is lost, the history says whether it was made.

use std::io;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Shared;
use super::fault::Fault;
use super::life;
use super::link::{Link, deadline};
use super::memory::Known;
use super::session::{Rows, row};
use crate::format::hash;
use crate::message::alert::Alert;
use crate::os::random;
use crate::rules::Past;
use crate::state::change::{Change, RunKey, Texts};
use crate::state::entry::Entry;
use crate::state::history;
use crate::state::unwritten;
use crate::state::{Access, Again, Committed, Decide, Queued, Seen};
use crate::status::Status;

/// So often a change is decided anew where others are faster.
const TRIES: u32 = 5;

/// After so many it pauses, for up to this time.
const PATIENT_TRIES: u32 = 2;
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How soon to look again whether the store is back, for a change whose answer is lost.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Reads what is known of a job: the id of its last change, its status, and which alerts of it are held.
pub(super) const READ: &str = "SELECT coalesce(j.change, ''), coalesce(j.status, ''), \
    (SELECT coalesce(jsonb_agg(a.queue || '/' || a.name), '[]')::text FROM pn.alert a \
    WHERE a.job = n.name AND a.state = 'held') \
    FROM (SELECT $1::text AS name) n LEFT JOIN pn.job j ON j.name = n.name";

/// Makes a change. The values: 1 whether it must outlive a power cut, 2 the job, 3 the change that was seen, 4 the
/// new one, 5 the status, 6 alerts, 7 held alerts that go, 8 the line of the history, 9 and 10 the run that ends,
/// 11 whether that run is `own`, `gone` or none, 12 held alerts that were seen, 13 whether the job goes.
const CHANGE: &str = "\
WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', $1::text, true) AS a, set_config('lock_timeout', '1500', true) AS b), \
cur AS MATERIALIZED (SELECT j.change, j.status FROM pn.job j, s \
  WHERE j.name = $2::text AND s.a IS NOT NULL AND s.b IS NOT NULL FOR UPDATE OF j), \
held AS MATERIALIZED (SELECT a.name FROM pn.alert a WHERE a.job = $2::text AND a.state = 'held' \
  AND a.queue || '/' || a.name IN (SELECT jsonb_array_elements_text($12::text::jsonb)) FOR UPDATE OF a), \
gone AS MATERIALIZED (SELECT r.number FROM pn.run r WHERE $11::text = 'gone' AND r.process = nullif($9::text, '')::bigint \
  AND r.number = nullif($10::text, '')::bigint AND r.missing IS NOT NULL FOR UPDATE OF r), \
ok AS MATERIALIZED (SELECT 1 AS one FROM s WHERE coalesce((SELECT change FROM cur), '') = $3::text \
  AND (SELECT count(*) FROM held) = jsonb_array_length($12::text::jsonb) \
  AND ($11::text <> 'gone' OR EXISTS (SELECT FROM gone))), \
new AS (INSERT INTO pn.job AS t (name, change, status) SELECT $2::text, $4::text, coalesce($5::text, '') FROM ok WHERE $13::text = '' \
  ON CONFLICT (name) DO UPDATE SET change = $4::text, status = coalesce($5::text, t.status), written = clock_timestamp() \
  WHERE t.change = $3::text RETURNING 1 AS one), \
off AS (DELETE FROM pn.job j USING ok WHERE $13::text <> '' AND j.name = $2::text AND j.change = $3::text RETURNING 1 AS one), \
won AS MATERIALIZED (SELECT one FROM new UNION ALL SELECT one FROM off), \
q AS (INSERT INTO pn.queue (name) SELECT DISTINCT x.queue FROM won, jsonb_to_recordset($6::text::jsonb) AS x(queue text) \
  ON CONFLICT DO NOTHING), \
a AS (INSERT INTO pn.alert (queue, name, job, state, body) SELECT x.queue, x.name, $2::text, x.state, x.body \
  FROM won, jsonb_to_recordset($6::text::jsonb) AS x(queue text, name text, state text, body text) ON CONFLICT DO NOTHING), \
w AS (DELETE FROM pn.alert a USING won WHERE a.state = 'held' \
  AND a.queue || '/' || a.name IN (SELECT jsonb_array_elements_text($7::text::jsonb))), \
h AS (INSERT INTO pn.history (job, change, line) SELECT $2::text, $4::text, $8::text FROM won WHERE $8::text <> '' AND $13::text = ''), \
f AS (DELETE FROM pn.history h USING won WHERE $13::text <> '' AND h.job = $2::text), \
r AS (DELETE FROM pn.run r USING won WHERE $11::text <> '' AND r.process = nullif($9::text, '')::bigint \
  AND r.number = nullif($10::text, '')::bigint) \
SELECT EXISTS (SELECT FROM won)::text, ($11::text <> 'gone' OR EXISTS (SELECT FROM gone))::text, \
  coalesce((SELECT change FROM cur), ''), coalesce((SELECT status FROM cur), '')";

/// Tells whether a change was made whose answer is lost.
const WAS_MADE: &str = "SELECT (EXISTS (SELECT FROM pn.job j WHERE j.name = $1::text AND j.change = $2::text) \
    OR EXISTS (SELECT FROM pn.history h WHERE h.job = $1::text AND h.change = $2::text))::text";

/// What is known of a job.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The id of its last change; empty where there was none.
    pub(super) change: String,
    pub(super) status: String,
    /// Its held alerts, each with its queue.
    held: Vec<String>,
}

/// What became of an attempt.
pub(super) enum Attempt {
    Made,
    /// Others have changed the job.
    Stale,
    /// The run that it was to end was reported already.
    Reported,
}

impl Row {
    /// Asks for what is known of a job.
    pub(super) fn of(link: &Link, job: &str, until: Instant) -> Result<Self, Fault> {
        let rows = link.ask(READ, vec![Some(job.to_owned())], until)?;
        Ok(Self::read(rows).unwrap_or_default())
    }

    pub(super) fn read(rows: Rows) -> Option<Self> {
        let [change, status, held] = row(rows)?;
        let held = serde_json::from_str(&held).unwrap_or_default();
        Some(Self {
            change,
            status,
            held,
        })
    }

    pub(super) fn past(&self) -> Past {
        if self.status.is_empty() {
            return Past::Missing;
        }
        Status::parse(&self.status).map_or(Past::Unreadable, |status| Past::Known(Box::new(status)))
    }
}

impl Shared {
    /// Changes a job: in memory alone, where its run tells nothing new and may stay there; else by one
    /// statement, as often as others are faster.
    pub(crate) fn update(
        &self,
        job: &str,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> io::Result<Committed> {
        let link = self.link();
        if self.stays_in_memory(&link, job, at, &mut *decide, again) {
            return Ok(Committed::default());
        }
        let known = link.memory().remove(job).map(Known::caught_up);
        let mut seen = link.runs().ahead.remove(job);
        let done = self.exchange(&link, job, known.as_ref(), at, &mut seen, decide);
        // What is in memory alone stays there, where the store was not changed; and what was seen of the job is
        // what is known of it, where the store cannot be asked.
        if !matches!(done, Ok(Some(_))) {
            let seen = seen.filter(|_| done.is_err());
            let known = known.or_else(|| seen.and_then(|row| Known::seen(job, &row, at)));
            link.memory()
                .extend(known.map(|known| (job.to_owned(), known)));
        }
        let exchanged = Committed {
            is_exchanged: true,
            ..Committed::default()
        };
        Ok(done?.unwrap_or(exchanged))
    }

    /// Has the store make a change; `None` where there is nothing to change.
    fn exchange(
        &self,
        link: &Link,
        job: &str,
        known: Option<&Known>,
        at: Instant,
        seen: &mut Option<Row>,
        decide: Decide<'_>,
    ) -> Result<Option<Committed>, Fault> {
        let until = deadline();
        for tried in 0..TRIES {
            let seen = match seen {
                Some(row) => row,
                None => seen.insert(Row::of(link, job, until)?),
            };
            let (past, guarded) = self.settle_held(seen);
            let past = match known {
                Some(known) => known.correct(past, &seen.change, self.now()),
                None => past,
            };
            let past = self.correct_by_local(job, unwritten::correct(job, past));
            let now = self.now();
            let change = decide(&Seen {
                past: &past,
                now,
                access: Access::Alone,
            });
            let Some(change) = change else {
                return Ok(None);
            };
            let id = hash::hex(random::number());
            let asked = Asked {
                job,
                seen,
                id: &id,
                change: &change,
                past: &past,
                guarded: &guarded,
            };
            match asked.make(link, until)? {
                Attempt::Made => {
                    self.forget_local(job);
                    return Ok(Some(committed(link, job, &id, change, at)));
                }
                Attempt::Reported => return Ok(None),
                Attempt::Stale => {}
            }
            if tried >= PATIENT_TRIES {
                std::thread::sleep(LONGEST_PAUSE.mul_f64(random::jitter()));
            }
            *seen = Row::of(link, job, until)?;
        }
        Err(Fault::Later(
            "others change the job all the time".to_owned(),
        ))
    }

    /// Finds out whether an alert that was held has left, or is to leave by now: then people hear of it.
    /// Returns those that are held still, which the change must find so.
    fn settle_held(&self, seen: &Row) -> (Past, Vec<String>) {
        let past = seen.past();
        let Some(held) = past.status().and_then(|status| status.held.clone()) else {
            return (past, Vec::new());
        };
        let mut there = seen.held.clone();
        if held.until <= self.now() {
            let queues = held.alerts.iter().filter_map(|alert| alert.split_once('/'));
            for (queue, name) in queues {
                let queue = self.queue(queue);
                // Where it cannot, it leaves with the next sender.
                if queue.release_to(self.now(), &mut Vec::new()).is_ok() && !queue.is_held(name) {
                    there.clear();
                }
            }
        }
        if held.alerts.iter().all(|alert| there.contains(alert)) {
            return (past, held.alerts);
        }
        let left = past.status().map(|status| status.after_leaving(&held));
        let past = left.map_or(past, |status| Past::Known(Box::new(status)));
        (past, Vec::new())
    }

    /// Writes a status of which people are told nothing.
    pub(crate) fn amend(
        &self,
        job: &str,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        let link = self.link();
        let until = deadline();
        for _ in 0..TRIES {
            let seen = Row::of(&link, job, until)?;
            let past = seen.past();
            let Some(status) = past.status().and_then(&mut *change) else {
                return Ok(());
            };
            link.memory().remove(job);
            link.runs().ahead.remove(job);
            let change = Change {
                noted: Some(status),
                ..Change::default()
            };
            let id = hash::hex(random::number());
            let asked = Asked {
                job,
                seen: &seen,
                id: &id,
                change: &change,
                past: &past,
                guarded: &[],
            };
            if matches!(asked.make(&link, until)?, Attempt::Made) {
                return Ok(());
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Answers what became of a change that was made, and remembers it.
fn committed(link: &Link, job: &str, id: &str, change: Change, at: Instant) -> Committed {
    unwritten::forget(job);
    let queued = change.alert.as_ref().map(|alert| {
        let entry = Entry::of(alert);
        let is_held = change.status.as_ref().filter(|_| change.is_held);
        let is_held = is_held.is_some_and(|status| status.held.is_some());
        let queued = |_: &String| {
            if is_held {
                Queued::Held
            } else {
                Queued::Waits(entry.clone())
            }
        };
        change.queues.iter().map(queued).collect()
    });
    let is_written = change.status.is_some();
    if let Some(run) = change
        .ends
        .as_ref()
        .filter(|run| life::process_of(run) == Some(link.process))
    {
        link.runs().is_over(run.offset);
    }
    if let Some(status) = change.noted.or(change.status).filter(|_| !change.removes) {
        let known = Known::new(job, status, id, at);
        link.memory().insert(job.to_owned(), known);
    }
    Committed {
        alert: change.alert.zip(queued),
        is_exchanged: true,
        is_written,
        ..Committed::default()
    }
}

/// A change that the store is asked to make.
pub(super) struct Asked<'a> {
    pub(super) job: &'a str,
    pub(super) seen: &'a Row,
    pub(super) id: &'a str,
    pub(super) change: &'a Change,
    pub(super) past: &'a Past,
    pub(super) guarded: &'a [String],
}

impl Asked<'_> {
    pub(super) fn make(&self, link: &Link, until: Instant) -> Result<Attempt, Fault> {
        let own = self.change.ends.as_ref();
        let own = own.filter(|run| life::process_of(run) == Some(link.process));
        let set_ending = |is_ending| {
            if let Some(run) = own {
                link.runs().set_ending(run.offset, is_ending);
            }
        };
        set_ending(true);
        let made = self.make_at_last(link, until);
        // Where it was made, the run is taken out next.
        if !matches!(made, Ok(Attempt::Made)) {
            set_ending(false);
        }
        made
    }

    fn make_at_last(&self, link: &Link, until: Instant) -> Result<Attempt, Fault> {
        let mut again = false;
        loop {
            let answer = if again {
                self.was_made(link, until)
            } else {
                self.try_once(link, until)
            };
            again = match answer {
                // The server may be back in a moment; what was not heard may have been done.
                Err(Fault::Unheard(_)) if Instant::now() + LOOK_AGAIN < until => true,
                Err(Fault::Away(_)) if again && Instant::now() + LOOK_AGAIN < until => true,
                Ok(None) => false,
                Ok(Some(attempt)) => return Ok(attempt),
                Err(fault) => return Err(fault),
            };
            if again {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }

    /// Asks whether it was made; `None` where it was not.
    fn was_made(&self, link: &Link, until: Instant) -> Result<Option<Attempt>, Fault> {
        let values = vec![Some(self.job.to_owned()), Some(self.id.to_owned())];
        let rows = link.ask(WAS_MADE, values, until)?;
        let is_made = row::<1>(rows).is_some_and(|[made]| made == "true");
        if is_made && let Some(run) = &self.change.ends {
            // It may have been written down anew since.
            link.runs().end(run.offset);
        }
        Ok(is_made.then_some(Attempt::Made))
    }

    fn try_once(&self, link: &Link, until: Instant) -> Result<Option<Attempt>, Fault> {
        let rows = link.ask(CHANGE, self.values(link), until)?;
        let Some([made, is_open, ..]) = row::<4>(rows) else {
            return Err(Fault::Later("it answers nothing".to_owned()));
        };
        Ok(Some(match (&*made, &*is_open) {
            ("true", _) => Attempt::Made,
            (_, "false") => Attempt::Reported,
            _ => Attempt::Stale,
        }))
    }

    fn values(&self, link: &Link) -> Vec<Option<String>> {
        let change = self.change;
        let texts = Texts::of(change);
        let status = match &change.noted {
            Some(noted) => Some(noted.render()),
            None => texts.status,
        };
        let alerts = change.alert.iter().zip(&texts.alert);
        let alerts = alerts.flat_map(|(alert, body)| {
            let queues = change.queues.iter();
            queues.map(move |queue| self.alert(alert, &body.replace('\0', "\u{fffd}"), queue))
        });
        let alerts = serde_json::Value::Array(alerts.collect()).to_string();
        let (process, number, whose) = match &change.ends {
            Some(RunKey { offset, .. }) if self.process() == Some(link.process) => (
                link.process.to_string(),
                offset.cast_signed().to_string(),
                "own",
            ),
            Some(RunKey { offset, .. }) => match self.process() {
                Some(process) => (
                    process.to_string(),
                    offset.cast_signed().to_string(),
                    "gone",
                ),
                None => (String::new(), String::new(), ""),
            },
            None => (String::new(), String::new(), ""),
        };
        let must_last =
            change.alert.is_some() || change.removes || !change.is_nothing_new(self.past);
        let past = history::line_of(change).unwrap_or_default();
        [
            if must_last { "on" } else { "off" }.to_owned(),
            self.job.to_owned(),
            self.seen.change.clone(),
            self.id.to_owned(),
            status.unwrap_or_default(),
            alerts,
            json!(change.withdrawn).to_string(),
            past,
            process,
            number,
            whose.to_owned(),
            json!(self.guarded).to_string(),
            if change.removes { "goes" } else { "" }.to_owned(),
        ]
        .into_iter()
        .map(Some)
        .enumerate()
        .map(|(number, value)| value.filter(|text| number != STATUS || !text.is_empty()))
        .collect()
    }

    fn process(&self) -> Option<i64> {
        life::process_of(self.change.ends.as_ref()?)
    }

    fn alert(&self, alert: &Alert, body: &str, queue: &str) -> serde_json::Value {
        let status = self.change.status.as_ref().filter(|_| self.change.is_held);
        let held = status.and_then(|status| status.held.as_ref());
        let paths = held.into_iter().flat_map(|held| &held.alerts);
        let mut names = paths.filter_map(|path| path.split_once('/'));
        let held = names
            .find(|(of, _)| *of == queue)
            .map(|(_, name)| name.to_owned());
        let state = if held.is_some() { "held" } else { "waits" };
        let name = held.unwrap_or_else(|| Entry::of(alert).name().to_owned());
        json!({ "queue": queue, "name": name, "state": state, "body": body })
    }
}

/// The place of the status among the values: none leaves the one that is there.
const STATUS: usize = 4;
