//! The settings in force in this process: settled at the first end of a run.

use std::env;
use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::os::harness;
use crate::os::redact;
use crate::settings::confidential;
use crate::settings::config::Config;
use crate::settings::environment::{is_yes, read};
use crate::settings::setup::Setup;

static SETUP: OnceLock<Arc<Setup>> = OnceLock::new();

/// Makes these the settings of the program, unless they are settled already.
pub(crate) fn settle(config: Config) -> Result<&'static Setup, Error> {
    config.check()?;
    redact::ask(secrets);
    let mut config = Some(config);
    let setup =
        SETUP.get_or_init(|| Arc::new(Setup::of_process(config.take().unwrap_or_default(), true)));
    if config.is_some() {
        Err(Error::Settled)
    } else {
        Ok(setup)
    }
}

/// The settings that are in force, from the first end of a run on.
pub(crate) fn setup() -> &'static Setup {
    SETUP.get_or_init(|| from_environment().clone())
}

/// The settings as far as they are known: until the first end of a run a `Config` may replace them.
pub(crate) fn setup_so_far() -> &'static Setup {
    SETUP.get().unwrap_or_else(|| from_environment())
}

fn from_environment() -> &'static Arc<Setup> {
    static FROM_ENVIRONMENT: OnceLock<Arc<Setup>> = OnceLock::new();
    redact::ask(secrets);
    FROM_ENVIRONMENT.get_or_init(|| Arc::new(Setup::of_process(Config::new(), false)))
}

/// Returns whether annotated functions report, or run bare: when they are switched off, and in tests and in
/// what tests start, so that `cargo test` pages nobody. An installed `Config`
/// switches them on there, and so does `NOTIFY_DISABLE=0`.
pub(crate) fn is_active(in_test: bool) -> bool {
    static IS_OFF: OnceLock<Option<bool>> = OnceLock::new();
    static IN_HARNESS: OnceLock<bool> = OnceLock::new();
    let is_off = IS_OFF.get_or_init(|| {
        let value = read("NOTIFY_DISABLE").filter(|value| !value.is_empty())?;
        Some(is_yes(&value.to_string_lossy()))
    });
    if let Some(is_off) = is_off {
        return !is_off;
    }
    let in_harness = in_test
        || *IN_HARNESS.get_or_init(|| {
            let is_nextest = read("NEXTEST").is_some_and(|value| !value.is_empty());
            let exe = env::current_exe().ok();
            harness::is_test(exe.as_deref(), harness::parent().as_deref(), is_nextest)
        });
    !in_harness || SETUP.get().is_some_and(|setup| setup.is_installed())
}

/// Returns what no text may show.
fn secrets() -> Vec<String> {
    confidential::all(setup_so_far())
}
