//! `test`: sends a test alert to each channel.

use std::iter;

use clap::Args;
use notify_core::__cli::{Answer, channels, test};
use notify_core::Refusal;
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
  1  one did not, or there is none: see the answer"
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
        let code = u8::from(!is_heard);
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
            output.json(&json!({ "heard": is_heard, "answers": answers.collect::<Vec<_>>() }))?;
        } else if answers.is_empty() {
            output.say("there is no destination: set SLACK_ALERTS_WEBHOOK_URL to a webhook")?;
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
