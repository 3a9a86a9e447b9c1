//! The end of a run: reported once, by its own return or by the exit of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::dispatch::dispatcher;
use crate::format::order;
use crate::job::Job;
use crate::notifier::heartbeat;
use crate::os::clock;
use crate::os::engine::{self, Part, Slot};
use crate::os::warning::Warning;
use crate::rules::transition::Ended;
use crate::runs::consult::{Park, Program};
use crate::runs::postponed;
use crate::runs::registry::{self, Asked, OPEN, Open, open_runs};
use crate::runs::report::Report;
use crate::runs::run_data;
use crate::runs::sharded::{Sharded, Values};
use crate::runs::under_way::{self, UnderWay};
use crate::runs::{asked, overdue, reaper};
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::state::change::RunKey;
use crate::state::{self, JobKey, Kind, Repeat, Store};
use crate::status::State;
use crate::status::cause::Cause;
use crate::status::heard::Heard;
use crate::status::outcome::Outcome;

/// Whether what is done before and after the first end of a run was done.
static FIRST_END: Part<FirstEnd> = Part::new(Slot::FirstEnd);

#[derive(Default)]
struct FirstEnd {
    is_begun: AtomicBool,
    is_over: AtomicBool,
}

/// A run whose end is being reported.
struct Ending<'a> {
    run: &'a Open,
    outcome: &'a Outcome,
    heard: Heard,
    /// Where its own thread reports it, and not the exit of the process.
    under_way: Option<&'a UnderWay>,
}

impl Park for Ending<'_> {
    fn park(&self) {
        let asked = Asked {
            outcome: self.outcome.clone(),
            heard: self.heard.clone(),
        };
        let run = Open {
            asked: Some(Arc::new(asked)),
            ..self.run.clone()
        };
        open_runs(run.number).insert(run.number, Box::new(run));
        if let Some(under_way) = self.under_way {
            under_way.pause();
        }
    }

    fn take_back(&self) -> bool {
        if let Some(under_way) = self.under_way {
            under_way.resume();
        }
        let number = self.run.number;
        open_runs(number).remove(&number).is_some()
    }
}

/// Ends the runs of a `main` that have returned, for it runs again: it is a function like others.
pub(super) fn end_returned(job: &Job) -> Vec<Warning> {
    let is_returned = |run: &Open| run.returned.is_some() && std::ptr::eq(run.job, job);
    let mut returned = Vec::new();
    let runs = OPEN.get();
    for mut open in runs.all() {
        let (taken, left) = std::mem::take(&mut *open)
            .into_iter()
            .partition(|(_, run)| is_returned(run));
        *open = left;
        returned.extend::<Values<Open>>(taken);
    }
    let ends = returned.into_iter();
    ends.flat_map(|(number, run)| {
        let under_way = UnderWay::begin(number, runs);
        end(&run, &Outcome::Returned, None, &[], Some(&under_way))
    })
    .collect()
}

/// Lets the runs of the same job know that it has ended inside them: what they end with is newer.
pub(super) fn note_end(ended: &Open, around: &[u64], runs: &Sharded<Open>) {
    for number in around {
        let mut open = runs.of(*number);
        if let Some(run) = open.get_mut(number).filter(|run| ended.is_of_job_of(run)) {
            run.note_inside(ended.begun);
        }
    }
}

/// Reports the end of a run; the warnings are to be given once all that must be written is written.
/// What ends it ends those `around` it, too, or most likely does. Where it is not `under_way`, the exit of the process reports it.
pub(super) fn end(
    run: &Open,
    outcome: &Outcome,
    cause: Option<Cause<'_>>,
    around: &[Open],
    under_way: Option<&UnderWay>,
) -> Vec<Warning> {
    let setup = in_force::setup();
    let mut warnings = Vec::new();
    // A run that proves nothing has nothing to report, and one whose program was asked has reported its end.
    if run.asked.is_none() && !(outcome.is_cancelled() && run.keeps_cancelled()) {
        warnings.extend(run.beat_end(setup, outcome));
    }
    let (number, now) = (run.number, Instant::now());
    let store = setup.store();
    let key = if run.nested {
        None
    } else {
        state::run_key(number)
    };
    let kind = run.kind(setup, outcome, now);
    #[cfg(feature = "postgres")]
    let _one_end = store.and_then(Store::one_end);
    if !is_repeat(run, kind, key.as_ref(), now, setup) {
        // Inside a `main` that goes on for hours no outermost run begins, which would look.
        if reaper::look_for(setup, now, &mut warnings) {
            take_over_again(setup);
        }
        let mut ended = run.ended(setup, now);
        ended.heard = heard(run, outcome, under_way.is_none());
        let ending = Ending {
            run,
            outcome,
            heard: ended.heard.clone(),
            under_way,
        };
        let mut report = Report {
            ended,
            outcome,
            settings: run.settings(setup),
            run: key,
            now,
            setup,
            store,
            routes: None,
            kind,
            program: run.program(setup, cause, &ending),
        };
        report_end(&mut report, around, &mut warnings);
    }
    if run.is_start_sent {
        run.show_end(setup, outcome, now);
    }
    if !run.nested {
        state::end_run(number);
        if let Some(store) = store {
            store.flush_due(now);
        }
    }
    if let Some(at) = run.overdue_at {
        overdue::forget(at, number);
    }
    warnings.extend(setup.take_problems());
    warnings
}

/// Returns what the program has said in a run that ends.
fn heard(run: &Open, outcome: &Outcome, at_exit: bool) -> Heard {
    if let Some(asked) = &run.asked {
        return asked.heard.clone();
    }
    // The exit of the process has taken all runs: those around this one end next.
    let is_open = |outer| at_exit || registry::is_under_way(outer);
    run_data::end(run.number, is_open, outcome.state() == State::Error)
}

/// Returns whether the end of a run changes no more than counts, which the store has taken.
fn is_repeat(
    run: &Open,
    kind: Option<Kind<'_>>,
    ends: Option<&RunKey>,
    now: Instant,
    setup: &Setup,
) -> bool {
    let Some((kind, store)) = kind.zip(setup.store()) else {
        return false;
    };
    let repeat = &Repeat {
        kind,
        begun: run.begun.micros(clock::first_ahead()),
        took: now.saturating_duration_since(run.started),
        pid: engine::pid(),
        at: now,
        ends,
    };
    match (&run.name, &setup.instance) {
        (None, None) => {
            let key = JobKey::hashed(&run.job.file, run.job.file_hash);
            store.repeat(&key, repeat)
        }
        _ => store.repeat(&JobKey::of(&run.job_name(setup)), repeat),
    }
}

fn report_end(report: &mut Report<'_>, around: &[Open], warnings: &mut Vec<Warning>) {
    let (setup, first_end) = (report.setup, FIRST_END.get());
    if !first_end.is_begun.swap(true, Ordering::Relaxed)
        && let Some(store) = report.store
    {
        // Before this run is decided on, for it may be of a job of which an alert is sent now.
        dispatcher::release_due(setup, store);
    }
    report.find_routes(warnings);
    if report.outcome.is_event()
        && let Some(routes) = &report.routes
    {
        let around = around
            .iter()
            .filter(|outer| outer.is_on(&routes.channel, setup));
        add_mentions(&mut report.ended, around);
    }
    postponed::make(report, warnings);
    if let Some(store) = report.store
        // Or one that has no destination would be the only one to look where a run looks at its own alone.
        && (report.routes.is_some() || store.answers_at_once())
        && !first_end.is_over.swap(true, Ordering::Relaxed)
    {
        let of_this_run = report.routes.as_ref().map_or(&[][..], |routes| &routes.all);
        dispatcher::take_over_known(setup, store, of_this_run);
    }
}

/// Sends what others have left since the first end of a run. Not before that: a thread is none of what a program expects
/// in the first lines of its `main`.
pub(super) fn take_over_again(setup: &Setup) {
    if FIRST_END.get().is_over.load(Ordering::Relaxed)
        && let Some(store) = setup.store()
    {
        dispatcher::take_over_known(setup, store, &[]);
    }
}

impl Open {
    /// Returns what the program has to say of the end of this run: nothing, where it was asked already.
    fn program<'a>(
        &'a self,
        setup: &'a Setup,
        cause: Option<Cause<'a>>,
        ending: &'a Ending<'a>,
    ) -> Program<'a> {
        let arguments = &self.job.arguments;
        let program = Program {
            rule: arguments.rule.as_ref().or(setup.rule.as_ref()),
            writer: arguments.message.as_ref().or(setup.message.as_ref()),
            cause,
            // How long the exit waits for each answer.
            at_exit: ending.under_way.is_none().then(|| setup.exit / 4),
            park: Some(ending),
        };
        if self.asked.is_some() || program.is_silent() {
            Program::default()
        } else {
            program
        }
    }
}

/// Has the alert mention whom the runs `around` it would: it alone speaks for what ends them all.
fn add_mentions<'a>(ended: &mut Ended, around: impl Iterator<Item = &'a Open>) {
    let mentions = around.filter_map(|outer| outer.job.arguments.mention.as_deref());
    for mention in mentions.flat_map(str::split_whitespace) {
        let known = ended.mention.as_deref().unwrap_or_default();
        if !known.split_whitespace().any(|known| known == mention) {
            ended.mention = Some(format!("{known} {mention}").trim().to_owned().into());
        }
    }
}

/// Returns whether the process can go at once.
pub(crate) fn nothing_is_left() -> bool {
    for _ in 0..100 {
        let store = in_force::setup_so_far().opened_store();
        let is_behind = store.map_or(Some(false), Store::is_behind);
        let open = OPEN.get().try_all();
        let number = open.map(|open| Some(open?.len())).sum::<Option<usize>>();
        if let (Some(number), Some(is_behind)) = (number, is_behind) {
            return number == 0
                && under_way::are_none_but(under_way::own())
                && !is_behind
                && postponed::is_idle()
                && !dispatcher::is_waited_for()
                && heartbeat::is_idle();
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Returns whether the program ends in its `main` because it has shown its help: that says nothing of its jobs.
fn is_help(open: &[(u64, Box<Open>)], outcome: &Outcome) -> bool {
    // Where the code is not known, it was most likely 0.
    matches!(outcome, Outcome::Exited(None | Some(0)))
        && open
            .iter()
            .any(|(_, run)| run.returned.is_none() && run.job.is_main())
        && asked::for_help()
}

/// Ends the runs that the end of the process cuts short, the innermost first, and brings status
/// files up to date. `inside` are the runs inside which `main` has ended: with exit code 0 the others have not worked.
pub(crate) fn end_all(outcome: &Outcome, inside: Option<&[u64]>) -> Vec<Warning> {
    // Another thread that ends the process meanwhile finds none of them, and waits for this.
    let _under_way = UnderWay::begin(0, OPEN.get());
    let shards = OPEN.get().all();
    let mut open: Vec<_> = shards
        .flat_map(|mut open| std::mem::take(&mut *open))
        .collect();
    order::sort_by_key(&mut open, |(number, run)| (run.started, *number));
    let help = is_help(&open, outcome).then(|| Outcome::NotCounted(asked::HELP.to_owned()));
    let mut warnings = Vec::new();
    while let Some((number, run)) = open.pop() {
        let around: Vec<_> = open.iter().map(|(_, run)| Open::clone(run)).collect();
        let after_return = run.returned.map(|_| outcome.after_return());
        let asked = run.asked.clone();
        let asked = asked.as_ref().map(|asked| &asked.outcome);
        let ended = asked.or(after_return.as_ref()).or(help.as_ref());
        // The exit code is that of `main`, wherever in the program it was chosen.
        let is_inside = |inside: &[u64]| run.job.is_main() || inside.contains(&number);
        let has_ended = inside.is_none_or(is_inside);
        let cut_short = *outcome == Outcome::Exited(Some(0)) && !has_ended;
        let cut_short = cut_short.then_some(&Outcome::CutShort);
        let outcome = ended.or(cut_short).unwrap_or(outcome);
        warnings.extend(end(&run, outcome, None, &around, None));
    }
    if let Some(store) = in_force::setup().store() {
        store.flush();
    }
    warnings
}
