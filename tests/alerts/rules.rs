//! Issue 17, points 1 to 3: a rule, a message and facts of the program's own.

use std::fs;

use crate::support::{Ended, Folder, Program, Receiver, eventually};
use proptest::prelude::*;

fn program(folder: &Folder, rule: &str, message: &str) -> Program {
    Program::new("rules")
        .directory(folder)
        .env("RULE", rule)
        .env("MESSAGE", message)
        .env("NOTIFY_SILENT_SECONDS", "0")
        .env("NOTIFY_OK_SILENT_HOURS", "never")
}

fn run(program: Program, outcomes: &[&str]) -> Ended {
    let program = outcomes.iter().fold(program, Program::arg);
    program.run()
}

/// The channel and the kind of each.
fn kinds(receiver: &Receiver) -> Vec<String> {
    let alerts = receiver.alerts().into_iter();
    alerts
        .map(|alert| format!("{} {}", alert["channel"], alert["kind"]).replace('"', ""))
        .collect()
}

fn line<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = status.lines().take_while(|line| !line.is_empty());
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

/// Point 1: the article's own words, "specify arbitrary alerting rules in the code".
#[test]
fn only_the_third_failure_at_work_is_sent_and_everything_of_one_type() {
    for (weekday, hour, is_sent) in [
        ("0", "8", true),
        ("4", "17", true),
        ("4", "18", false),
        ("5", "9", false),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = program(&folder, "third", "").alerts_as_json_to(&receiver);
        let program = program.env("WEEKDAY", weekday).env("HOUR", hour);
        let ended = run(program, &["a", "b", "c", "d", "disk"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let errors: Vec<_> = receiver
            .alerts()
            .iter()
            .map(|alert| alert["error"].clone())
            .collect();
        let expected = if is_sent {
            vec!["c", "the disk is full"]
        } else {
            vec!["the disk is full"]
        };
        assert_eq!(errors, expected, "{weekday} {hour}");
        let status = folder.status_file("load");
        let decision = line(&status, "decision").unwrap();
        assert!(
            decision.ends_with(": by the program's rule: a full disk is urgent"),
            "{status}"
        );
    }
}

/// Point 1: a rule that returns what the built-in rules say leaves the decision to them.
#[test]
fn the_built_in_answer_is_that_of_the_built_in_rules() {
    let outcomes = ["ok", "disk", "disk", "network", "ok", "panic"];
    let decided = |rule: &str| {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let mut decisions = Vec::new();
        for outcome in outcomes {
            run(program(&folder, rule, "").alerts_to(&receiver), &[outcome]);
            decisions.push(
                line(&folder.status_file("load"), "decision")
                    .unwrap()
                    .to_owned(),
            );
        }
        (decisions, receiver.requests().len())
    };
    let by_rule = decided("built-in");
    assert!(!by_rule.0.concat().contains("rule"), "{by_rule:?}");
    // A panic in the rule changes nothing either.
    assert_eq!(by_rule, decided("panic"));
}

/// Point 1: sent on another channel, where what follows of the incident goes, too.
#[test]
fn two_types_of_error_go_to_two_channels_and_the_recovery_goes_where_the_last_failure_went() {
    let folder = Folder::new();
    let [own, platform, network] = [(); 3].map(|()| Receiver::new());
    let program = |rule: &str| {
        program(&folder, rule, "")
            .alerts_as_json_to(&own)
            .env("NOTIFY_PLATFORM_URL", platform.json_webhook())
            .env("NOTIFY_NETWORK_URL", network.json_webhook())
    };
    run(program("channels"), &["disk"]);
    assert_eq!(
        line(&folder.status_file("load"), "alerted-channel"),
        Some("platform")
    );
    run(program("channels"), &["network"]);
    // Without a word of the rule, and in another program.
    run(program("built-in"), &["another"]);
    run(program("built-in"), &["ok"]);
    run(program("built-in"), &["next incident"]);
    assert_eq!(kinds(&platform), ["platform failed"]);
    let expected = [
        "network still_failing",
        "network still_failing",
        "network recovered",
    ];
    assert_eq!(kinds(&network), expected);
    assert_eq!(kinds(&own), ["alerts failed"]);
}

/// Point 1: whoever got the failure gets what follows, also where the channel that was named has no destination; and
/// so it is where that is the job's own.
#[test]
fn what_follows_of_an_incident_goes_where_its_failure_went_though_another_channel_was_named() {
    for (job, channel) in [("", "shop"), ("", "nowhere"), ("plain ", "nowhere")] {
        let folder = Folder::new();
        let [refuge, shop] = [(); 2].map(|()| Receiver::new());
        let end = |rule: &str, outcome: &str| {
            let program = program(&folder, rule, "").alerts_as_json_to(&refuge);
            let json = shop.json_webhook();
            let program = program
                .env("NOTIFY_CHANNEL", channel)
                .env("NOTIFY_SHOP_URL", json);
            run(program, &[&format!("{job}{outcome}")])
        };
        end("to nowhere", "disk");
        let first = &refuge.alerts()[0];
        let note = "channel `nowhere` has no webhook (SLACK_NOWHERE_WEBHOOK_URL): sent to `alerts`";
        assert!(first["text"].as_str().unwrap().contains(note), "{first}");
        end("", "network");
        let recovered = end("", "ok");
        let expected = ["alerts failed", "alerts still_failing", "alerts recovered"];
        assert_eq!(kinds(&refuge), expected, "{channel}");
        assert_eq!(recovered.stderr, "", "nothing is missing");
        // A rule may name it at each run.
        end("to nowhere", "disk");
        end("to nowhere", "ok");
        assert_eq!(
            kinds(&refuge)[3..],
            ["alerts failed", "alerts recovered"],
            "{channel}"
        );
        // The next incident has nothing to do with it.
        end("to shop", "disk");
        let own = if job.is_empty() {
            vec!["shop failed"]
        } else {
            Vec::new()
        };
        assert_eq!(kinds(&shop), own, "{channel}");
    }
}

/// Point 1: what is warned of says what became of the alert.
#[test]
fn a_warning_about_the_channel_of_an_alert_says_which_one_takes_it() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    // Where the rule names one that has a destination, the job's own needs none.
    let named = program(&folder, "to alerts", "").env("NOTIFY_CHANNEL", "nowhere");
    let ended = run(named.alerts_as_json_to(&receiver), &["ok", "disk"]);
    assert_eq!((kinds(&receiver).len(), &*ended.stderr), (1, ""));
    // And the other way round. No failure: that would go to `alerts`.
    for (folder, stands_in) in [
        (&folder, "The channel of its failure"),
        (&Folder::new(), "Its own channel"),
    ] {
        let named = program(folder, "to nowhere", "").alerts_as_json_to(&receiver);
        let ended = run(named, &["ok"]);
        let words = format!(
            "pipeline-notify: an alert of load should go to the channel `nowhere`, which has no destination: set \
             SLACK_NOWHERE_WEBHOOK_URL. {stands_in} stands in\n"
        );
        assert_eq!(ended.stderr, words);
    }
    assert_eq!(kinds(&receiver), ["alerts failed", "alerts recovered"]);
    // One that can be none is shown as far as one may go.
    let ended = run(program(&folder, "far", "").alerts_to(&receiver), &["disk"]);
    assert!(
        ended
            .stderr
            .contains("yyy…`, and a channel's name is 1 to 64 ASCII letters")
    );
    assert!(ended.stderr.len() < 400, "{} bytes", ended.stderr.len());
}

/// Point 1: a panic is a warning, and so is a rule that does not answer in time at the exit; not the same.
#[test]
fn a_rule_that_panics_is_not_said_to_be_late() {
    for (rule, outcome, words) in [
        (
            "panic",
            "disk",
            "the rule of load panicked: the built-in rules decide",
        ),
        (
            "panic",
            "exit",
            "the rule of load panicked: the built-in rules decide",
        ),
        (
            "slow",
            "exit",
            "the rule of load did not answer in time at the exit: the built-in rules decide",
        ),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = program(&folder, rule, "").alerts_to(&receiver);
        let ended = run(program.env("NOTIFY_EXIT_SECONDS", "4"), &[outcome]);
        assert!(
            ended.stderr.contains(words),
            "{rule} {outcome}: {}",
            ended.stderr
        );
        assert_eq!(receiver.requests().len(), 1, "{rule} {outcome}");
    }
}

/// Point 1: a rule for all jobs, in `Config`, knows the type of an error, too.
#[test]
fn a_rule_in_the_config_is_for_jobs_without_one() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = program(&folder, "silent", "")
        .alerts_as_json_to(&receiver)
        .env("CONFIG_RULE", "type");
    run(program, &["plain disk", "load"]);
    let decision = |job: &str| {
        line(&folder.status_file(job), "decision")
            .unwrap()
            .to_owned()
    };
    assert!(
        decision("plain").ends_with("by the program's rule: of that type"),
        "{}",
        decision("plain")
    );
    assert!(
        decision("load").ends_with("by the program's rule: never mind"),
        "{}",
        decision("load")
    );
    let alerts = receiver.alerts();
    assert_eq!(
        alerts[0]["notes"].as_array().unwrap().last().unwrap(),
        "written by all"
    );
}

/// Points 1 and 2: a run whose program has nothing to say, for nothing is sent, or a person has silenced it, is
/// recorded as any other.
#[test]
fn a_run_about_which_the_program_is_not_asked_is_recorded() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = || {
        let program = program(&folder, "built-in", "");
        program.alerts_to(&receiver).env("CONFIG_RULE", "built-in")
    };
    for runs in 1..=3 {
        run(program(), &["plain ok", "ok"]);
        assert_eq!(
            line(&folder.status_file("plain"), "runs"),
            Some(&*runs.to_string())
        );
        assert_eq!(
            line(&folder.status_file("load"), "runs"),
            Some(&*runs.to_string())
        );
    }
    run(program(), &["disk"]);
    let status = folder.status_file("load");
    let error = line(&status, "fingerprint").unwrap();
    let silence = format!("silenced: error {error} until 2999-01-01 00:00:00:000000 UTC\n");
    fs::write(
        folder.path().join("load"),
        status.replacen("host: ", &(silence + "host: "), 1),
    )
    .unwrap();
    let silenced = program().env("RULE", "send");
    run(silenced, &["disk"]);
    let status = folder.status_file("load");
    assert!(
        line(&status, "decision")
            .unwrap()
            .ends_with("silenced by a person"),
        "{status}"
    );
    assert_eq!(line(&status, "runs"), Some("2"));
}

/// Point 1: asked again where another process was faster, five times at most; then the last answer stands.
#[test]
fn a_rule_that_another_process_overtakes_each_time_is_asked_five_times() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let asked = folder.path().join(".asked");
    let program = program(&folder, "overtaken", "")
        .alerts_to(&receiver)
        .env("ASKED", &asked);
    let ended = run(program, &["disk"]);
    assert_eq!(ended.stdout, "Err(Disk)\n");
    let asked = fs::read_to_string(asked).unwrap();
    // It sees what the others did.
    assert_eq!(
        asked.lines().collect::<Vec<_>>(),
        ["1 None", "2 Some(1)", "3 Some(2)", "4 Some(3)", "5 Some(4)"]
    );
    let status = folder.status_file("load");
    let decision = line(&status, "decision").unwrap();
    assert!(
        decision.ends_with("by the program's rule: whatever the other process does"),
        "{status}"
    );
    assert_eq!(line(&status, "runs"), Some("6"));
}

/// Point 1: where the program is not there, the built-in rules decide.
#[test]
fn a_rule_has_no_say_in_the_death_of_its_run() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut command = program(&folder, "silent", "")
        .alerts_as_json_to(&receiver)
        .arg("hang")
        .command();
    let mut child = command.spawn().unwrap();
    eventually("the run is recorded", || {
        let records = folder.records();
        records.iter().any(|record| record.contains("job: load\n"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    run(
        program(&folder, "silent", "").alerts_as_json_to(&receiver),
        &["plain ok"],
    );
    let alerts = receiver.alerts();
    assert!(
        alerts[0]["error"].as_str().unwrap().starts_with("died"),
        "{alerts:?}"
    );
    // What the attribute says is known also of a run that died.
    assert_eq!(alerts[0]["runbook"], "https://wiki.example.com/load");
    assert_eq!(alerts[0]["owner"], "team-data");
}

/// Point 2: a message of one line with a link; what the program writes calls nobody.
#[test]
fn a_message_of_one_line_and_a_link_is_that_and_no_more() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    run(program(&folder, "", "line").alerts_to(&receiver), &["disk"]);
    let payload = receiver.requests()[0].payload();
    assert_eq!(payload["text"], "load: the disk is full &lt;!here&gt; @all");
    let blocks = payload["attachments"][0]["blocks"].to_string();
    assert!(
        !blocks.contains("the disk is full") && !blocks.contains("took"),
        "{blocks}"
    );
    assert!(
        blocks.contains(r#"{"text":"the run","type":"link","url":"https://runs.example.com/1"}"#),
        "{blocks}"
    );
    assert!(
        blocks.contains(r#""text":"runbook","type":"link""#),
        "{blocks}"
    );
}

/// Point 2: run before the alert is stored, so that another process sends the same.
#[test]
fn what_the_program_writes_waits_on_disk_with_the_alert() {
    let folder = Folder::new();
    let gone = program(&folder, "", "text").env("SLACK_ALERTS_WEBHOOK_URL", "http://127.0.0.1:1/x");
    let gone = gone.env("NOTIFY_EXIT_SECONDS", "0.2");
    run(gone, &["disk"]);
    let waiting = folder.waiting_alerts();
    assert!(
        waiting[0].contains("\ntext: disk\\nand so on\n"),
        "{waiting:?}"
    );
}

/// Point 2: the fields of JSON.
#[test]
fn a_document_has_what_the_program_adds() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = run(
        program(&folder, "", "add").alerts_as_json_to(&receiver),
        &["disk"],
    );
    let alert = &receiver.alerts()[0];
    assert_eq!(alert["links"][0]["url"], "https://wiki.example.com/load");
    assert_eq!(
        alert["links"].as_array().unwrap().len(),
        1,
        "one with a password is no link"
    );
    assert_eq!(
        alert["notes"].as_array().unwrap().last().unwrap(),
        "a *line*"
    );
    assert_eq!(alert["facts"]["outcome"], "disk");
    assert_eq!(alert["facts"]["host"], "not the library's");
    let text = alert["text"].as_str().unwrap();
    assert!(
        text.contains("\nrunbook: https://wiki.example.com/load\n"),
        "{text}"
    );
    assert!(
        text.contains(" · owner team-data · outcome disk · fact.host not the library's · "),
        "{text}"
    );
    assert!(
        ended.stderr.contains("the link `bad` is dropped") && !ended.stderr.contains("pass@"),
        "{ended:?}"
    );
}

/// Point 3.
#[test]
fn facts_of_a_run_stand_in_its_status_file_and_in_no_other() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    run(
        program(&folder, "", "").alerts_to(&receiver),
        &["outer ok", "facts thread", "facts tasks"],
    );
    let facts = |job: &str| -> Vec<String> {
        let status = folder.status_file(job);
        status
            .lines()
            .filter_map(|line| line.strip_prefix("fact."))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(facts("load"), ["outcome: ok"]);
    assert_eq!(facts("outer"), ["after: the inner run"]);
    assert_eq!(
        facts("facts"),
        Vec::<String>::new(),
        "the last run said nothing"
    );
    assert_eq!(facts("task1"), ["round: 2", "number: 1"]);
    assert_eq!(facts("task2"), ["round: 2", "number: 2"]);
    run(
        program(&folder, "", "").alerts_to(&receiver),
        &["facts thread"],
    );
    assert_eq!(facts("facts"), ["rows: 44"]);
}

/// Point 3: what is beyond the bounds is dropped with one warning.
#[test]
fn facts_beyond_the_bounds_are_dropped_with_one_warning() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for (how, number, warning) in [
        ("many", 32, "a fact is dropped: a run may have 32"),
        ("long", 1, "a fact is cut: its value may have 256 bytes"),
        ("bad", 1, "a fact is dropped: its name must be"),
    ] {
        let ended = run(
            program(&folder, "", "").alerts_to(&receiver),
            &[&format!("facts {how}")],
        );
        let status = folder.status_file("facts");
        assert_eq!(status.matches("\nfact.").count(), number, "{status}");
        assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
        assert!(status.len() < 4096 && !status.contains('\x1b'), "{status}");
    }
    assert!(
        folder
            .status_file("facts")
            .contains("\nfact.fine: a b red\n")
    );
}

/// Whatever the functions do, the run's end is as without them.
fn check(rule: &str, message: &str, outcome: &str) {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = run(
        program(&folder, rule, message).alerts_as_json_to(&receiver),
        &[outcome],
    );
    let status = folder.status_file("load");
    let is_ok = outcome == "ok";
    assert_eq!(status.starts_with("OK\n"), is_ok, "{status}");
    let decision = line(&status, "decision").unwrap();
    let is_sent = ["told: ", "sent: "]
        .iter()
        .any(|sent| decision.starts_with(sent));
    let alerts = receiver.alerts();
    assert_eq!(alerts.len(), usize::from(is_sent), "{decision}");
    assert_eq!(line(&status, "alerted").is_some(), is_sent, "{status}");
    // It is asked for a message where there is an alert; and within the exit the code is settled.
    let is_written =
        rule != "silent" && (!is_ok || matches!(rule, "send" | "huge" | "nowhere" | "far"));
    let code = match (rule, message, outcome) {
        (_, _, "exit") => 3,
        ("exit", ..) => 7,
        (_, "exit", _) if is_written => 8,
        (_, _, "panic") => 101,
        _ => 0,
    };
    assert_eq!(ended.code, Some(code), "{ended:?}");
    if code == 0 {
        let result = if is_ok { "Ok(())\n" } else { "Err(Disk)\n" };
        assert_eq!(ended.stdout, result);
    }
    assert!(status.len() < 100 << 10, "{} bytes", status.len());
    for request in receiver.requests() {
        assert!(
            request.body.len() < 400 << 10,
            "{} bytes",
            request.body.len()
        );
    }
    assert!(!folder.status_files().contains_key("inner"), "it runs bare");
    assert!(!status.contains("fact.from"), "{status}");
    let running = folder
        .hidden_files()
        .into_iter()
        .filter(|(path, _)| path.contains("/running/"));
    assert_eq!(running.count(), 0, "the run is no longer under way");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// "Whatever a rule or a message function does, the job's result, the promise 'told or a reason why not' and the
    /// bounds hold."
    #[test]
    fn whatever_a_rule_or_a_message_does_the_result_the_promise_and_the_bounds_hold(
        rule in prop::sample::select(vec!["", "send", "silent", "panic", "huge", "log", "annotated", "exit", "nowhere", "far"]),
        message in prop::sample::select(vec!["", "line", "text", "add", "panic", "huge", "annotated", "exit"]),
        outcome in prop::sample::select(vec!["ok", "disk", "panic", "exit"]),
    ) {
        check(rule, message, outcome);
    }
}

/// "`exit(n)` in one ends the program with n, the run recorded."
#[test]
fn an_exit_in_a_function_ends_the_program_with_its_code_and_the_run_is_recorded() {
    for outcome in ["ok", "disk", "panic", "exit"] {
        check("exit", "", outcome);
    }
    check("", "exit", "exit");
    check("", "exit", "disk");
    check("send", "exit", "panic");
}

/// Files of the version before, and of the article's own code, are understood, and what is new in a file is
/// passed over by who does not know it: keys alone are added.
#[test]
fn a_status_file_of_the_version_before_is_understood() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let before = "ERROR\n2026-01-22 13:00:00:123456 UTC\nrules :: load\ntook: 2.000 s\n\
                  since: 2026-01-22 11:00:00:000000 UTC\nruns: 2\nalerted: 2026-01-22 11:00:00:120000 UTC\n\
                  decision: told: it fails again\nincident: 7f3a91c2\nfingerprint: 0011aaff\n\nno route\n";
    fs::write(folder.path().join("load"), before).unwrap();
    let program = program(&folder, "third", "").alerts_as_json_to(&receiver);
    run(program.env("WEEKDAY", "1").env("HOUR", "12"), &["network"]);
    let alerts = receiver.alerts();
    assert_eq!(
        alerts[0]["incident"], "7f3a91c2",
        "the third failure of the incident"
    );
    assert_eq!(alerts[0]["runs"], 3);
}
