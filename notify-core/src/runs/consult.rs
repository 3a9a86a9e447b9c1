//! What the program itself says of the end of a run: the answer of its rule, and its message.
//!
//! Both are foreign code: they are asked outside every lock, a panic in them goes no further, and what is
//! annotated runs bare in them. They answer to what was known when they were asked. Where another process
//! has changed that meanwhile they are asked again.

use std::sync::Arc;
use std::time::Duration;

use crate::format::text;
use crate::message::writer::Writer;
use crate::message::written::Message;
use crate::os::inbox::Inbox;
use crate::os::isolate;
use crate::os::thread;
use crate::os::warning::Warning;
use crate::rules::decision::Decision;
use crate::rules::occasion::{Known, Occasion};
use crate::rules::rule::Rule;
use crate::rules::transition::{self, End, Transition};
use crate::rules::{Past, Reason};
use crate::settings::config::{MAX_CHANNEL_BYTES, is_channel_name};
use crate::settings::route::{Routes, Way};
use crate::status::cause::Cause;
use crate::status::outcome::Outcome;

/// So often the program is asked; then its last answer stands.
pub(crate) const MOST: usize = 5;

/// The functions of the program that have a say at the end of a run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Program<'a> {
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) writer: Option<&'a Writer>,
    /// The error that the run returned.
    pub(crate) cause: Option<Cause<'a>>,
    /// Where the process exits: how long it waits for each answer.
    pub(crate) at_exit: Option<Duration>,
    /// Keeps the run among those under way while the program is asked, which may exit.
    pub(crate) park: Option<&'a dyn Park>,
}

/// Keeps a run among those under way for a while.
pub(crate) trait Park {
    fn park(&self);
    /// Takes the run back; `false` where the exit of the process has taken it, and reports it.
    fn take_back(&self) -> bool;
}

/// What the program said to what was known then.
pub(crate) struct Said {
    pub(crate) past: Past,
    pub(crate) answer: Option<Decision>,
    pub(crate) message: Option<Message>,
    /// Where the alert goes, if not to the channel of the job.
    pub(crate) elsewhere: Option<Way>,
    /// Whether it stands, whatever has changed meanwhile.
    pub(crate) is_last: bool,
}

impl Said {
    /// Returns where the alert goes: `own` where no rule says otherwise.
    pub(crate) fn routes<'a>(&'a self, own: Option<&'a Routes>) -> Option<&'a Routes> {
        self.elsewhere
            .as_ref()
            .map_or(own, |elsewhere| Some(&elsewhere.routes))
    }
}

impl Program<'_> {
    pub(crate) fn is_silent(&self) -> bool {
        self.rule.is_none() && self.writer.is_none()
    }

    /// Asks the rule about the end of a run; `None` where it has no say, or leaves it to the built-in rules.
    pub(crate) fn decide(&self, end: &End<'_>, warnings: &mut Vec<Warning>) -> Option<Decision> {
        let rule = self.rule?;
        let outcome = end.outcome.kind()?;
        let transition = transition::of(end)?;
        let is_kept = end.outcome.is_cancelled() && end.run.nested;
        // A person's silence comes first.
        if is_kept || transition.decision.reason == Reason::Silenced {
            return None;
        }
        let text = end.outcome.text();
        let channel = end.address.map(|address| address.channel);
        let known = Known {
            job: end.run.job.clone(),
            channel: channel.unwrap_or(&end.run.channel).to_owned(),
            outcome,
            state: end.outcome.state(),
            error: match end.outcome {
                Outcome::PassedOver(error) => error.clone(),
                _ => text.trim_end().to_owned(),
            },
            begun: end.run.begun,
            took: end.run.took,
            now: end.now,
            facts: end.run.heard.facts.clone(),
            previous: end.past.status().cloned(),
            built_in: Decision::built_in(
                transition.decision.send,
                transition.decision.reason.words(),
            ),
        };
        let answer = match self.at_exit {
            None => {
                let (known, cause) = (&known, self.cause);
                ask(|| rule.ask(&Occasion { known, cause }))
            }
            Some(patience) => {
                let rule = rule.clone();
                ask_elsewhere(patience, move || {
                    let (known, cause) = (&known, None);
                    rule.ask(&Occasion { known, cause })
                })
            }
        };
        match answer {
            Ok(decision) => Some(checked(decision, &end.run.job, warnings)),
            Err(why) => {
                warnings.push(why.warning(&end.run.job, "rule", "the built-in rules decide"));
                None
            }
        }
    }

    /// Asks for what is to be written into the alert that a transition sends.
    pub(crate) fn write(
        &self,
        transition: &Transition,
        warnings: &mut Vec<Warning>,
    ) -> Option<Message> {
        let (writer, alert) = (self.writer?, transition.alert.as_deref()?);
        let message = match self.at_exit {
            None => ask(|| writer.ask(alert)),
            Some(patience) => {
                let (writer, alert) = (writer.clone(), alert.clone());
                ask_elsewhere(patience, move || writer.ask(&alert))
            }
        };
        let message = match message {
            Ok(message) => message,
            Err(why) => {
                let stands = "the alert is sent as the library writes it";
                warnings.push(why.warning(&alert.job, "message", stands));
                return None;
            }
        };
        for problem in message.problems() {
            let message = format!("the message of {}: {problem}", alert.job);
            warnings.push(Warning::new(message.clone(), message));
        }
        Some(message.finished())
    }
}

/// Takes a name off a rule's decision that is none for a channel.
fn checked(mut decision: Decision, job: &str, warnings: &mut Vec<Warning>) -> Decision {
    let Some(channel) = decision.channel().filter(|name| !is_channel_name(name)) else {
        return decision;
    };
    // Cut first: it may have 100 MB.
    let shown = text::first_bytes(channel, MAX_CHANNEL_BYTES);
    let more = if shown.len() < channel.len() {
        "…"
    } else {
        ""
    };
    let message = format!(
        "the rule of {job} names the channel `{}{more}`, and a channel's name is 1 to {MAX_CHANNEL_BYTES} ASCII \
         letters, digits, `-` and `_`: its own channel stands in",
        shown.escape_debug()
    );
    warnings.push(Warning::new("a channel of a rule", message));
    decision.channel = None;
    decision
}

/// Why there is no answer.
#[derive(Clone, Copy)]
enum Unanswered {
    Panicked,
    Late,
}

impl Unanswered {
    /// Warns that a function of the program gave no answer, and says what `stands` instead.
    fn warning(self, job: &str, argument: &str, stands: &str) -> Warning {
        let why = match self {
            Self::Panicked => "panicked",
            Self::Late => "did not answer in time at the exit",
        };
        let message = format!("the {argument} of {job} {why}: {stands}");
        Warning::new(message.clone(), message)
    }
}

/// Runs foreign code.
fn ask<R>(foreign: impl FnOnce() -> R) -> Result<R, Unanswered> {
    let answer = isolate::contain(|| isolate::bare(foreign));
    answer.ok_or(Unanswered::Panicked)
}

/// The same where the process exits: on a thread of its own, for what calls `exit` then never returns.
fn ask_elsewhere<R: Send + 'static>(
    patience: Duration,
    foreign: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Unanswered> {
    let answered = Arc::<Inbox<_>>::default();
    let answer = answered.clone();
    let ask = move || answer.put(thread::as_the_program(|| ask(foreign)));
    thread::spawn("notify-ask", ask).map_err(|_| Unanswered::Late)?;
    answered.take(patience).unwrap_or(Err(Unanswered::Late))
}
