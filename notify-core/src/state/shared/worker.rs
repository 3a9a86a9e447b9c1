//! The background thread of a connection: it connects, asks what it is given, says that the process lives, and
//! writes what may wait. Nothing in it waits for the job, and nothing waits for it without a limit.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout, timeout_at};

use super::fault::Fault;
use super::life;
use super::link::{Event, Link, Question};
use super::memory;
use super::retention;
use super::session::{self, Client, Session};
use super::transaction;
use crate::os::clock;

/// How often the thread looks for work that nobody waits for.
const TICK: Duration = Duration::from_millis(200);

/// How often the store is asked for a sign of life, and given one.
const BEAT: Duration = Duration::from_secs(5);

/// How long it may take to answer then.
const BEAT_PATIENCE: Duration = Duration::from_secs(4);

/// The pauses between attempts to connect: the first, and the longest. Between them a pause is this part of the time
/// that the store is away, so that it is not away for much longer than it must.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const PART: u32 = 4;

const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text";

/// What the thread works on.
struct Work {
    link: Arc<Link>,
    session: Option<(u64, Session)>,
    /// Numbers the connections.
    number: u64,
    /// Questions that wait for a connection.
    waiting: Vec<Question>,
    /// Since when there is no connection.
    away: Instant,
    beaten: Instant,
    /// When the history was last made shorter.
    swept: Option<Instant>,
}

/// The thread.
pub(super) fn run(link: &Arc<Link>, events: UnboundedReceiver<Event>) {
    match Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
    {
        Ok(runtime) => runtime.block_on(work(link.clone(), events)),
        Err(error) => link.fail(Fault::Never(format!("its thread cannot work: {error}"))),
    }
}

async fn work(link: Arc<Link>, mut events: UnboundedReceiver<Event>) {
    let ticks = link.events();
    tokio::spawn(async move {
        while ticks.send(Event::Tick).is_ok() {
            sleep(TICK).await;
        }
    });
    let mut work = Work {
        link,
        session: None,
        number: 0,
        waiting: Vec::new(),
        away: Instant::now(),
        beaten: Instant::now(),
        swept: None,
    };
    work.connect(Duration::ZERO);
    while let Some(event) = events.recv().await {
        match event {
            Event::Ask(question) => work.ask(question),
            Event::Connected(Ok(session)) => work.begin(session),
            Event::Connected(Err(fault)) => work.fail(fault),
            Event::Closed(number) => work.end(number),
            Event::Begun => work.write_runs(true),
            Event::Tick => work.tick(),
        }
    }
}

impl Work {
    fn connect(&self, after: Duration) {
        let link = self.link.clone();
        tokio::spawn(async move {
            sleep(after).await;
            let session = Session::open(&link).await;
            let _ = link.send(Event::Connected(session));
        });
    }

    fn begin(&mut self, mut session: Session) {
        self.number += 1;
        let (number, events) = (self.number, self.link.events());
        let placeholder = tokio::spawn(async {});
        let open = std::mem::replace(&mut session.open, placeholder);
        tokio::spawn(async move {
            let _ = open.await;
            let _ = events.send(Event::Closed(number));
        });
        self.link.rise(&session);
        (self.session, self.beaten) = (Some((number, session)), Instant::now());
        self.link.runs.lock().register_anew();
        self.write_runs(true);
        for question in std::mem::take(&mut self.waiting) {
            self.ask(question);
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.link.fail(fault);
        if let Some(fault) = self.link.closed() {
            for question in self.waiting.drain(..) {
                let _ = question.reply.try_send(Err(fault.clone()));
            }
        }
        self.connect((self.away.elapsed() / PART).clamp(FIRST_PAUSE, LONGEST_PAUSE));
    }

    fn end(&mut self, number: u64) {
        if self.session.take_if(|(open, _)| *open == number).is_some() {
            self.away = Instant::now();
            self.link
                .fail(Fault::Away("its connection is closed".to_owned()));
            self.connect(Duration::ZERO);
        }
    }

    fn ask(&mut self, question: Question) {
        let Some((number, session)) = &self.session else {
            match self.link.closed() {
                Some(fault) => drop(question.reply.try_send(Err(fault))),
                None => self.waiting.push(question),
            }
            return;
        };
        if !question.stage.ask() {
            return;
        }
        let (client, mend) = (session.client.clone(), session.mend.clone());
        let (link, number) = (self.link.clone(), *number);
        tokio::spawn(async move {
            let Question {
                statement,
                values,
                until,
                reply,
                ..
            } = question;
            let asking = session::ask(&client, &statement, &values, &mend);
            let answer = timeout_at(until.into(), asking).await;
            let answer =
                answer.unwrap_or_else(|_| Err(Fault::Unheard("it does not answer".to_owned())));
            match &answer {
                Err(Fault::Unheard(_)) => drop(link.send(Event::Closed(number))),
                _ => link.answered(),
            }
            let _ = reply.try_send(answer);
        });
    }

    /// Has the thread do something that nobody waits for.
    fn spawn<F>(&self, work: impl FnOnce(Arc<Link>, Arc<Client>) -> F)
    where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let Some((number, session)) = &self.session else {
            return;
        };
        let (link, number) = (self.link.clone(), *number);
        let work = work(link.clone(), session.client.clone());
        tokio::spawn(async move {
            let slow = || Err(Fault::Unheard("it does not answer".to_owned()));
            let done = timeout(BEAT_PATIENCE, work).await;
            // It waits for no row of a job: what is locked is a table.
            match link.heed(done.unwrap_or_else(|_| slow())) {
                Err(Fault::Unheard(_)) => drop(link.send(Event::Closed(number))),
                _ => link.answered(),
            }
        });
    }

    /// Writes down runs that have begun, those of a moment ago among them where that is said.
    fn write_runs(&self, even_new: bool) {
        let Some((_, session)) = &self.session else {
            return;
        };
        // What waits for a lock holds up all that is asked behind it.
        if matches!(self.link.closed(), Some(Fault::Locked(_))) {
            return;
        }
        let mut runs = self.link.runs.lock();
        let new = runs.take_new(even_new);
        let ended = runs.take_ended();
        drop(runs);
        if !new.is_empty() {
            let (is_direct, mend) = (session.is_direct, session.mend.clone());
            self.spawn(|link, client| life::write(link, client, new, is_direct, mend));
        }
        if !ended.is_empty() {
            self.spawn(|link, client| life::erase(link, client, ended));
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.waiting.retain(|question| question.until > now);
        self.write_runs(false);
        if self.link.closed().is_none() && memory::is_due(&self.link, now) {
            self.spawn(memory::write_behind);
        }
        let Some((_, session)) = &self.session else {
            return;
        };
        let is_long = |swept: Instant| now.saturating_duration_since(swept) >= retention::EVERY;
        if self.swept.is_none_or(is_long) {
            let lasts = self.swept.replace(now).is_some();
            self.spawn(move |link, client| retention::sweep(link, client, lasts));
        }
        let is_settled = || {
            let up = self.link.up();
            up.is_some_and(|(since, _)| now.saturating_duration_since(since) >= TICK)
        };
        if session.is_direct
            && self.link.closed().is_none()
            && session.client.is_unprepared()
            && is_settled()
            && self.link.runs.lock().has_written()
        {
            self.spawn(transaction::prepare);
        }
        let is_owed = session.is_direct && !session.is_locked;
        if now.saturating_duration_since(self.beaten) < if is_owed { TICK * 5 } else { BEAT } {
            return;
        }
        self.beaten = now;
        let is_direct = session.is_direct;
        self.spawn(move |link, client| async move {
            let asked = (Instant::now(), clock::of_host());
            let rows = link.ask_by(&client, CLOCK, &[]).await?;
            if let Some([clock]) = session::row(rows) {
                session::follow(&clock, asked);
            }
            life::beat(link, client, is_direct).await
        });
    }
}
