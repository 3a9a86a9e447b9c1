//! What the unit tests share.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use proptest::prelude::*;

use crate::dispatch::dispatcher;
use crate::format::{json, text, time};
use crate::job::Site;
use crate::message::alert::{Alert, Kind, Outage};
use crate::message::written::Message;
use crate::notifier::{Notifier, Refusal};
use crate::os::engine::own;
use crate::os::random;
use crate::runs::run;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::status::log_lines::LogLines;
use crate::status::outcome::Outcome;
use crate::status::{State, Status};

/// Gives the number of cases of a property test that makes whole messages: 24, for they are large and are made in every
/// run of the tests anew, or `PROPTEST_CASES`.
pub(crate) fn few_cases() -> ProptestConfig {
    if env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default()
    } else {
        ProptestConfig::with_cases(24)
    }
}

/// A clock that a test sets, for its own thread.
pub(crate) mod clock {
    use std::cell::Cell;

    use crate::format::time::Time;

    thread_local! {
        static SET_TO: Cell<Option<Time>> = const { Cell::new(None) };
    }

    pub(crate) fn set(now: Option<Time>) {
        SET_TO.set(now);
    }

    pub(crate) fn set_to() -> Option<Time> {
        SET_TO.get()
    }
}

/// A folder that is gone when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = env::temp_dir().join(format!("pipeline-notify-unit-{:016x}", random::number()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a piece of code in a child that is forked while another thread holds a lock; returns whether the child
/// comes to its end. It has that lock in its memory, and not the thread that would let go of it.
#[cfg(unix)]
pub(crate) fn ends_in_a_fork_while<G>(
    hold: impl FnOnce() -> G + Send,
    work: impl FnOnce(),
) -> bool {
    let (is_locked, locked) = mpsc::channel();
    let (let_go, is_over) = mpsc::channel::<()>();
    let own = own::get();
    thread::scope(|scope| {
        scope.spawn(move || {
            own::enter(own);
            let _guard = hold();
            is_locked.send(()).unwrap();
            let _ = is_over.recv();
        });
        locked.recv().unwrap();
        let has_ended = crate::os::ffi::ends_in_a_fork(work);
        drop(let_go);
        has_ended
    })
}

/// Returns whether a child that is forked while another thread holds a lock comes to the end of a run of its
/// own, after one of its parent's: a run that fails, and whose alert is delivered.
#[cfg(unix)]
pub(crate) fn a_run_ends_in_a_fork_while<G>(hold: impl FnOnce() -> G + Send) -> bool {
    let _own = own::begin();
    let folder = Folder::new();
    let config = Config::new().directory(folder.path());
    in_force::settle(config.channel("alerts", Taker)).unwrap();
    a_run();
    ends_in_a_fork_while(hold, a_run)
}

#[cfg(unix)]
fn a_run() {
    static SITE: Site = Site::new::<Taker>("etl::load", false, false, "");
    let run = run::begin(&SITE, Some("etl.load".to_owned()), false);
    run.end_inside(|_| {}, &Outcome::Failed("no".to_owned()), None);
    dispatcher::finish(Instant::now() + Duration::from_secs(5));
}

/// Takes whatever it is given.
#[cfg(unix)]
struct Taker;

#[cfg(unix)]
impl Notifier for Taker {
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A failure of that job.
pub(crate) fn alert(job: &str, id: &str) -> Alert {
    let status = Status::parse("ERROR\n2026-11-22 13:00:00:123456 UTC\netl :: run\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 1\n\nno\n").unwrap();
    Alert {
        message: Message::default(),
        id: id.to_owned(),
        kind: Kind::Failed,
        job: job.to_owned(),
        channel: "alerts".to_owned(),
        decided: status.begun,
        incident: Some("7f3a91c2".to_owned()),
        earlier_error: None,
        outage: None,
        mention: None,
        facts: Vec::new(),
        notes: Vec::new(),
        dropped: None,
        recovered: None,
        status,
    }
}

/// One alert of each kind with all set that it can have, at fixed times.
pub(crate) fn alerts_of_each_kind() -> Vec<Alert> {
    let mut kinds = Kind::ALL.map(|(kind, ..)| kind);
    kinds.sort_unstable();
    kinds.map(alert_of).into()
}

/// An alert of that kind with all set that it can have, at fixed times.
pub(crate) fn alert_of(kind: Kind) -> Alert {
    let (state, text) = match kind {
        Kind::Failed | Kind::StillFailing => (
            State::Error,
            "connection refused\n  caused by: no route to host (os error 113)\n",
        ),
        Kind::Overdue => (State::Error, "still running after 90 minutes\n"),
        Kind::Flapping => (State::Error, "connection refused\n"),
        Kind::Recovered
        | Kind::Ok
        | Kind::Steady
        | Kind::TooShort
        | Kind::TooLong
        | Kind::Overlapping
        | Kind::Late
        | Kind::Started => (State::Ok, ""),
    };
    let runs = match kind {
        Kind::Failed | Kind::Overdue => 1,
        _ => 3,
    };
    let is_failure = state == State::Error;
    let since = if runs == 1 { "13:00:00" } else { "11:00:00" };
    let more = match (is_failure, runs) {
        (true, 1) => "ok-version: 1.4.1\n",
        (true, _) => "ok-version: 1.4.1\nfirst-error: disk full\n",
        (false, _) => "passed-over: no such table\n",
    };
    let (lines, log_lines) = if is_failure {
        (
            "log-lines: 2\n",
            "\nlast log lines:\n13:04:11.998 INFO etl::load: reading orders.csv rows=44\n\
             13:04:12.003 WARN etl::load: 2 rows have *no* `price`\n",
        )
    } else {
        ("", "")
    };
    let status = format!(
        "{state}\n2026-11-22 13:00:00:123456 UTC\netl::load :: run\ntook: 252.118 s\n\
         since: 2026-11-22 {since}:123456 UTC\nruns: {runs}\nincident: 7f3a91c2\nhost: worker-3\n\
         pid: 4242\nexe: /opt/etl/bin/etl\nsource: src/load.rs:42\nversion: 1.4.2\n\
         every-hours: 24\nrunbook: https://wiki.example.com/orders\nowner: team-data\nfact.rows: 44\n\
         fact.alert: of_a_fact\n{more}{lines}\n{text}{log_lines}"
    );
    let begun = |time: &str| time::parse(&format!("2026-11-22 {time} UTC")).unwrap();
    let words = kind.as_str().replace(' ', "-");
    Alert {
        message: Message::default(),
        id: format!("0123456789abcdef-{words}"),
        kind,
        job: "etl.load.run".to_owned(),
        channel: "data-alerts".to_owned(),
        decided: begun("13:04:12:242000"),
        incident: (kind != Kind::Ok).then(|| "7f3a91c2".to_owned()),
        earlier_error: (kind == Kind::StillFailing).then(|| "connection timed out".to_owned()),
        outage: (kind == Kind::Recovered).then(|| Outage {
            since: begun("10:55:00:000000"),
            runs: 26,
            error: "connection refused".to_owned(),
        }),
        mention: (kind != Kind::Ok && !kind.is_remark()).then(|| "U0123ABC".to_owned()),
        facts: [
            ("context", "env=prod https://wiki.example/etl"),
            ("instance", "eu-1"),
            ("airflow", "dag etl, task load, run manual_1, try 2"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        notes: match kind {
            Kind::Flapping => vec!["5 changes, 4 of 9 runs failed".to_owned()],
            _ => vec!["this is a debug build".to_owned()],
        },
        dropped: None,
        recovered: None,
        status: Status::parse(&status).unwrap(),
    }
}

/// The same alert with another error, also in all that is said of earlier ones.
pub(crate) fn with_text(alert: Alert, text: &str) -> Alert {
    // What is stored was made readable first, and is never nothing.
    let text = &*text::visible(text);
    let line = text::visible(text::first_line(text, 500)).into_owned();
    let word = text::first_bytes(&line, 60).to_owned();
    let fact = |(name, _): &(String, String)| (name.clone(), line.clone());
    let status = Status {
        text: text.to_owned(),
        location: word.clone().into(),
        first_error: Some(line.clone()),
        passed_over: Some(line.clone()),
        host: Some(word.clone().into()),
        version: Some(line.clone().into()),
        owner: Some(word.clone().into()),
        log_lines: LogLines::new(vec![line.replace('\n', " "); 9]),
        ..alert.status
    };
    Alert {
        job: format!("job {word}"),
        earlier_error: Some(line.clone()),
        facts: alert.facts.iter().map(fact).collect(),
        notes: vec![line; 3],
        status,
        ..alert
    }
}

/// A failure into which the program has written that text wherever it can.
pub(crate) fn written(text: &str) -> Alert {
    let message = Message::new()
        .headline(text)
        .text(text)
        .line(text)
        .fact("place", text)
        .link(text, "https://runs.example.com/(1)?a=[b]*c*");
    Alert {
        message: message.finished(),
        ..alert_of(Kind::Failed)
    }
}

/// Returns whether a message shows how an error begins: as many of its first letters and digits as the most careful cut
/// leaves. An error of many lines with a letter each may be cut before it has ten.
pub(crate) fn shows_beginning(message: &str, error: &str) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let begins: String = error.chars().take(40).collect();
    let first: String = letters(&begins).chars().take(10).collect();
    letters(message).contains(&first)
}

/// Texts of what breaks messages: markup, mentions, entities, and characters of every kind.
pub(crate) fn wild_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[a-z_*~|\\[\\]()<>@&#`\\\\{}\n\t -]{0,40}",
        prop::sample::select(vec![
            "```",
            "<!channel>",
            "@everyone",
            "@here",
            "<@123>",
            "<@&123>",
            "&amp;",
            "<at>x</at>",
            "[a](http://b)",
            "{{DATE(2017-02-14T06:08:39Z)}}",
            "https://a/b_c",
            "\u{202e}",
            "\u{0}",
            "\u{1b}[31m",
            "\r\n",
            "é😀",
            "\\",
        ])
        .prop_map(str::to_owned),
    ];
    (prop::collection::vec(part, 1..12), 1_usize..400)
        .prop_map(|(parts, times)| parts.concat().repeat(times))
}

#[test]
fn an_alert_of_each_kind_is_made_and_read_back_from_its_file() {
    for alert in alerts_of_each_kind() {
        assert_eq!(Alert::parse(&alert.render()), Some(alert));
    }
}

/// Reads a message as its service does: by another library.
pub(crate) fn as_read(message: &json::Value) -> serde_json::Value {
    serde_json::from_str(&message.text()).unwrap()
}
