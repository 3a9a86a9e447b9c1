//! Put [`#[notify]`](notify) on a function of your pipeline: each run leaves a status file that
//! anybody can read, and Slack hears of it when it breaks, while it keeps failing, and when it
//! recovers.
//!
//! ```no_run
//! use pipeline_notify::notify;
//!
//! #[notify]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let orders = std::fs::read_to_string("orders.csv")?;
//!     println!("{} orders", orders.lines().count());
//!     Ok(())
//! }
//! ```
//!
//! Set `NOTIFYDIR` to the folder of the status files, and `SLACK_ALERTS_WEBHOOK_URL` to an incoming
//! webhook of Slack. Whatever goes wrong with either, the function does what it does without the
//! attribute: its result, its panic and its exit code stay, and the exit waits for delivery 5
//! seconds at most.
//!
//! - The arguments, and what is recorded of which return type: [`notify`].
//! - Settings in code, for those who do not want environment variables: [`Config`].
//! - Other destinations than Slack, several for a channel, chosen in the environment or in code:
//!   [`Config::channel`]; your own: [`Notifier`].
//! - A service that misses runs that never begin: [`Config::heartbeat`].
//! - The last log lines of a run, in its alert: [`LastLines`].
//! - The rules, the status file, and what is sent of which end: the
//!   [README](https://docs.rs/crate/pipeline-notify/latest).
//!
//! # Features
//!
//! - `tls`, on by default: `https`, and signed documents ([`Json::secret`]). Off, both are errors
//!   that say so; loopback, [`Exec`] and a [`Notifier`] of your own are left.
//! - `cli`: the command `pipeline-notify`.
//! - `tracing`: a layer for `tracing-subscriber` that keeps the last events of each run (`LastLines::layer`).
//!
//! # Logging
//!
//! A fault of the library is one [`log`](https://docs.rs/log) line at `warn`, once while it lasts, or
//! where no logger is installed one line on standard error. Each failed attempt to deliver is a line
//! at `debug`. Nothing is logged at other levels, and no line shows a webhook.

// Programs may print and give up; a library may not.
#![warn(
    clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used
)]

#[cfg(feature = "tracing")]
pub use notify_core::LastLinesLayer;
pub use notify_core::{
    Alert, Config, Decision, Destination, Discord, Error, Exec, FollowUps, Handle, Json, Kind,
    LastLines, Message, Notifier, Occasion, OutcomeKind, PagerDuty, Previous, Refusal, Service,
    Slack, State, Teams, channels, current, drain, fact, install_panic_hook, message, progress,
    progress_unknown, samples, test_alert,
};
pub use notify_macros::notify;

#[doc(hidden)]
pub use notify_core::__private;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/attributes.md")]
#[doc = include_str!("../docs/schedules.md")]
struct Docs;
