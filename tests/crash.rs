//! A kill at every system call: whatever a run was about to do when it was killed, after the next
//! two runs people believe what is so, and nothing is left lying about.
//!
//! `strace` does the killing, so that the product needs no code for it.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a test, all of it"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

use support::{Ended, Folder, Program, Receiver};

const JOB: &str = "pipeline-notify.ends.main";

/// The system calls at which a program is killed.
const CALLS: &str = "openat,mkdir,chmod,fchmod,flock,read,write,pwrite64,lseek,link,linkat,rename,renameat2,\
    unlink,unlinkat,close,fsync,fdatasync,ftruncate,connect,sendto,recvfrom";

/// What a notify directory has been through when a program is killed in it.
struct History {
    name: &'static str,
    before: &'static [&'static str],
    killed: &'static str,
}

const HISTORIES: [History; 5] = [
    History {
        name: "the first run, which fails",
        before: &[],
        killed: "err",
    },
    History {
        name: "a failing run",
        before: &["ok"],
        killed: "err",
    },
    History {
        name: "a recovering run",
        before: &["ok", "err"],
        killed: "ok",
    },
    History {
        name: "a run after one that was cut short",
        before: &["ok", "kill"],
        killed: "ok",
    },
    History {
        name: "a drain of a waiting alert",
        before: &["ok", "err unsent"],
        killed: "drain",
    },
];

/// Where something is done to a program: at a thread's n-th call of that name.
type Point = (String, u32);

const KILL: &str = "signal=KILL";

/// What the kills of one history came to.
#[derive(Debug, Default)]
struct Figures {
    points: usize,
    reached: usize,
    deaths: usize,
    repeats: usize,
    /// By what is wrong, where.
    faults: BTreeMap<&'static str, Vec<String>>,
}

#[test]
fn a_kill_at_some_system_calls_leaves_nobody_with_a_wrong_belief() {
    check(KILL, CALLS, 12);
}

#[test]
#[ignore = "it takes a quarter of a minute"]
fn a_kill_at_any_system_call_leaves_nobody_with_a_wrong_belief() {
    check(KILL, CALLS, usize::MAX);
}

#[test]
fn a_disk_that_is_full_at_any_rename_leaves_nobody_with_a_wrong_belief() {
    check("error=ENOSPC", "rename", usize::MAX);
}

#[test]
fn a_lock_that_comes_late_leaves_nobody_with_a_wrong_belief() {
    check("delay_enter=50000", "flock", 6);
}

/// Does something to a program of each history, at no more than so many points, spread evenly.
fn check(fault: &str, calls: &str, most: usize) {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let mut is_sound = true;
    for history in &HISTORIES {
        let control = kill(history, None, &mut Figures::default());
        assert!(
            control.is_empty(),
            "{} without a kill: {control:?}",
            history.name
        );

        let points = points(history).into_iter();
        let points: Vec<_> = points
            .filter(|(call, _)| calls.split(',').any(|one| one == call))
            .collect();
        let step = points.len().div_ceil(most);
        let figures = kill_at(history, fault, points.into_iter().step_by(step).collect());
        println!("{}: {figures:#?}", history.name);
        is_sound &= figures.faults.is_empty() && figures.reached * 10 >= figures.points * 8;
    }
    assert!(is_sound, "see the figures above");
}

/// Kills at each of the points, two at a time.
fn kill_at(history: &History, fault: &str, points: Vec<Point>) -> Figures {
    let figures = Mutex::new(Figures {
        points: points.len(),
        ..Figures::default()
    });
    let points = Mutex::new(points.into_iter());
    let work = || {
        while let Some(point) = { points.lock().unwrap().next() } {
            let mut counted = Figures::default();
            let faults = kill(history, Some((fault, &point)), &mut counted);
            let mut figures = figures.lock().unwrap();
            figures.reached += counted.reached;
            figures.deaths += counted.deaths;
            figures.repeats += counted.repeats;
            for (wrong, what) in faults {
                let place = format!("{} {}: {what}", point.0, point.1);
                figures.faults.entry(wrong).or_default().push(place);
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    figures.into_inner().unwrap()
}

/// Lives through a history, kills at a point, and returns what is wrong after two clean runs.
fn kill(
    history: &History,
    point: Option<(&str, &Point)>,
    figures: &mut Figures,
) -> Vec<(&'static str, String)> {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = |way| run(way, &folder, &receiver);
    history.before.iter().for_each(|way| drop(run(way)));
    let killed = program(history.killed, &folder, &receiver);
    let ended = match point {
        Some((fault, point)) => killed
            .under("strace", inject(fault, point).split(' '))
            .run(),
        None => killed.run(),
    };
    // Of what does not end the program it is not known whether it was reached.
    let is_kill = point.is_some_and(|(fault, _)| fault == KILL);
    figures.reached = usize::from(!is_kill || ended.signal == Some(9));

    let mut faults = Vec::new();
    let crashed = fs::read_to_string(folder.path().join(JOB)).unwrap_or_default();
    let under_way = runs_under_way(&folder);
    an_hour_passes(&folder);
    for (way, expected) in [
        ("err", (Some(1), "Error: \"the disk is full\"\n")),
        ("ok", (Some(0), "")),
    ] {
        let ended = run(way);
        if (ended.code, &*ended.stderr) != expected {
            faults.push(("a clean run was harmed", format!("{ended:?}")));
        }
    }

    let status = folder.status_file(JOB);
    let told = alerts(&receiver);
    let last = told.last().map(|alert| &*alert.head);
    if last != Some(&*head(&status)) || !status.starts_with("OK\n") {
        faults.push((
            "people believe what is not so",
            format!("{last:?}, but {status}"),
        ));
    }

    let mut events: BTreeMap<&str, &Alert> = BTreeMap::new();
    for alert in &told {
        if let Some(first) = events.insert(&alert.id, alert) {
            figures.repeats += 1;
            if first != alert {
                faults.push((
                    "one id tells of two events",
                    format!("{first:?}, {alert:?}"),
                ));
            }
        }
    }

    let incidents = |kind: &str| -> Vec<_> {
        let alerts = events.values().filter(|alert| alert.kind == kind);
        let mut incidents: Vec<_> = alerts.map(|alert| &*alert.incident).collect();
        incidents.sort_unstable();
        incidents
    };
    let (opened, closed) = (incidents("failed"), incidents("recovered"));
    let is_twice = opened.windows(2).any(|pair| pair[0] == pair[1]);
    if opened != closed || is_twice {
        let what = format!("opened {opened:?}, closed {closed:?}");
        faults.push(("an incident is not opened once and closed once", what));
    }
    let heads: BTreeSet<_> = told.iter().map(|alert| &alert.head).collect();
    if heads.len() != events.len() {
        faults.push(("one event has two ids", format!("{told:?}")));
    }

    let deaths = || told.iter().filter(|alert| alert.text.contains("\ndied: "));
    figures.deaths = deaths().count();
    let is_recorded = |alert: &Alert| alert.head.lines().nth(1) == crashed.lines().nth(1);
    if !crashed.contains("\ndied: ") && deaths().any(is_recorded) {
        faults.push(("a run that ended is reported as dead", crashed.clone()));
    }
    // A second death in a row is nothing new.
    if !crashed.starts_with("ERROR\n")
        && !under_way.is_empty()
        && !under_way.iter().any(|run| events.contains_key(&**run))
    {
        faults.push(("a death is not told", format!("{under_way:?}")));
    }

    let litter = folder.hidden_files().into_iter().filter(|(path, content)| {
        let name = path.rsplit('/').next().unwrap();
        !(["key", "key.lock"].contains(&name)
            || path.contains("/locks/") && name.len() == 2 && content.is_empty()
            || path.contains("/history/") && !name.starts_with('.')
            || path.contains("/outbox/") && [".lock", ".pace"].contains(&name))
    });
    faults.extend(litter.map(|(path, _)| ("a file is left", path)));
    faults
}

/// Makes the records of runs older: what is young may belong to a process that is at work.
fn an_hour_passes(folder: &Folder) {
    let files = folder.hidden_files().into_keys();
    for path in files.filter(|path| path.contains("/running/")) {
        let file = fs::File::open(folder.path().join(path)).unwrap();
        let hour = Duration::from_secs(3600);
        file.set_modified(SystemTime::now() - hour).unwrap();
    }
}

/// The program that does something in the way that is named.
fn program(way: &str, folder: &Folder, receiver: &Receiver) -> Program {
    let program = match way {
        "drain" => Program::new("drain"),
        "err unsent" => Program::new("ends").arg("err").under(
            "strace",
            inject(KILL, &("connect".to_owned(), 1)).split(' '),
        ),
        way => Program::new("ends").arg(way),
    };
    program.directory(folder).alerts_to(receiver)
}

fn run(way: &str, folder: &Folder, receiver: &Receiver) -> Ended {
    program(way, folder, receiver).run()
}

/// The arguments that have strace do something to what it runs: a kill comes before the call, which
/// is not made.
fn inject(fault: &str, (call, number): &Point) -> String {
    format!("-f -qq -o /dev/null -e trace={call} -e inject={call}:{fault}:when={number}")
}

/// Every point of a program that is not killed, from the first call that has to do with the notify
/// directory.
fn points(history: &History) -> BTreeSet<Point> {
    let (folder, receiver, traces) = (Folder::new(), Receiver::new(), Folder::new());
    for way in history.before {
        run(way, &folder, &receiver);
    }
    let trace = traces.path().join("trace").display().to_string();
    program(history.killed, &folder, &receiver)
        .under(
            "strace",
            [
                "-f",
                "-qq",
                "-s",
                "999",
                "-o",
                &trace,
                "-e",
                &format!("trace={CALLS}"),
            ],
        )
        .run();
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut points = BTreeSet::new();
    let mut has_begun = false;
    for line in fs::read_to_string(trace).unwrap().lines() {
        has_begun |= line.contains(&*folder.path().to_string_lossy());
        let Some((thread, call)) = line
            .split_once('(')
            .and_then(|(call, _)| call.split_once(' '))
        else {
            continue;
        };
        let call = call.trim();
        if !CALLS.split(',').any(|known| known == call) {
            // The second half of a call that another thread's interrupted.
            continue;
        }
        let count = counts
            .entry((thread.to_owned(), call.to_owned()))
            .or_default();
        *count += 1;
        if has_begun {
            points.insert((call.to_owned(), *count));
        }
    }
    points
}

/// An alert as people read it.
#[derive(Debug, PartialEq)]
struct Alert {
    /// The state, when the run began, and what ran.
    head: String,
    text: String,
    kind: String,
    incident: String,
    id: String,
}

/// All alerts that came, in their order, be it a few in one message.
fn alerts(receiver: &Receiver) -> Vec<Alert> {
    let messages = receiver.texts().join("\n");
    let begins = messages.match_indices("--- ").map(|(at, _)| at);
    let begins: Vec<_> = begins
        .filter(|at| {
            ["--- OK ---", "--- ERROR ---"]
                .iter()
                .any(|head| messages[*at..].starts_with(head))
        })
        .collect();
    let ends = begins.iter().skip(1).copied().chain([messages.len()]);
    let texts = begins
        .iter()
        .zip(ends)
        .map(|(begin, end)| messages[*begin..end].trim_end());
    texts
        .map(|text| {
            let foot = text.rsplit('\n').next().unwrap();
            let fact = |name: &str| {
                let facts = foot.split(" · ");
                let values = facts.filter_map(|fact| fact.strip_prefix(name));
                values.map(str::to_owned).next().unwrap_or_default()
            };
            Alert {
                head: head(&text.replace("--- ", "").replace(" ---", "")),
                kind: fact(&format!("job {JOB} ")),
                incident: fact("incident "),
                id: fact("alert "),
                text: text.to_owned(),
            }
        })
        .collect()
}

/// The first three lines, which a status and the alert that tells of it share.
fn head(text: &str) -> String {
    text.lines().take(3).collect::<Vec<_>>().join("\n")
}

/// The ids of the runs that are recorded as under way, where no journal says otherwise.
fn runs_under_way(folder: &Folder) -> Vec<String> {
    let files = folder.hidden_files();
    if files
        .iter()
        .any(|(path, content)| path.contains("/locks/") && !content.is_empty())
    {
        return Vec::new();
    }
    let records = files
        .iter()
        .filter(|(path, _)| path.contains("/running/") && !path.contains("/."));
    let runs = records.flat_map(|(_, record)| record.split("\no ").skip(1));
    runs.filter_map(|run| run.lines().find_map(|line| line.strip_prefix("run: ")))
        .map(str::to_owned)
        .collect()
}
