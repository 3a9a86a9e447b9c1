//! `pipeline-notify watch`: runs that die, runs that do not come, and alerts that nobody else sends.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use support::running::kill;
use support::status::works;
use support::ways::{ends, silent};
use support::{Answer, Folder, Program, Receiver, Running, eventually};

/// The ways to end that the process itself reports.
const AT_ONCE: [&str; 7] = [
    "err", "code", "panic", "nested panic", "panic in a thread", "exit", "exit in a thread",
];

/// The command on a folder, whose standard error is read.
fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = support::command::command(folder, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A watch that goes on until this is dropped.
struct Watch {
    process: Running,
    stderr: BufReader<ChildStderr>,
    beginning: String,
}

impl Watch {
    fn new(folder: &Folder, receiver: &Receiver) -> Self {
        Self::with(folder, receiver, |_| {})
    }

    fn with(folder: &Folder, receiver: &Receiver, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(folder, &["watch", "--every", "0.1s"]);
        command.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut beginning = String::new();
        stderr.read_line(&mut beginning).unwrap();
        assert!(beginning.contains("watching "), "{beginning}");
        Self {
            process: Running(child),
            stderr,
            beginning,
        }
    }

    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: &str) {
        kill(signal, self.process.0.id());
    }

    /// Returns its exit code, and what it said after its first line.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.process.0.wait().unwrap().code(), said)
    }

    fn stop(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.end()
    }
}

fn errors(receiver: &Receiver) -> usize {
    receiver.texts().concat().matches("--- ERROR ---").count()
}

/// A machine may be busy; what it takes is printed.
const GENEROUS: Duration = Duration::from_secs(10);

/// How soon after its end a run that ended so was reported, with `NOTIFY_SIGNALS` at `signals`.
fn sent_after(way: &str, signals: &str) -> Duration {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let watch = Watch::new(&folder, &receiver);
    let program = ends(way).directory(&folder).alerts_to(&receiver);
    program.env("NOTIFY_SIGNALS", signals).run();
    let ended = Instant::now();
    eventually("the death is delivered", || errors(&receiver) > 0);
    let delivered = receiver.requests()[0].at;
    // Whatever it would send a second time, it sends by its end.
    assert_eq!(watch.stop(), (Some(0), String::new()), "{way}");
    assert_eq!(errors(&receiver), 1, "{way}: {:?}", receiver.texts());
    assert_eq!(folder.waiting_alerts(), Vec::<String>::new(), "{way}");
    delivered.saturating_duration_since(ended)
}

/// Each way to end that is an error, and what `NOTIFY_SIGNALS` is.
fn ways() -> impl Iterator<Item = (&'static str, &'static str)> {
    let silent = silent().chain(AT_ONCE);
    let signals = ["term", "int", "hup"].map(|way| (way, "1"));
    silent.map(|way| (way, "0")).chain(signals)
}

#[test]
fn each_way_to_end_is_sent_once_and_soon() {
    for (way, signals) in ways() {
        let after = sent_after(way, signals);
        println!("{way} (NOTIFY_SIGNALS={signals}): delivered {after:?} after its end");
        assert!(after < GENEROUS, "{way}: {after:?}");
    }
}

#[test]
#[ignore = "it takes some minutes"]
fn each_way_to_end_is_sent_once_and_soon_in_twenty_runs() {
    let mut all = Vec::new();
    for (way, signals) in ways() {
        let mut times: Vec<_> = (0..20).map(|_| sent_after(way, signals)).collect();
        times.sort_unstable();
        let (median, longest) = (times[10], times[19]);
        println!("{way} (NOTIFY_SIGNALS={signals}): median {median:?}, longest {longest:?}");
        all.extend(times);
    }
    let late = all.iter().filter(|time| time.as_millis() >= 1000).count();
    println!(
        "{} ends, {late} delivered after a second or more",
        all.len()
    );
    assert!(all.iter().all(|time| *time < GENEROUS));
}

#[test]
fn two_that_watch_send_each_death_once() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let names = ["run.a", "run.b", "run.c"];
    // All at once, for one that begins later would report the earlier ones too.
    let runs = names.map(|name| {
        command(&folder, &["run", "--name", name, "--", "cat"])
            .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    });
    eventually("they run", || {
        let records = folder.records();
        let is_recorded = |name: &&str| {
            let line = format!("job: {name}\n");
            records.iter().any(|record| record.contains(&line))
        };
        names.iter().all(is_recorded)
    });
    let watches = [(); 2].map(|()| Watch::new(&folder, &receiver));
    for mut run in runs {
        run.kill().unwrap();
        run.wait().unwrap();
    }
    eventually("the deaths are delivered", || {
        errors(&receiver) >= names.len()
    });
    for watch in watches {
        assert_eq!(watch.stop(), (Some(0), String::new()));
    }
    assert_eq!(errors(&receiver), names.len(), "{:?}", receiver.texts());
}

/// Another watch holds it for a moment at each of its looks, and may do so at each of this one's.
#[test]
fn a_death_whose_record_was_locked_by_another_that_looked_is_sent_soon_after() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = ends("kill").directory(&folder).alerts_to(&receiver);
    run.run();
    let files = folder.hidden_files().into_keys();
    let mut records = files.filter(|path| path.contains("/running/"));
    let record = fs::File::open(folder.path().join(records.next().unwrap())).unwrap();
    record.lock_shared().unwrap();
    let watch = Watch::new(&folder, &receiver);
    // For several looks.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(errors(&receiver), 0);
    drop(record);
    eventually("the death is delivered", || errors(&receiver) == 1);
    assert_eq!(watch.stop(), (Some(0), String::new()));
    assert_eq!(errors(&receiver), 1);
}

#[test]
fn a_missed_run_is_sent_once_over_a_restart_and_again_when_another_is_missed() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let delivered = |job: &str| {
        let delivered = receiver.texts().concat();
        delivered
            .matches(&format!("job {job} missed a run"))
            .count()
    };
    let late = "every-hours: 24\n";
    works(&folder, "a.late", 30, late);
    works(&folder, "a.early", 23, late);
    works(&folder, "a.within.its.grace", 26, late);
    works(&folder, "a.of.any.time", 1000, "");
    works(&folder, "a.for.nobody", 30, "every-hours: 24\nchannel: \n");
    let expect = ["expect", "a.never", "--every", "24h"];
    assert!(command(&folder, &expect).status().unwrap().success());
    let watch = Watch::new(&folder, &receiver);
    assert!(
        watch.beginning.contains(
            "(5 jobs, 4 with every_hours or a schedule, 1 expected that never ran, 0 runs under way); alerts go to alerts"
        ),
        "{}",
        watch.beginning
    );
    eventually("it is delivered", || delivered("a.late") == 1);
    let text = receiver.texts().concat();
    assert!(
        text.starts_with("--- MISSED ---\n")
            && text.contains("\n\nNo run for 30 hours (last: ")
            && text.contains(" UTC). Expected every 24 hours.\n")
            && text.contains("host worker-3"),
        "{text}"
    );
    assert_eq!(watch.stop(), (Some(0), String::new()));

    let watch = Watch::new(&folder, &receiver);
    works(&folder, "b.late", 30, late);
    eventually("another is delivered", || delivered("b.late") == 1);
    assert_eq!(delivered("a.late"), 1);
    // It has run, and is late again.
    works(&folder, "a.late", 28, late);
    eventually("it is delivered again", || delivered("a.late") == 2);
    assert_eq!(watch.stop().0, Some(0));
    for job in [
        "a.early", "a.within.its.grace", "a.of.any.time", "a.for.nobody",
    ] {
        assert_eq!(delivered(job), 0, "{job}");
    }
    assert!(
        folder.status_file("a.late").starts_with("OK\n"),
        "it is left as it was"
    );
}

/// Matrix and Google Chat take what has the id of an earlier message for that message, and show nothing new.
#[test]
fn a_reminder_of_a_missed_run_has_an_id_of_its_own() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    works(&folder, "late", 30, "schedule: 0 * * * *\ntimezone: UTC\n");
    let missed = || -> Vec<_> {
        let texts = receiver.texts().into_iter();
        texts
            .filter(|text| text.contains("job late missed a run"))
            .collect()
    };
    let watch = Watch::new(&folder, &receiver);
    eventually("it is delivered", || missed().len() == 1);
    assert_eq!(watch.stop().0, Some(0));
    // The hours pass, and it still does not run.
    let status = folder.status_file("late");
    let sent = status.lines().find(|line| line.starts_with("missed: "));
    let earlier = Utc::now() - TimeDelta::hours(9);
    let earlier = earlier.format("missed: %Y-%m-%d %H:%M:%S:%6f UTC");
    let new = folder.path().join(".late");
    fs::write(&new, status.replace(sent.unwrap(), &earlier.to_string())).unwrap();
    fs::rename(new, folder.path().join("late")).unwrap();
    let watch = Watch::new(&folder, &receiver);
    eventually("the reminder is delivered", || missed().len() == 2);
    assert_eq!(watch.stop().0, Some(0));
    let id = |text: &str| text.rsplit_once("alert ").unwrap().1.trim().to_owned();
    let ids: Vec<_> = missed().iter().map(|text| id(text)).collect();
    assert_ne!(ids[0], ids[1]);

    // No run began: each stands where it was sent, with its own answer.
    let mut explain = command(&folder, &["explain", "late"]);
    let explain = explain.env("TZ", "UTC").stdout(Stdio::piped());
    let story = String::from_utf8(explain.output().unwrap().stdout).unwrap();
    let begun = Utc::now() - TimeDelta::hours(30);
    assert!(
        !story.contains(&begun.format("\n  %H:").to_string()),
        "{story}"
    );
    assert_eq!(story.matches("accepted").count(), 2, "{story}");
    assert!(!story.contains("accepted, "), "{story}");
}

/// Runs the job of `incidents` with one outcome.
fn incident(folder: &Folder, receiver: &Receiver, outcome: &str) {
    let program = Program::new("incidents").arg(outcome);
    let program = program.directory(folder).alerts_to(receiver);
    let ended = program.env("NOTIFY_SILENT_SECONDS", "0").run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

const LOAD: &str = "pipeline-notify.incidents.load";

/// Silences the job of `incidents`.
fn silence(folder: &Folder, receiver: &Receiver) {
    let arguments = ["silence", LOAD, "--for", "1h", "--because", "it moves"];
    let mut command = command(folder, &arguments);
    command.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
    assert!(command.status().unwrap().success());
}

/// Puts the end of its silence into the past.
fn end_silence(folder: &Folder) {
    let status = folder.status_file(LOAD);
    let line = status.lines().find(|line| line.starts_with("silenced: "));
    let line = line.unwrap();
    let until = line.find(" until ").unwrap() + " until ".len();
    let over = format!("{}2020{}", &line[..until], &line[until + 4..]);
    let new = folder.path().join(".new");
    fs::write(&new, status.replace(line, &over)).unwrap();
    fs::rename(new, folder.path().join(LOAD)).unwrap();
}

#[test]
fn what_a_silence_withheld_is_sent_once_when_it_is_over_though_nothing_runs() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    incident(&folder, &receiver, "disk full");
    silence(&folder, &receiver);
    incident(&folder, &receiver, "disk full");
    let watches = [(); 2].map(|()| Watch::new(&folder, &receiver));
    assert_eq!(receiver.texts().len(), 2, "{:?}", receiver.texts());
    end_silence(&folder);
    eventually("it is delivered", || receiver.texts().len() == 3);
    let delivered = receiver.texts().pop().unwrap();
    assert!(
        delivered.contains("still failing")
            && delivered.contains("disk full")
            && delivered.contains(": it moves; the silence is over, and the job still fails"),
        "{delivered}"
    );
    // Neither of the two sends it again, nor does one that begins later.
    for watch in watches {
        assert_eq!(watch.stop(), (Some(0), String::new()));
    }
    let watch = Watch::new(&folder, &receiver);
    incident(&folder, &receiver, "ok");
    eventually("the recovery is delivered", || receiver.texts().len() == 4);
    assert_eq!(watch.stop(), (Some(0), String::new()));
    assert!(receiver.texts()[3].contains("recovered"));
    let mut explain = command(&folder, &["explain", LOAD]);
    let story = explain.stdout(Stdio::piped()).output().unwrap().stdout;
    let story = String::from_utf8(story).unwrap();
    assert_eq!(
        story
            .matches("sent: the silence is over, and it still fails")
            .count(),
        1
    );
}

#[test]
fn the_end_of_a_silence_is_no_news_where_it_withheld_nothing_or_the_job_works() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    incident(&folder, &receiver, "disk full");
    silence(&folder, &receiver);
    end_silence(&folder);
    let other = Folder::new();
    incident(&other, &receiver, "disk full");
    silence(&other, &receiver);
    incident(&other, &receiver, "disk full");
    incident(&other, &receiver, "ok");
    end_silence(&other);
    for folder in [&folder, &other] {
        // Which is sent after what was withheld.
        works(folder, "late", 30, "every-hours: 24\n");
        let missed = || {
            receiver
                .texts()
                .concat()
                .matches("job late missed a run")
                .count()
        };
        let before = missed();
        let watch = Watch::new(folder, &receiver);
        eventually("the missed run is delivered", || missed() > before);
        assert_eq!(watch.stop(), (Some(0), String::new()));
    }
    let delivered = receiver.texts().concat();
    assert!(!delivered.contains("the silence is over"), "{delivered}");
}

#[test]
fn what_a_silence_withheld_counts_as_not_sent_where_its_alert_is_refused() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    incident(&folder, &receiver, "disk full");
    silence(&folder, &receiver);
    incident(&folder, &receiver, "disk full");
    end_silence(&folder);
    let refusing = Receiver::answering(|_| Answer::Status(400, "invalid_payload"));
    let watch = Watch::new(&folder, &refusing);
    let is_rejected = |path: &String| path.contains("/rejected/") && path.ends_with(".reason");
    eventually("it is kept aside", || {
        folder.hidden_files().keys().any(is_rejected)
    });
    eventually("it counts as unsent", || {
        let status = folder.status_file(LOAD);
        status.contains("\ndecision: not delivered: ") && !status.contains("alerted: ")
    });
    assert_eq!(watch.stop().0, Some(0));
}

#[test]
fn a_job_whose_silence_cannot_be_ended_keeps_no_missed_run_from_being_sent() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    incident(&folder, &receiver, "disk full");
    silence(&folder, &receiver);
    incident(&folder, &receiver, "disk full");
    for lock in folder
        .hidden_files()
        .keys()
        .filter(|path| path.contains("/locks/"))
    {
        let lock = folder.path().join(lock);
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
    }
    end_silence(&folder);
    works(&folder, "late", 30, "every-hours: 24\n");
    let watch = Watch::new(&folder, &receiver);
    eventually("the missed run is delivered", || {
        receiver.texts().concat().contains("missed a run")
    });
    let (code, said) = watch.stop();
    assert_eq!(code, Some(0));
    assert!(
        said.contains("cannot look for missed runs and ended silences"),
        "{said}"
    );
}

#[test]
fn a_run_that_is_under_way_is_not_missed_and_each_goes_to_its_own_channel() {
    let (folder, receiver, data) = (Folder::new(), Receiver::new(), Receiver::new());
    let late = "every-hours: 24\nchannel: data-alerts\n";
    works(&folder, "under.way", 30, late);
    let mut run = command(
        &folder,
        &[
            "run", "--name", "under.way", "--channel", "data-alerts", "--", "cat",
        ],
    )
    .env("SLACK_DATAALERTS_WEBHOOK_URL", data.webhook())
    .stdin(Stdio::piped())
    .spawn()
    .unwrap();
    eventually("it runs", || {
        let records = folder.records();
        records
            .iter()
            .any(|record| record.contains("job: under.way"))
    });
    let watch = Watch::with(&folder, &receiver, |watch| {
        watch.env("SLACK_DATAALERTS_WEBHOOK_URL", data.webhook());
    });
    works(&folder, "late", 30, late);
    eventually("the late one is delivered", || data.texts().len() == 1);
    assert!(data.texts()[0].contains("job late missed a run"));
    assert_eq!(watch.stop().0, Some(0));
    drop(run.stdin.take());
    assert!(run.wait().unwrap().success());
    assert_eq!(receiver.texts(), Vec::<String>::new());
}

#[test]
fn at_its_end_it_looks_once_more_and_sends_what_came_of_it() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let watch = Watch::new(&folder, &receiver);
    // So that it sees neither the death nor the signal before both are there.
    watch.signal("STOP");
    ends("kill").directory(&folder).alerts_to(&receiver).run();
    assert_eq!(errors(&receiver), 0);
    watch.signal("TERM");
    watch.signal("CONT");
    assert_eq!(watch.end(), (Some(0), String::new()));
    assert_eq!(errors(&receiver), 1);
}

#[test]
fn its_end_waits_only_so_long_for_a_webhook_that_never_answers() {
    let (folder, receiver) = (Folder::new(), Receiver::answering(|_| Answer::Hang));
    let watch = Watch::with(&folder, &receiver, |watch| {
        watch.env("NOTIFY_EXIT_SECONDS", "0.5");
    });
    ends("kill").directory(&folder).alerts_to(&receiver).run();
    eventually("it is tried", || !receiver.requests().is_empty());
    let asked = Instant::now();
    let (code, said) = watch.stop();
    println!("it ended {:?} after the signal", asked.elapsed());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        asked.elapsed() < Duration::from_secs(8),
        "it has not waited for the answer"
    );
    assert_eq!(folder.waiting_alerts().len(), 1);
}

#[test]
fn what_others_have_left_and_what_is_held_is_sent_when_its_time_comes() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = |options: &[&str], script: &str| {
        let arguments = [&["run"], options, &["--", "sh", "-c", script]].concat();
        let ended = command(&folder, &arguments)
            .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
            // No time to send anything.
            .env("NOTIFY_EXIT_SECONDS", "0")
            .output()
            .unwrap();
        assert!(ended.status.code().is_some());
    };
    let held = ["--name", "held", "--after", "2", "--remind-hours", "0.0005"];
    let never = [&held[..], &["--ok-silent-hours", "never"]].concat();
    run(&never, "exit 0");
    run(&held, "exit 1");
    let watch = Watch::new(&folder, &receiver);
    eventually("what was held is delivered", || errors(&receiver) == 1);
    run(&["--name", "left"], "exit 2");
    eventually("what was left is delivered", || errors(&receiver) == 2);
    assert_eq!(watch.stop(), (Some(0), String::new()));
    assert_eq!(folder.waiting_alerts(), Vec::<String>::new());
}

#[test]
fn a_run_that_is_anothers_to_send_is_left_to_that_one() {
    let (folder, own, theirs) = (Folder::new(), Receiver::new(), Receiver::new());
    let watch = Watch::new(&folder, &own);
    ends("kill").directory(&folder).alerts_to(&theirs).run();
    // Several looks later it still watches.
    for delivered in 1..=3 {
        thread::sleep(Duration::from_millis(300));
        command(
            &folder,
            &[
                "run",
                "--name",
                &delivered.to_string(),
                "--",
                "sh",
                "-c",
                "kill -9 $PPID",
            ],
        )
        .env("SLACK_ALERTS_WEBHOOK_URL", own.webhook())
        .output()
        .unwrap();
        eventually("its own are delivered", || errors(&own) == delivered);
    }
    assert_eq!(watch.stop().0, Some(0));
    assert_eq!(errors(&theirs), 0);
    Program::new("other")
        .directory(&folder)
        .alerts_to(&theirs)
        .run();
    assert_eq!(errors(&theirs), 1);
    assert!(theirs.texts().concat().contains("\nends :: main\n"));
}

#[test]
fn it_has_no_answer_in_json_and_says_who_has() {
    let folder = Folder::new();
    // Wherever it stands.
    for arguments in [["watch", "--json"], ["--json", "watch"]] {
        let ended = command(&folder, &arguments).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains("status --json"), "{said}");
    }
    let help = command(&folder, &["watch", "--help"])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&help.stdout);
    assert!(help.contains("--dir") && !help.contains("--json"), "{help}");
}

#[test]
fn a_directory_that_is_missing_is_made_and_one_that_cannot_be_made_yet_is_waited_for() {
    let folder = Folder::new();
    let nameless = command(&folder, &["watch", "--dir", "postgres://db/jobs"])
        .output()
        .unwrap();
    assert_eq!(nameless.status.code(), Some(2), "{nameless:?}");

    // A file stands where the volume will be.
    let volume = folder.path().join("volume");
    fs::write(&volume, "").unwrap();
    let start = || {
        let mut watch = command(&folder, &["watch", "--every", "0.1s"]);
        watch.env("NOTIFYDIR", volume.join("notify"));
        let mut child = watch.spawn().unwrap();
        let mut watch = Watch {
            stderr: BufReader::new(child.stderr.take().unwrap()),
            process: Running(child),
            beginning: String::new(),
        };
        assert!(watch.next_line().contains("is not a folder"));
        assert!(watch.next_line().contains("`watch` begins when"));
        watch
    };
    assert_eq!(start().stop(), (Some(0), String::new()));
    let mut watch = start();
    fs::remove_file(&volume).unwrap();
    assert!(watch.next_line().contains("can be used now"));
    assert!(watch.next_line().contains("watching "));
    assert!(volume.join("notify").is_dir());
    assert_eq!(watch.stop(), (Some(0), String::new()));

    let receiver = Receiver::new();
    let missing = folder.path().join("to/be/made");
    let watch = Watch::with(&folder, &receiver, |watch| {
        watch.env("NOTIFYDIR", &missing);
    });
    assert!(missing.is_dir());
    assert_eq!(watch.stop().0, Some(0));
}

/// The queues of its destinations have other names there.
#[test]
fn a_death_in_a_directory_that_was_removed_and_made_anew_is_sent() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let watch = Watch::new(&folder, &receiver);
    for deaths in 1..=3 {
        ends("kill").directory(&folder).alerts_to(&receiver).run();
        eventually("the death is delivered", || errors(&receiver) == deaths);
        eventually("the directory is removed", || {
            fs::remove_dir_all(folder.path()).is_ok()
        });
    }
    assert_eq!(watch.stop().0, Some(0));
}

/// issue 12, point 6
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_was_handed_over_to_another_program_is_no_death() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = Program::new("exits")
        .arg("exec and stay")
        .directory(&folder);
    let run = run.alerts_to(&receiver).env("PATH", "/usr/bin:/bin");
    let mut child = run.command().spawn().unwrap();
    let exe = format!("/proc/{}/exe", child.id());
    eventually("it is replaced", || {
        fs::read_link(&exe).is_ok_and(|exe| exe.ends_with("sleep"))
    });
    let mut check = command(&folder, &["status", "--json"]);
    let status = check.stdout(Stdio::piped()).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(!status.contains("dead"), "{status}");
    let watch = Watch::new(&folder, &receiver);
    let is_recorded = || {
        let mut files = folder.hidden_files().into_keys();
        files.any(|path| path.contains("/running/"))
    };
    eventually("the record is seen to", || !is_recorded());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(watch.stop(), (Some(0), String::new()));
    assert_eq!(receiver.texts(), Vec::<String>::new());
}

#[test]
fn channels_of_its_jobs_that_it_cannot_reach_are_named_at_its_start() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    works(
        &folder,
        "a.reached",
        1,
        "every-hours: 24\nchannel: alerts\n",
    );
    works(&folder, "a.other", 1, "every-hours: 24\nchannel: dba\n");
    let watch = Watch::new(&folder, &receiver);
    let words = "alerts go to alerts; of its jobs' channels, these have no destination in this environment: dba";
    assert!(watch.beginning.contains(words), "{}", watch.beginning);
    assert_eq!(watch.stop().0, Some(0));
}
