//! The heartbeat: each beginning and each end of a run, sent to a service that notices what never
//! begins, in the ping protocol of Healthchecks. <https://healthchecks.io/docs/http_api/>
//!
//! It gets every run before any rule, and no run waits for it: a thread of its own sends what
//! it can, and the rest is dropped, for a late heartbeat is a false one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::format::hash;
use crate::format::text;
use crate::notifier::Refusal;
use crate::notifier::http::{Class, Post, Rule};
use crate::notifier::secret::Secret;
use crate::notifier::url::Url;
use crate::os::engine::{Part, Slot};
use crate::os::ffi;
use crate::os::isolate;
use crate::os::redact::{self, Parts};
use crate::os::warning::{self, Warning};
use crate::os::worker::{Work, Worker};
use crate::status::State;
use crate::status::outcome::Outcome;

/// The variable that holds the URL.
pub(crate) const VARIABLE: &str = "NOTIFY_HEARTBEAT_URL";

/// What stands in the URL for the job's name.
const JOB: &str = "{job}";

/// Pings that may wait; and as many ends more, for a beginning without an end would be taken for a run that hangs.
const WAITING: usize = 64;

/// A ping that is older says of the past what would be taken for the present.
const LATE: Duration = Duration::from_secs(30);

/// How long the service may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a ping is tried, and the pause where none is asked for.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// A longer pause would make those late that wait behind.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often to look in a pause whether the exit has begun.
const LOOK: Duration = Duration::from_millis(10);

/// The most that the exit waits.
const EXIT: Duration = Duration::from_secs(2);

/// The longest error that is sent; the service keeps as much.
const ERROR: usize = 10_000;

/// The longest slug that the service takes.
const SLUG: usize = 100;

/// The fault of a heartbeat that is not delivered.
const FAULT: &str = "heartbeat";

/// The fault of more pings than the service takes: one that is delivered says nothing of the others.
const SURPLUS: &str = "heartbeat surplus";

/// What the service answers to a ping by a check's UUID, for which it says 200 whatever becomes of it.
/// <https://healthchecks.io/docs/http_api/#success-uuid>
const ANSWERS: [Rule; 2] = [
    Rule::range(200..=299, "(not found)", Class::Channel),
    Rule::range(200..=299, "(rate limited)", Class::Temporary),
];

/// What to do where the service knows no check of that name.
const NO_CHECK: &str = "the service has no such check: add `?create=1` to the URL so that it creates one, or create it by hand";

/// The same where the URL asks for one to be made.
const NO_KEY: &str =
    "the service does not know this ping key, or creates no check despite `create=1`";

static BEATS: Part<Worker<Beats>> = Part::new(Slot::Heartbeats);

/// Where pings go: a URL, with `{job}` in it for a check of each job, or the file that holds it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    url: Secret,
}

/// Pings that wait, and whether one is being sent.
#[derive(Default)]
struct Beats {
    pings: VecDeque<Ping>,
    is_sending: bool,
}

struct Ping {
    heartbeat: Arc<Heartbeat>,
    job: String,
    run: u64,
    event: Event,
    at: Instant,
}

/// What a ping says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Begun,
    Succeeded,
    /// With the error, bounded.
    Failed(String),
}

impl Event {
    fn path(&self) -> &'static str {
        match self {
            Self::Begun => "/start",
            Self::Succeeded => "",
            Self::Failed(_) => "/fail",
        }
    }

    fn body(&self) -> &str {
        match self {
            Self::Begun | Self::Succeeded => "",
            Self::Failed(error) => error,
        }
    }
}

impl Heartbeat {
    /// Takes `https://…`, with `{job}` or without, or `file:/path`. The error says what is wrong, without the value.
    pub(crate) fn parse(value: &str) -> Result<Self, &'static str> {
        let url = Secret::parse(value)?;
        if let Secret::Text(url) = &url {
            ping_url(url, "job", 0, &Event::Begun)?;
        }
        Ok(Self { url })
    }

    /// Returns what no text may show.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let url = self.url.reveal().unwrap_or_default();
        redact::of_url(before_job(&url), Parts::Tokens)
    }

    pub(crate) fn begin(self: &Arc<Self>, job: &str, run: u64) -> Result<(), Warning> {
        self.say(job, run, Event::Begun)
    }

    pub(crate) fn end(
        self: &Arc<Self>,
        job: &str,
        run: u64,
        outcome: &Outcome,
    ) -> Result<(), Warning> {
        if let Outcome::NotCounted(_) = outcome {
            // It neither worked nor failed, and the service knows of nothing between.
            return Ok(());
        }
        let event = match outcome.state() {
            State::Ok => Event::Succeeded,
            State::Error => Event::Failed(text::cut(outcome.text(), ERROR).into_owned()),
        };
        self.say(job, run, event)
    }

    fn say(self: &Arc<Self>, job: &str, run: u64, event: Event) -> Result<(), Warning> {
        let beats = BEATS.get();
        let is_taken = beats.lock().add(Ping {
            heartbeat: self.clone(),
            job: job.to_owned(),
            run,
            event,
            at: Instant::now(),
        });
        if !is_taken {
            return Err(unheard(SURPLUS, "too many pings wait already"));
        }
        beats.wake().map_err(|error| {
            beats.lock().pings.clear();
            unheard(
                FAULT,
                &format!("no thread could be started for it: {error}"),
            )
        })
    }
}

impl Beats {
    /// Takes in a ping, unless too many wait. Before that it takes the place of what waits of its job, for the service
    /// looks at the latest: a beginning that of all, an end that of beginnings. Of a job whose runs follow each other
    /// faster than the service answers it so hears of some runs, and of the end of the last.
    fn add(&mut self, ping: Ping) -> bool {
        let is_end = ping.event != Event::Begun;
        if self.pings.len() >= WAITING {
            self.pings.retain(|waiting| {
                waiting.job != ping.job || is_end && waiting.event != Event::Begun
            });
        }
        let most = if is_end { 2 * WAITING } else { WAITING };
        let has_room = self.pings.len() < most;
        if has_room {
            self.pings.push_back(ping);
        }
        has_room
    }
}

impl Work for Beats {
    const NAME: &'static str = "notify-heartbeat";
    type Step = Ping;

    fn next(&mut self) -> Result<Ping, Option<Duration>> {
        let ping = self.pings.pop_front();
        self.is_sending = ping.is_some();
        ping.ok_or(None)
    }

    fn act(worker: &'static Worker<Self>, ping: Ping) {
        let sent = isolate::contain(|| ping.send());
        match sent.unwrap_or_else(|| Err("it panicked".to_owned())) {
            Ok(()) => warning::over(FAULT),
            Err(reason) => unheard(FAULT, &reason).warn(),
        }
        worker.lock().is_sending = false;
    }
}

impl Ping {
    /// Sends it, unless it is late: more than once, where the service asks for it and there is time.
    fn send(&self) -> Result<(), String> {
        let mut tries = 1;
        loop {
            if self.at.elapsed() > LATE {
                return Err("the ping was too late and is dropped".to_owned());
            }
            let Err(refusal) = self.post() else {
                return Ok(());
            };
            let Refusal::Temporary {
                reason,
                retry_after,
            } = refusal
            else {
                return Err(refusal.reason().to_owned());
            };
            let pause = retry_after.unwrap_or(PAUSE);
            if tries == TRIES || pause > LONGEST_PAUSE || ffi::has_begun() {
                return Err(reason);
            }
            tries += 1;
            let over = Instant::now() + pause;
            // The exit has no time for a pause, and what waits behind may still be delivered.
            while Instant::now() < over {
                if ffi::has_begun() {
                    return Err(reason);
                }
                thread::sleep(LOOK);
            }
        }
    }

    fn post(&self) -> Result<(), Refusal> {
        let url = self.heartbeat.url.reveal().map_err(Refusal::channel)?;
        let url = ping_url(&url, &self.job, self.run, &self.event).map_err(Refusal::channel)?;
        let answer = Post::text(&url, self.event.body()).send(ffi::within(TIMEOUT))?;
        let is_unknown = answer.status == 404;
        answer.judge(&ANSWERS).map_err(|refusal| match refusal {
            Refusal::Channel { reason } if is_unknown => {
                Refusal::channel(format!("{reason}: {}", unknown(url.as_str())))
            }
            refusal => refusal,
        })
    }
}

/// Says what to do where the service knows nothing by that URL.
fn unknown(url: &str) -> &'static str {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|option| option == "create=1") {
        NO_KEY
    } else {
        NO_CHECK
    }
}

/// Returns what of a URL is the same for all jobs, from its beginning.
pub(crate) fn before_job(url: &str) -> &str {
    url.split_once(JOB).map_or(url, |(before, _)| before)
}

/// Makes the URL of a ping: the job's name in its place, the event after the path, and the run's id,
/// by which the service distinguishes runs that overlap.
fn ping_url(url: &str, job: &str, run: u64, event: &Event) -> Result<Url, &'static str> {
    if url.contains('#') {
        return Err("a `#` is not allowed in it");
    }
    let url = url.replace(JOB, &slug(job));
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let path = path.trim_end_matches('/');
    let and = if query.is_empty() { "" } else { "&" };
    let event = event.path();
    Url::parse(&format!("{path}{event}?{query}{and}rid={}", uuid(run)))
}

/// Makes a job's name safe: lower case letters, digits, `-` and `_`.
///
/// A name that is more than letters, digits, `.`, `-` and `_` ends in a hash of it: two jobs that
/// share a check hide each other's failures.
fn slug(job: &str) -> String {
    let mut slug = String::new();
    let mut is_whole = true;
    for character in job.chars() {
        match character.to_ascii_lowercase() {
            safe @ ('a'..='z' | '0'..='9' | '-' | '_') => slug.push(safe),
            other => {
                is_whole &= other == '.' && !slug.is_empty() && !slug.ends_with('-');
                if !slug.is_empty() && !slug.ends_with('-') {
                    slug.push('-');
                }
            }
        }
    }
    let trimmed = slug.trim_end_matches('-');
    if is_whole && trimmed == slug && (1..=SLUG).contains(&slug.len()) {
        return slug;
    }
    let begin = text::first_bytes(trimmed, SLUG - 17);
    let hash = hash::hash(job);
    format!("{begin}-{hash:016x}")
        .trim_start_matches('-')
        .to_owned()
}

/// Makes a UUID of the free kind (version 8) of a run's id.
fn uuid(run: u64) -> String {
    let more = hash::hash(&format!("{run:016x}"));
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        run >> 32,
        run >> 16 & 0xffff,
        run & 0xfff,
        0x8000 | more >> 48 & 0x3fff,
        more & 0xffff_ffff_ffff,
    )
}

fn unheard(fault: &str, reason: &str) -> Warning {
    let message = format!("the heartbeat ({VARIABLE}) is not delivered: {reason}");
    Warning::new(fault, message)
}

/// Returns whether nothing waits, without waiting for long to learn it.
pub(crate) fn is_idle() -> bool {
    BEATS
        .get()
        .try_lock()
        .is_some_and(|state| state.pings.is_empty() && !state.is_sending)
}

/// Returns how long an exit that begins now waits for the heartbeat.
pub(crate) fn deadline(exit: Instant) -> Instant {
    exit.min(Instant::now() + EXIT)
}

/// Waits until all pings are sent, at most until then.
pub(crate) fn finish(deadline: Instant) {
    let beats = BEATS.get();
    let left = deadline.saturating_duration_since(Instant::now());
    // What is not sent by then is dropped.
    beats.wait_while(left, |state| {
        beats.is_running() && (state.is_sending || !state.pings.is_empty())
    });
}

#[cfg(test)]
mod tests;
