//! `pipeline-notify run`: any command as a job.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use support::running::{IGNORING_NOTHING, kill};
use support::service::Service;
use support::{Folder, Receiver};

/// The command `run` on a folder, with nothing else in its environment but where to find a shell.
fn command(folder: &Folder, options: &[&str], what: &[&str]) -> Command {
    support::command::command(folder, &[&["run"], options, &["--"], what].concat())
}

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

    fn command(&self, options: &[&str], what: &[&str]) -> Command {
        let mut command = command(&self.folder, options, what);
        command.env("SLACK_ALERTS_WEBHOOK_URL", self.receiver.webhook());
        command
    }

    fn run(&self, what: &[&str]) -> Output {
        self.command(&[], what).output().unwrap()
    }

    /// The one alert that came.
    fn delivered(&self) -> String {
        let texts = self.receiver.texts();
        assert_eq!(texts.len(), 1, "{texts:?}");
        texts.concat()
    }
}

#[test]
fn a_command_that_succeeds_is_ok_and_what_it_writes_comes_through_untouched() {
    let place = Place::new();
    let script = r"printf 'out\0\377'; printf 'err\0\376' >&2; cat";
    let mut child = place
        .command(&[], &["sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b" and in").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stdout, b"out\0\xff and in");
    assert_eq!(ended.stderr, b"err\0\xfe");
    let status = place.folder.status_file("run.sh");
    assert!(
        status.starts_with("OK\n") && status.contains("\npipeline-notify run :: sh\n"),
        "{status}"
    );
    assert!(place.delivered().starts_with("--- OK ---\n"));
    let left = place.folder.hidden_files();
    assert!(
        left.keys().all(|path| !path.contains("/running/")),
        "{left:?}"
    );
}

#[test]
fn a_failing_exit_code_stays_and_is_sent_with_the_end_of_standard_error() {
    let place = Place::new();
    let script = "echo 'no space left' >&2; exit 3";
    let ended = place.run(&["sh", "-c", script, "a", "p4ssw0rd"]);
    assert_eq!(ended.status.code(), Some(3));
    assert_eq!(ended.stderr, b"no space left\n");
    let delivered = place.delivered();
    assert!(
        delivered.contains("\n\nexited with code 3\n\nno space left\n"),
        "{delivered}"
    );
    let status = place.folder.status_file("run.sh");
    assert!(status.ends_with("\n\nexited with code 3\n\nno space left\n"));
    let hidden = place.folder.hidden_files();
    for text in hidden.values().chain([&delivered, &status]) {
        assert!(!text.contains("p4ssw0rd"), "{text}");
    }
    // The next one that works is the recovery.
    place.run(&["sh", "-c", "exit 0"]);
    assert!(place.receiver.texts()[1].contains("the error was: exited with code 3"));
}

#[test]
fn a_command_that_is_killed_ends_us_by_the_same_signal_and_by_a_code_where_that_writes_a_core() {
    for (signal, name, number) in [("KILL", "SIGKILL", 9), ("TERM", "SIGTERM", 15)] {
        let place = Place::new();
        let ended = place.run(&["sh", "-c", &format!("kill -{signal} $$")]);
        assert_eq!(ended.status.signal(), Some(number), "{ended:?}");
        assert!(
            place
                .delivered()
                .contains(&format!("\n\nkilled by {name}\n"))
        );
    }
    let place = Place::new();
    let script = "ulimit -c 0; kill -SEGV $$";
    let ended = place.run(&["sh", "-c", script]);
    assert_eq!(ended.status.code(), Some(128 + 11), "{ended:?}");
    assert!(place.delivered().contains("\n\nkilled by SIGSEGV\n"));
}

#[test]
fn a_command_that_is_not_there_or_cannot_be_run_is_sent_and_has_the_codes_of_a_shell() {
    let place = Place::new();
    let ended = place.run(&["/nowhere/there-is-none", "p4ssw0rd"]);
    assert_eq!(ended.status.code(), Some(127));
    let stderr = String::from_utf8(ended.stderr).unwrap();
    let words = "`/nowhere/there-is-none` cannot be run: No such file";
    assert!(stderr.contains(words), "{stderr}");
    let delivered = place.delivered();
    assert!(delivered.contains(words), "{delivered}");
    assert!(!delivered.contains("p4ssw0rd"));

    let place = Place::new();
    let file = place.folder.path().join(".no-program");
    fs::write(&file, "no program").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = place.run(&[file.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(126));
    assert!(
        place
            .delivered()
            .contains("cannot be run: Permission denied")
    );
}

/// The most memory that a process has used, in KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn a_command_that_floods_both_outputs_is_passed_on_in_bounded_memory_and_its_last_words_are_kept() {
    const EACH: usize = 100_000_000;
    let place = Place::new();
    let script = format!(
        "head -c {EACH} /dev/zero & head -c {EACH} /dev/zero >&2; wait; echo last words >&2; read line; exit 4"
    );
    let mut child = place
        .command(&[], &["sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let count = |mut from: Box<dyn std::io::Read + Send>| {
        thread::spawn(move || std::io::copy(&mut from, &mut std::io::sink()).unwrap())
    };
    let stdout = count(Box::new(child.stdout.take().unwrap()));
    let mut stderr = child.stderr.take().unwrap();
    let mut all = vec![0; EACH + "last words\n".len()];
    stderr.read_exact(&mut all).unwrap();
    let peak = peak(child.id());
    println!("the most memory that it took: {peak:?} KiB");
    // A debug build takes 10 MiB for itself.
    assert!(peak.is_none_or(|peak| peak < 50 * 1024), "{peak:?} KiB");
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(stdout.join().unwrap(), EACH as u64);
    assert!(all.ends_with(b"\0last words\n"));
    let status = place.folder.status_file("run.sh");
    assert!(status.contains("\n\nexited with code 4\n\n(the end of standard error)\n"));
    assert!(status.ends_with("last words\n"));
    assert!(status.len() < 70 * 1024, "{}", status.len());
}

/// Issue 17, point 4: for tools that write their errors there.
#[test]
fn on_demand_the_end_of_standard_output_is_kept_too_and_what_is_written_comes_through_untouched() {
    let place = Place::new();
    let run = |options: &[&str], script: &str| {
        let ended = place.command(options, &["sh", "-c", script]).output();
        (ended.unwrap().stdout, place.folder.status_file("run.sh"))
    };
    let both = r"printf 'row 1\n\0\377\nno such table\n'; echo 'giving up' >&2; exit 3";
    let (stdout, status) = run(&["--stdout-tail"], both);
    assert_eq!(stdout, b"row 1\n\0\xff\nno such table\n");
    let (head, tail) = status
        .split_once("\n\nexited with code 3\n\n(standard output)\nrow 1\n")
        .unwrap();
    assert!(
        tail.ends_with("\nno such table\n\n(standard error)\ngiving up\n"),
        "{status}"
    );
    assert!(head.contains("\nfingerprint: "));
    // Where the error is there alone, it is the error.
    let alone = "echo 'no such table'; exit 3";
    let (_, status) = run(&["--stdout-tail"], alone);
    assert!(status.ends_with("\n\nexited with code 3\n\n(standard output)\nno such table\n"));
    let text = place.receiver.texts().pop().unwrap();
    assert!(text.contains("no such table"), "{text}");
    // Of much the end is kept, within a status file's bound.
    let much = "yes out | head -c 300000; yes err | head -c 300000 >&2; exit 3";
    let (stdout, status) = run(&["--stdout-tail"], much);
    assert_eq!(stdout.len(), 300_000);
    for end in [
        "\n\n(the end of standard output)\nout\n",
        "\n\n(the end of standard error)\nerr\n",
    ] {
        assert!(status.contains(end), "{}", &status[..900]);
    }
    assert!(status.len() < 70 * 1024 && !status.contains("bytes cut"));
    // Without it standard output is the command's own.
    let (_, status) = run(&[], alone);
    assert!(status.ends_with("\n\nexited with code 3\n"), "{status}");
    let (_, status) = run(&["--stdout-tail"], "echo all is well");
    assert!(status.starts_with("OK\n") && !status.contains("all is well"));
}

#[test]
fn a_command_that_closes_its_outputs_is_waited_for() {
    let place = Place::new();
    let ended = place.run(&["sh", "-c", "exec >&- 2>&- <&-; sleep 0.1; exit 5"]);
    assert_eq!(ended.status.code(), Some(5));
    assert!(place.delivered().contains("\n\nexited with code 5\n"));
}

#[test]
fn where_nobody_reads_standard_error_the_command_learns_it_as_without_us() {
    let place = Place::new();
    let mut child = place
        .command(&[], &["sh", "-c", "exec yes >&2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_exact(&mut [0; 10]).unwrap();
    drop(stderr);
    let ended = child.wait().unwrap();
    assert_eq!(ended.signal(), Some(13), "{ended:?}");
    assert!(place.delivered().contains("\n\nkilled by SIGPIPE\n"));
}

#[test]
fn a_process_that_is_left_behind_and_holds_standard_error_does_not_keep_us() {
    let place = Place::new();
    let folder = place.folder.path().join(".pid");
    let script = "sleep 600 & echo $! > \"$0\"; echo 'the last word' >&2; exit 6";
    let begun = Instant::now();
    let mut child = place
        .command(&[], &["sh", "-c", script, folder.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = child.wait().unwrap();
    println!("it took {:?}", begun.elapsed());
    let pid = fs::read_to_string(&folder).unwrap();
    let is_left = Command::new("kill").arg(pid.trim()).status().unwrap();
    assert!(is_left.success(), "it is still there when we have ended");
    assert_eq!(ended.code(), Some(6));
    assert!(
        place
            .delivered()
            .contains("\n\nexited with code 6\n\nthe last word\n")
    );
}

/// A command that says which signals it gets.
fn signalled(place: &Place, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let command = place.command(&[], &["sh", "-c", script]);
    let shell = ["sh", IGNORING_NOTHING[0], IGNORING_NOTHING[1]];
    let mut child = started_by(&shell, &command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Not in a terminal's foreground, which sends its signals to the command itself.
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(line(&mut lines), "ready\n");
    (child, lines)
}

fn line(lines: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line
}

#[test]
fn signals_are_handed_on_and_what_the_command_makes_of_them_counts() {
    let place = Place::new();
    let script = "trap 'echo HUP' HUP; trap 'echo USR1' USR1; trap 'echo INT' INT; \
                  trap 'echo TERM; exit 0' TERM; echo ready; \
                  for _ in $(seq 3000); do sleep 0.01; done";
    let (mut child, mut lines) = signalled(&place, script);
    for signal in ["HUP", "USR1", "INT", "TERM"] {
        kill(signal, child.id());
        assert_eq!(line(&mut lines), format!("{signal}\n"));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(place.delivered().starts_with("--- OK ---\n"));

    let place = Place::new();
    let (mut child, _lines) = signalled(&place, "echo ready; exec sleep 60");
    kill("TERM", child.id());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(place.delivered().contains("; killed by SIGTERM\n"));
}

/// The same command, started by another with the environment that it has.
fn started_by(starter: &[&str], what: &Command) -> Command {
    let mut command = Command::new(starter[0]);
    let envs = what.get_envs();
    command
        .args(&starter[1..])
        .arg(what.get_program())
        .args(what.get_args())
        .env_clear()
        .envs(envs.filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Whether a line of `/proc/self/status` that a command has written has a signal in its mask.
#[cfg(target_os = "linux")]
fn has_signal(ended: &Output, signal: u32) -> bool {
    let line = str::from_utf8(&ended.stdout).unwrap();
    let mask = line.split_whitespace().last().unwrap();
    (u64::from_str_radix(mask, 16).unwrap() >> (signal - 1)) & 1 == 1
}

#[test]
fn a_signal_that_is_ignored_stays_so_for_the_command() {
    let place = Place::new();
    let what = place.command(&[], &["sh", "-c", "kill -HUP $$; kill -USR1 $$; exit 7"]);
    let ignoring = ["sh", "-c", "trap '' HUP USR1; exec \"$0\" \"$@\""];
    let ended = started_by(&ignoring, &what).output().unwrap();
    assert_eq!(ended.status.code(), Some(7), "{ended:?}");
}

/// systemd starts a service so. A program that relies on it would be killed where a connection ends.
#[cfg(target_os = "linux")]
#[test]
fn a_broken_pipe_is_ignored_by_the_command_where_it_would_be_without_us() {
    let place = Place::new();
    let what = place.command(&[], &["grep", "SigIgn", "/proc/self/status"]);
    let is_ignored = |option| {
        let ended = started_by(&["env", option], &what).output().unwrap();
        // SIGPIPE is 13.
        has_signal(&ended, 13)
    };
    assert!(is_ignored("--ignore-signal=PIPE"));
    assert!(!is_ignored("--default-signal=PIPE"));
}

/// Where the end of the command is blocked, too, it would be waited for without an end.
#[cfg(target_os = "linux")]
#[test]
fn signals_that_are_blocked_stay_so_for_the_command_alone() {
    let place = Place::new();
    let what = place.command(&[], &["grep", "SigBlk", "/proc/self/status"]);
    // No signal but this one ends who blocks all.
    let blocking = ["timeout", "--signal=KILL", "60", "env", "--block-signal"];
    let ended = started_by(&blocking, &what).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    // SIGTERM is 15.
    assert!(has_signal(&ended, 15), "{ended:?}");
}

#[test]
fn as_process_1_of_a_container_it_hands_signals_on_and_ends_by_a_code() {
    let place = Place::new();
    let what = place.command(&[], &["sh", "-c", "echo ready; exec sleep 60"]);
    let contained = started_by(&["unshare", "--pid", "--fork", "--kill-child"], &what)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let Ok(mut contained) = contained else {
        println!("skipped: there is no `unshare` here");
        return;
    };
    if line(&mut BufReader::new(contained.stdout.take().unwrap())).is_empty() {
        println!("skipped: this user may not make a PID namespace");
        contained.wait().unwrap();
        return;
    }
    let children = format!("/proc/{0}/task/{0}/children", contained.id());
    let child = fs::read_to_string(children).unwrap();
    kill("TERM", child.trim());
    assert_eq!(contained.wait().unwrap().code(), Some(128 + 15));
    let delivered = place.delivered();
    let words = "\n\nasked to end: SIGTERM from outside of this container; killed by SIGTERM\n";
    assert!(delivered.contains(words), "{delivered}");
}

/// A failing job whose next run has begun is not `OK`.
#[test]
fn a_beginning_has_no_status_in_the_story_of_a_job() {
    let place = Place::new();
    for _ in 0..2 {
        let ended = place.command(&["--start"], &["false"]).output().unwrap();
        assert_eq!(ended.status.code(), Some(1));
    }
    let mut explain = support::command::command(&place.folder, &["explain", "run.false"]);
    let (_, explained) = support::command::said(&mut explain);
    let begun = explained
        .matches("  -      sent: the run has begun")
        .count();
    assert_eq!(begun, 2, "{explained}");
}

/// What the command left without the end of its line stays a line of its own.
#[test]
fn a_warning_begins_a_line_of_its_own() {
    for (script, before) in [
        ("printf 'loading 50 %%' >&2; exit 1", "loading 50 %\n"),
        ("echo loaded >&2; exit 1", "loaded\n"),
    ] {
        let folder = Folder::new();
        let ended = command(&folder, &[], &["sh", "-c", script]).output();
        let ended = ended.unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        let warned = format!("{before}pipeline-notify: no alerts are sent");
        assert!(stderr.starts_with(&warned), "{stderr}");
    }
}

#[test]
fn the_code_of_timeout_says_that_the_time_was_up() {
    let place = Place::new();
    let ended = place.run(&["timeout", "0.1", "sleep", "60"]);
    assert_eq!(ended.status.code(), Some(124));
    let delivered = place.delivered();
    let words = "exited with code 124 (`timeout` ends so where the time is up)";
    assert!(delivered.contains(words), "{delivered}");
}

#[test]
fn no_fault_of_ours_keeps_the_command_from_running() {
    let folder = Folder::new();
    let nowhere = command(&folder, &[], &["sh", "-c", "echo ran; exit 8"])
        .env("NOTIFYDIR", "/dev/null/nowhere")
        .env("NOTIFY_EXIT_SECONDS", "soon")
        .output()
        .unwrap();
    assert_eq!(
        (nowhere.status.code(), &*nowhere.stdout),
        (Some(8), &b"ran\n"[..])
    );
    let stderr = String::from_utf8(nowhere.stderr).unwrap();
    assert!(stderr.contains("/dev/null/nowhere"), "{stderr}");

    let off = command(&folder, &[], &["sh", "-c", "exit 8"])
        .env("NOTIFY_DISABLE", "1")
        .output()
        .unwrap();
    assert_eq!((off.status.code(), &*off.stderr), (Some(8), &b""[..]));
    assert!(folder.status_files().is_empty() && folder.hidden_files().is_empty());
}

#[test]
fn a_webhook_that_never_answers_changes_no_exit_code_and_is_waited_for_only_so_long() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| support::Answer::Hang);
    let begun = Instant::now();
    let ended = command(&folder, &[], &["sh", "-c", "exit 9"])
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
        .env("NOTIFY_EXIT_SECONDS", "0.5")
        .output()
        .unwrap();
    println!("it took {:?}", begun.elapsed());
    assert_eq!(ended.status.code(), Some(9));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(folder.waiting_alerts().len(), 1);
}

#[test]
fn options_are_what_the_attribute_takes() {
    let place = Place::new();
    let options = [
        "--name", "backup", "--channel", "", "--every-hours", "24", "--ok-silent-hours", "never",
    ];
    let ended = place.command(&options, &["false"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let status = place.folder.status_file("backup");
    for line in [
        "\npipeline-notify run :: false\n",
        "\nevery-hours: 24\n",
        "\nchannel: \n",
    ] {
        assert!(status.contains(line), "{status}");
    }
    assert!(place.receiver.texts().is_empty());
}

#[test]
fn it_has_no_answer_in_json_but_the_command_may_have_one() {
    let place = Place::new();
    let ended = place
        .command(&["--json"], &["echo", "ran"])
        .output()
        .unwrap();
    assert_eq!(
        (ended.status.code(), &*ended.stdout),
        (Some(0), &b"ran\n"[..])
    );
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("status --json"), "{said}");
    let ended = place.run(&["echo", "--json"]);
    assert_eq!(
        (ended.status.code(), &*ended.stdout),
        (Some(0), &b"--json\n"[..])
    );
    let help = place.command(&["--help"], &["echo"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("--json"));
}

#[test]
fn a_wrapper_that_is_killed_is_a_run_that_died_and_one_that_goes_on_too_long_is_sent() {
    let place = Place::new();
    let options = ["--overdue-minutes", "0.002", "--name", "slow"];
    let mut child = place
        .command(&options, &["cat"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    support::eventually("it is overdue", || !place.receiver.texts().is_empty());
    assert!(place.delivered().starts_with("--- OVERDUE ---\n"));
    child.kill().unwrap();
    child.wait().unwrap();
    place
        .command(&["--name", "next"], &["true"])
        .output()
        .unwrap();
    let delivered = place.receiver.texts().concat();
    // It hands on all signals but that one.
    let died = "died: the process disappeared (kill -9, ";
    assert!(
        delivered.contains(died) && delivered.contains("pipeline-notify run :: cat"),
        "{delivered}"
    );
}

/// Issue 13: a run that was overdue before it could be found was never reported.
#[test]
fn a_run_that_is_overdue_while_it_begins_is_reported() {
    let place = Place::new();
    let options = ["--overdue-minutes", "0.0000001"];
    let mut child = place
        .command(&options, &["cat"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let is_sent = || !place.receiver.texts().is_empty();
    support::eventually("it is overdue", is_sent);
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// What comes next is the end of that run, which is sent.
#[test]
fn explain_says_that_the_end_of_an_overdue_run_is_sent() {
    let place = Place::new();
    let options = ["--name", "slow", "--overdue-minutes", "0.0000001"];
    let explained = |arguments: &[&str]| {
        let arguments = [&["explain", "slow"], arguments].concat();
        let text =
            support::command::said(&mut support::command::command(&place.folder, &arguments)).1;
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let in_time = place.command(&["--name", "slow"], &["true"]).status();
    assert!(in_time.unwrap().success());
    let mut child = place
        .command(&options, &["cat"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let is_overdue = || place.receiver.texts().concat().contains("slow is overdue");
    support::eventually("it is overdue", is_overdue);
    let text = explained(&[]);
    let sent = "If it works again, an alert is sent: finished, after an overdue alert.";
    let json = r#"{"held_until":null,"if":"works","reason":"finished, after an overdue alert","told":true"#;
    assert!(text.contains(sent), "{text}");
    assert!(explained(&["--json"]).contains(json));
    drop(child.stdin.take());
    child.wait().unwrap();
    // The next one is in time, for all that is known.
    let text = explained(&[]);
    assert!(text.contains("nothing is sent: still OK"), "{text}");
}

/// Issue 18, point 2: the service takes a request and does it later, and what closes an alert that is not there yet
/// closes nothing.
#[test]
fn what_a_remark_opens_is_closed_once_the_service_has_opened_it() {
    const REQUEST: &str = "/v2/alerts/requests/43a29c5c-3dbf";
    let taken = || json!({ "result": "Request will be processed", "requestId": "43a29c5c-3dbf" });
    let service = Service::of(move |asked| match (asked.method, asked.target) {
        ("GET", REQUEST) if asked.number < 3 => (404, "", json!({}).to_string()),
        ("GET", REQUEST) => (
            200,
            "",
            json!({ "data": { "isSuccess": true } }).to_string(),
        ),
        ("POST", _) => (202, "", taken().to_string()),
        _ => (405, "", String::new()),
    });
    let folder = Folder::new();
    let address = service.address();
    let output = Command::new(env!("CARGO_BIN_EXE_pipeline-notify"))
        .args(["run", "--name", "load", "--took-hours", "1..", "--", "true"])
        .env("NOTIFYDIR", folder.path())
        .env(
            "NOTIFY_ALERTS_URL",
            format!("opsgenie://{address}/s3cr3t-0123"),
        )
        .env("NOTIFY_EXIT_SECONDS", "30")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let posts = service.posts();
    let asked: Vec<_> = posts
        .iter()
        .map(|post| (&*post.method, &*post.target, post.status))
        .collect();
    let close = "/v2/alerts/load%20%28remark%29/close?identifierType=alias";
    assert_eq!(
        asked,
        [
            ("POST", "/v2/alerts", 202),
            ("GET", REQUEST, 404),
            ("GET", REQUEST, 404),
            ("GET", REQUEST, 200),
            ("POST", close, 202),
        ]
    );
}
