//! `pipeline-notify run` under what starts, stops and kills it: signals, supervisors, timeouts, and
//! command lines with mistakes.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use support::running::kill;
use support::{Answer, Folder, Receiver, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pipeline-notify");

/// A folder, and a receiver of its alerts.
struct Place {
    folder: Folder,
    receiver: Receiver,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: Folder::new(),
            receiver: Receiver::new(),
        }
    }

    fn at(receiver: Receiver) -> Self {
        Self {
            folder: Folder::new(),
            receiver,
        }
    }

    /// A program with nothing in its environment but where files and alerts go.
    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("NOTIFYDIR", self.folder.path())
            .env("SLACK_ALERTS_WEBHOOK_URL", self.receiver.webhook())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// `pipeline-notify run` with some options and a script.
    fn script(&self, options: &[&str], script: &str) -> Output {
        self.words(&[&["run"], options, &["--", "sh", "-c", script]].concat())
    }

    fn words(&self, words: &[&str]) -> Output {
        self.program(PROGRAM).args(words).output().unwrap()
    }

    fn status(&self, job: &str) -> String {
        self.folder.status_file(job)
    }

    /// A line of a status file.
    fn line(&self, job: &str, key: &str) -> Option<String> {
        let status = self.status(job);
        let key = format!("{key}: ");
        let line = status.lines().find_map(|line| line.strip_prefix(&key));
        line.map(str::to_owned)
    }

    /// Begins `run` of a script that says `ready`, and waits for that.
    fn begin(
        &self,
        options: &[&str],
        script: &str,
    ) -> (Child, BufReader<impl std::io::Read + use<>>) {
        let words = [&["run"], options, &["--", "sh", "-c", script]].concat();
        let mut child = self.program(PROGRAM).args(words).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        (child, lines)
    }
}

/// Waits for an end, which must come within half a minute.
fn ended(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_there(program: &str) -> bool {
    let script = format!("command -v {program}");
    let mut found = Command::new("sh");
    let found = found.args(["-c", &script]).stdout(Stdio::null());
    let found = found.status().unwrap().success();
    if !found {
        println!("skipped: there is no `{program}` here");
    }
    found
}

/// Returns whether a process lives; one that nobody has waited for is dead.
fn lives(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim()));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

/// The number that a script wrote to a file.
fn pid_in(file: &Path) -> String {
    eventually("the script has written its number", || {
        fs::read_to_string(file).is_ok_and(|pid| pid.ends_with('\n'))
    });
    fs::read_to_string(file).unwrap()
}

// Issue 12, point 4.

#[test]
fn another_exit_code_and_other_last_words_are_another_error_and_are_sent() {
    let place = Place::new();
    let run = |job: &str, script: &str| {
        place.script(&["--name", job, "--silent-seconds", "1h"], script);
        place.receiver.texts().len()
    };
    assert_eq!(run("a", "echo connection reset >&2; exit 12"), 1);
    assert_eq!(run("a", "echo connection reset >&2; exit 12"), 1);
    assert_eq!(run("a", "echo repository is corrupt >&2; exit 12"), 2);
    assert_eq!(run("a", "echo repository is corrupt >&2; exit 3"), 3);
    // What a terminal does not show, and what stands before the last three lines, is no matter.
    let noise =
        "echo starting >&2; printf '\\n\\033[31ma\\033[0m\\n50%%\\r\\033[Kb\\n\\nc\\n' >&2; exit 3";
    assert_eq!(run("b", noise), 4);
    assert_eq!(run("b", "printf 'a\\nb\\nc\\n' >&2; exit 3"), 4);
}

// Issue 12, point 8.

#[test]
fn a_stop_that_was_asked_for_proves_nothing_where_it_is_meant_so() {
    let place = Place::new();
    let options = ["--name", "service", "--stop-signals", "TERM,INT"];
    place.script(&options, "exit 0");
    let before = place.status("service");
    // Killed by it, and ended with 128 + its number after it was handed on.
    for script in [
        "echo ready; exec sleep 600",
        "trap 'exit 143' TERM; echo ready; while :; do sleep 0.01; done",
    ] {
        let (mut child, _lines) = place.begin(&options, script);
        kill("TERM", child.id());
        let status = ended(&mut child);
        assert!(
            status.signal() == Some(15) || status.code() == Some(143),
            "{status:?}"
        );
        let status = place.status("service");
        let line = place.line("service", "not counted").unwrap();
        assert!(line.contains("asked to end: SIGTERM from "), "{line}");
        let line = format!("not counted: {line}\n");
        assert_eq!(status.replace(&line, ""), before);
    }
    assert_eq!(place.receiver.texts().len(), 1, "nothing is sent of it");
    // What it does by itself is sent, and the line is gone.
    place.script(&options, "exit 143");
    let status = place.status("service");
    assert!(
        status.starts_with("ERROR\n") && !status.contains("not counted"),
        "{status}"
    );
    assert_eq!(place.receiver.texts().len(), 2);
    // A failure stays one.
    let (mut child, _lines) = place.begin(&options, "echo ready; exec sleep 600");
    kill("TERM", child.id());
    ended(&mut child);
    assert!(place.status("service").starts_with("ERROR\n"));
    assert!(place.line("service", "not counted").is_some());
}

#[test]
fn a_first_run_that_is_stopped_leaves_no_status() {
    let place = Place::new();
    let options = ["--name", "service", "--stop-signals", "15"];
    let (mut child, _lines) = place.begin(&options, "echo ready; exec sleep 600");
    kill("TERM", child.id());
    assert_eq!(ended(&mut child).signal(), Some(15));
    assert!(place.folder.status_files().is_empty());
    let next = place.script(&["--name", "next"], "exit 0");
    assert_eq!(next.status.code(), Some(0));
    assert!(!place.receiver.texts().concat().contains("died"));
}

#[test]
fn a_stop_that_is_sent_says_who_asked_for_it() {
    let place = Place::new();
    for (script, end) in [
        ("echo ready; exec sleep 600", "killed by SIGTERM"),
        (
            "trap 'exit 143' TERM; echo ready; while :; do sleep 0.01; done",
            "exited with code 143",
        ),
        (
            "trap 'exit 1' TERM; echo ready; while :; do sleep 0.01; done",
            "exited with code 1",
        ),
    ] {
        let (mut child, _lines) = place.begin(&["--name", "job"], script);
        kill("TERM", child.id());
        ended(&mut child);
        let status = place.status("job");
        let words = status.lines().last().unwrap();
        let pid = words
            .strip_prefix("asked to end: SIGTERM from ")
            .and_then(|rest| rest.strip_suffix(&format!("; {end}")))
            .and_then(|sender| sender.rsplit_once("pid "));
        assert!(
            pid.is_some_and(|(_, pid)| pid.parse::<u32>().is_ok()),
            "{words}"
        );
    }
}

#[test]
fn under_supervisord_a_stop_names_it_and_is_not_counted_where_it_is_meant_so() {
    if !is_there("supervisord") || !is_there("supervisorctl") {
        return;
    }
    let place = Place::new();
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let settings = format!(
        "[supervisord]\nnodaemon=true\nminfds=64\nlogfile={log}\nchildlogdir={logs}\npidfile={pid}\nuser={user}\n\
         [unix_http_server]\nfile={socket}\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{socket}\n\
         [program:asked]\ncommand={PROGRAM} run --name asked -- sleep 600\nstartsecs=0\n\
         [program:meant]\ncommand={PROGRAM} run --name meant --stop-signals TERM -- sleep 600\nstartsecs=0\n",
        log = at("log"),
        logs = folder.path().display(),
        pid = at("pid"),
        socket = at("socket"),
        user = Command::new("id")
            .arg("-un")
            .output()
            .map(|id| String::from_utf8_lossy(&id.stdout).trim().to_owned())
            .unwrap(),
    );
    fs::write(at("settings"), settings).unwrap();
    let mut supervisord = place
        .program("supervisord")
        .args(["-c", &at("settings")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let control = |words: &[&str]| {
        let mut control = place.program("supervisorctl");
        let control = control.args(["-c", &at("settings")]).args(words);
        String::from_utf8_lossy(&control.output().unwrap().stdout).into_owned()
    };
    eventually("both run", || {
        control(&["status"]).matches("RUNNING").count() == 2 && place.folder.records().len() >= 2
    });
    control(&["stop", "all"]);
    eventually("the stop is written down", || {
        place.folder.status_files().contains_key("asked")
    });
    let status = place.status("asked");
    let words = format!(
        "asked to end: SIGTERM from supervisord, pid {}; ",
        supervisord.id()
    );
    assert!(status.contains(&words), "{status}");
    control(&["shutdown"]);
    ended(&mut supervisord);
    assert_eq!(
        place.folder.status_files().into_keys().collect::<Vec<_>>(),
        ["asked"]
    );
}

#[test]
fn under_runit_a_stop_is_not_counted_where_it_is_meant_so() {
    if !is_there("runsv") || !is_there("sv") {
        return;
    }
    let place = Place::new();
    let folder = Folder::new();
    let script =
        format!("#!/bin/sh\nexec {PROGRAM} run --name service --stop-signals TERM -- sleep 600\n");
    let run = folder.path().join("run");
    fs::write(&run, script).unwrap();
    fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.script(&["--name", "service"], "exit 0");
    let mut runsv = place
        .program("runsv")
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it runs", || {
        let records = place.folder.records();
        records.iter().any(|record| record.contains("service"))
    });
    let control = |word: &str| {
        let mut control = place.program("sv");
        control.arg(word).arg(folder.path()).output().unwrap()
    };
    control("down");
    eventually("the stop is written down", || {
        place.line("service", "not counted").is_some()
    });
    let line = place.line("service", "not counted").unwrap();
    assert!(line.contains("SIGTERM from runsv, pid "), "{line}");
    assert!(place.status("service").starts_with("OK\n"));
    control("exit");
    ended(&mut runsv);
    assert_eq!(place.receiver.texts().len(), 1);
}

// Issue 12, point 9.

#[test]
fn exit_codes_may_be_success_or_say_that_it_did_not_run_and_ours_is_always_the_commands() {
    let place = Place::new();
    let options = [
        "--name", "copy", "--ok-codes", "9,24", "--skip-codes", "75, 99",
    ];
    let run = |code: i32| {
        let ended = place.script(&options, &format!("echo words >&2; exit {code}"));
        assert_eq!(ended.status.code(), Some(code));
        place.status("copy")
    };
    let status = run(24);
    assert!(
        status.starts_with("OK\n") && status.contains("\npassed-over: exited with code 24\n"),
        "{status}"
    );
    let failed = run(3);
    assert!(failed.starts_with("ERROR\n"));
    for code in [75, 99] {
        let status = run(code);
        let line = place.line("copy", "not counted").unwrap();
        assert!(line.contains(&format!("exited with code {code}")), "{line}");
        assert_eq!(
            status.replace(&format!("not counted: {line}\n"), ""),
            failed
        );
    }
    // It is shown where people ask what became of the latest runs.
    let folder = place.folder.path().to_str().unwrap();
    let explained = place.words(&["--dir", folder, "explain", "copy"]).stdout;
    let explained = String::from_utf8(explained).unwrap();
    let line = "not counted: 2";
    assert!(explained.contains(line), "{explained}");
    let reason = "exited with code 99, which says that it did not run";
    let words = explained.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(reason), "{explained}");
    assert!(run(9).starts_with("OK\n"));
    assert!(!run(0).contains("not counted"));
    let texts = place.receiver.texts();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[2].contains("recovered"), "{texts:?}");
}

#[test]
fn a_lock_that_another_run_holds_is_a_skip() {
    if !is_there("flock") {
        return;
    }
    let place = Place::new();
    let lock = place.folder.path().join(".lock").display().to_string();
    let words = |script: &'static str| {
        [
            "run", "--name", "job", "--skip-codes", "75", "--", "flock", "-n", "-E", "75", &lock,
            "sh", "-c", script,
        ]
        .map(str::to_owned)
    };
    let mut first = place
        .program(PROGRAM)
        .args(words("echo ready; read line; exit 0"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let second = place
        .program(PROGRAM)
        .args(words("exit 0"))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(75));
    assert!(place.folder.status_files().is_empty());
    drop(first.stdin.take());
    assert_eq!(ended(&mut first).code(), Some(0));
    assert!(place.status("job").starts_with("OK\n"));
}

// Issue 12, point 19.

#[test]
fn what_follows_the_dashes_runs_whatever_is_wrong_before_them_and_the_channel_hears() {
    for (options, mistake) in [
        (&["--every-hours", "soon"][..], "`--every-hours` is `soon`"),
        (&["--silent-seconds", "-5"], "`--silent-seconds` is `-5`"),
        (&["--remind-hours", "inf"], "`--remind-hours` is `inf`"),
        (&["--overdue-minutes", "9x"], "`--overdue-minutes` is `9x`"),
        (
            &["--ok-silent-hours", "nie"],
            "`--ok-silent-hours` is `nie`",
        ),
        (&["--after", "0"], "`--after` is `0`"),
        (&["--mention", "anna"], "`--mention` is `anna`"),
        (&["--channel", "a b"], "`--channel` is `a b`"),
        (&["--ok-codes", "256"], "`--ok-codes` is `256`"),
        (&["--skip-codes", "all"], "`--skip-codes` is `all`"),
        (&["--stop-signals", "TREM"], "`--stop-signals` is `TREM`"),
        (&["--json"], "`--json`"),
        (&["--bogus", "value"], "`--bogus` is not an option"),
        (&["-x"], "`-x` is not an option"),
        (&["-phunter2"], "`-p…` is not an option"),
        (&["-name", "x"], "did you mean `--name`"),
        (&["--channel"], "`--channel` has no value"),
    ] {
        let place = Place::new();
        let words = [
            &["run"],
            options,
            &["--name", "job", "--", "sh", "-c", "echo ran; exit 7"],
        ];
        let ended = place.words(&words.concat());
        assert_eq!(
            (ended.status.code(), &*ended.stdout),
            (Some(7), &b"ran\n"[..]),
            "{options:?}"
        );
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains(mistake), "{options:?} {said}");
        let delivered = place.receiver.texts().concat();
        assert!(delivered.contains(mistake), "{options:?} {delivered}");
        assert!(
            delivered.contains("exited with code 7"),
            "{options:?} {delivered}"
        );
        assert!(place.status("job").starts_with("ERROR\n"), "{options:?}");
    }
}

#[test]
fn a_mistake_is_reported_as_a_failing_job_until_it_is_mended() {
    let place = Place::new();
    let wrong = [
        "--name", "job", "--ok-silent-hours", "never", "--every-hours", "24x",
    ];
    for _ in 0..3 {
        place.script(&wrong, "exit 0");
    }
    assert_eq!(place.receiver.texts().len(), 1, "once, not at each run");
    assert!(place.status("job.options").starts_with("ERROR\n"));
    let right = [
        "--name", "job", "--ok-silent-hours", "never", "--every-hours", "24h",
    ];
    // Whether they are mended is asked once the command has ended: a store may take its time to answer.
    let looks = "sleep 0.5; head -n 1 \"$NOTIFYDIR/job.options\"";
    assert_eq!(place.script(&right, looks).stdout, b"ERROR\n");
    place.script(&right, "exit 0");
    assert!(place.status("job.options").starts_with("OK\n"));
    assert_eq!(place.receiver.texts().len(), 2, "the recovery, once");
    assert_eq!(place.line("job", "every-hours").as_deref(), Some("24"));
}

#[test]
fn a_mistake_repeats_no_secret() {
    let place = Place::new();
    let webhook = place.receiver.webhook();
    let ended = place.words(&[
        "run", "--channel", &webhook, "--token", "p4ssw0rd", "--", "false",
    ]);
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let hidden = place.folder.hidden_files().into_values();
    let status = place.folder.status_files().into_values();
    for text in hidden
        .chain(status)
        .chain(place.receiver.texts())
        .chain([said])
    {
        assert!(
            !text.contains("p4ssw0rd") && !text.contains(support::receiver::SECRET),
            "{text}"
        );
    }
}

#[test]
fn help_the_version_and_a_line_without_a_command_run_nothing() {
    let place = Place::new();
    for (words, code) in [
        (&["run", "--help", "--", "touch"][..], 0),
        (&["run", "--bogus", "--help", "--", "touch"], 0),
        (&["run", "--version", "--", "touch"], 0),
        (&["run", "--"], 2),
        (&["run", "--bogus", "--"], 2),
        (&["run", "--bogus"], 2),
        (&["run", "touch"], 2),
        (&["forget", "--bogus", "--", "touch"], 2),
    ] {
        let file = place.folder.path().join(".touched").display().to_string();
        let mut words = words.to_vec();
        if words.last() == Some(&"touch") {
            words.push(&file);
        }
        let ended = place.words(&words);
        assert_eq!(ended.status.code(), Some(code), "{words:?} {ended:?}");
        assert!(!Path::new(&file).exists(), "{words:?}");
    }
    assert!(place.folder.status_files().is_empty());
    assert!(place.receiver.texts().is_empty());
}

#[test]
fn times_are_taken_in_one_form_by_every_option_and_plain_numbers_as_before() {
    let place = Place::new();
    for (hours, written) in [
        ("24", "24"),
        ("24h", "24"),
        ("90min", "1.5"),
        ("1d12h", "36"),
    ] {
        let options = [
            "--name", "job", "--every-hours", hours, "--silent-seconds", "1min", "--remind-hours",
            "4h", "--overdue-minutes", "90min", "--ok-silent-hours", "1d",
        ];
        let ended = place.script(&options, "exit 0");
        assert!(ended.stderr.is_empty(), "{ended:?}");
        assert_eq!(place.line("job", "every-hours").as_deref(), Some(written));
    }
}

// Issue 12, point 20.

#[cfg(target_os = "linux")]
#[test]
fn where_we_are_killed_the_command_is_too_and_what_it_left_behind_lives_on() {
    let place = Place::new();
    let script = "echo $$ > \"$NOTIFYDIR/.command\"; sleep 600 > /dev/null 2>&1 & \
                  echo $! > \"$NOTIFYDIR/.left\"; echo ready; read line";
    let mut child = place
        .program(PROGRAM)
        .args(["run", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (command, left) = (
        pid_in(&place.folder.path().join(".command")),
        pid_in(&place.folder.path().join(".left")),
    );
    assert!(lives(&command) && lives(&left));
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the command has ended", || !lives(&command));
    assert!(lives(&left), "a process that it left behind is nobody's");
    kill("KILL", left.trim());
}

#[cfg(target_os = "linux")]
#[test]
fn a_timeout_of_pythons_subprocess_ends_the_command_as_without_us() {
    if !is_there("python3") {
        return;
    }
    let place = Place::new();
    let script = format!(
        "import subprocess, sys\ntry:\n    subprocess.run([{PROGRAM:?}, 'run', '--', 'sh', '-c', 'echo $$ > \"$NOTIFYDIR/.pid\"; exec sleep 600'], timeout=3)\nexcept subprocess.TimeoutExpired:\n    sys.exit(42)"
    );
    let ended = place
        .program("python3")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(42), "{ended:?}");
    let pid = pid_in(&place.folder.path().join(".pid"));
    eventually("the command has ended", || !lives(&pid));
}

#[test]
fn no_signal_ends_us_before_the_command() {
    let place = Place::new();
    let names = [
        "HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "TERM", "XCPU", "XFSZ",
        "ABRT", "TRAP", "SYS",
    ];
    let more = if cfg!(target_os = "linux") {
        &["IO", "PWR", "34", "50", "64"][..]
    } else {
        &[]
    };
    let names: Vec<_> = names.iter().chain(more).copied().collect();
    let traps: Vec<_> = names
        .iter()
        .map(|name| format!("trap 'echo {name}' {name}; "))
        .collect();
    let traps = traps.concat();
    if !is_there("bash") {
        return;
    }
    let over = place.folder.path().join(".over");
    let script = format!(
        "{traps} echo ready; until [ -e \"$NOTIFYDIR/.over\" ]; do sleep 0.01; done; exit 5"
    );
    let mut child = place
        .program(PROGRAM)
        .args(["run", "--", "bash", "-c", &script])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(next(), "ready\n");
    for name in &names {
        kill(name, child.id());
        assert_eq!(next(), format!("{name}\n"), "it is handed on, and we live");
    }
    fs::write(&over, "").unwrap();
    assert_eq!(ended(&mut child).code(), Some(5));
}

// Issue 12, point 20a.

#[test]
fn once_the_command_has_ended_a_signal_cuts_the_delivery_short_and_the_code_stays() {
    for (code, signal) in [(0, "TERM"), (3, "TERM"), (0, "INT"), (0, "HUP")] {
        let place = Place::at(Receiver::answering(|_| Answer::Hang));
        let mut child = place
            .program(PROGRAM)
            .env("NOTIFY_EXIT_SECONDS", "600")
            .args([
                "run",
                "--name",
                "job",
                "--",
                "sh",
                "-c",
                &format!("exit {code}"),
            ])
            .spawn()
            .unwrap();
        eventually("it delivers", || !place.receiver.requests().is_empty());
        kill(signal, child.id());
        assert_eq!(ended(&mut child).code(), Some(code), "{signal}");
        assert_eq!(place.folder.waiting_alerts().len(), 1, "it waits on disk");
    }
}

#[test]
fn under_timeout_a_command_that_has_succeeded_has_succeeded() {
    if !is_there("timeout") {
        return;
    }
    let place = Place::at(Receiver::answering(|_| Answer::Hang));
    let ended = place
        .program("timeout")
        .env("NOTIFY_EXIT_SECONDS", "600")
        .args([
            "--preserve-status", "4", PROGRAM, "run", "--", "sleep", "0.1",
        ])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

/// GNU timeout sends each signal twice, to the process and to its group: the second is no wish to cut
/// the delivery short.
#[test]
fn under_timeout_a_stop_is_sent_at_once() {
    if !is_there("timeout") {
        return;
    }
    let place = Place::new();
    let ended = place
        .program("timeout")
        .args([
            "--preserve-status", "1", PROGRAM, "run", "--name", "job", "--", "sleep", "600",
        ])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(128 + 15));
    let status = place.status("job");
    assert!(
        status.contains("asked to end: SIGTERM from timeout, pid "),
        "{status}"
    );
    assert_eq!(place.receiver.texts().len(), 1);
}

// Issue 12, point 23.

#[test]
fn of_what_was_meant_for_a_terminal_what_it_would_show_is_kept_and_all_is_passed_on() {
    let place = Place::new();
    let script = "printf '\\033[1;31merror:\\033[0m no space left\\n' >&2; \
                  i=0; while [ $i -lt 400 ]; do printf '\\r\\033[2K[%s]' $i >&2; i=$((i+1)); done; \
                  printf '\\r\\033[K\\033]0;title\\007done\\n' >&2; exit 3";
    let ended = place.script(&["--name", "job"], script);
    let status = place.status("job");
    assert!(
        status.ends_with("\n\nexited with code 3\n\nerror: no space left\ndone\n"),
        "{status:?}"
    );
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(stderr.contains("\x1b[1;31merror:") && stderr.contains("\r\x1b[2K[399]"));
    let delivered = place.receiver.texts().concat();
    assert!(
        !delivered.contains(|c: char| c.is_control() && c != '\n'),
        "{delivered:?}"
    );
}

/// A line for a shell in the place of the command: docs/run.md says that nothing shows what a command was called with.
#[test]
fn a_line_in_the_place_of_the_command_shows_no_secret() {
    let place = Place::new();
    for (command, job, words) in [
        (
            "PGPASSWORD=hunter2",
            "run.PGPASSWORD",
            "`PGPASSWORD…` cannot be run: No such file or directory (os error 2); write a variable before \
             `pipeline-notify`, or `env NAME=value` before the command",
        ),
        (
            "/usr/bin/mysql -phunter2 shop /etc/x",
            "run.mysql",
            "`/usr/bin/mysql…` cannot be run: No such file or directory (os error 2); it is one word with blanks in it: \
             write its words apart, or `sh -c '…'`",
        ),
        (
            "cd",
            "run.cd",
            "; it is a word of the shell: write `sh -c '…'`",
        ),
        (
            "$HOME/load.sh",
            "run.load.sh",
            "; `~` and `$` mean something to a shell alone: write the whole path, or `sh -c '…'`",
        ),
        ("", "run.", "; it has no name: is a variable empty?"),
        (
            "-phunter2",
            "run.-p",
            "`-p…` cannot be run: No such file or directory (os error 2); it begins as an option does: is a variable before it \
             empty?",
        ),
        (
            "--password:hunter2",
            "run.--password",
            "`--password…` cannot be run",
        ),
        (
            "https://anna:hunter2@shop",
            "run.https",
            "`https…` cannot be run",
        ),
        ("anna:hunter2", "run.anna", "`anna…` cannot be run"),
        ("echo|hunter2", "run.echo", "`echo…` cannot be run"),
    ] {
        let ended = place.words(&["run", "--", command, "shop"]);
        assert_eq!(ended.status.code(), Some(127));
        let status = place.status(job);
        assert!(status.contains(words), "{status}");
        assert!(!status.contains("hunter2"), "{status}");
        assert!(!String::from_utf8_lossy(&ended.stderr).contains("hunter2"));
    }
    assert!(!place.receiver.texts().concat().contains("hunter2"));

    // A file of such a name is a command.
    let script = place.folder.path().join(".load orders=2.sh");
    fs::write(&script, "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ended = place.words(&["run", "--", script.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(3));
    let status = place.status("run..load%20orders=2.sh");
    assert!(
        status.contains("pipeline-notify run :: .load orders=2.sh"),
        "{status}"
    );
}

#[test]
fn without_the_dashes_before_it_a_command_is_asked_for_and_not_shown() {
    let place = Place::new();
    for line in [
        &["run", "PGPASSWORD=hunter2", "pg_dump"][..],
        &["run", "--name", "etl", "mysql -phunter2"],
    ] {
        let ended = place.words(line);
        assert_eq!(ended.status.code(), Some(2));
        assert_eq!(
            String::from_utf8_lossy(&ended.stderr),
            "pipeline-notify: there is no `--` before the command: write `pipeline-notify run -- COMMAND`\n"
        );
    }
}

// Issue 12, point 31, and what cannot be run.

#[test]
fn what_cannot_be_run_says_which_path_and_what_is_missing() {
    let place = Place::new();
    let script = place.folder.path().join(".script");
    fs::write(&script, "#!/nowhere/bahs\r\necho ran\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    for (command, words) in [
        (
            &*script,
            vec![
                format!("`{script}` cannot be run: "),
                "`/nowhere/bahs\\r`, which its first line names".to_owned(),
            ],
        ),
        (
            "/nowhere/logrotate",
            vec!["`/nowhere/logrotate` cannot be run: No such file".to_owned()],
        ),
        (
            "logrotaet",
            vec![
                "`logrotaet` cannot be run: No such file".to_owned(),
                "PATH is /usr/local/bin:/usr/bin:/bin".to_owned(),
            ],
        ),
    ] {
        let ended = place.words(&["run", "--name", "job", "--", command, "p4ssw0rd"]);
        assert_eq!(ended.status.code(), Some(127));
        let status = place.status("job");
        for words in words {
            assert!(status.contains(&words), "{words} {status}");
        }
        assert!(!status.contains("p4ssw0rd"));
    }
}
