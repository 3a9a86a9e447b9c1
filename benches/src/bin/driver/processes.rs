//! An annotated `main` against a bare one, from start to exit.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Place;
use crate::receiver::{Answer, Receiver};
use crate::sample::{Spread, load};

type Answered<T> = Result<T, Box<dyn Error>>;

/// The two programs.
struct Pair {
    bare: PathBuf,
    annotated: PathBuf,
}

/// How one of them is started.
#[derive(Clone, Copy)]
struct Start<'a> {
    fails: bool,
    directory: &'a Path,
    webhook: &'a str,
    exit_seconds: u32,
}

impl Start<'_> {
    /// Returns the milliseconds from start to exit.
    fn run(self, program: &Path) -> Answered<f64> {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("NOTIFYDIR", self.directory)
            .env("SLACK_ALERTS_WEBHOOK_URL", self.webhook)
            .env("NOTIFY_EXIT_SECONDS", self.exit_seconds.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if self.fails {
            command.arg("fail");
        }
        let begun = Instant::now();
        let status = command.status()?;
        let took = begun.elapsed();
        if status.success() == self.fails {
            return Err(format!("{} ended with {status}", program.display()).into());
        }
        Ok(took.as_secs_f64() * 1e3)
    }
}

/// Bare and annotated milliseconds, a pair for each round.
type Times = Vec<(f64, f64)>;

impl Pair {
    /// Starts both, each first in every other round.
    fn run(&self, round: usize, start: Start<'_>) -> Answered<(f64, f64)> {
        if round.is_multiple_of(2) {
            let bare = start.run(&self.bare)?;
            Ok((bare, start.run(&self.annotated)?))
        } else {
            let annotated = start.run(&self.annotated)?;
            Ok((start.run(&self.bare)?, annotated))
        }
    }

    /// `OK` after `OK`: nothing is sent, and the status is written.
    fn silent(&self, place: &Place, rounds: usize) -> Answered<Times> {
        let receiver = Receiver::new();
        let webhook = receiver.webhook();
        let directory = place.folder.join("silent");
        let start = Start {
            fails: false,
            directory: &directory,
            webhook: &webhook,
            exit_seconds: 5,
        };
        start.run(&self.annotated)?;
        let times = (0..rounds)
            .map(|round| self.run(round, start))
            .collect::<Answered<_>>()?;
        expect(&receiver, 1)?;
        Ok(times)
    }

    /// `ERROR` after `OK`, each in a directory of its own where the `OK` has been sent to
    /// somebody who answers: a receiver's pace of one message a second must not be measured.
    fn alert(
        &self,
        place: &Place,
        rounds: usize,
        answer: &Answer,
        exit_seconds: u32,
    ) -> Answered<Times> {
        let ready = Receiver::new();
        let all = answer.clone();
        let receiver = Receiver::answering(move |_| all.clone());
        let (ready_webhook, webhook) = (ready.webhook(), receiver.webhook());
        let mut times = Vec::new();
        for round in 0..rounds {
            let directory = place.folder.join(format!("alert-{round}"));
            let start = Start {
                fails: false,
                directory: &directory,
                webhook: &ready_webhook,
                exit_seconds,
            };
            start.run(&self.annotated)?;
            times.push(self.run(
                round,
                Start {
                    fails: true,
                    webhook: &webhook,
                    ..start
                },
            )?);
            fs::remove_dir_all(&directory)?;
        }
        expect(&ready, rounds)?;
        expect(&receiver, rounds)?;
        Ok(times)
    }
}

/// Makes sure that what was measured is what was to be measured.
fn expect(receiver: &Receiver, expected: usize) -> Answered<()> {
    match receiver.requests().len() {
        posts if posts == expected => Ok(()),
        posts => Err(format!("{posts} posts, and not {expected}: no figures").into()),
    }
}

/// Measures, and prints the table.
pub(crate) fn table(programs: &Path, places: &[Place]) -> Answered<()> {
    let pair = Pair {
        bare: programs.join("bare"),
        annotated: programs.join("annotated"),
    };
    let before = load();
    let late = Answer::Late(Duration::from_millis(100));
    let mut rows = Vec::new();
    for place in places {
        let times = pair.silent(place, 400)?;
        rows.push(row(place, "silent", &times, 0.0..=1.0));
        let times = pair.alert(place, 40, &late, 5)?;
        rows.push(row(place, "alert, answered in 100 ms", &times, 0.0..=110.0));
        for (seconds, rounds) in [(1, 15), (5, 5)] {
            let times = pair.alert(place, rounds, &Answer::Hang, seconds)?;
            let deadline = f64::from(seconds) * 1e3;
            let what = format!("alert, never answered, deadline {seconds} s");
            let bound = deadline - 50.0..=deadline + 50.0;
            rows.push(row(place, &what, &times, bound));
        }
    }
    println!(
        "load average {before} before, {} after; milliseconds from start to exit, the median and the middle half",
        load()
    );
    println!();
    println!("| place | what | pairs | bare | more when annotated | bound | |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

fn row(
    place: &Place,
    what: &str,
    times: &[(f64, f64)],
    bound: std::ops::RangeInclusive<f64>,
) -> String {
    let bare = Spread::of(times.iter().map(|(bare, _)| *bare));
    let more = Spread::of(times.iter().map(|(bare, annotated)| annotated - bare));
    let verdict = if bound.contains(&more.median) {
        "met"
    } else {
        "MISSED"
    };
    let Place { name, .. } = place;
    let pairs = times.len();
    format!(
        "| {name} | {what} | {pairs} | {bare} | {more} | {} to {} | {verdict} |",
        bound.start(),
        bound.end()
    )
}
