//! A change that the store is asked to make: one statement, and what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Row;
use crate::format::hash;
use crate::format::json::{Value, object};
use crate::message::alert::Alert;
use crate::os::random;
use crate::rules::Past;
use crate::state::change::{Change, Texts};
use crate::state::entry::Entry;
use crate::state::history;
use crate::state::shared::fault::Fault;
use crate::state::shared::life;
use crate::state::shared::link::Link;
use crate::state::shared::session::{Client, Rows, row};

/// How soon to look again whether the store is back, for a change whose answer is lost.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Makes a change. The values: 1 whether it must outlive a power cut, 2 the job, 3 the change that was seen, 4 the
/// new one, 5 the status, if it is another, 6 alerts, 7 held alerts that go, 8 the line of the history, 9 and 10 the run
/// that ends, 11 whether that run is `own`, `gone` or none, 12 held alerts that were seen, 13 whether the job goes,
/// 14 the planned quiet that was seen, 15 for how many milliseconds to wait for who has locked a row.
const CHANGE: &str = "\
WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', $1::text, true) AS a, set_config('lock_timeout', $15::text, true) AS b), \
cur AS MATERIALIZED (SELECT j.change, j.status FROM pn.job j, s \
  WHERE j.name = $2::text AND s.a IS NOT NULL AND s.b IS NOT NULL FOR UPDATE OF j), \
held AS MATERIALIZED (SELECT a.name FROM pn.alert a WHERE a.job = $2::text AND a.state = 'held' \
  AND a.queue || '/' || a.name IN (SELECT jsonb_array_elements_text($12::text::jsonb)) FOR UPDATE OF a), \
gone AS MATERIALIZED (SELECT r.number FROM pn.run r WHERE $11::text = 'gone' AND r.process = nullif($9::text, '')::bigint \
  AND r.number = nullif($10::text, '')::bigint AND r.missing IS NOT NULL FOR UPDATE OF r), \
quiet AS MATERIALIZED (SELECT coalesce((SELECT p.body FROM pn.plan p WHERE p.name = 'quiet'), '') AS body), \
ok AS MATERIALIZED (SELECT 1 AS one FROM s, quiet WHERE coalesce((SELECT change FROM cur), '') = $3::text AND quiet.body = $14::text \
  AND (SELECT count(*) FROM held) = jsonb_array_length($12::text::jsonb) \
  AND ($11::text <> 'gone' OR EXISTS (SELECT FROM gone))), \
new AS (INSERT INTO pn.job AS t (name, change, status) SELECT $2::text, $4::text, $5::text FROM ok WHERE $13::text = '' \
  ON CONFLICT (name) DO UPDATE SET change = $4::text, status = coalesce(nullif($5::text, ''), t.status), written = clock_timestamp() \
  WHERE t.change = $3::text RETURNING 1 AS one), \
off AS (UPDATE pn.job j SET change = $4::text, status = '', written = clock_timestamp() FROM ok WHERE $13::text <> '' \
  AND j.name = $2::text AND j.change = $3::text RETURNING 1 AS one), \
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
  coalesce((SELECT change FROM cur), ''), coalesce((SELECT status FROM cur), ''), (SELECT body FROM quiet)";

/// Returns whether a change was made whose answer is lost.
const WAS_MADE: &str = "SELECT (EXISTS (SELECT FROM pn.job j WHERE j.name = $1::text AND j.change = $2::text) \
    OR EXISTS (SELECT FROM pn.history h WHERE h.job = $1::text AND h.change = $2::text))::text";

/// Has the server know the statement before the end of a run waits for it: once in vain, of a job that nobody has.
pub(in crate::state::shared) async fn prepare(
    link: Arc<Link>,
    client: Arc<Client>,
) -> Result<(), Fault> {
    const NOTHING: [&str; 15] = [
        "off", "", "none", "", "", "[]", "[]", "", "", "", "", "[]", "", "", "1500",
    ];
    link.heed(client.prepare(link.statement(CHANGE), &NOTHING).await)
}

/// What became of an attempt.
pub(in crate::state::shared) enum Attempt {
    Made,
    /// Others have changed what it was decided by: what is there, where that is all.
    Stale(Option<Box<Row>>),
    /// The run that it was to end was reported already.
    Reported,
}

/// A change that the store is asked to make.
pub(in crate::state::shared) struct Asked<'a> {
    pub(super) job: &'a str,
    pub(super) seen: &'a Row,
    /// What the change is known by.
    pub(super) id: String,
    pub(super) change: &'a Change,
    /// What the change was decided by.
    pub(super) past: &'a Past,
    /// Held alerts that are to be there still.
    pub(super) guarded: &'a [String],
}

impl<'a> Asked<'a> {
    /// Asks for a change that was decided by what was seen alone.
    pub(in crate::state::shared) fn new(job: &'a str, seen: &'a Row, change: &'a Change) -> Self {
        Self {
            job,
            seen,
            id: hash::hex(random::number()),
            change,
            past: &seen.past,
            guarded: &[],
        }
    }

    pub(in crate::state::shared) fn make(
        &self,
        link: &Link,
        until: Instant,
    ) -> Result<Attempt, Fault> {
        let own = self.change.ends.as_ref().filter(|run| link.is_own(run));
        let set_ending = |is_ending| {
            if let Some(run) = own {
                link.runs.lock().set_ending(run.offset, is_ending);
            }
        };
        set_ending(true);
        let made = self.make_at_last(link, until);
        // One wait in vain is enough.
        let is_locked = matches!(made, Err(Fault::Locked(_)));
        link.set_locked(self.job, is_locked);
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
                Err(Fault::Overtaken(_)) => return Ok(Attempt::Stale(None)),
                Err(fault) => return Err(fault),
            };
            if again {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }

    /// Asks whether it was made; `None` where it was not.
    fn was_made(&self, link: &Link, until: Instant) -> Result<Option<Attempt>, Fault> {
        let rows = link.ask(WAS_MADE, &[self.job, &self.id], until)?;
        let is_made = row::<1>(rows).is_some_and(|[made]| made == "true");
        let own = self.change.ends.as_ref().filter(|run| link.is_own(run));
        if is_made && let Some(run) = own {
            // It may have been written down anew since.
            link.runs.lock().end(run.offset);
        }
        Ok(is_made.then_some(Attempt::Made))
    }

    fn try_once(&self, link: &Link, until: Instant) -> Result<Option<Attempt>, Fault> {
        let rows = self.ask(link, until)?;
        let Some([made, is_open, change, status, planned]) = row(rows) else {
            return Err(Fault::Later("it answers nothing".to_owned()));
        };
        Ok(Some(match (&*made, &*is_open) {
            ("true", _) => Attempt::Made,
            (_, "false") => Attempt::Reported,
            _ => {
                let there = Row::new(link, change, &status, planned);
                // Alerts are held beside the status.
                let status = there.past.status();
                let is_all = status.is_none_or(|status| status.held.is_none());
                Attempt::Stale(is_all.then(|| Box::new(there)))
            }
        }))
    }

    fn ask(&self, link: &Link, until: Instant) -> Result<Rows, Fault> {
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
        let alerts = alerts.collect::<Value>().text();
        let ended = change.ends.as_ref();
        let ended = ended.and_then(|run| Some((life::process_of(run)?, run.offset)));
        let (process, number) = ended.map_or_else(Default::default, |(process, number)| {
            (process.to_string(), number.cast_signed().to_string())
        });
        let whose = match ended {
            Some((process, _)) if process == link.process => "own",
            Some(_) => "gone",
            None => "",
        };
        let must_last = !change.is_nothing_new(self.past);
        let wait = if link.is_locked(self.job) {
            "10"
        } else {
            "1500"
        };
        let values = [
            if must_last { "on" } else { "off" },
            self.job,
            &self.seen.change,
            &self.id,
            &status.unwrap_or_default(),
            &alerts,
            &change.withdrawn.iter().collect::<Value>().text(),
            &history::line_of(change).unwrap_or_default(),
            &process,
            &number,
            whose,
            &self.guarded.iter().collect::<Value>().text(),
            if change.removes { "goes" } else { "" },
            &self.seen.planned.text,
            wait,
        ];
        link.ask(CHANGE, &values, until)
    }

    fn alert(&self, alert: &Alert, body: &str, queue: &str) -> Value {
        let status = self.change.status.as_ref().filter(|_| self.change.is_held);
        let held = status.and_then(|status| status.held.as_ref());
        let paths = held.into_iter().flat_map(|held| &held.alerts);
        let mut names = paths.filter_map(|path| path.split_once('/'));
        let held = names
            .find(|(of, _)| *of == queue)
            .map(|(_, name)| name.to_owned());
        let state = if held.is_some() { "held" } else { "waits" };
        let name = held.unwrap_or_else(|| Entry::of(alert).name().to_owned());
        object! { "queue": queue, "name": name, "state": state, "body": body }
    }
}
