//! What happens to jobs, and what is sent of it: one list, for both engines. Each step is a process of its own, in the
//! shared store with a disk of its own.

use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::server::Server;
use super::support::{Folder, Program, Receiver, eventually};
use super::{Command, Running, command, said};

const JOB: &str = "pipeline-notify.incidents.load";

/// One process.
enum Step {
    /// Runs the job once for each of these outcomes.
    Load(&'static [&'static str]),
    /// The same with more in its environment.
    With(&'static str, &'static str, &'static [&'static str]),
    /// Runs a `main` that ends in this way.
    Ends(&'static str),
    /// What a person does.
    Person(&'static [&'static str]),
}

use Step::{Ends, Load, Person, With};

struct Scenario {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    steps: &'static [Step],
    /// What people hear, in its order.
    sent: &'static [&'static str],
}

const EACH: (&str, &str) = ("NOTIFY_SILENT_SECONDS", "0");

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "the rules: what changes is sent, and what stays is not",
        settings: &[("NOTIFY_SILENT_SECONDS", "3600")],
        steps: &[
            Load(&["ok", "ok", "boom"]),
            Load(&["boom", "no route", "ok"]),
            Load(&["ok", "ok"]),
        ],
        sent: &["failed: boom", "still failing: no route", "recovered: "],
    },
    Scenario {
        name: "each failure is sent where nothing is silent",
        settings: &[EACH, ("NOTIFY_REMIND_HOURS", "0")],
        steps: &[Load(&["boom", "boom"]), Load(&["bang"]), Load(&["ok"])],
        sent: &[
            "failed: boom",
            "still failing: boom",
            "still failing: bang",
            "recovered: ",
        ],
    },
    Scenario {
        name: "`after`: a failure that is held is withdrawn by an OK, and the third is sent",
        settings: &[("AFTER", "3")],
        steps: &[
            Load(&["ok", "disk full"]),
            Load(&["ok"]),
            Load(&["disk full", "disk full"]),
            Load(&["no route"]),
            Load(&["ok"]),
        ],
        sent: &["failed: no route", "recovered: "],
    },
    Scenario {
        name: "a failure that is held leaves when it has been held for long enough",
        settings: &[("AFTER", "3"), EACH, ("NOTIFY_REMIND_HOURS", "0.0001")],
        steps: &[Load(&["ok", "disk full"]), Load(&["sleep 500", "ok"])],
        sent: &["failed: disk full", "recovered: "],
    },
    Scenario {
        name: "attempts: the last one's failure is sent",
        settings: &[],
        steps: &[
            With("NOTIFY_ATTEMPT", "1/3", &["ok"]),
            With("NOTIFY_ATTEMPT", "1/3", &["boom"]),
            With("NOTIFY_ATTEMPT", "2/3", &["boom"]),
            With("NOTIFY_ATTEMPT", "3/3", &["boom"]),
            Load(&["ok"]),
        ],
        sent: &["failed: boom", "recovered: "],
    },
    Scenario {
        name: "a job that keeps changing flaps",
        settings: &[("NOTIFY_FLAPPING", "1")],
        steps: &[
            Load(&["ok", "boom", "ok"]),
            Load(&["boom", "ok", "boom"]),
            Load(&["ok", "boom"]),
        ],
        sent: &[
            "failed: boom", "recovered: ", "failed: boom", "recovered: ", "flapping: boom",
        ],
    },
    Scenario {
        name: "what a person silences is not sent, and what follows is",
        settings: &[EACH, ("NOTIFY_REMIND_HOURS", "0")],
        steps: &[
            Load(&["boom"]),
            Person(&["silence", JOB, "--for", "1h"]),
            Load(&["boom", "boom"]),
            Person(&["unsilence", JOB]),
            Load(&["boom"]),
            Load(&["ok"]),
        ],
        sent: &["failed: boom", "still failing: boom", "recovered: "],
    },
    Scenario {
        name: "planned quiet withholds a failure and its recovery",
        settings: &[],
        steps: &[
            Person(&["silence", "*", "--for", "1h", "--all"]),
            Load(&["boom", "ok"]),
        ],
        sent: &[],
    },
    Scenario {
        name: "exits and ends of `main`",
        settings: &[],
        steps: &[
            Ends("ok"),
            Ends("err"),
            Ends("code"),
            Ends("exit ok"),
            Ends("exit in a thread"),
            Ends("ok"),
            Ends("panic"),
        ],
        sent: &[
            "failed: the disk is full",
            "still failing: exit code 3",
            "recovered: ",
            "failed: The program called exit(7). The reason is in its own output, not here.",
            "recovered: ",
            "failed: panicked: it broke",
        ],
    },
    Scenario {
        name: "a job inside itself",
        settings: &[],
        steps: &[Load(&["around boom"]), Load(&["around bang", "ok"])],
        sent: &["failed: boom", "recovered: ", "failed: bang", "recovered: "],
    },
];

/// Where the state of jobs lives.
#[derive(Clone)]
enum Engine {
    Directory(String),
    Store(String),
}

impl Engine {
    fn prepare(&self, command: &mut Command) {
        match self {
            Self::Directory(path) => command.env_remove("NOTIFY_STORE").env("NOTIFYDIR", path),
            Self::Store(address) => command.env("NOTIFY_STORE", address),
        };
    }

    /// Does a step, with nothing on its standard error.
    fn step(&self, step: &Step, settings: &[(&str, &str)], receiver: &Receiver) {
        let disk = Folder::new();
        let (program, arguments, more) = match step {
            Load(outcomes) => ("incidents", *outcomes, None),
            With(name, value, outcomes) => ("incidents", *outcomes, Some((name, value))),
            Ends(way) => ("ends", std::slice::from_ref(way), None),
            Person(arguments) => {
                let mut command = command("", arguments);
                self.prepare(&mut command);
                let output = command.output().unwrap();
                assert!(output.status.success(), "{arguments:?}: {output:?}");
                return;
            }
        };
        let mut program = Program::new(program)
            .directory(&disk)
            .alerts_as_json_to(receiver)
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            // So that nothing depends on how long a process takes.
            .env("NOTIFY_SILENT_SECONDS", "3600")
            .env("NOTIFY_EXIT_SECONDS", "30");
        for (name, value) in settings
            .iter()
            .copied()
            .chain(more.map(|(name, value)| (*name, *value)))
        {
            program = program.env(name, value);
        }
        for argument in arguments {
            program = program.arg(argument);
        }
        let mut command = program.command();
        self.prepare(&mut command);
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("pipeline-notify"), "{stderr}");
    }

    /// Returns what is known of all jobs and of what happened to them, without times: runs that nothing
    /// distinguishes are counted together. Silent runs are left out: one that follows another within 50 ms changes memory
    /// alone, and has no line in the history, so that their lines depend on how busy the machine is.
    fn picture(&self) -> String {
        let asked = |arguments: &[&str]| -> Value {
            let mut command = command("", arguments);
            self.prepare(&mut command);
            let output = command.output().unwrap();
            serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{arguments:?}: {output:?}"))
        };
        let mut picture = String::new();
        let jobs = asked(&["status", "--json"]);
        for job in jobs["jobs"].as_array().unwrap() {
            let explained = asked(&["explain", job["job"].as_str().unwrap(), "--json"]);
            let shown = [
                "job", "status", "error", "runs", "runs_total", "failures_total", "flapping",
                "decision_code",
            ];
            let shown = shown.map(|key| format!("{key}={}", job[key]));
            let mut events: Vec<(String, u64)> = Vec::new();
            for event in explained["events"].as_array().unwrap() {
                let alerts = event["alerts"].as_array().map_or(0, Vec::len);
                let is_silent = ["not-sent recent", "not-sent ok-never"]
                    .iter()
                    .any(|code| event["code"] == *code);
                if is_silent && alerts == 0 {
                    continue;
                }
                let keys =
                    ["kind", "status", "code", "error", "told"].map(|key| event[key].to_string());
                let words = format!("{} alerts={alerts}", keys.join(" "));
                let runs = event["runs"].as_u64().unwrap_or(1);
                match events
                    .last_mut()
                    .filter(|(last, _)| *last == words && alerts == 0)
                {
                    Some((_, known)) => *known += runs,
                    None => events.push((words, runs)),
                }
            }
            let events: Vec<_> = events
                .iter()
                .map(|(words, runs)| format!("  {runs} x {words}"))
                .collect();
            writeln!(picture, "{}\n{}", shown.join(" "), events.join("\n")).unwrap();
        }
        picture
    }
}

/// What people heard, in the order in which it was decided, and in how many messages.
pub(crate) fn sent(receiver: &Receiver) -> Vec<String> {
    let mut alerts = receiver.alerts();
    alerts.sort_by_key(|alert| alert["decided"].as_str().unwrap().to_owned());
    let words = alerts.iter().map(|alert| {
        let kind = alert["kind"].as_str().unwrap().replace('_', " ");
        let error = alert["error"].as_str().unwrap_or_default();
        format!("{kind}: {}", error.lines().next().unwrap_or_default())
    });
    words.collect()
}

/// Does the steps in each engine at once; returns what was sent and what is known in each.
fn in_both(
    server: &Server,
    settings: &[(&str, &str)],
    steps: &[Step],
) -> [(Vec<String>, String); 2] {
    in_each(server, |engine, receiver| {
        for step in steps {
            engine.step(step, settings, receiver);
        }
    })
}

fn in_each(
    server: &Server,
    happens: impl Fn(&Engine, &Receiver) + Sync,
) -> [(Vec<String>, String); 2] {
    let happens = &happens;
    let (folder, store) = (Folder::new(), server.store());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let engines = [
        Engine::Directory(folder.path().to_str().unwrap().to_owned()),
        Engine::Store(store),
    ];
    thread::scope(|scope| {
        let all = engines.map(|engine| {
            scope.spawn(move || {
                let receiver = Receiver::new();
                happens(&engine, &receiver);
                (sent(&receiver), engine.picture())
            })
        });
        all.map(|one| one.join().unwrap())
    })
}

/// Issue 15, "the same tests": each scenario of one list, in a directory and in the shared store.
pub(crate) fn all(server: &Server) {
    some_at_a_time(SCENARIOS, |scenario| {
        let [directory, store] = in_both(server, scenario.settings, scenario.steps);
        assert_eq!(directory.0, scenario.sent, "{}", scenario.name);
        assert_eq!(store.0, directory.0, "{}", scenario.name);
        assert_eq!(store.1, directory.1, "{}", scenario.name);
    });
}

/// The same of a run that is killed, which a `watch` finds.
pub(crate) fn death(server: &Server) {
    let both = in_each(server, |engine, receiver| {
        let begin = |mut command: Command| {
            engine.prepare(&mut command);
            let webhook = receiver.json_webhook();
            command.env("NOTIFY_ALERTS_URL", webhook);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            Running(command.spawn().unwrap())
        };
        let _watch = begin(command("", &["watch", "--every", "0.2s"]));
        let disk = Folder::new();
        let mut job = begin(Program::new("ends").directory(&disk).arg("hang").command());
        eventually("the run is written down", || {
            let mut status = command("", &["status"]);
            engine.prepare(&mut status);
            let output = status.output().unwrap();
            String::from_utf8_lossy(&output.stdout).contains("1 running")
        });
        job.0.kill().unwrap();
        job.0.wait().unwrap();
        let killed = Instant::now();
        while sent(receiver).is_empty() {
            assert!(
                killed.elapsed() < Duration::from_secs(90),
                "no death is sent"
            );
            thread::sleep(Duration::from_millis(50));
        }
        engine.step(&Ends("ok"), &[], receiver);
    });
    // They name their processes.
    let [directory, store] = both.map(|(sent, known)| {
        assert!(sent[0].starts_with("failed: died: "), "{sent:?}");
        let all = format!("{sent:?} {known}");
        all.replace(|letter: char| letter.is_ascii_digit(), "")
    });
    assert_eq!(store, directory);
}

/// Does it with each, some at a time: most of the time is waiting, and the rest is one server's.
fn some_at_a_time<T: Send>(
    all: impl IntoIterator<Item = T, IntoIter: Send>,
    test: impl Fn(T) + Sync,
) {
    let left = Mutex::new(all.into_iter());
    let next = || left.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(one) = next() {
                    test(one);
                }
            });
        }
    });
}

/// Random runs: whatever their order and settings, both engines send the same and know the same.
pub(crate) fn random(server: &Server) {
    const OUTCOMES: [&[&str]; 6] = [
        &["ok"],
        &["boom"],
        &["ok", "ok", "ok"],
        &["bang 1", "bang 2"],
        &["boom", "ok"],
        &["ok", "boom", "boom"],
    ];
    const SILENT: [(&str, &str); 2] = [EACH, ("NOTIFY_SILENT_SECONDS", "3600")];
    const SETTINGS: [(&str, &str); 3] = [EACH, ("AFTER", "2"), ("NOTIFY_FLAPPING", "1")];
    some_at_a_time(1..=4_u64, |seed| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut below = |most: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % most as u64).unwrap()
        };
        let settings = [SETTINGS[below(3)], SILENT[below(2)]];
        let steps: Vec<_> = (0..5).map(|_| Load(OUTCOMES[below(6)])).collect();
        let [directory, store] = in_both(server, &settings, &steps);
        assert_eq!(store, directory, "seed {seed}: {settings:?}");
    });
}
