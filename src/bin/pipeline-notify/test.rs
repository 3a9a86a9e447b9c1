//! `test`: sends a test alert to each channel, and looks whether the shared store can be used.

use std::iter;

use clap::Args;
use notify_core::__cli::{Answer, Place, channels, named_store, test};
use notify_core::{Error, Refusal};
use serde_json::json;

use crate::output::{Colour, Output};
use crate::words::plain;
use crate::{Common, Failure};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "Sends a failure and its recovery, marked as a test, of a job that does not exist. Both are sent at once, and not through the outbox.

Exit codes:
  0  every destination accepted it
  1  one did not, or there is none: see the answer
  2  every destination accepted it, and the store of NOTIFY_STORE cannot be used"
)]
pub(crate) struct Arguments {
    /// Channels to test [default: all that `SLACK_…_WEBHOOK_URL` and `NOTIFY_…_URL` name]
    #[arg(value_name = "CHANNEL")]
    channels: Vec<String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let all = if self.channels.is_empty() {
            channels()
        } else {
            self.channels.clone()
        };
        let mut answers = Vec::new();
        output.set_code(1);
        for channel in &all {
            for answer in test(channel, &crate::user()) {
                if !common.json {
                    let line = line(&answer, output);
                    output.say(&line)?;
                    output.flush()?;
                }
                answers.push(answer);
            }
        }
        let is_heard = !answers.is_empty() && answers.iter().all(|answer| answer.refusal.is_none());
        let store = common.dir.is_none().then(named_store).flatten();
        let code = match &store {
            Some(Err(_)) if is_heard => FAILURE,
            _ => u8::from(!is_heard),
        };
        output.set_code(code);
        if common.json {
            let answers = answers.iter().map(|answer| {
                json!({
                    "channel": answer.channel,
                    "destination": answer.destination,
                    "accepted": answer.refusal.is_none(),
                    "reason": answer.refusal.as_ref().map(Refusal::reason),
                    "missing": answer.missing,
                    "seconds": answer.took.as_secs_f64(),
                })
            });
            let answers: Vec<_> = answers.collect();
            let store = store.as_ref().map(|store| {
                json!({ "usable": store.is_ok(), "reason": store.as_ref().err().map(reason) })
            });
            output.json(&json!({ "heard": is_heard, "answers": answers, "store": store }))?;
            return Ok(code);
        }
        if answers.is_empty() {
            output.say("there is no destination: set SLACK_ALERTS_WEBHOOK_URL to a webhook")?;
        }
        if let Some(store) = &store {
            output.say(&store_line(store, output))?;
        }
        Ok(code)
    }
}

fn line(answer: &Answer, output: &Output) -> String {
    let (word, colour, rest) = match &answer.refusal {
        None => {
            let took = format!("in {:.1} s", answer.took.as_secs_f64());
            let missing = answer.missing.iter().map(|missing| plain(missing).into());
            let all: Vec<_> = iter::once(took).chain(missing).collect();
            ("accepted", Colour::Green, all.join("; "))
        }
        Some(refusal) => {
            let word = match refusal {
                // An exit code that says nothing may be an outage: the alert is tried again.
                Refusal::Temporary { .. } | Refusal::Unknown { .. } => "not now",
                _ => "refused",
            };
            (word, Colour::Red, plain(refusal.reason()).into_owned())
        }
    };
    let (channel, destination) = (plain(&answer.channel), plain(&answer.destination));
    format!(
        "{channel}  {}  {rest}  ({destination})",
        output.paint(word, colour)
    )
}

fn store_line(store: &Result<Place, Error>, output: &Output) -> String {
    let (word, colour, rest) = match store {
        Ok(place) => ("usable", Colour::Green, format!("({place})")),
        Err(error) => (
            "not usable",
            Colour::Red,
            format!("{}  (NOTIFY_STORE)", reason(error)),
        ),
    };
    format!("store  {}  {}", output.paint(word, colour), plain(&rest))
}

fn reason(error: &Error) -> String {
    match error {
        Error::Store { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}
