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

use support::delivered::{self, Delivered, Fault};
use support::{Ended, Folder, Program, Receiver, eventually};

const JOB: &str = "pipeline-notify.ends.main";

/// The system calls at which a program is killed.
const CALLS: &str = "openat,mkdir,chmod,fchmod,flock,read,write,pwrite64,lseek,link,linkat,rename,renameat,renameat2,\
    unlink,unlinkat,close,fsync,fdatasync,ftruncate,connect,sendto,recvfrom";

/// What a notify directory has been through when a program is killed in it, and what happens there
/// meanwhile.
struct History {
    name: &'static str,
    before: &'static [&'static str],
    killed: &'static str,
    meanwhile: Meanwhile,
    /// What runs afterwards, with its exit code: the last ends well.
    after: [(&'static str, i32, &'static str); 2],
}

/// What another process does while a program is killed.
#[derive(Clone, Copy)]
enum Meanwhile {
    Nothing,
    /// It begins when the other begins.
    AtOnce(&'static str),
    /// It begins and ends while the other is in its body.
    Within(&'static str),
}

const PLAIN: [(&str, i32, &str); 2] = [("err", 1, "Error: \"the disk is full\"\n"), ("ok", 0, "")];
const NESTED: [(&str, i32, &str); 2] = [
    ("nested err", 1, "Error: \"it failed\"\n"),
    ("nested ok", 0, ""),
];

const fn alone(
    name: &'static str,
    before: &'static [&'static str],
    killed: &'static str,
) -> History {
    History {
        name,
        before,
        killed,
        meanwhile: Meanwhile::Nothing,
        after: PLAIN,
    }
}

const fn with(
    name: &'static str,
    before: &'static [&'static str],
    killed: &'static str,
    meanwhile: Meanwhile,
) -> History {
    History {
        name,
        before,
        killed,
        meanwhile,
        after: PLAIN,
    }
}

const fn nested(
    name: &'static str,
    before: &'static [&'static str],
    killed: &'static str,
) -> History {
    History {
        name,
        before,
        killed,
        meanwhile: Meanwhile::Nothing,
        after: NESTED,
    }
}

const ALONE: [History; 5] = [
    alone("the first run, which fails", &[], "err"),
    alone("a failing run", &["ok"], "err"),
    alone("a recovering run", &["ok", "err"], "ok"),
    alone("a run after one that was cut short", &["ok", "kill"], "ok"),
    alone("a drain of a waiting alert", &["ok", "err unsent"], "drain"),
];

const TOGETHER: [History; 6] = [
    with(
        "a failing run beside one that succeeds",
        &["ok"],
        "err",
        Meanwhile::AtOnce("ok"),
    ),
    with(
        "a recovering run beside one that fails",
        &["ok", "err"],
        "ok",
        Meanwhile::AtOnce("err"),
    ),
    with(
        "a failing run beside another",
        &["ok"],
        "err",
        Meanwhile::AtOnce("err"),
    ),
    with(
        "a failing run around one that succeeds",
        &["ok"],
        "held err",
        Meanwhile::Within("ok"),
    ),
    with(
        "a failing run around one that fails",
        &["ok"],
        "held err",
        Meanwhile::Within("err"),
    ),
    with(
        "a recovering run around one that fails",
        &["ok", "err"],
        "held ok",
        Meanwhile::Within("err"),
    ),
];

const INSIDE: [History; 4] = [
    nested("the first run of two jobs, which fail", &[], "nested err"),
    nested("a failing run of two jobs", &["nested ok"], "nested err"),
    nested(
        "a failing run inside one that succeeds",
        &["nested ok"],
        "nested caught",
    ),
    nested(
        "a recovering run of two jobs",
        &["nested ok", "nested err"],
        "nested ok",
    ),
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
    check(&ALONE, KILL, CALLS, 12);
}

#[test]
#[ignore = "it takes half a minute"]
fn a_kill_at_any_system_call_leaves_nobody_with_a_wrong_belief() {
    check(&ALONE, KILL, CALLS, usize::MAX);
}

#[test]
fn a_kill_while_another_process_runs_the_same_job_leaves_nobody_with_a_wrong_belief() {
    check(&TOGETHER, KILL, CALLS, 5);
}

#[test]
#[ignore = "it takes a minute"]
fn a_kill_at_any_call_while_another_process_runs_the_same_job_leaves_nobody_with_a_wrong_belief() {
    check(&TOGETHER, KILL, CALLS, usize::MAX);
}

#[test]
fn a_kill_in_a_job_inside_a_job_leaves_nobody_with_a_wrong_belief() {
    check(&INSIDE, KILL, CALLS, 8);
}

#[test]
#[ignore = "it takes a minute"]
fn a_kill_at_any_call_in_a_job_inside_a_job_leaves_nobody_with_a_wrong_belief() {
    check(&INSIDE, KILL, CALLS, usize::MAX);
}

#[test]
fn a_disk_that_is_full_at_any_rename_leaves_nobody_with_a_wrong_belief() {
    check(&ALONE, "error=ENOSPC", "rename,renameat", usize::MAX);
}

#[test]
fn a_lock_that_comes_late_leaves_nobody_with_a_wrong_belief() {
    check(&ALONE, "delay_enter=50000", "flock", 6);
}

/// Does something to a program of each history, at no more than so many points, spread evenly.
fn check(histories: &[History], fault: &str, calls: &str, most: usize) {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let mut is_sound = true;
    let (mut all, mut reached) = (0, 0);
    for history in histories {
        let control = kill(history, None, &mut Figures::default());
        assert!(
            control.is_empty(),
            "{} without a kill: {control:#?}",
            history.name
        );

        // Beside another process it is not always the same one that has something to send.
        let is_alone = matches!(history.meanwhile, Meanwhile::Nothing);
        let are_enough =
            |figures: &Figures| !is_alone || figures.reached * 10 >= figures.points * 8;
        // On a busy machine threads may divide their calls otherwise than they did in the trace: then there is another.
        let mut tries = 0..3;
        let figures = loop {
            let points = points(history).into_iter();
            let points: Vec<_> = points
                .filter(|(call, _)| calls.split(',').any(|one| one == call))
                .collect();
            let step = points.len().div_ceil(most);
            let figures = kill_at(history, fault, points.into_iter().step_by(step).collect());
            tries.next();
            if !figures.faults.is_empty() || are_enough(&figures) || tries.is_empty() {
                break figures;
            }
        };
        println!("{}: {figures:#?}", history.name);
        is_sound &= figures.faults.is_empty() && are_enough(&figures);
        all += figures.points;
        reached += figures.reached;
    }
    println!("{reached} of {all} points were reached");
    assert!(is_sound && reached * 10 >= all * 6, "see the figures above");
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

/// Lives through a history, kills at a point, and returns what is wrong: after a run of another job,
/// which settles what the dead have left, and after two runs of this one.
fn kill(history: &History, point: Option<(&str, &Point)>, figures: &mut Figures) -> Vec<Fault> {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = |way| run(way, &folder, &receiver);
    history.before.iter().for_each(|way| drop(run(way)));
    let mut faults = Vec::new();
    let mut clean = |way: &str, ended: &Ended, code: i32, stderr: &str| {
        if (ended.code, &*ended.stderr) != (Some(code), stderr) {
            faults.push(("a clean run was harmed", format!("{way}: {ended:?}")));
        }
    };

    let ended = live(history, point, &folder, &receiver, &mut clean);
    // Of what does not end the program it is not known whether it was reached.
    let is_kill = point.is_some_and(|(fault, _)| fault == KILL);
    figures.reached = usize::from(!is_kill || ended.signal == Some(9));

    let crashed = fs::read_to_string(folder.path().join(JOB)).unwrap_or_default();
    let under_way = runs_under_way(&folder);
    folder.an_hour_passes();
    clean("other", &run("other"), 0, "");
    clean("drain", &run("drain"), 0, "");
    let (events, _) = delivered::first_copies(&delivered::delivered(&receiver), &mut Vec::new());
    let settled = delivered::wrong_beliefs(&folder, &events).into_iter();
    let settled = settled.chain(delivered::litter(&folder));
    // A fault that kills nobody leaves no dead, for whom others would look.
    let is_dead = point.is_none() || is_kill;
    let settled: Vec<_> = settled
        .filter(|_| is_dead)
        .map(|(wrong, what)| (wrong, format!("after a run of another job: {what}")))
        .collect();

    for (way, code, stderr) in history.after {
        clean(way, &run(way), code, stderr);
    }
    faults.extend(settled);
    let (events, repeats) = delivered::first_copies(&delivered::delivered(&receiver), &mut faults);
    figures.repeats = repeats;
    faults.extend(delivered::wrong_beliefs(&folder, &events));
    faults.extend(delivered::litter(&folder));
    if !folder.status_file(JOB).starts_with("OK\n") {
        faults.push(("the last run is not in the status", folder.status_file(JOB)));
    }
    let last = events.iter().rfind(|event| event.job == JOB);
    if last.map(|event| &*event.time) != folder.status_file(JOB).lines().nth(1) {
        let what = format!("{last:?}, but {}", folder.status_file(JOB));
        faults.push(("the last message is not of the last run", what));
    }

    let deaths = || events.iter().filter(|alert| alert.is_death);
    figures.deaths = deaths().count();
    let is_recorded = |alert: &Delivered| Some(&*alert.time) == crashed.lines().nth(1);
    if !crashed.contains("\ndied: ") && deaths().any(is_recorded) {
        faults.push(("a run that ended is reported as dead", crashed.clone()));
    }
    // A second death in a row is nothing new.
    if !crashed.starts_with("ERROR\n")
        && !under_way.is_empty()
        && !under_way
            .iter()
            .any(|run| events.iter().any(|event| event.id == *run))
    {
        faults.push(("a death is not delivered", format!("{under_way:?}")));
    }
    faults
}

/// Runs the program that is killed, and what runs meanwhile.
fn live(
    history: &History,
    point: Option<(&str, &Point)>,
    folder: &Folder,
    receiver: &Receiver,
    clean: &mut impl FnMut(&str, &Ended, i32, &str),
) -> Ended {
    let signs = Folder::new();
    let killed = program(history.killed, folder, receiver).env("HOLD", signs.path());
    let killed = match point {
        Some((fault, point)) => killed.under("strace", inject(fault, point).split(' ')),
        None => killed,
    };
    let (way, is_within) = match history.meanwhile {
        Meanwhile::Nothing => return killed.run(),
        Meanwhile::AtOnce(way) => (way, false),
        Meanwhile::Within(way) => (way, true),
    };
    thread::scope(|scope| {
        let killed = scope.spawn(|| killed.run());
        if is_within {
            eventually("it is in its body, or killed", || {
                signs.path().join("held").exists() || killed.is_finished()
            });
        }
        let ended = run(way, folder, receiver);
        let (_, code, stderr) = PLAIN.into_iter().find(|(name, ..)| *name == way).unwrap();
        clean(way, &ended, code, stderr);
        fs::write(signs.path().join("go"), "").unwrap();
        killed.join().unwrap()
    })
}

/// The program that does something in the way that is named.
fn program(way: &str, folder: &Folder, receiver: &Receiver) -> Program {
    let program = match way {
        "drain" | "other" => Program::new(way),
        "err unsent" => Program::new("ends").arg("err").under(
            "strace",
            inject(KILL, &("connect".to_owned(), 1)).split(' '),
        ),
        way => Program::new("ends").arg(way),
    };
    let program = program.directory(folder).alerts_as_json_to(receiver);
    program.env("NOTIFY_EXIT_SECONDS", "20")
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
    fs::write(traces.path().join("go"), "").unwrap();
    for way in history.before {
        run(way, &folder, &receiver);
    }
    let trace = traces.path().join("trace").display().to_string();
    program(history.killed, &folder, &receiver)
        .env("HOLD", traces.path())
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

/// The ids of the runs that are recorded as under way, where no journal says otherwise.
fn runs_under_way(folder: &Folder) -> Vec<String> {
    let files = folder.hidden_files();
    if files
        .iter()
        .any(|(path, _)| path.contains("/locks/") && delivered::is_journal(folder, path))
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
