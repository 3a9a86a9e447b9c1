//! Mistakes in the command line of a wrapped command.
//!
//! The command runs all the same. The mistakes are reported like a job that fails, until the line is fixed.

use std::borrow::Cow;
use std::time::Duration;

use crate::job;
use crate::os::clock;
use crate::os::engine;
use crate::os::random;
use crate::os::warning::Warning;
use crate::rules::Settings;
use crate::rules::transition::Ended;
use crate::runs::report::Report;
use crate::settings::setup::Setup;
use crate::state::JobKey;
use crate::status::State;
use crate::status::outcome::Outcome;

/// How often people are reminded of a mistake: it is the same at each run.
const REMINDER: Duration = Duration::from_secs(24 * 3600);

/// Reports the mistakes in the command line of `job`, or that there are none any more.
pub(crate) fn report(job: &str, channel: &str, mistakes: &[String], setup: &'static Setup) {
    let mut name = format!("{job}.options");
    if let Some(instance) = &setup.instance {
        name += &format!("@{instance}");
    }
    let outcome = if mistakes.is_empty() {
        Outcome::Returned
    } else {
        Outcome::Failed(mistakes.join("\n"))
    };
    if mistakes.is_empty() && !fails(&name, setup) {
        return;
    }
    let mut warnings = Vec::new();
    let settings = Settings {
        silent: setup.rules.longest_silence().max(REMINDER),
        after: 1,
        ..setup.rules
    };
    let mut report = Report::new(ended(name, channel, setup), &outcome, settings, setup);
    report.find_routes(&mut warnings);
    report.make(|_| true, &mut warnings);
    warnings.into_iter().for_each(Warning::warn);
}

/// Returns whether an earlier line had mistakes.
fn fails(job: &str, setup: &Setup) -> bool {
    let past = setup.store().map(|store| store.read(&JobKey::of(job)));
    let status = past.as_ref().and_then(|past| past.status());
    status.is_some_and(|status| status.state == State::Error)
}

fn ended(job: String, channel: &str, setup: &'static Setup) -> Ended {
    Ended {
        location: "pipeline-notify run :: options".into(),
        source: job::SOURCE_OF_RUN.into(),
        host: Cow::Borrowed(&setup.host),
        pid: Some(engine::pid()),
        exe: setup.exe.as_deref().map(Cow::Borrowed),
        channel: channel.to_owned().into(),
        facts: Cow::Borrowed(&*setup.facts),
        ..Ended::new(random::number(), job, clock::now())
    }
}
