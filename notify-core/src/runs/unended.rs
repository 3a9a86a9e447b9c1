//! What is reported of a run that goes on: that it has begun, overlaps another or is overdue, and how far it is.

use std::borrow::Cow;
use std::ptr;
use std::time::{Duration, Instant};

use crate::dispatch::dispatcher;
use crate::dispatch::standing::{Comes, Standing};
use crate::format::hash;
use crate::format::time;
use crate::os::clock;
use crate::os::ffi;
use crate::os::warning::{self, Warning};
use crate::rules::transition::Ended;
use crate::runs::registry::{OPEN, Open, WAS_OVERDUE, is_under_way, open_runs};
use crate::runs::report::Report;
use crate::runs::run_data;
use crate::runs::sharded::Values;
use crate::runs::{asked, overdue, overlap};
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::state;
use crate::state::run_record::{self, Definition, Recorded};
use crate::status::outcome::Outcome;
/// Seconds.
const MINUTE: f64 = 60.0;

/// How often to look whether a notify directory can be used by now, in which runs under way are to be written down.
const STORE: Duration = Duration::from_secs(2);

/// How often what a run says of itself is written down.
const NEWS: Duration = Duration::from_secs(1);

/// How soon after the last time it is shown again in the message of its beginning, if that may be edited then.
const SHOWN: Duration = Duration::from_secs(10);

/// Has what a run says of itself written into the record of runs under way, at most once a second: for those who
/// look at it meanwhile, and for its death.
pub(crate) fn watch_news(number: u64) {
    if let Some(at) = Instant::now().checked_add(NEWS) {
        overdue::watch(at, number, note_news);
    }
}

fn note_news(number: u64) {
    let Some((around, is_news)) = run_data::take_news(number) else {
        return;
    };
    if ffi::ends_elsewhere() {
        return;
    }
    let outermost = around.first().copied().unwrap_or(number);
    let run = { open_runs(outermost).get(&outermost).cloned() };
    if let Some(run) = run.filter(|_| is_news) {
        record_anew(&run, in_force::setup_so_far());
    }
    if is_news {
        show_progress(number, &around);
    }
    watch_news(number);
}

/// Has the message of the beginning of a run, or of the innermost `around` it that has one, show how far it has come.
fn show_progress(number: u64, around: &[u64]) {
    let Some(progress) = run_data::so_far(number, false).progress else {
        return;
    };
    let due = |number: u64| {
        let mut open = open_runs(number);
        let run = open.get_mut(&number).filter(|run| run.is_start_sent)?;
        let is_recent = |shown: Instant| shown.elapsed() < SHOWN;
        if run.shown.is_some_and(is_recent) {
            return None;
        }
        run.shown = Some(Instant::now());
        Some(run.clone())
    };
    let around = around.iter().rev().copied();
    if let Some(run) = std::iter::once(number).chain(around).find_map(due) {
        let setup = in_force::setup_so_far();
        let job = run.job_name(setup).into_owned();
        let words = progress.words(clock::now());
        run.show(setup, &Standing::new(job, run.begun(), Comes::OnTo(words)));
    }
}

/// Writes down that an outermost run begins: in the words of the last of its definition, where these are known.
pub(super) fn record_beginning(run: &Open, setup: &'static Setup) {
    let definition = (ptr::from_ref(run.job).addr(), ptr::from_ref(setup).addr());
    let definition = Some(definition).filter(|_| run.name.is_none());
    if let Some((store, definition)) = setup.store().zip(definition) {
        let own = run_record::own(run.id(), run.begun());
        if store.begin_run_again(run.number, definition, &own) {
            return;
        }
    }
    record(run, setup, definition);
}

/// Writes down that an outermost run is under way, so that its death can be reported. The next one of its `definition`
/// says the same.
pub(super) fn record(run: &Open, setup: &'static Setup, definition: Option<Definition>) {
    let Some(store) = setup.store().filter(|_| !run.nested) else {
        if setup.take_failure() {
            watch_for_store();
        }
        return;
    };
    let routes = setup.routes(run.channel(setup));
    let mut ended = run.ended(setup, run.started);
    ended.heard = run_data::so_far(run.number, false);
    let recorded = Recorded {
        ended,
        settings: run.settings(setup),
        queues: routes
            .as_ref()
            .map_or(Cow::default(), |routes| Cow::Borrowed(&*routes.queues)),
        has_returned: run.returned.is_some(),
    };
    // A queue that cannot be had now may be had later.
    let is_lasting = routes.is_none() || !recorded.queues.is_empty();
    match store.begin_run(run.number, &recorded, definition.filter(|_| is_lasting)) {
        Ok(()) => warning::over("record"),
        Err(error) => {
            let message =
                format!("runs cannot be recorded ({error}): if one is killed, no alert is sent");
            Warning::new("record", message).warn();
        }
    }
}

/// Has the runs that have begun before the notify directory could be used written down, once it can.
fn watch_for_store() {
    if let Some(at) = Instant::now().checked_add(STORE) {
        overdue::watch(at, 0, look_for_store);
    }
}

fn look_for_store(_: u64) {
    let setup = in_force::setup_so_far();
    let is_there = setup.store().is_some();
    setup.warn_of_problems();
    if is_there {
        record_all(setup);
    } else {
        watch_for_store();
    }
}

/// Writes down anew all runs that are under way, and returns them.
pub(super) fn record_all(setup: &'static Setup) -> Vec<Open> {
    // Not under a lock: a notifier may be asked who it is.
    let open: Vec<_> = OPEN.get().all().map(|open| open.clone()).collect();
    let open: Vec<_> = open
        .into_iter()
        .flat_map(Values::into_values)
        .map(|run| *run)
        .collect();
    for run in &open {
        record_anew(run, setup);
    }
    open
}

/// Writes a run down anew, of which something else is to be said if it dies.
pub(super) fn record_anew(run: &Open, setup: &'static Setup) {
    record(run, setup, None);
    if !is_under_way(run.number) {
        // It has ended meanwhile, and must not look as if it had died.
        state::end_run(run.number);
    }
}

impl Open {
    fn show(&self, setup: &Setup, standing: &Standing) {
        let Some(routes) = setup.routes(self.channel(setup)) else {
            return;
        };
        for route in &routes.all {
            dispatcher::show(route, standing.clone());
        }
    }

    pub(super) fn show_end(&self, setup: &Setup, outcome: &Outcome, now: Instant) {
        let took = self.returned.unwrap_or(now);
        let took = took.saturating_duration_since(self.started);
        let (state, text) = (outcome.state(), outcome.text().into_owned());
        let job = self.job_name(setup).into_owned();
        let end = Comes::ToAnEnd { state, text, took };
        self.show(setup, &Standing::new(job, self.begun(), end));
    }

    /// Returns when the run is overdue, if a job of its kind should end within some time.
    pub(super) fn due(&self, setup: &Setup) -> Option<Instant> {
        let own = self.job.arguments.overdue_minutes;
        let minutes = own.or(setup.overdue_minutes)?;
        let time = Duration::try_from_secs_f64(minutes * MINUTE).ok()?;
        self.started.checked_add(time)
    }

    /// Has an open run watched, if it can be overdue.
    pub(super) fn watch(&mut self, setup: &Setup) {
        if self.overdue_at.is_none()
            && let Some(at) = self.due(setup)
        {
            self.overdue_at = Some(at);
            overdue::watch(at, self.number, report_overdue);
        }
    }

    /// Sends that it has begun, where that is asked for, once it is known where to: a `Config` may come later.
    pub(super) fn report_start(&mut self, setup: &'static Setup, warnings: &mut Vec<Warning>) {
        let own = self.job.arguments.start;
        let is_asked_for = own.unwrap_or(setup.start && !self.nested);
        if !is_asked_for || self.is_start_sent || asked::for_help() {
            return;
        }
        if setup.routes(self.channel(setup)).is_none() {
            return;
        }
        self.is_start_sent = true;
        let mut ended = self.ended(setup, self.started);
        ended.took = None;
        report_unended(self, ended, "started", &Outcome::Started, setup, warnings);
    }
}

/// Reports that a run is still under way, and leaves its status as it is.
fn report_overdue(number: u64) {
    let run = match open_runs(number).get_mut(&number) {
        Some(run) => {
            run.was_overdue = true;
            run.clone()
        }
        None => return,
    };
    let setup = in_force::setup_so_far();
    let mut ended = run.ended(setup, Instant::now());
    ended.heard = run_data::so_far(number, true);
    ended.notes.retain(|note| note != WAS_OVERDUE);
    let seconds = run.started.elapsed().as_secs_f64();
    let progress = ended.heard.progress;
    let progress = progress.map(|progress| format!(": {}", progress.words(clock::now())));
    let progress = progress.unwrap_or_default();
    let outcome = Outcome::Overdue(if seconds < MINUTE {
        format!("still running after {seconds:.1} seconds{progress}")
    } else {
        format!(
            "still running after {:.0} minutes{progress}",
            seconds / MINUTE
        )
    });
    let mut warnings = Vec::new();
    let job = ended.job.clone();
    let is_sent = report_unended(&run, ended, "overdue", &outcome, setup, &mut warnings);
    if !is_sent && let Some(run) = open_runs(number).get_mut(&number) {
        // Of what was withheld nobody need hear the end.
        run.was_overdue = false;
        // What a planned quiet has withheld is due at its end.
        let now = clock::now();
        let quiet = setup.store().and_then(|store| store.quiet(&job, now).0);
        let left = quiet.and_then(|quiet| (quiet.until - now).to_std().ok());
        if let Some(at) = left.and_then(|left| Instant::now().checked_add(left)) {
            run.overdue_at = Some(at);
            overdue::watch(at, number, report_overdue);
        }
    }
    warnings.into_iter().for_each(Warning::warn);
}

/// Reports that a run has begun while another outermost run of its job goes on, here or in another process.
pub(super) fn report_overlap(run: &Open, setup: &'static Setup, warnings: &mut Vec<Warning>) {
    let is_other =
        |other: &Open| !other.nested && other.returned.is_none() && other.is_of_job_of(run);
    let begun = |open: &Values<Open>| {
        let others = open.values().filter(|other| is_other(other));
        others.map(|other| other.begun()).min()
    };
    let here = OPEN.get().all().filter_map(|open| begun(&open)).min();
    let here = here.map(|begun| (begun, "in this process".to_owned()));
    let elsewhere = || overlap::elsewhere(setup.store()?, &run.job_name(setup), &setup.host);
    let Some((begun, place)) = here.or_else(elsewhere) else {
        return;
    };
    let mut ended = run.ended(setup, run.started);
    (ended.took, ended.mention) = (None, None);
    let begun = time::show(begun);
    ended.notes.push(format!(
        "a run that began {begun} goes on, {place} (overlap = false)"
    ));
    report_unended(
        run,
        ended,
        "overlaps",
        &Outcome::Overlapping,
        setup,
        warnings,
    );
}

/// Reports something of a run that goes on: an event of its own, for the run's end has the run's id.
fn report_unended(
    run: &Open,
    mut ended: Ended,
    event: &str,
    outcome: &Outcome,
    setup: &'static Setup,
    warnings: &mut Vec<Warning>,
) -> bool {
    ended.run = hash::hash(&format!("{:016x} {event}", ended.run));
    let mut report = Report::new(ended, outcome, run.settings(setup), setup);
    report.find_routes(warnings);
    report.make(|_| true, warnings)
}
