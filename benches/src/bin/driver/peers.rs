//! The library beside its peers: each a program that measures its own calls, started in turn.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Place;
use crate::receiver::{Answer, Receiver};
use crate::sample::{Spread, load};

type Answered<T> = Result<T, Box<dyn Error>>;

/// Who does not end by itself is ended after this time.
const PATIENCE: Duration = Duration::from_secs(10);

const ROUNDS: usize = 11;

/// How often a program is started that may hang.
const HANGING_ROUNDS: usize = 5;

struct Peer {
    name: &'static str,
    program: &'static str,
    is_python: bool,
    flushes: bool,
    is_silent: bool,
    /// So many of its calls to a receiver that never answers are enough.
    hanging_calls: usize,
}

const FLOOR: Peer = Peer {
    name: "floor",
    program: "floor",
    is_python: false,
    flushes: false,
    is_silent: true,
    hanging_calls: 50,
};

const PEERS: [Peer; 6] = [
    FLOOR,
    Peer {
        name: "`#[notify]`",
        program: "library",
        ..FLOOR
    },
    Peer {
        name: "by hand in Rust",
        program: "by_hand",
        ..FLOOR
    },
    Peer {
        name: "the article's Python",
        program: "article.py",
        is_python: true,
        ..FLOOR
    },
    Peer {
        name: "sentry, flushed",
        program: "sentry",
        flushes: true,
        is_silent: false,
        hanging_calls: 1,
        ..FLOOR
    },
    Peer {
        name: "sentry, queued only",
        program: "sentry",
        is_silent: false,
        hanging_calls: 20,
        ..FLOOR
    },
];

/// Where the programs are.
struct Stage<'a> {
    programs: &'a Path,
    python: &'a Path,
    script: &'a Path,
}

impl Stage<'_> {
    fn command(&self, peer: &Peer, directory: &Path, webhook: &str) -> Command {
        let mut command = if peer.is_python {
            let mut command = Command::new(self.python);
            command.arg(self.script);
            command
        } else {
            Command::new(self.programs.join(peer.program))
        };
        command
            .env_clear()
            .env("NOTIFYDIR", directory)
            .env("SLACK_ALERTS_WEBHOOK_URL", webhook)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if peer.flushes {
            command.env("PEER_FLUSHES", "1");
        }
        command
    }

    /// Returns the median microseconds of a call, for each peer that makes it, over all rounds.
    fn calls(
        &self,
        place: &Place,
        mode: &str,
        count: usize,
        answer: &Answer,
    ) -> Answered<Vec<Option<Spread>>> {
        let rounds = match answer {
            Answer::Hang => HANGING_ROUNDS,
            _ => ROUNDS,
        };
        let mut times = vec![Vec::new(); PEERS.len()];
        for round in 0..rounds {
            for step in 0..PEERS.len() {
                let number = (step + round) % PEERS.len();
                let peer = &PEERS[number];
                if mode == "silent" && !peer.is_silent {
                    continue;
                }
                let all = answer.clone();
                let receiver = Receiver::answering(move |_| all.clone());
                let directory = place.folder.join(format!("{mode}-{number}-{round}"));
                let count = match answer {
                    Answer::Hang => count.min(peer.hanging_calls),
                    _ => count,
                };
                let output = self
                    .command(peer, &directory, &receiver.webhook())
                    .env("NOTIFY_EXIT_SECONDS", "0")
                    .args([mode, &count.to_string()])
                    .output()?;
                let nanoseconds: f64 = String::from_utf8(output.stdout)?
                    .trim()
                    .parse()
                    .map_err(|_| format!("{} says no time of {mode}", peer.name))?;
                times[number].push(nanoseconds / 1e3);
                let _ = fs::remove_dir_all(directory);
            }
        }
        let spread = |times: Vec<_>| (!times.is_empty()).then(|| Spread::of(times));
        Ok(times.into_iter().map(spread).collect())
    }

    /// Returns the milliseconds from start to exit of a program that alerts once, and the posts
    /// that came in, for each peer.
    fn exits(
        &self,
        place: &Place,
        rounds: usize,
        answer: &Answer,
    ) -> Answered<Vec<(Spread, usize)>> {
        let mut times = vec![Vec::new(); PEERS.len()];
        let mut posts = vec![0; PEERS.len()];
        for round in 0..rounds {
            for (number, peer) in PEERS.iter().enumerate() {
                let all = answer.clone();
                let receiver = Receiver::answering(move |_| all.clone());
                let directory = place.folder.join(format!("once-{number}-{round}"));
                let mut command = self.command(peer, &directory, &receiver.webhook());
                command.arg("once").stdout(Stdio::null());
                times[number].push(whole(&mut command)?);
                posts[number] += receiver.requests().len();
                let _ = fs::remove_dir_all(directory);
            }
        }
        Ok(times.into_iter().map(Spread::of).zip(posts).collect())
    }
}

/// Returns the milliseconds from start to exit, which comes after [`PATIENCE`] by force.
fn whole(command: &mut Command) -> Answered<f64> {
    let begun = Instant::now();
    let mut child = command.spawn()?;
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Measures, and prints the table.
pub(crate) fn table(
    programs: &Path,
    python: &Path,
    script: &Path,
    places: &[Place],
) -> Answered<()> {
    let stage = Stage {
        programs,
        python,
        script,
    };
    let before = load();
    let mut rows = Vec::new();
    for place in places {
        for (what, mode, count, answer) in [
            ("a silent call", "silent", 2000, Answer::Ok),
            (
                "a call that alerts, answered at once",
                "alert",
                50,
                Answer::Ok,
            ),
            (
                "a call that alerts, never answered",
                "alert",
                50,
                Answer::Hang,
            ),
        ] {
            let calls = stage.calls(place, mode, count, &answer)?;
            rows.push(format!("| {} | {what}, µs |{}", place.name, ratios(&calls)));
        }
    }
    let [tmpfs, ..] = places else {
        return Err("no place".into());
    };
    for (what, rounds, answer) in [
        (
            "start to exit with an alert, answered at once",
            ROUNDS,
            Answer::Ok,
        ),
        (
            "start to exit with an alert, never answered",
            3,
            Answer::Hang,
        ),
    ] {
        let exits = stage.exits(tmpfs, rounds, &answer)?;
        rows.push(format!(
            "| {} | {what}, ms |{}",
            tmpfs.name,
            more(&exits, rounds)
        ));
    }
    println!(
        "load average {before} before, {} after; the median of {ROUNDS} rounds and their middle half ({HANGING_ROUNDS} and 3 where nothing is answered)",
        load()
    );
    println!();
    print!("| place | what |");
    for peer in PEERS {
        print!(" {} |", peer.name);
    }
    println!("\n|---|---|{}", "---|".repeat(PEERS.len()));
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

/// The floor as it is, the others as multiples of it.
fn ratios(calls: &[Option<Spread>]) -> String {
    let floor = calls.first().copied().flatten().map(|floor| floor.median);
    let columns = calls.iter().enumerate().map(|(number, spread)| {
        let Some((spread, floor)) = spread.zip(floor) else {
            return " |".to_owned();
        };
        if number == 0 {
            return format!(" {spread} |");
        }
        format!(" {} × |", spread.over(floor))
    });
    columns.collect()
}

/// The floor as it is, the others as milliseconds more, and what was posted where some was lost.
fn more(exits: &[(Spread, usize)], rounds: usize) -> String {
    let floor = exits.first().map_or(0.0, |(floor, _)| floor.median);
    let cells = exits.iter().enumerate().map(|(number, (spread, posts))| {
        let limit = PATIENCE.as_secs_f64() * 1e3;
        match number {
            0 => format!(" {spread} |"),
            _ if spread.median >= limit => format!(" killed after {limit:.0} |"),
            _ if *posts < rounds => {
                format!(
                    " +{:.1}, {posts} of {rounds} posted |",
                    spread.median - floor
                )
            }
            _ => format!(" +{:.1} |", spread.median - floor),
        }
    });
    cells.collect()
}
