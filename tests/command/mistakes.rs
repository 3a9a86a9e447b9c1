//! What somebody new types and sets, and what the screen then says.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Ended, Folder, Program, Receiver, eventually};

/// Runs the command, with these variables beside its folder's.
fn ended(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let program = Program::new("ends").directory(folder);
    let program = variables
        .iter()
        .fold(program, |program, (name, value)| program.env(name, value));
    let path = env!("CARGO_BIN_EXE_pipeline-notify");
    program.at(path.as_ref(), arguments).run()
}

/// A folder in which one job fails.
fn failing() -> Folder {
    let folder = Folder::new();
    let failed = ended(&folder, &[], &["run", "--name", "load", "--", "false"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    folder
}

/// Of this folder the mistakes are refused with these words, and it stays as it was.
#[test]
fn what_makes_no_sense_is_refused_with_what_to_write_instead() {
    let folder = failing();
    let before = folder.status_files();
    for (arguments, words) in [
        (
            &["rename", "load", ""][..],
            "a value is required for '<NEW>'",
        ),
        (
            &["ack", "load", "--because", ""],
            "a value is required for '--because <TEXT>'",
        ),
        (
            &["expect", "load"],
            "add --schedule '5 3 * * *' or --every 24h",
        ),
        (
            &["expect", "load", "--every", "4h", "--timezone", "UTC"],
            "cannot be used with '--timezone <ZONE>'",
        ),
        (&["watch", "--every", "0s"], "above zero, such as 60s"),
        (
            &["status", "--dir", "nowhere"],
            "make it, or let the first run of a job make it",
        ),
    ] {
        let refused = ended(&folder, &[], arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?} {refused:?}");
        assert!(refused.stderr.contains(words), "{arguments:?} {refused:?}");
    }
    assert_eq!(folder.status_files(), before);
}

/// A monitor shows standard output alone.
#[test]
fn check_says_in_its_one_line_what_is_wrong_with_its_arguments() {
    let folder = failing();
    for (arguments, words) in [
        (
            &["check", "--every", "soon"][..],
            "UNKNOWN - invalid value 'soon' for '--every <TIME>': `soon` is not a length of time",
        ),
        (
            &["check", "--timezone", "UTC"],
            "UNKNOWN - the following required arguments were not provided: --schedule <SCHEDULE>: see",
        ),
        (
            &["check", "--every", "4h", "--timezone", "UTC"],
            "UNKNOWN - the argument '--",
        ),
    ] {
        let check = ended(&folder, &[], arguments);
        assert_eq!(check.code, Some(3), "{check:?}");
        assert!(check.stdout.starts_with(words), "{check:?}");
        assert_eq!(check.stdout.lines().count(), 1, "{check:?}");
    }
}

/// `--name "$JOB"`, where that is not set, and a zone without a schedule.
#[test]
fn an_option_of_run_that_says_nothing_is_a_mistake_that_the_channel_gets() {
    for (option, value, words) in [
        ("--name", "", "`--name` is empty"),
        (
            "--timezone",
            "UTC",
            "`--timezone` is that of a `--schedule`",
        ),
    ] {
        let folder = Folder::new();
        let run = ended(&folder, &[], &["run", option, value, "--", "true"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
        let file = folder.status_file("run.true.options");
        assert!(
            file.starts_with("ERROR\n") && file.contains(words),
            "{file}"
        );
    }
}

#[test]
fn who_may_not_write_into_the_folder_reads_why_and_of_no_status_file() {
    let folder = Folder::new();
    // Where the notify directory should be.
    let place = folder.path().join("notify");
    fs::write(&place, "").unwrap();
    let variables = [("NOTIFYDIR", place.to_str().unwrap())];
    let run = ended(&folder, &variables, &["run", "--", "true"]);
    assert!(
        run.stderr.contains("no status files are written"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("status files are in"), "{run:?}");
    let silence = ended(&folder, &variables, &["silence", "load*", "--for", "2h"]);
    let last = silence.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("not a "), "{silence:?}");
}

/// The message of a silence is for people.
#[test]
fn a_message_says_until_when_to_the_minute() {
    let (folder, receiver) = (failing(), Receiver::new());
    let webhook = receiver.webhook();
    let variables = [("SLACK_ALERTS_WEBHOOK_URL", &*webhook)];
    let until = ["silence", "load", "--until", "2046-11-23T08:00:00Z"];
    let silenced = ended(&folder, &variables, &until);
    assert_eq!(silenced.code, Some(0), "{silenced:?}");
    eventually("the message", || receiver.accepted().len() == 1);
    let text = &receiver.accepted()[0];
    assert!(text.contains(" until 2046-11-23 08:00 UTC\n"), "{text}");
}

/// Where the options of a subcommand stand, beside docs/cli.md and docs/schedules.md.
fn page_of(subcommand: &str) -> Option<&str> {
    match subcommand {
        "check" => Some("icinga"),
        "explain" | "page" | "run" | "watch" => Some(subcommand),
        "metrics" => Some("prometheus"),
        "store" => Some("fleet"),
        _ => None,
    }
}

/// Finds what follows dashes.
fn options(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    words
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .collect()
}

#[test]
fn the_help_and_the_documentation_have_the_same_options() {
    let folder = Folder::new();
    let help = |arguments: &[&str]| ended(&folder, &[], arguments).stdout;
    let page = |name: &str| fs::read_to_string(format!("docs/{name}.md")).unwrap();
    let list = help(&["--help"]);
    let (_, list) = list.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let subcommands = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let mut known = BTreeSet::from(["--features", "--help"].map(str::to_owned));
    for subcommand in subcommands.filter(|name| *name != "help") {
        let pages = ["cli", "schedules"].into_iter().chain(page_of(subcommand));
        let documented: String = pages.map(page).collect();
        let mut help = help(&[subcommand, "--help"]);
        if subcommand == "store" {
            help += &ended(&folder, &[], &["store", "init", "--help"]).stdout;
        }
        // Those of each line that begins with one.
        let own = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'));
        let own = own.filter_map(|line| options(line).into_iter().next().map(str::to_owned));
        for option in own.filter(|option| option != "--help") {
            let short = if option == "--output" {
                "-o FILE"
            } else {
                &*option
            };
            assert!(documented.contains(short), "{subcommand} {option}");
            known.insert(option);
        }
    }
    let documented = page("cli");
    let unknown = options(&documented)
        .into_iter()
        .find(|option| !known.contains(*option));
    assert_eq!(unknown, None);
}
