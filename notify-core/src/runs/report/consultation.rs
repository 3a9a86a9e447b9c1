//! The program is asked about the end of a run, outside every lock, and its answer goes into the report.

use super::{Open, Report};
use crate::os::clock;
use crate::os::warning::Warning;
use crate::rules::Past;
use crate::rules::decision::Decision;
use crate::runs::consult::Said;
use crate::settings::destinations;
use crate::settings::route::{Routes, Way};
use crate::state::Seen;
use crate::status::State;
use crate::status::outcome::Outcome;

/// What stands in for a channel that leads nowhere.
const OWN: &str = "Its own channel";

impl Report<'_> {
    /// Returns whether the program, or a channel that it named, must be asked before this past can be decided on.
    pub(super) fn must_ask(
        &self,
        past: &Past,
        said: Option<&Said>,
        routes: Option<&Routes>,
    ) -> bool {
        let leads_to = |channel| routes.is_some_and(|routes| routes.channel == channel);
        match said {
            None => {
                !self.program.is_silent()
                    || named_channel(past).is_some_and(|channel| !leads_to(channel))
            }
            Some(said) => !said.is_last && said.past != *past,
        }
    }

    /// Asks the program, outside of every lock, what it says to what is known.
    pub(super) fn consult(&self, open: Open, is_last: bool, warnings: &mut Vec<Warning>) -> Said {
        // The program may exit: until it has answered the run is under way.
        if let Some(run) = self.program.park {
            run.park();
        }
        let Open { past, now, access } = open;
        let seen = Seen {
            past: &past,
            now,
            access,
            planned: None,
        };
        let routes = self.routes.as_deref();
        let earlier = named_channel(&past);
        let earlier = earlier.and_then(|channel| self.lead_to(channel, OWN, warnings));
        let mut said = Said {
            past: Past::Unknown,
            answer: None,
            message: None,
            elsewhere: earlier,
            is_last,
        };
        let (to, spoken) = (said.routes(routes), self.spoken(said.routes(routes)));
        let run = self.ended.by_the_clock(clock::first_ahead());
        let end = self.end(&run, &seen, Some(&said), to, spoken.as_ref());
        let answer = self.program.decide(&end, warnings);
        if let Some(channel) = answer.as_ref().and_then(Decision::channel) {
            said.elsewhere = match said.elsewhere.take() {
                // Whoever got the failure gets what follows, where the job's own channel leads nowhere,
                earlier if channel == self.ended.channel => earlier.filter(|_| routes.is_none()),
                // or the other does.
                Some(earlier) => {
                    let named = self.lead_to(channel, "The channel of its failure", warnings);
                    Some(named.unwrap_or(earlier))
                }
                None => self.lead_to(channel, OWN, warnings),
            };
        }
        said.answer = answer;
        let to = said.routes(routes);
        // The faults are logged with the report itself.
        let transition = self.decide(&seen, self.store, Some(&said), to, &mut Vec::new());
        said.message = transition.and_then(|transition| self.program.write(&transition, warnings));
        said.past = past;
        if said.elsewhere.is_some() {
            // The alert does not need a destination of the job's own channel.
            let nowhere = destinations::nowhere(&self.ended.channel);
            warnings.retain(|warning| !warning.is(&nowhere));
        }
        said
    }

    /// Finds what a channel leads to that a rule names, or has named; `None` where that is nothing, and another
    /// `stands_in`.
    fn lead_to(&self, channel: &str, stands_in: &str, warnings: &mut Vec<Warning>) -> Option<Way> {
        if matches!(self.outcome, Outcome::NotCounted(_)) {
            return None;
        }
        if let Ok(way) = self.setup.way(channel, self.outcome.state()) {
            return way;
        }
        let to_do = destinations::to_do(channel);
        let message = format!(
            "an alert of {} should go to the channel `{channel}`, which has no destination: {to_do}. \
             {stands_in} stands in",
            self.ended.job
        );
        let fault = destinations::nowhere(channel);
        warnings.push(Warning::new(format!("{fault} of a rule"), message));
        None
    }
}

/// Returns the channel that later alerts of an incident go to, where the last one did not go to the job's own.
fn named_channel(past: &Past) -> Option<&str> {
    let status = past.status().filter(|status| status.state == State::Error);
    status?.alerted_channel.as_deref()
}
