//! The one connection of a process to its store, and the background thread that has it: whoever asks hands
//! over, and waits for the answer until a time of its own.
//!
//! Long on purpose: who asks and who answers share its locks, and stand in one place.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::address::Address;
use super::fault::Fault;
use super::life::{self, Runs};
use super::memory::Known;
use super::plans::Planned;
use super::schema;
use super::session::{self, Client, Rows, Session};
use super::worker;
use crate::os::engine::{Part, Slot};
use crate::os::ffi;
use crate::os::mutex::Mutex;
use crate::os::random;
use crate::os::thread;
use crate::state::Wait;
use crate::state::change::RunKey;

/// How long a question may take; after one that took longer nobody waits until the store has answered again.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How long it may take where the store answers all the time, and is only slow, as when a whole fleet begins at once.
const LONGEST: Duration = Duration::from_secs(4);

/// How long a server may take to come back, where nobody waits for it.
const RESTART: Duration = Duration::from_secs(8);

/// For how long nobody waits for a table that somebody else keeps locked as a whole.
const LOCKED: Duration = Duration::from_secs(10);

/// Why what is not of the job itself has no answer.
const TOO_SLOW: &str = "it is slow";

/// How soon to ask again what may be asked twice.
const ASK_AGAIN: Duration = Duration::from_millis(100);

thread_local! {
    /// How long the end of a run may still wait for the store, on the thread that reports it.
    static LEFT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// The end of a run, whose questions have the time of one together.
pub(crate) struct OneEnd(Option<Duration>);

impl OneEnd {
    pub(super) fn begin() -> Self {
        Self(LEFT.replace(Some(LONGEST)))
    }
}

impl Drop for OneEnd {
    fn drop(&mut self) {
        LEFT.set(self.0);
    }
}

/// The connections of this process: one for each store, whoever opened it. A forked child makes its own.
static LINKS: Part<Mutex<Vec<Arc<Link>>>> = Part::new(Slot::Links);

/// The connection of this process to a store.
pub(super) struct Link {
    address: Arc<Address>,
    schema: String,
    /// This process, by a random number: the store knows it by that alone.
    pub(super) process: i64,
    events: UnboundedSender<Event>,
    standing: Mutex<Standing>,
    pub(super) runs: Mutex<Runs>,
    /// What this process knows of its jobs,
    pub(super) memory: Mutex<HashMap<String, Known>>,
    /// and of the planned quiet.
    planned: Mutex<Option<Arc<Planned>>>,
    /// The jobs whose rows somebody else kept locked for longer than one waits.
    locked: Mutex<HashSet<String>>,
}

/// How the connection stands.
#[derive(Default)]
struct Standing {
    /// Since when it is open.
    up: Option<Instant>,
    /// When it was lost.
    lost: Option<Instant>,
    is_direct: bool,
    was_up: bool,
    /// Why the last attempt failed.
    fault: Option<Fault>,
    /// Whether somebody has waited in vain since the last answer.
    is_tripped: bool,
    /// When somebody else was last seen to keep a whole table locked.
    locked: Option<Instant>,
    server: String,
    activity: Activity,
}

/// When the server has last answered anything.
#[derive(Clone, Copy, Default)]
struct Activity {
    at: Option<Instant>,
    /// Whether this process is at work on the answer.
    is_at_work: bool,
}

/// What the thread is to know.
pub(super) enum Event {
    Ask(Question),
    /// A run has begun that is to be written down soon.
    Begun,
    Tick,
    Connected(Result<Session, Fault>),
    /// The connection of that number is closed.
    Closed(u64),
}

/// A question, and who waits for the answer.
pub(super) struct Question {
    pub(super) statement: String,
    pub(super) values: Vec<String>,
    pub(super) until: Instant,
    pub(super) stage: Arc<Stage>,
    pub(super) reply: SyncSender<Result<Rows, Fault>>,
}

/// How far a question has come.
#[derive(Default)]
pub(super) struct Stage(AtomicU8);

const WAITS: u8 = 0;
const ASKED: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Stage {
    /// Returns whether it may be asked: from now on it is.
    pub(super) fn ask(&self) -> bool {
        self.change(ASKED)
    }

    /// Returns whether it was not asked, and never will be.
    fn give_up(&self) -> bool {
        self.change(GIVEN_UP)
    }

    fn change(&self, to: u8) -> bool {
        let order = Ordering::AcqRel;
        self.0
            .compare_exchange(WAITS, to, order, Ordering::Acquire)
            .is_ok()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Returns this process's connection to that store, which begins now where there is none.
    pub(super) fn of(address: &Arc<Address>) -> Arc<Self> {
        let mut links = LINKS.get().lock();
        let is_it = |link: &&Arc<Self>| {
            Arc::ptr_eq(&link.address, address)
                || (link.address.to_string(), &link.schema)
                    == (address.to_string(), &address.schema())
        };
        if let Some(link) = links.iter().find(is_it) {
            return link.clone();
        }
        let link = Self::begin(address.clone());
        links.push(link.clone());
        link
    }

    /// Returns whether a run is one of this process.
    pub(super) fn is_own(&self, run: &RunKey) -> bool {
        life::process_of(run) == Some(self.process)
    }

    pub(super) fn all() -> Vec<Arc<Self>> {
        LINKS.get().lock().clone()
    }

    fn begin(address: Arc<Address>) -> Arc<Self> {
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        let link = Arc::new(Self {
            schema: address.schema(),
            address,
            process: random::number().cast_signed(),
            events: sender,
            standing: Mutex::default(),
            runs: Mutex::default(),
            memory: Mutex::default(),
            planned: Mutex::default(),
            locked: Mutex::default(),
        });
        let own = link.clone();
        let work = move || worker::run(&own, events);
        if let Err(error) = thread::spawn("notify-store", work) {
            link.fail(Fault::Never(format!("there is no thread for it: {error}")));
        }
        link
    }

    /// Asks the store, and waits for the answer until then.
    pub(super) fn ask(
        &self,
        statement: &str,
        values: &[&str],
        until: Instant,
    ) -> Result<Rows, Fault> {
        if let Some(fault) = self.standing.lock().closed() {
            return Err(fault);
        }
        self.ask_anyway(statement, values, until)
    }

    /// The same, though somebody has waited in vain: what was done already is to be known.
    pub(super) fn ask_anyway(
        &self,
        statement: &str,
        values: &[&str],
        until: Instant,
    ) -> Result<Rows, Fault> {
        self.wait_for(false, statement, values, until)
    }

    /// The same; at the end of a run what `is_of_others` leaves the change of its job as long as a question may take.
    fn wait_for(
        &self,
        is_of_others: bool,
        statement: &str,
        values: &[&str],
        until: Instant,
    ) -> Result<Rows, Fault> {
        let (begun, left) = (Instant::now(), LEFT.get());
        let kept = if is_of_others {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let most = left.map(|left| left.saturating_sub(kept));
        if is_of_others && most == Some(Duration::ZERO) {
            return Err(Fault::Later(TOO_SLOW.to_owned()));
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let stage = Arc::new(Stage::default());
        let question = Question {
            statement: self.statement(statement),
            // A text of the database holds no such character.
            values: values
                .iter()
                .map(|text| text.replace('\0', "\u{fffd}"))
                .collect(),
            until: until.max(begun + ffi::within(LONGEST)),
            stage: stage.clone(),
            reply,
        };
        let gone = || Fault::Away("its thread is gone".to_owned());
        self.send(Event::Ask(question)).map_err(|()| gone())?;
        let longest = begun + ffi::within(most.unwrap_or(LONGEST));
        let mut until = most.map_or(until, |_| until.min(longest));
        let answer = loop {
            let left = until.saturating_duration_since(Instant::now());
            match answer.recv_timeout(left) {
                Ok(answer) => break Some(answer),
                Err(RecvTimeoutError::Disconnected) => break None,
                Err(RecvTimeoutError::Timeout) => match self.more(longest) {
                    Some(later) => until = later,
                    None => break None,
                },
            }
        };
        LEFT.set(left.map(|left| left.saturating_sub(begun.elapsed())));
        if let Some(answer) = answer {
            return answer;
        }
        let is_slow = most.is_some() && self.more(longest + PATIENCE).is_some();
        let why = if is_of_others && is_slow {
            TOO_SLOW.to_owned()
        } else {
            self.trip()
        };
        Err(if stage.give_up() {
            Fault::Away(why)
        } else {
            Fault::Unheard(why)
        })
    }

    /// The same, for as long as a question may take.
    pub(super) fn ask_now(&self, statement: &str, values: &[&str]) -> Result<Rows, Fault> {
        if let Some(fault) = self.standing.lock().closed() {
            return Err(fault);
        }
        self.wait_for(true, statement, values, deadline())
    }

    /// Asks until there is an answer, for what may be done twice, though the server is started anew meanwhile.
    pub(super) fn insist(
        &self,
        statement: &str,
        values: &[&str],
        until: Instant,
    ) -> Result<Rows, Fault> {
        loop {
            let answer = self.ask_anyway(statement, values, until);
            let is_lost = matches!(answer, Err(Fault::Unheard(_) | Fault::Away(_)));
            if !is_lost || Instant::now() + ASK_AGAIN >= until || !self.is_coming(Wait::Restart) {
                return answer;
            }
            sleep(ASK_AGAIN);
        }
    }

    /// Asks on the thread itself, of what nobody waits for.
    pub(super) async fn ask_by(
        &self,
        client: &Client,
        statement: &str,
        values: &[&str],
    ) -> Result<Rows, Fault> {
        session::ask(client, &self.statement(statement), values, "").await
    }

    /// Writes a statement for the schema of the store.
    pub(super) fn statement(&self, statement: &str) -> String {
        schema::of(&self.schema, statement)
    }

    pub(super) fn send(&self, event: Event) -> Result<(), ()> {
        self.events.send(event).map_err(drop)
    }

    pub(super) fn events(&self) -> UnboundedSender<Event> {
        self.events.clone()
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Notes that the connection is open.
    pub(super) fn rise(&self, session: &Session) {
        let mut standing = self.standing.lock();
        *standing = Standing {
            locked: standing.locked,
            up: Some(Instant::now()),
            is_direct: session.is_direct,
            was_up: true,
            server: session.server.clone(),
            activity: Activity {
                at: Some(Instant::now()),
                ..Activity::default()
            },
            ..Standing::default()
        };
    }

    /// Notes why there is no connection.
    pub(super) fn fail(&self, fault: Fault) {
        let mut standing = self.standing.lock();
        if standing.up.take().is_some() {
            standing.lost = Some(Instant::now());
        }
        standing.fault = Some(fault);
    }

    pub(super) fn answered(&self) {
        self.standing.lock().is_tripped = false;
        self.hear();
    }

    /// Notes that the server has answered something, be it only to who connects.
    pub(super) fn hear(&self) {
        self.standing.lock().activity.at = Some(Instant::now());
    }

    /// Notes whether this process is at work on what the server has answered.
    pub(super) fn set_at_work(&self, is_at_work: bool) {
        self.standing.lock().activity.is_at_work = is_at_work;
    }

    #[cfg(test)]
    pub(super) fn is_at_work(&self) -> bool {
        self.standing.lock().activity.is_at_work
    }

    /// Returns until when to wait longer, where the server has answered lately.
    fn more(&self, longest: Instant) -> Option<Instant> {
        let until = (self.standing.lock().activity.last()? + PATIENCE).min(longest);
        (until > Instant::now()).then_some(until)
    }

    /// Returns whether nothing can be asked now, and the server may be about to answer: it has done so lately, or
    /// where that is said its connection was open lately, as where it is started anew.
    pub(super) fn is_coming(&self, wait: Wait) -> bool {
        let standing = self.standing.lock();
        let is_up = standing.up.is_some() && !standing.is_tripped;
        let fault = standing.fault.as_ref();
        let is_hopeless = |fault: &Fault| !standing.was_up || fault.is_for_good();
        let is_heard = |heard: Instant| heard.elapsed() < PATIENCE;
        let is_starting = |lost: Instant| wait == Wait::Restart && lost.elapsed() < RESTART;
        !is_up
            && wait != Wait::No
            && (standing.activity.last().is_some_and(is_heard)
                || standing.lost.is_some_and(is_starting))
            && !fault.is_some_and(is_hopeless)
    }

    /// Returns why a question need not be asked now.
    pub(super) fn closed(&self) -> Option<Fault> {
        self.standing.lock().closed()
    }

    /// Returns since when the connection is open, and whether it is direct.
    pub(super) fn up(&self) -> Option<(Instant, bool)> {
        let standing = self.standing.lock();
        Some((standing.up?, standing.is_direct))
    }

    /// Names the start of the server to which this is connected.
    pub(super) fn server(&self) -> String {
        self.standing.lock().server.clone()
    }

    /// Returns the planned quiet as it was last read.
    pub(super) fn planned(&self) -> Option<Arc<Planned>> {
        self.planned.lock().clone()
    }

    /// Takes the planned quiet that was read.
    pub(super) fn plan(&self, text: String) -> Arc<Planned> {
        if let Some(known) = self.planned().filter(|known| known.text == text) {
            return known;
        }
        let read = Arc::new(Planned::new(self, text));
        *self.planned.lock() = Some(read.clone());
        read
    }

    /// Returns whether the last change of a job has waited in vain for who had locked it.
    pub(super) fn is_locked(&self, job: &str) -> bool {
        self.locked.lock().contains(job)
    }

    pub(super) fn set_locked(&self, job: &str, is_locked: bool) {
        let mut locked = self.locked.lock();
        if is_locked {
            locked.insert(job.to_owned());
        } else {
            locked.remove(job);
        }
    }

    /// Takes the answer to what waits for no row: where that says that something is locked, it is a table, and nobody
    /// asks of it for a while.
    pub(super) fn heed<T>(&self, answer: Result<T, Fault>) -> Result<T, Fault> {
        if matches!(answer, Err(Fault::Locked(_))) {
            self.standing.lock().locked = Some(Instant::now());
        }
        answer
    }

    /// Notes that somebody has waited in vain.
    fn trip(&self) -> String {
        let mut standing = self.standing.lock();
        standing.is_tripped = true;
        let fault = standing.fault.as_ref();
        fault.map_or_else(|| "it does not answer".to_owned(), Fault::to_string)
    }
}

impl Activity {
    /// Returns when it has: now, where it is not the server that is waited for.
    fn last(self) -> Option<Instant> {
        self.at
            .map(|at| if self.is_at_work { Instant::now() } else { at })
    }
}

impl Standing {
    fn closed(&self) -> Option<Fault> {
        let fault = self.fault.as_ref().filter(|_| self.up.is_none());
        // A store that was reached before may be back at once, after a restart.
        let fault = fault.filter(|fault| !self.was_up || self.is_tripped || fault.is_for_good());
        match fault {
            Some(fault) => Some(fault.clone()),
            None if self.is_tripped => Some(Fault::Away("it does not answer".to_owned())),
            None => {
                let is_locked = self.locked.is_some_and(|at| at.elapsed() < LOCKED);
                is_locked.then(Fault::of_lock)
            }
        }
    }
}

/// Returns until when a question that is asked now may take.
pub(super) fn deadline() -> Instant {
    Instant::now() + ffi::within(PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::engine::own;

    /// Where each answer came late, an end waited for several.
    #[test]
    fn all_that_one_end_asks_has_the_time_of_one_question() {
        let _own = own::begin();
        let nobody = Address::parse("postgres://u@127.0.0.1:1/d", None).unwrap();
        let link = Link::of(&Arc::new(nobody));
        // As where the server answers others all the time.
        link.standing.lock().was_up = true;
        link.hear();
        link.set_at_work(true);
        let one_end = OneEnd::begin();
        let of_others = || link.ask_now("SELECT 1", &[]);
        assert!(of_others().is_err());
        let left = LEFT.get().unwrap();
        assert!(left <= PATIENCE, "{left:?}");
        // Nobody is asked any more for others, and the job's own change still is.
        let second = of_others();
        assert!(matches!(second, Err(Fault::Later(_))), "{second:?}");
        assert_eq!(LEFT.get(), Some(left));
        assert_eq!(link.closed(), None);
        assert!(link.ask("SELECT 1", &[], deadline()).is_err());
        assert_eq!(LEFT.get(), Some(Duration::ZERO));
        assert!(link.closed().is_some());
        drop(one_end);
        assert_eq!(LEFT.get(), None);
    }
}
