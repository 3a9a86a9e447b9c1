//! Runs under way, as all hosts see them: a row each. Its process holds the advisory lock of its number for as
//! long as its connection lasts, or renews a lease where a pooler is between.
//!
//! Who finds the lock free, or the lease over, notes that the process is missing; its own next sign of life takes
//! that back. One that stays missing is gone.
//!
//! Long on purpose: each step stands beside the statement that makes it.

mod own;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Shared;
use super::fault::Fault;
use super::link::Link;
use super::session::{self, Client, columns, row};
use super::transaction::Row;
use crate::format::fields::Fields;
use crate::format::json::{Value, object};
use crate::os::clock::{self, Whose};
use crate::os::machine::Machine;
use crate::os::process;
use crate::state::change::RunKey;
use crate::state::local::lease_scan::Seen;
use crate::state::run_record;
pub(super) use own::{New, Runs};

/// What the keys of these runs begin with.
const PREFIX: &str = "store-";

const WRITE: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    INSERT INTO pn.run AS t (process, number, job, direct, lease, missing, server, about, run) \
    SELECT $1::text::bigint, x.number, x.job, $2::text::boolean, clock_timestamp() + interval '30 s', NULL, \
    $3::text, x.about, x.run \
    FROM s, jsonb_to_recordset($4::text::jsonb) AS x(number bigint, job text, about text, run text) WHERE s.a IS NOT NULL \
    ON CONFLICT (process, number) DO UPDATE SET direct = excluded.direct, lease = excluded.lease, missing = NULL, \
    server = excluded.server, run = excluded.run";

const ERASE: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    DELETE FROM pn.run r USING s WHERE s.a IS NOT NULL AND r.process = $1::text::bigint \
    AND r.number IN (SELECT value::bigint FROM jsonb_array_elements_text($2::text::jsonb))";

/// A process whose lock was lost for a moment, or that renews its lease, is not missing.
const BEAT: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    UPDATE pn.run r SET lease = clock_timestamp() + interval '30 s', missing = NULL FROM s \
    WHERE s.a IS NOT NULL AND r.process = $1::text::bigint";

const LOCK: &str = "SELECT pg_try_advisory_lock($1::text::bigint)::text";

/// Whether nothing says that the process of a row lives.
const IS_FREE: &str = "CASE WHEN r.direct THEN NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' \
    AND l.objsubid = 1 AND l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
    AND ((l.classid::bigint << 32) | l.objid::bigint) = r.process) \
    ELSE r.lease < clock_timestamp() END";

/// Writes down that runs have begun, and reads what is known of their jobs.
pub(super) async fn write(
    link: Arc<Link>,
    client: Arc<Client>,
    new: Vec<New>,
    is_direct: bool,
    mend: String,
) -> Result<(), Fault> {
    let rows = new.iter().map(|run| {
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let ahead = clock::first_ahead().filter(|_| run.by == Whose::Host);
        object! {
            "number": run.number.cast_signed(), "job": clean(&run.job),
            "about": clean(&run.about), "run": clean(&run.text) + &run_record::ahead(ahead),
        }
    });
    let rows = rows.collect::<Value>().text();
    let values = [
        link.process.to_string(),
        is_direct.to_string(),
        link.server(),
        rows,
    ];
    let written = session::ask(&client, &link.statement(WRITE), &values, &mend).await;
    if let Err(fault) = written {
        let mut runs = link.runs.lock();
        runs.not_written(&new);
        if fault.is_for_good() {
            runs.refused = Some(fault.to_string());
        }
        drop(runs);
        return Err(fault);
    }
    let is_first = link.runs.lock().waiting.is_none();
    for run in new {
        let read = super::transaction::READ;
        let rows = link.heed(link.ask_by(&client, read, &[&run.job]).await)?;
        let row = Row::read(&link, rows);
        let mut runs = link.runs.lock();
        if let Some(row) = row.filter(|_| runs.has(run.number)) {
            runs.ahead.insert(run.job, row);
        }
    }
    if is_first {
        look_around(&link, &client).await?;
    }
    Ok(())
}

/// Erases the rows of runs that have ended.
pub(super) async fn erase(
    link: Arc<Link>,
    client: Arc<Client>,
    ended: Vec<u64>,
) -> Result<(), Fault> {
    let [process, numbers] = erased(&link, &ended);
    let erased = link.ask_by(&client, ERASE, &[&process, &numbers]).await;
    if erased.is_err() {
        link.runs.lock().ended.extend(ended);
    }
    erased.map(drop)
}

fn erased(link: &Link, ended: &[u64]) -> [String; 2] {
    let numbers = ended.iter().map(|number| number.cast_signed().to_string());
    let numbers = numbers.collect::<Value>().text();
    [link.process.to_string(), numbers]
}

/// Says that this process lives.
pub(super) async fn beat(
    link: Arc<Link>,
    client: Arc<Client>,
    is_direct: bool,
) -> Result<(), Fault> {
    let process = link.process.to_string();
    if is_direct {
        // It is held already, but where an earlier connection had it: taken twice, it is still one lock.
        link.ask_by(&client, LOCK, &[&process]).await?;
    }
    if link.runs.lock().is_any_under_way() {
        link.ask_by(&client, BEAT, &[&process]).await?;
    }
    Ok(())
}

pub(crate) fn key(number: u64) -> Option<RunKey> {
    let links = Link::all();
    let link = links.iter().find(|link| link.runs.lock().has(number))?;
    Some(key_of(link.process, number))
}

/// Writes down that a run of this process has ended.
pub(crate) fn end(number: u64) {
    for link in Link::all() {
        link.runs.lock().end(number);
    }
}

fn key_of(process: i64, number: u64) -> RunKey {
    RunKey {
        record: format!("{PREFIX}{process}").into(),
        offset: number,
    }
}

pub(super) fn process_of(run: &RunKey) -> Option<i64> {
    run.record.strip_prefix(PREFIX)?.parse().ok()
}

/// The runs of a process that is gone.
pub(crate) struct Gone {
    about: Fields,
    /// Whether its connection may have ended before it did: it gave no sign of life before that (one that is killed
    /// has given one within the last seconds), or the server was started anew, which ends every connection.
    is_cut: bool,
    /// Whether this host's kernel says that it has ended.
    has_ended: bool,
    runs: Vec<(RunKey, Fields)>,
}

impl Gone {
    pub(crate) fn process(&self) -> &Fields {
        &self.about
    }

    pub(in crate::state) fn open_runs(&self) -> &[(RunKey, Fields)] {
        &self.runs
    }

    /// The change itself finds out, where it is made.
    #[expect(clippy::unused_self, reason = "the other engine asks its file")]
    pub(crate) fn is_open(&self, _run: &RunKey) -> bool {
        true
    }

    /// Returns whether the process may have ended well, cut off from the store.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(crate) fn may_live(&self) -> bool {
        !self.has_ended && (self.is_cut || lives(&self.about) == Some(true))
    }
}

/// Says among which processes the id of one means something: a container has ids of its own.
const NAMESPACE: &str = "pid-namespace";

/// Describes a process to all hosts.
pub(super) fn describe(mut about: Fields) -> String {
    about.put_some(NAMESPACE, process::namespace());
    about.render()
}

/// Returns whether a process of this host lives.
fn lives(about: &Fields) -> Option<bool> {
    let pid = about.get("pid")?.parse().ok()?;
    let recorded: u64 = about.get("started")?.parse().ok()?;
    let is_here = Machine::this().is_this(about);
    is_here.then(|| process::started(pid) == Some(recorded))
}

/// Returns whether the kernel says that a process has ended: one that it would show here if it lived.
fn has_ended(about: &Fields) -> bool {
    let namespace = about.get(NAMESPACE);
    let is_near = namespace.is_some() && namespace == process::namespace();
    is_near && lives(about) == Some(false) && process::are_all_seen()
}

/// Finds the runs of those that are missing, with whether they have been for so many seconds, and notes who is missing
/// from now on. Who looks right after the server was started gives everybody time to come back.
const FIND: &str = "WITH f AS MATERIALIZED (SELECT r.process, r.number, r.missing FROM pn.run r WHERE ({free})), \
    m AS (UPDATE pn.run r SET missing = clock_timestamp() FROM f \
    WHERE f.missing IS NULL AND r.missing IS NULL AND r.process = f.process AND r.number = f.number) \
    SELECT r.process::text, r.number::text, r.server, \
    (r.direct AND coalesce(r.missing, clock_timestamp()) - r.lease > interval '-23.5 s')::text, \
    (coalesce(r.missing < clock_timestamp() - ($1::text || ' s')::interval, false) \
    AND pg_postmaster_start_time() < clock_timestamp() - interval '15 s')::text, \
    r.about, r.run FROM pn.run r JOIN f USING (process, number) \
    ORDER BY r.missing, r.process, r.number LIMIT 1000";

const WAITING: &str = "SELECT DISTINCT a.queue FROM pn.alert a WHERE a.state IN ('waits', 'held')";

const LOOK: &str = "SELECT r.process::text, r.about, r.run, ({free})::text FROM pn.run r ORDER BY r.process, r.number";

/// Counts the runs, and names the processes that are missing, with for how long: one is looked at again as that grows.
const UNWATCHED: &str = "SELECT (SELECT count(*) FROM pn.run)::text, string_agg(f.process, ',') \
    FROM (SELECT DISTINCT r.process::text || ' ' || least(20, coalesce(floor(extract(epoch FROM \
    clock_timestamp() - r.missing)), -1))::text AS process FROM pn.run r WHERE ({free})) f";

/// The most runs that one look pays for.
const CHEAP: u32 = 500;

/// For so long one must be missing for who has looked on all the time, and for who has come only now.
const MISSING: Duration = Duration::from_secs(1);
const MISSING_FOR_NEWCOMERS: Duration = Duration::from_secs(15);

fn with_free(statement: &str) -> String {
    statement.replace("{free}", IS_FREE)
}

impl Shared {
    /// Finds the runs of processes that are gone. As a process begins, its background thread has looked already.
    pub(crate) fn expired_runs(&self) -> Vec<Gone> {
        let link = self.link();
        // What was missing then may have stayed so since.
        let found = { link.runs.lock().found.take() }.filter(|_| missing_for(&link) > MISSING);
        if let Some(found) = found {
            return found;
        }
        // Where it cannot be asked, the next who looks finds them.
        let rows = link.ask_now(&with_free(FIND), &[&missing(&link)]);
        rows.map(|rows| gone(&link, rows)).unwrap_or_default()
    }

    /// Returns why no run of this process can be written down, once.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.link().runs.lock().refused.take()
    }

    /// Looks at all runs under way, process by process.
    pub(crate) fn look_at_runs(&self) -> std::io::Result<Vec<Seen>> {
        let rows = self.link().ask_now(&with_free(LOOK), &[])?;
        let mut seen: Vec<Seen> = Vec::new();
        let mut last = String::new();
        for row in rows {
            let Some([process, about, run, is_free]) = columns(row) else {
                continue;
            };
            if seen.is_empty() || process != last {
                seen.push(Seen {
                    is_locked: is_free != "true",
                    process: Fields::parse(&about),
                    runs: Vec::new(),
                });
                last = process;
            }
            if let Some(seen) = seen.last_mut() {
                seen.runs.push(Fields::parse(&run));
            }
        }
        Ok(seen)
    }

    pub(crate) fn unwatched_runs(&self) -> BTreeSet<String> {
        let rows = self.link().ask_now(&with_free(UNWATCHED), &[]);
        let Some([runs, processes]) = row(rows.unwrap_or_default()) else {
            return BTreeSet::new();
        };
        let runs = runs.parse().unwrap_or_default();
        self.under_way.store(runs, Ordering::Relaxed);
        let processes = processes.split(',').filter(|process| !process.is_empty());
        processes.map(str::to_owned).collect()
    }

    /// Returns how many looks of a watch one look costs: to go through all locks of the server takes it 1 ms for every
    /// few hundred of them.
    pub(crate) fn cost_of_a_look(&self) -> u32 {
        (self.under_way.load(Ordering::Relaxed) / CHEAP).max(1)
    }

    /// Erases the rows of runs that have ended, at the exit.
    pub(super) fn erase_ended(&self, until: Instant) {
        let link = self.link();
        let ended = link.runs.lock().take_ended();
        if ended.is_empty() {
            return;
        }
        let [process, numbers] = erased(&link, &ended);
        let closed = link.closed();
        // What others keep locked is another table, most likely, and a row that is left is a death.
        let closed = closed.filter(|fault| !matches!(fault, Fault::Locked(_)));
        let erase = || link.ask_anyway(ERASE, &[&process, &numbers], until);
        if closed.is_some() || erase().is_err() {
            link.runs.lock().ended.extend(ended);
        }
    }
}

fn missing_for(link: &Link) -> Duration {
    let is_old = |(since, _): (Instant, bool)| since.elapsed() >= MISSING_FOR_NEWCOMERS;
    if link.up().is_some_and(is_old) {
        MISSING
    } else {
        MISSING_FOR_NEWCOMERS
    }
}

fn missing(link: &Link) -> String {
    missing_for(link).as_secs().to_string()
}

/// Reads the runs of those that are gone.
fn gone(link: &Link, rows: session::Rows) -> Vec<Gone> {
    let mut gone: Vec<Gone> = Vec::new();
    let mut last = None;
    for row in rows {
        let Some([process, number, server, is_cut, is_long, about, run]) = columns(row) else {
            continue;
        };
        let (Ok(process), Ok(number)) = (process.parse::<i64>(), number.parse::<i64>()) else {
            continue;
        };
        if last.replace(process) != Some(process) {
            let about = Fields::parse(&about);
            let has_ended = has_ended(&about);
            // A run that has ended, as this host knows, cannot come back: nobody waits for it.
            if is_long != "true" && !has_ended {
                last = None;
                continue;
            }
            gone.push(Gone {
                about,
                is_cut: is_cut == "true" || server != link.server(),
                has_ended,
                runs: Vec::new(),
            });
        }
        if let Some(gone) = gone.last_mut() {
            let run = Fields::parse(&run);
            gone.runs
                .push((key_of(process, number.cast_unsigned()), run));
        }
    }
    gone
}

/// Looks, as the process begins, for what others have left: its end need not ask then.
async fn look_around(link: &Link, client: &Client) -> Result<(), Fault> {
    let find = with_free(FIND);
    let rows = link.ask_by(client, &find, &[&missing(link)]).await?;
    let found = gone(link, rows);
    let rows = link.ask_by(client, WAITING, &[]).await?;
    let mut runs = link.runs.lock();
    runs.found = Some(found);
    runs.waiting = Some(rows.into_iter().flatten().collect());
    Ok(())
}
