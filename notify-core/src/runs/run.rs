//! The life of a run in this process: from its beginning, through the records that outlive it, to
//! its end or the exit of the process.

use std::time::Instant;

use log::Level;

use crate::error::Error;
use crate::format::text;
use crate::job::{Site, name};
use crate::os::clock::Moment;
#[cfg(unix)]
use crate::os::signals;
use crate::os::warning::{self, Warning};
use crate::os::{ffi, isolate, redact};
use crate::runs::definition::find_job;
use crate::runs::end::{end, end_returned, note_end, take_over_again};
use crate::runs::registry::{OPEN, Open, open_runs};
use crate::runs::sharded;
use crate::runs::under_way::UnderWay;
use crate::runs::unended::{record, record_all, record_beginning, report_overlap};
use crate::runs::{overdue, reaper};
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::status::LINE;
use crate::status::cause::Cause;
use crate::status::outcome::Outcome;
/// A run under way. Dropping it without an end leaves it to the exit of the process.
#[derive(Debug)]
pub(crate) struct Run {
    number: u64,
    /// Whether it is of the program's `main`, and which.
    main: Option<Main>,
}

/// The program's `main`, whose value becomes the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Main {
    /// By its type alone.
    Plain,
    /// After another attribute has had its way with it.
    Wrapped,
}

/// Shows the numbers of the runs around one, the innermost last.
pub(crate) type Around = fn(&mut dyn FnMut(&[u64]));

/// Returns whether annotated functions report at all, or run bare.
pub(crate) fn is_active(site: &'static Site) -> bool {
    in_force::is_active(site.test) && !isolate::is_bare()
}

/// Begins a run; `nested` when another run is on this thread's stack, or is being polled on it.
pub(crate) fn begin(site: &'static Site, name: Option<String>, nested: bool) -> Run {
    let mut warnings = Vec::new();
    let name = name.map(name::bounded);
    let job = site
        .job
        .get_or_make(|| find_job(site, name.as_deref(), &mut warnings));
    let number = sharded::number();
    let is_main = !nested && job.is_main();
    if is_main {
        warnings.extend(end_returned(job));
    }
    let mut run = Box::new(Open {
        number,
        job,
        name,
        begun: Moment::now(),
        started: Instant::now(),
        nested,
        overdue_at: None,
        was_overdue: false,
        is_start_sent: false,
        shown: None,
        last_inside: None,
        heartbeat: None,
        returned: None,
        asked: None,
    });
    let setup = in_force::setup_so_far();
    watch_signals(setup);
    // The end of the process has taken the runs that it ends: the record of a later one would say that it was killed.
    if !ffi::ends_elsewhere() {
        report_beginning(&mut run, setup, &mut warnings);
    }
    let is_watched = run.due(setup).is_some();
    open_runs(number).insert(number, run);
    // Once it can be found, for it may be overdue by now.
    if is_watched && let Some(run) = open_runs(number).get_mut(&number) {
        run.watch(setup);
    }
    warnings.into_iter().for_each(Warning::warn);
    let main = || {
        if site.is_wrapped || job.is_moved() {
            Main::Wrapped
        } else {
            Main::Plain
        }
    };
    Run {
        number,
        main: is_main.then(main),
    }
}

fn report_beginning(run: &mut Open, setup: &'static Setup, warnings: &mut Vec<Warning>) {
    warnings.extend(run.beat(setup));
    if !run.nested {
        record_beginning(run, setup);
        if reaper::look_as_one_begins(run.number, setup, run.started, warnings) {
            take_over_again(setup);
        }
    }
    run.report_start(setup, warnings);
    if !run.nested && run.job.arguments.overlap == Some(false) {
        report_overlap(run, setup, warnings);
    }
}

impl Run {
    /// Distinguishes this run from all others of the process.
    pub(crate) fn id(&self) -> u64 {
        self.number
    }

    /// Ends the run, which is inside no other.
    pub(crate) fn end(self, outcome: &Outcome) {
        self.end_inside(|_| {}, outcome, None);
    }

    /// Ends the run, which is inside those `around` it.
    pub(crate) fn end_inside(self, around: Around, outcome: &Outcome, cause: Option<Cause<'_>>) {
        let runs = OPEN.get();
        // From before it is no more among those that the exit reports.
        let under_way = UnderWay::begin(self.number, runs);
        let (run, around) = {
            let run = runs.of(self.number).remove(&self.number);
            let mut ends_too = Vec::new();
            if let Some(run) = &run {
                // Copied only where it ends them all, for most runs are silent, and inside another.
                around(&mut |numbers| {
                    note_end(run, numbers, runs);
                    if outcome.is_event() {
                        let open = |number: &u64| runs.of(*number).get(number).cloned();
                        ends_too.extend(numbers.iter().filter_map(open).map(|run| *run));
                    }
                });
            }
            (run, ends_too)
        };
        // The exit of the process may have come first, and reports it.
        let by = Some(&under_way);
        let warnings = run
            .as_ref()
            .map(|run| end(run, outcome, cause, &around, by));
        drop(under_way);
        warnings.into_iter().flatten().for_each(Warning::warn);
        if let (Some(run), Outcome::PassedOver(error)) = (run, outcome) {
            // For the log alone: who leaves an error out wants no line of it from each run.
            warning::log(Level::Warn, &|| {
                let error = redact::hide_in_error(error);
                let (job, error) = (
                    run.job_name(in_force::setup()),
                    text::first_line(&error, LINE),
                );
                format!("{job}: an error was ignored, the status is OK: {error}").into()
            });
        }
    }

    /// Ends the run of a function that has returned; `says_exit_code` where what it returned does.
    ///
    /// The value of a `main` that says nothing of the exit code may still fail, as may what another attribute
    /// makes of it. Such a run is left to the exit of the process, and its record says that it returned: if a
    /// kill comes in between, that is what the next process reports.
    pub(crate) fn end_returned(
        self,
        around: Around,
        outcome: &Outcome,
        cause: Option<Cause<'_>>,
        says_exit_code: fn() -> bool,
    ) {
        let is_decided = match self.main {
            None => true,
            Some(Main::Plain) => says_exit_code(),
            Some(Main::Wrapped) => false,
        };
        if is_decided || *outcome != Outcome::Returned || !ffi::CODE_IS_KNOWN {
            return self.end_inside(around, outcome, cause);
        }
        let returned = match open_runs(self.number).get_mut(&self.number) {
            Some(run) => {
                run.returned = Some(Instant::now());
                run.clone()
            }
            None => return,
        };
        if let Some(at) = returned.overdue_at {
            overdue::forget(at, self.number);
        }
        record(&returned, in_force::setup(), None);
    }
}

impl Config {
    /// Makes these the settings of the program. Runs that are under way take them over.
    ///
    /// # Errors
    ///
    /// [`Error::Settled`] where a `Config` is installed already, or a run has ended;
    /// [`Error::ChannelName`], [`Error::Number`] where a setting makes no sense.
    pub fn install(self) -> Result<(), Error> {
        let setup = in_force::settle(self)?;
        let mut warnings = Vec::new();
        for mut open in OPEN.get().all() {
            for run in open.values_mut() {
                run.watch(setup);
                warnings.extend(run.beat(setup));
            }
        }
        warnings.into_iter().for_each(Warning::warn);
        watch_signals(setup);
        #[cfg(unix)]
        if !setup.signals {
            signals::let_go();
        }
        let mut warnings = Vec::new();
        for mut run in record_all(setup) {
            run.report_start(setup, &mut warnings);
            if let Some(open) = open_runs(run.number).get_mut(&run.number) {
                open.is_start_sent = run.is_start_sent;
            }
        }
        warnings.into_iter().for_each(Warning::warn);
        Ok(())
    }
}

/// Has signals reported that end the process, once that is asked for.
fn watch_signals(setup: &Setup) {
    #[cfg(unix)]
    let watch = signals::watch;
    #[cfg(not(unix))]
    let watch = || Err::<(), _>(std::io::Error::from(std::io::ErrorKind::Unsupported));
    if setup.signals
        && let Err(error) = watch()
    {
        let message =
            format!("signals cannot be watched, and the next run reports what they end: {error}");
        Warning::new("signals", message).warn();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;
    use crate::format::fields::Fields;
    use crate::job::Arguments;
    use crate::os::engine::own;
    use crate::runs::definition::NAMES;
    use crate::runs::registry::is_later;
    use crate::testing::Folder;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_names_a_job_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| NAMES
            .get()
            .lock()));
    }

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_begins_a_run_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| OPEN
            .get()
            .all()
            .collect::<Vec<_>>()));
    }

    /// Issue 13, point 5: the arguments of an attribute are the user's code, and may take long.
    #[test]
    fn a_child_that_is_forked_while_a_thread_evaluates_the_arguments_of_a_job_does_not_wait_for_it()
    {
        static BEGUN: Barrier = Barrier::new(2);
        static OVER: Barrier = Barrier::new(2);
        static PARENT: AtomicU64 = AtomicU64::new(0);
        static SITE: Site = Site::new::<Open>("etl::slow", true, true, "").with(|| {
            if PARENT.load(Ordering::Relaxed) == u64::from(std::process::id()) {
                BEGUN.wait();
                OVER.wait();
            }
            Arguments::new().channel(|| "")
        });
        PARENT.store(std::process::id().into(), Ordering::Relaxed);
        let _own = own::begin();
        let run = || {
            let _ = begin(&SITE, Some("etl.slow".to_owned()), true);
        };
        let own = own::get();
        thread::scope(|scope| {
            scope.spawn(move || {
                own::enter(own);
                run();
            });
            BEGUN.wait();
            let ends = ffi::ends_in_a_fork(run);
            OVER.wait();
            assert!(ends);
        });
    }

    #[test]
    fn the_record_of_each_run_of_a_definition_says_the_same_but_for_which_it_is_and_when_it_began()
    {
        static SITE: Site = Site::new::<Open>("etl::load", true, true, "1.2")
            .with(|| Arguments::new().owner(|| "data"));
        let _own = own::begin();
        let folder = Folder::new();
        let setup = in_force::settle(Config::new().directory(folder.path())).unwrap();
        let recorded = || {
            let run = begin(&SITE, None, false);
            let seen = setup.store().unwrap().look_at_runs().unwrap();
            run.end(&Outcome::Returned);
            seen[0].runs[0].clone()
        };
        let [first, next] = [(); 2].map(|()| recorded());
        let same = |run: &Fields| {
            let is_own = |key: &str| ["run", "begun"].contains(&key);
            let same = run.iter().filter(|(key, _)| !is_own(key));
            same.map(|(key, value)| format!("{key}: {value}"))
                .collect::<Vec<_>>()
        };
        assert!(same(&first).contains(&"owner: data".to_owned()));
        assert_eq!(same(&first), same(&next));
        assert_ne!(first.get("run"), next.get("run"));
        assert!(first.get("begun").unwrap() <= next.get("begun").unwrap());
    }

    /// The numbers of a thread say nothing of those of another.
    #[test]
    fn of_two_runs_the_later_one_is_known_whichever_threads_they_are_on() {
        static SITE: Site = Site::new::<Open>("etl::part", true, true, "").with(Arguments::new);
        let _own = own::begin();
        let own = own::get();
        let run = || begin(&SITE, None, true);
        let (is_there, begun) = (Barrier::new(2), Barrier::new(2));
        let (early, late) = thread::scope(|scope| {
            let late = scope.spawn(|| {
                own::enter(own);
                run().end(&Outcome::Cancelled);
                is_there.wait();
                begun.wait();
                run()
            });
            is_there.wait();
            let early = run();
            begun.wait();
            (early, late.join().unwrap())
        });
        assert!(early.number > late.number);
        assert!(is_later(late.number, early.number));
        assert!(!is_later(early.number, late.number));
        assert!(!is_later(late.number, late.number));
        for run in [late, early] {
            run.end(&Outcome::Cancelled);
        }
    }
}
