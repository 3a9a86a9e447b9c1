//! `drain`: sends the alerts that wait.

use std::time::Duration;

use clap::Args;
use notify_core::__cli::{self as look, Desk, Queue, queues, user};
use serde_json::json;

use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "Alerts are sent to the channels that the environment names, and to the destinations that they were meant for. After a webhook was replaced, `--adopt QUEUE` sends what waits for the old one to the new one; the queues that are left are listed by name.

Exit codes:
  0  nothing is left to send
  1  something is left: see the answer
  2  it could not be tried; see standard error"
)]
pub(crate) struct Arguments {
    /// How long to try
    #[arg(long = "for", id = "time", value_name = "TIME", value_parser = span::parse, default_value = "30s")]
    time: Duration,
    /// First move the alerts of this queue to the current queue of its channel
    #[arg(long, value_name = "QUEUE")]
    adopt: Option<String>,
    /// The queue to move them to, where the channel has several
    #[arg(long, value_name = "QUEUE", requires = "adopt")]
    into: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let desk = Desk::at(&place, crate::user())?;
        let adopted = match &self.adopt {
            Some(queue) => Some(desk.adopt(queue, self.into.as_deref())?),
            None => None,
        };
        let see = || -> Result<Vec<Queue>, Failure> {
            let (mut all, _) = queues(&place, None).map_err(Failure::unreadable(&place))?;
            // Those of a shared store are nobody's in particular.
            all.retain(|queue| queue.user.is_empty() || queue.user == user());
            Ok(all)
        };
        let waiting = |queues: &[Queue]| queues.iter().map(|queue| queue.waiting).sum::<usize>();
        let before = waiting(&see()?);
        desk.drain(self.time)?;
        let left = see()?;
        let after = waiting(&left);
        let code = u8::from(after > 0);
        output.set_code(code);
        if common.json {
            output.json(&json!({
                "adopted": adopted,
                "sent": before.saturating_sub(after),
                "left": after,
                "queues": left.iter().map(json::queue).collect::<Vec<_>>(),
            }))?;
            return Ok(code);
        }
        if let Some(adopted) = adopted {
            output.say(&format!("{} adopted", count(adopted, "alert")))?;
        }
        let sent = count(before.saturating_sub(after), "alert");
        let left_words = if after == 0 {
            "nothing is left".to_owned()
        } else {
            format!("{after} left:")
        };
        output.say(&format!("{sent} sent, {left_words}"))?;
        for queue in &left {
            list(queue, &desk, output)?;
        }
        Ok(code)
    }
}

/// Says what is left in a queue, and why.
fn list(queue: &Queue, desk: &Desk, output: &mut Output) -> Result<(), Failure> {
    let name = plain(&queue.name);
    if queue.waiting > 0 {
        let oldest = words::oldest(queue.oldest, look::now());
        output.say(&format!("  {name}: {} waiting{oldest}", queue.waiting))?;
        let channel = plain(&queue.channel);
        output.say(&if desk.sends_from(&queue.name) {
            format!("    not delivered: `pipeline-notify test {channel}` says why")
        } else {
            format!(
                "    they are for a webhook that channel {channel} does not have here: set it, or, if it was replaced, add --adopt {name}"
            )
        })?;
    }
    if queue.held > 0 {
        output.say(&format!("  {name}: {} held back until due", queue.held))?;
    }
    if queue.rejected > 0 {
        let folder = queue.rejected_folder.display();
        output.say(&format!(
            "  {name}: {} refused, with the reasons in {folder}",
            queue.rejected
        ))?;
    }
    Ok(())
}
