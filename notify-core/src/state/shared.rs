//! The shared store: the state of jobs in a `PostgreSQL` database, for pods without a disk and for many hosts.
//!
//! Texts are the same as in a notify directory, row by row: a status file, an alert, a line of the history. One
//! background thread has the one connection of the process; whoever asks waits for at most two seconds, and after
//! one wait in vain nobody waits until the store has answered again.

mod address;
mod fault;
pub(crate) mod life;
mod link;
mod memory;
mod passfile;
mod plans;
pub(crate) mod queue;
mod retention;
mod schema;
mod session;
mod stream;
mod substitute;
mod tls;
mod transaction;
#[cfg(feature = "cli")]
mod view;
mod worker;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

use self::address::Address;
pub(crate) use self::address::Password;
pub(crate) use self::link::OneEnd;
use self::link::{Event, Link, deadline};
use self::queue::Queue;
use self::substitute::Substitute;
use self::transaction::Row;
use crate::format::fields::Page;
use crate::format::hash;
use crate::format::json::{Value, object};
use crate::format::time::Time;
use crate::job::name;
use crate::os::mutex::Mutex;
use crate::os::random;
use crate::rules::Past;
use crate::rules::quiet::Window;
use crate::state::history::{self, Answered};
use crate::state::local;
use crate::state::local::silences::Silences;
use crate::state::run_record::{self, Definition, Recorded};
use crate::state::turn::Turn;
use crate::state::{self, Renamed, Wait};
use crate::status::Quiet;

/// A store that many hosts share.
#[derive(Debug)]
pub(crate) struct Shared {
    address: Arc<Address>,
    /// What stands in for it while it cannot be reached.
    substitute: Substitute,
    /// The jobs with a change that is not written to it yet.
    unrecorded: Mutex<BTreeSet<String>>,
    /// How many runs were under way in the fleet at the last look at them.
    under_way: AtomicU32,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store `{}`", self.address)
    }
}

impl Shared {
    /// Begins to connect to the store at that address; `password` counts where that has none. `directory` stands
    /// in for the store while it cannot be reached.
    pub(crate) fn open(
        address: &str,
        password: Option<Password>,
        directory: Option<&Path>,
        mode: u32,
    ) -> Result<Self, String> {
        let shared = Self {
            address: Arc::new(Address::parse(address, password)?),
            substitute: Substitute::new(directory, mode),
            unrecorded: Mutex::default(),
            under_way: AtomicU32::default(),
        };
        // While the job runs, so that its end need not wait for that.
        shared.link();
        Ok(shared)
    }

    fn link(&self) -> Arc<Link> {
        Link::of(&self.address)
    }

    pub(crate) fn one_end() -> OneEnd {
        OneEnd::begin()
    }

    pub(crate) fn is_coming(&self, wait: Wait) -> bool {
        self.link().is_coming(wait)
    }

    pub(crate) fn queue(&self, name: &str) -> Queue {
        Queue {
            address: self.address.clone(),
            name: name.to_owned(),
            aside: self.substitute.queue(name),
        }
    }

    /// Returns the queues on this host with alerts that the store could not be given.
    pub(crate) fn queues_aside(&self) -> impl Iterator<Item = state::Queue> {
        let names = self.substitute.queue_names().into_iter();
        let queues = names.filter_map(|name| self.substitute.queue(&name));
        queues.map(state::Queue::Local)
    }

    /// Returns the names of the queues in which alerts wait or are held.
    pub(crate) fn queue_names(&self) -> Vec<String> {
        const NAMES: &str =
            "SELECT DISTINCT a.queue FROM pn.alert a WHERE a.state <> 'rejected' ORDER BY 1";
        let rows = self.link().ask_now(NAMES, &[]).unwrap_or_default();
        rows.into_iter().flatten().collect()
    }

    /// Returns the names of the queues with a held alert whose time has come. Where none waited as the process
    /// began, that is not asked.
    pub(crate) fn due_queues(&self, now: Time) -> Vec<String> {
        const DUE: &str = "SELECT DISTINCT a.queue FROM pn.alert a WHERE a.state = 'held' AND a.name COLLATE \"C\" < $1::text";
        let link = self.link();
        if link.runs.lock().none_waits() {
            return Vec::new();
        }
        let micros = now.timestamp_micros().max(0).cast_unsigned();
        let rows = link.ask_now(DUE, &[&hash::hex(micros)]);
        let rows = rows.unwrap_or_default().into_iter();
        rows.flatten().collect()
    }

    pub(crate) fn read(&self, job: &str) -> Past {
        let row = Row::of(&self.link(), job, deadline());
        row.map_or(Past::Unknown, |row| row.past)
    }

    /// The background thread writes what is due.
    pub(crate) fn flush_due(&self, _at: Instant) {
        self.record_late();
    }

    /// Has the background thread write down that a run of this process is under way.
    #[expect(clippy::unnecessary_wraps, reason = "the other engine writes now")]
    pub(crate) fn begin_run(
        &self,
        number: u64,
        run: &Recorded<'_>,
        _: Option<Definition>,
    ) -> io::Result<()> {
        let link = self.link();
        let job = name::file_name(&run.ended.job).into_owned();
        let text = run.same() + &run_record::own(run.ended.run, run.ended.begun);
        let about = || life::describe(run.process());
        let is_first = link
            .runs
            .lock()
            .begin(number, job, about, text, run.ended.by);
        if is_first {
            let _ = link.send(Event::Begun);
        }
        Ok(())
    }

    pub(crate) fn add_answers<'a>(&self, answers: impl Iterator<Item = (Cow<'a, str>, Answered)>) {
        const ADD: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
            INSERT INTO pn.history (job, change, line) SELECT x.job, '', x.line \
            FROM s, jsonb_to_recordset($1::text::jsonb) AS x(job text, line text) WHERE s.a IS NOT NULL";
        let rows = answers.map(|(job, answered)| {
            let line = history::line_of_answer(answered).replace('\0', "\u{fffd}");
            object! { "job": job, "line": line }
        });
        let rows = rows.collect::<Value>().text();
        // What cannot be written is missing there and nowhere else.
        let _ = self.link().ask_now(ADD, &[&rows]);
    }

    /// Gives a job another name, and its history with it.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<Renamed> {
        const RENAME: &str = "WITH t AS (DELETE FROM pn.job WHERE name = $2::text AND status = '' RETURNING 1), \
            j AS (UPDATE pn.job SET name = $2::text, change = $3::text \
            WHERE name = $1::text AND (SELECT count(*) FROM t) >= 0 AND NOT EXISTS (SELECT FROM pn.job o WHERE o.name = $2::text AND o.status <> '') RETURNING 1), \
            h AS (UPDATE pn.history h SET job = $2::text FROM j WHERE h.job = $1::text), \
            a AS (UPDATE pn.alert a SET job = $2::text, body = CASE WHEN a.state IN ('held', 'waits') \
            THEN regexp_replace(a.body, '^job: .*$', $4::text, 'n') ELSE a.body END FROM j WHERE a.job = $1::text) \
            SELECT (SELECT count(*) FROM j)::text, EXISTS (SELECT FROM pn.job o WHERE o.name = $2::text AND o.status <> '')::text";
        match self.read(from) {
            Past::Known(_) => {}
            Past::Missing => return Ok(Renamed::Missing),
            Past::Unreadable | Past::Unknown => return Ok(Renamed::Unreadable),
        }
        let id = hash::hex(random::number());
        let mut line = Page::new(64);
        line.put("job", &name::job_name(to).unwrap_or_else(|| to.to_owned()));
        // A backslash has a meaning there.
        let line = line.end("").trim_end().replace('\\', "\\\\");
        let rows = self.link().ask_now(RENAME, &[from, to, &id, &line])?;
        Ok(match session::row::<2>(rows) {
            Some([renamed, _]) if renamed == "1" => Renamed::Yes,
            Some([_, exists]) if exists == "true" => Renamed::Exists,
            _ => Renamed::Busy,
        })
    }

    /// Returns nothing: no older build knew this engine.
    #[expect(clippy::unused_self, reason = "the other engine reads a file")]
    pub(crate) fn missed_before(&self) -> String {
        String::new()
    }

    pub(crate) fn silences(&self) -> Silences {
        plans::read(&self.link()).unwrap_or_default()
    }

    pub(crate) fn quiet(&self, job: &str, now: Time) -> (Option<Quiet>, Vec<String>) {
        self.silences().said_of(job, 0, now)
    }

    pub(crate) fn plan(
        &self,
        now: Time,
        goes: impl Fn(&Window) -> bool,
        new: Option<&Window>,
    ) -> io::Result<usize> {
        let mut gone = 0;
        plans::change(&self.link(), plans::QUIET, |old| {
            let (content, taken) = local::silences::edited(old, now, &goes, new);
            gone = taken;
            content
        })?;
        Ok(gone)
    }

    /// Only one watch at a time changes the list, for what it adds is sent.
    pub(crate) fn change_never_run(&self, change: impl FnOnce(&str) -> String) -> io::Result<()> {
        let queue = self.queue(plans::NEVER_RUN);
        queue.make()?;
        let turn = queue.turn()?;
        if matches!(turn, Turn::Others) {
            return Ok(());
        }
        let mut change = Some(change);
        plans::change(&self.link(), plans::NEVER_RUN, |old| {
            change
                .take()
                .map_or_else(|| old.to_owned(), |change| change(old))
        })
    }
}
