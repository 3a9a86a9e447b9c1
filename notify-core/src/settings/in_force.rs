//! The settings in force in this process: settled at the first end of a run.

use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::os::engine::{Part, Slot};
use crate::os::ffi::OnceBox;
use crate::os::harness;
use crate::os::process;
use crate::os::redact;
use crate::settings::confidential;
use crate::settings::config::Config;
use crate::settings::environment::{is_yes, read};
use crate::settings::setup::Setup;

/// A forked child goes on with what its parent had settled, and meets its own problems.
static IN_FORCE: Part<InForce> = Part::beginning(Slot::Settings, |parents| {
    let inherited = |setup: &OnceLock<Arc<Setup>>| {
        let renewed = setup.get().map(|setup| Arc::new(setup.renewed()));
        renewed.map_or_else(OnceLock::new, OnceLock::from)
    };
    parents.map_or_else(InForce::default, |parents| InForce {
        settled: inherited(&parents.settled),
        from_environment: inherited(&parents.from_environment),
    })
});

#[derive(Default)]
struct InForce {
    settled: OnceLock<Arc<Setup>>,
    /// What counts as long as nothing is settled.
    from_environment: OnceLock<Arc<Setup>>,
}

/// Makes these the settings of the program, unless they are settled already.
pub(crate) fn settle(config: Config) -> Result<&'static Setup, Error> {
    config.check()?;
    redact::ask(secrets);
    let mut config = Some(config);
    let settled = || Arc::new(Setup::of_process(config.take().unwrap_or_default(), true));
    let setup = IN_FORCE.get().settled.get_or_init(settled);
    if config.is_some() {
        Err(Error::Settled)
    } else {
        Ok(setup)
    }
}

/// The settings that are in force, from the first end of a run on.
pub(crate) fn setup() -> &'static Setup {
    let settled = &IN_FORCE.get().settled;
    settled.get_or_init(|| from_environment().clone())
}

/// The settings as far as they are known: until the first end of a run a `Config` may replace them.
pub(crate) fn setup_so_far() -> &'static Setup {
    let settled = IN_FORCE.get().settled.get();
    settled.unwrap_or_else(|| from_environment())
}

fn from_environment() -> &'static Arc<Setup> {
    redact::ask(secrets);
    let from_environment = &IN_FORCE.get().from_environment;
    from_environment.get_or_init(|| Arc::new(Setup::of_process(Config::new(), false)))
}

/// Returns whether annotated functions report, or run bare: when they are switched off, and in tests and in
/// what tests start, so that `cargo test` pages nobody. An installed `Config`
/// switches them on there, and so does `NOTIFY_DISABLE=0`.
#[inline]
pub(crate) fn is_active(in_test: bool) -> bool {
    static IS_OFF: OnceBox<Option<bool>> = OnceBox::new();
    let is_off = IS_OFF.get_or_make(|| {
        let value = read("NOTIFY_DISABLE").filter(|value| !value.is_empty())?;
        Some(is_yes(&value.to_string_lossy()))
    });
    is_off.map_or_else(|| is_active_here(in_test), |is_off| !is_off)
}

/// Returns the same where `NOTIFY_DISABLE` says nothing; apart, so that a function that is switched off pays for a
/// look at that alone.
#[inline(never)]
fn is_active_here(in_test: bool) -> bool {
    static IN_HARNESS: OnceBox<bool> = OnceBox::new();
    let in_harness = in_test
        || *IN_HARNESS.get_or_make(|| {
            let is_nextest = read("NEXTEST").is_some_and(|value| !value.is_empty());
            harness::is_test(process::exe(), harness::parent().as_deref(), is_nextest)
        });
    let settled = || IN_FORCE.get().settled.get();
    !in_harness || settled().is_some_and(|setup| setup.is_installed())
}

/// Returns what no text may show.
fn secrets() -> Vec<String> {
    confidential::all(setup_so_far())
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::os::engine::own;
    use crate::os::ffi::ends_in_a_fork;
    use crate::os::warning::Warning;
    use crate::testing::a_run_ends_in_a_fork_while;

    /// Issue 13, point 5.
    #[test]
    fn a_child_that_is_forked_while_a_thread_looks_for_routes_or_adds_a_problem_does_not_wait_for_it()
     {
        assert!(a_run_ends_in_a_fork_while(|| setup().tried.lock()));
        assert!(a_run_ends_in_a_fork_while(|| setup().routes.lock()));
        assert!(a_run_ends_in_a_fork_while(|| setup().problems.lock()));
    }

    /// Issue 13, point 5.
    #[test]
    fn a_child_that_is_forked_while_a_thread_settles_the_settings_settles_its_own() {
        let _own = own::begin();
        let (begun, over) = (Barrier::new(2), Barrier::new(2));
        let own = own::get();
        thread::scope(|scope| {
            scope.spawn(|| {
                own::enter(own);
                IN_FORCE.get().settled.get_or_init(|| {
                    begun.wait();
                    over.wait();
                    from_environment().clone()
                });
            });
            begun.wait();
            let ends = ends_in_a_fork(|| {
                settle(Config::new().default_channel("the-childs")).unwrap();
            });
            over.wait();
            assert!(ends);
        });
    }

    #[test]
    fn a_forked_child_goes_on_with_what_was_settled_and_meets_its_own_problems() {
        let _own = own::begin();
        let parents = settle(Config::new().default_channel("data")).unwrap();
        parents.add_problem(Warning::new("fault", "message"));
        assert!(ends_in_a_fork(|| {
            assert_eq!(setup().default_channel, "data");
            assert!(setup().is_installed());
            assert!(setup().take_problems().is_empty());
            assert!(settle(Config::new()).is_err());
        }));
    }
}
