//! What waits for each destination, as the background thread knows it.

use std::collections::HashSet;
use std::time::Instant;

use crate::dispatch::ledger;
use crate::dispatch::sender::Next;
use crate::dispatch::standing::Standing;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::os::clock;
use crate::os::warning;
use crate::os::worker::Worker;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::state::entry::Entry;
use crate::state::moved::Moved;
use crate::state::rate::Pace;

#[derive(Default)]
pub(super) struct Delivery {
    pub(super) lines: Vec<Line>,
    pub(super) is_woken: bool,
    /// When something may leave that could not at the last look.
    pub(super) look_at: Option<Instant>,
}

/// What waits for one destination.
pub(super) struct Line {
    pub(super) route: Route,
    /// The keys of what this process has queued on disk: its exit waits for that.
    pub(super) own: HashSet<String>,
    /// Whether others have left alerts there, and the exit is to try them.
    pub(super) is_left: bool,
    /// Since when the thread is sending to it, and how often it has begun to.
    pub(super) sends_since: Option<Time>,
    pub(super) looks: u32,
    /// Since when the exit is.
    pub(super) tries_since: Option<Time>,
    pub(super) memory: Memory,
    /// How the runs stand whose beginnings were sent to it, as far as it is to show that.
    pub(super) standings: Vec<Standing>,
    /// Whether one is being shown that says how a run has ended.
    pub(super) is_showing: bool,
}

/// Alerts that could not be queued on disk.
pub(super) struct Memory {
    pub(super) alerts: Vec<Alert>,
    /// The jobs whose failures were sent to `alerts`.
    pub(super) moved: Moved,
    pub(super) pace: Pace,
    /// Whether some are being sent.
    pub(super) is_sending: bool,
}

impl Memory {
    fn holds_any(&self) -> bool {
        !self.alerts.is_empty() || !self.moved.is_empty()
    }

    /// Takes the alerts of the next message.
    pub(super) fn take(
        &mut self,
        most: usize,
        now: Time,
        is_urgent: bool,
    ) -> Result<Vec<Alert>, Next> {
        if self.is_sending {
            return Err(Next::Others);
        }
        if self.alerts.is_empty() {
            return Err(Next::Nothing);
        }
        let next = self.pace.next(now, is_urgent);
        if next > now {
            return Err(Next::At(next));
        }
        self.is_sending = true;
        self.pace.begin([], now);
        let most = self.alerts.len().min(most);
        Ok(self.alerts.drain(..most).collect())
    }
}

impl Worker<Delivery> {
    pub(super) fn routes(&self, chosen: impl Fn(&Line) -> bool) -> Vec<Route> {
        let state = self.lock();
        let lines = state.lines.iter().filter(|line| chosen(line));
        lines.map(|line| line.route.clone()).collect()
    }

    /// Counts what could not be queued and is not sent.
    pub(super) fn in_memory(&self, route: &Route) -> usize {
        let mut state = self.lock();
        state.line(route).map_or(0, |line| line.memory.alerts.len())
    }

    /// Returns whether the line of a destination is as `it` says.
    pub(super) fn is(&self, route: &Route, it: impl Fn(&Line) -> bool) -> bool {
        self.lock().line(route).is_some_and(|line| it(line))
    }

    pub(super) fn change(&self, route: &Route, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lock().line(route) {
            change(line);
        }
    }

    /// Returns whether what could not be queued is older than what waits on disk.
    pub(super) fn has_older_in_memory(&self, route: &Route) -> bool {
        let oldest = match self.lock().line(route) {
            Some(line) if line.memory.is_sending => return true,
            Some(line) => line.memory.alerts.first().map(Entry::of),
            None => None,
        };
        let (Some(oldest), Some(queue)) = (oldest, &route.queue) else {
            return false;
        };
        let waiting = ledger::waiting_in(queue);
        waiting.first().is_none_or(|first| oldest < *first)
    }

    /// Returns the way to a destination by its queue, where there was no directory for one before and is one now.
    pub(super) fn at_last(&self, route: &Route) -> Option<Route> {
        if route.queue.is_some() {
            return None;
        }
        let setup = in_force::setup_so_far();
        // This tries to open the directory again.
        setup.store()?;
        let routes = setup.routes(&route.channel)?;
        let queued = |other: &&Route| other.queue.is_some() && other.is(route);
        let found = routes.all.iter().find(queued)?;
        self.change(route, |line| line.route = found.clone());
        Some(found.clone())
    }

    /// Queues what could not be queued before, as on a disk that was full: it leaves in its order then, and no end of
    /// the process loses it. A shared store keeps aside by itself what it cannot take.
    pub(super) fn queue_at_last(&self, route: &Route) {
        let queue = route.queue.as_ref();
        let Some(queue) = queue.filter(|queue| !queue.is_of_a_fleet()) else {
            return;
        };
        let (mut alerts, moved) = match self.lock().line(route) {
            Some(Line { memory, .. }) if !memory.is_sending && memory.holds_any() => {
                // Nobody else may take them, nor send from the queue, nor the exit believe that none wait.
                memory.is_sending = true;
                let alerts = std::mem::take(&mut memory.alerts);
                (alerts, std::mem::take(&mut memory.moved))
            }
            _ => return,
        };
        // What follows a failure that was sent to `alerts` goes there as well.
        let is_known = queue.add_moved(&moved).is_ok();
        let put = |alert: &Alert| queue.put(alert, &alert.render()).ok();
        let ready = alerts.iter().filter(|_| is_known);
        let queued: Vec<_> = ready.map_while(put).collect();
        alerts.drain(..queued.len());
        if alerts.is_empty() && !queued.is_empty() {
            // What was warned of says that the exit loses them.
            warning::over(&ledger::fault(route));
        }
        self.change(route, |line| {
            line.own.extend(queued.iter().map(Entry::key));
            alerts.append(&mut line.memory.alerts);
            line.memory.alerts = alerts;
            if !is_known {
                let later = std::mem::replace(&mut line.memory.moved, moved);
                line.memory.moved.add(&later);
            }
            line.memory.is_sending = false;
        });
    }

    /// Forgets what this process queued and is sent, by whichever process.
    pub(super) fn settle(&self, route: &Route) {
        let Some(queue) = &route.queue else { return };
        // What is queued from here on is not in the list.
        let Some(own) = self.lock().line(route).map(|line| line.own.clone()) else {
            return;
        };
        let waiting = ledger::waiting_in(queue);
        let waiting: HashSet<_> = waiting.iter().map(Entry::key).collect();
        if let Some(line) = self.lock().line(route) {
            line.own
                .retain(|key| waiting.contains(key) || !own.contains(key));
        }
    }
}

impl Delivery {
    pub(super) fn line(&mut self, route: &Route) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.route.is(route))
    }
}

impl Line {
    pub(super) fn new(route: Route) -> Self {
        let memory = Memory {
            alerts: Vec::new(),
            moved: Moved::default(),
            pace: Pace::new(clock::now()),
            is_sending: false,
        };
        Self {
            route,
            own: HashSet::new(),
            is_left: false,
            sends_since: None,
            looks: 0,
            tries_since: None,
            memory,
            standings: Vec::new(),
            is_showing: false,
        }
    }

    /// Returns whether the exit waits for it.
    pub(super) fn is_waited_for(&self) -> bool {
        self.has_own() || self.is_left || self.sends_since.is_some()
    }

    /// Returns its destination where something is being sent there, and since when.
    pub(super) fn under_way(&self) -> Option<(Route, Time)> {
        let since = self.sends_since.into_iter().chain(self.tries_since).min()?;
        Some((self.route.clone(), since))
    }

    /// Returns whether what this process has to send or to show waits.
    pub(super) fn has_own(&self) -> bool {
        self.has_alerts() || self.is_showing || self.standings.iter().any(Standing::is_last)
    }

    /// Returns whether alerts of this process wait.
    pub(super) fn has_alerts(&self) -> bool {
        !self.own.is_empty() || !self.memory.alerts.is_empty() || self.memory.is_sending
    }
}
