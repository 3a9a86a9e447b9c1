//! The settings from the environment, as a person, a scheduler or a supervisor writes them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use support::receiver::SECRET;
use support::{Ended, Folder, Program, Receiver};

const MAIN: &str = "pipeline-notify.ends.main";

/// The line that the program itself writes.
const OWN: &str = "Error: \"the disk is full\"";

/// A user who is neither root nor whoever runs this.
const ANNA: u32 = 54321;

fn failing() -> Program {
    Program::new("ends").arg("err")
}

/// Returns our lines, after it has failed as it does without the library.
fn lines(ended: &Ended) -> Vec<String> {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.stderr.lines().map(str::to_owned);
    lines.filter(|line| line != OWN).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Issue 12, point 17.
#[test]
fn a_program_in_a_folder_that_is_named_like_one_of_cargos_or_rustdocs_reports() {
    for (place, reports) in [
        ("deps/nightly-load", true),
        ("rustdoctests/job", true),
        ("debug/deps/ends-0123456789abcdef", false),
    ] {
        let (folder, programs, receiver) = (Folder::new(), Folder::new(), Receiver::new());
        let path = programs.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let program = failing().directory(&folder).alerts_to(&receiver);
        let program = program.without("NOTIFY_DISABLE");
        program.copy_to(&path);
        // Not a child of this test, which is one of cargo's.
        let script = format!("'{}' err; exit $?", path.display());
        lines(&program.at(Path::new("/bin/sh"), &["-c", &script]).run());
        assert_eq!(receiver.texts().len(), usize::from(reports), "{place}");
        assert_eq!(folder.status_files().len(), usize::from(reports), "{place}");
    }
}

/// Issue 12, point 17.
#[test]
fn what_a_test_starts_is_bare_unless_it_is_asked_to_report() {
    let nextest: &[(&str, &str)] = &[("NEXTEST", "1")];
    for (variables, by_shell, reports) in [
        (&[][..], false, false),
        (&[("NOTIFY_DISABLE", "")], false, false),
        (&[("NOTIFY_DISABLE", "0")], false, true),
        (&[("NOTIFY_DISABLE", "1")], true, false),
        (&[], true, true),
        (nextest, true, false),
        (&[("NEXTEST", "1"), ("NOTIFY_DISABLE", "no")], true, true),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = failing()
            .without("NOTIFY_DISABLE")
            .directory(&folder)
            .alerts_to(&receiver);
        let program = variables
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value));
        let program = if by_shell {
            program.under("/bin/sh", ["-c", "\"$0\" \"$@\"; exit $?"])
        } else {
            program
        };
        lines(&program.run());
        assert_eq!(
            receiver.texts().len(),
            usize::from(reports),
            "{variables:?} {by_shell}"
        );
        assert_eq!(
            folder.status_files().len(),
            usize::from(reports),
            "{variables:?} {by_shell}"
        );
    }
}

/// Issue 12, point 17.
#[test]
fn an_installed_config_has_a_program_report_that_a_test_starts() {
    for (install, reports) in [("", false), ("yes", true)] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = Program::new("logs").without("NOTIFY_DISABLE").arg("err");
        let program = program
            .directory(&folder)
            .alerts_to(&receiver)
            .env("INSTALL", install);
        let ended = program.env("LOG", folder.path().join(".log")).run();
        assert_eq!(ended.code, Some(7), "{ended:?}");
        assert_eq!(receiver.texts().len(), usize::from(reports), "{install}");
    }
}

/// Issue 12, point 16.
#[test]
fn a_service_without_a_home_keeps_its_status_in_its_state_directory() {
    let (state, other) = (Folder::new(), Folder::new());
    let both = format!("{}:{}", state.path().display(), other.path().display());
    assert_eq!(
        lines(&failing().env("STATE_DIRECTORY", both).run()).len(),
        1,
        "no webhook"
    );
    assert!(state.path().join("pipeline-notify").join(MAIN).is_file());
    assert!(other.status_files().is_empty());
}

/// Issue 12, point 16.
#[test]
fn where_there_is_no_directory_it_is_said_what_to_set_and_what_is_lost() {
    let receiver = Receiver::new();
    let ours = lines(&failing().alerts_to(&receiver).run()).concat();
    assert!(
        ours.contains("set NOTIFYDIR to") && ours.contains("StateDirectory="),
        "{ours}"
    );

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let webhook = format!("http://{closed}/services/{SECRET}");
    let program = failing().env("SLACK_ALERTS_WEBHOOK_URL", webhook);
    let ours = lines(&program.env("NOTIFY_EXIT_SECONDS", "1").run()).concat();
    assert!(!ours.contains("sent later"), "{ours}");
    assert!(ours.contains("before the exit: 1 alert is lost"), "{ours}");

    // A command that says no more than 1, and a channel that is broken, promise nothing either.
    for command in ["exec:///bin/false", "exec:///no/such/program"] {
        let program = failing().env("NOTIFY_ALERTS_URL", command);
        let ours = lines(&program.env("NOTIFY_EXIT_SECONDS", "1").run()).concat();
        assert!(ours.contains("they wait in memory, and"), "{ours}");
        assert!(
            !ours.contains("24 hours") && !ours.contains("fixed"),
            "{ours}"
        );
    }
}

/// Issue 12, point 16.
#[test]
fn a_directory_that_begins_with_a_tilde_is_in_the_home() {
    let (home, here) = (Folder::new(), Folder::new());
    let program = failing()
        .env("HOME", home.path())
        .env("NOTIFYDIR", "~/notify");
    let mut command = program.command();
    command.current_dir(here.path());
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    assert!(home.path().join("notify").join(MAIN).is_file());
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
}

#[test]
fn a_relative_directory_stays_where_it_was_when_the_program_goes_elsewhere() {
    let (here, there, receiver) = (Folder::new(), Folder::new(), Receiver::new());
    let run = |arguments: &[&str]| {
        let program = Program::new("ends").alerts_to(&receiver);
        let program = arguments.iter().fold(program, Program::arg);
        let mut command = program.env("NOTIFYDIR", "notify").command();
        command
            .current_dir(here.path())
            .output()
            .unwrap()
            .status
            .code()
    };
    let elsewhere = there.path().to_str().unwrap();
    assert_eq!(run(&["elsewhere", elsewhere]), Some(1));
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 0);
    // Its record was not left behind, by which the next run would say that it died.
    assert_eq!(run(&["ok"]), Some(0));
    assert!(here.path().join("notify").join(MAIN).is_file());
    let sent = receiver.texts();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(
        sent[0].contains("the disk is full") && sent[1].contains("recovered"),
        "{sent:?}"
    );
}

/// Issue 12, point 16.
#[test]
fn a_directory_that_nobody_means_is_refused_with_a_word_and_the_alert_goes_out() {
    for value in [
        "postgres://etl:hunter2@db/notify",
        "s3://bucket/notify",
        "~nobody/notify",
        "$HOME/notify",
        "\"/var/lib/notify\"",
        "%S/notify",
        "true",
    ] {
        let (here, receiver) = (Folder::new(), Receiver::new());
        let program = failing().env("HOME", here.path()).env("NOTIFYDIR", value);
        let mut command = program.alerts_to(&receiver).command();
        let ended = command.current_dir(here.path()).output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(
            stderr.contains("NOTIFYDIR cannot be `"),
            "{value}: {stderr}"
        );
        assert!(!stderr.contains("hunter2"), "{stderr}");
        assert_eq!(receiver.texts().len(), 1, "{value}");
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0, "{value}");
    }
}

#[test]
fn what_stands_in_the_directorys_place_is_named_and_the_alert_goes_out() {
    let here = Folder::new();
    let path = |name: &str| here.path().join(name);
    fs::write(path("file"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    for (value, words) in [
        ("file", "file` is not a folder"),
        ("file/below", "file` is not a folder"),
        ("link", "link` is a link that leads to no folder"),
        ("loop", "loop` is a link that leads to no folder"),
    ] {
        let receiver = Receiver::new();
        let program = failing().alerts_to(&receiver).env("NOTIFYDIR", path(value));
        let ours = lines(&program.run()).concat();
        assert!(ours.contains(words), "{value}: {ours}");
        assert!(!ours.contains("os error"), "{value}: {ours}");
        assert_eq!(receiver.texts().len(), 1, "{value}");
    }
}

/// Issue 12, point 16.
#[test]
fn a_new_directory_has_its_mode_whatever_the_umask() {
    for (set, files, folder) in [
        ("", 0o644, 0o755),
        ("0640", 0o640, 0o750),
        ("600", 0o600, 0o700),
        ("0o664", 0o664, 0o775),
        ("0666", 0o600, 0o700),
        ("0755", 0o600, 0o700),
        ("0400", 0o600, 0o700),
        ("rw-r-----", 0o600, 0o700),
        ("-640", 0o600, 0o700),
    ] {
        for umask in ["umask 0077", "umask 0000"] {
            let above = Folder::new();
            let path = above.path().join("state/notify");
            let program = failing()
                .env("NOTIFYDIR", &path)
                .env("NOTIFY_FILE_MODE", set);
            let script = format!("{umask}; exec \"$0\" \"$@\"");
            let ended = program.under("/bin/sh", ["-c", &script]).run();
            let warned = lines(&ended).concat().contains("NOTIFY_FILE_MODE");
            let is_wrong = files == 0o600 && set != "600";
            assert_eq!(warned, is_wrong, "{set}: {ended:?}");
            assert_eq!(mode(&path.join(MAIN)), files, "{set}");
            assert_eq!(mode(&path), folder, "{set}");
            assert_eq!(mode(path.parent().unwrap()), folder, "{set}");
        }
    }
}

/// Issue 12, point 16.
#[test]
fn a_directory_that_is_there_keeps_its_mode() {
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    lines(
        &failing()
            .directory(&folder)
            .env("NOTIFY_FILE_MODE", "0640")
            .run(),
    );
    assert_eq!(
        (mode(folder.path()), mode(&folder.path().join(MAIN))),
        (0o711, 0o640)
    );
}

/// Issue 12, point 16.
#[test]
fn a_death_where_the_kernels_own_files_are_hidden_is_sent() {
    // What `ProcSubset=pid` leaves of `/proc`, as far as it matters here.
    let hide = "mount -t tmpfs none /proc/sys && exec \"$0\" \"$@\"";
    let hidden = |program: Program| program.under("unshare", ["--mount", "/bin/sh", "-c", hide]);
    let can = hidden(Program::new("ends").arg("ok").env("NOTIFY_DISABLE", "1")).run();
    if can.code != Some(0) {
        println!(
            "skipped: this user cannot hide a part of /proc: {}",
            can.stderr
        );
        return;
    }
    for next_is_hidden in [true, false] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = |way| {
            Program::new("ends")
                .arg(way)
                .directory(&folder)
                .alerts_to(&receiver)
        };
        assert_eq!(hidden(program("kill")).run().signal, Some(9));
        let next = if next_is_hidden {
            hidden(program("ok"))
        } else {
            program("ok")
        };
        assert_eq!(next.run().code, Some(0));
        let texts = receiver.texts();
        assert!(
            texts.concat().contains("died"),
            "{next_is_hidden}: {texts:?}"
        );
        assert!(!texts.concat().contains("host unknown"), "{texts:?}");
    }
}

/// Issue 12, point 16.
#[test]
fn after_a_run_as_root_the_users_own_run_works_as_before() {
    let home = Folder::new();
    if chown(home.path(), Some(ANNA), Some(ANNA)).is_err() {
        println!("skipped: only root can give a folder to another user");
        return;
    }
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let programs = Folder::new();
    fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = programs.path().join("ends");
    failing().copy_to(&path);
    let directory = home.path().join(".local/state/pipeline-notify");

    lines(&failing().env("HOME", home.path()).run());
    for made in [".local", ".local/state", ".local/state/pipeline-notify"] {
        let made = fs::symlink_metadata(home.path().join(made)).unwrap();
        assert_eq!((made.uid(), made.gid()), (ANNA, ANNA));
    }
    for made in [MAIN, ".pipeline-notify"] {
        let made = fs::symlink_metadata(directory.join(made)).unwrap();
        assert_eq!((made.uid(), made.gid()), (ANNA, ANNA));
    }
    // What is hidden is root's alone.
    let hidden = fs::symlink_metadata(directory.join(".pipeline-notify/0")).unwrap();
    assert_eq!((hidden.uid(), hidden.mode() & 0o777), (0, 0o700));

    let anna = ANNA.to_string();
    let as_anna = ["--reuid", &anna, "--regid", &anna, "--clear-groups"];
    let can = std::process::Command::new("setpriv")
        .args(as_anna)
        .arg("true")
        .status();
    if !can.is_ok_and(|can| can.success()) {
        println!("skipped in part: there is no setpriv");
        return;
    }
    let receiver = Receiver::new();
    for _ in 0..2 {
        let arguments = [&as_anna[..], &[path.to_str().unwrap(), "ok"]].concat();
        let program = Program::new("ends")
            .env("HOME", home.path())
            .alerts_to(&receiver);
        let ended = program.at(Path::new("setpriv"), &arguments).run();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
    }
    let status = fs::read_to_string(directory.join(MAIN)).unwrap();
    assert!(
        status.starts_with("OK\n") && status.contains("runs: 2\n"),
        "{status}"
    );
    // And root's again.
    lines(
        &failing()
            .env("HOME", home.path())
            .alerts_to(&receiver)
            .run(),
    );
    assert_eq!(
        fs::symlink_metadata(directory.join(MAIN)).unwrap().uid(),
        ANNA
    );
}

/// Issue 12, point 16.
#[test]
fn in_a_folder_that_others_may_write_what_root_makes_is_roots() {
    let folder = Folder::new();
    if chown(folder.path(), Some(ANNA), Some(ANNA)).is_err() {
        println!("skipped: only root can give a folder to another user");
        return;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    lines(&failing().directory(&folder).run());
    for made in [MAIN, ".pipeline-notify"] {
        assert_eq!(
            fs::symlink_metadata(folder.path().join(made))
                .unwrap()
                .uid(),
            0
        );
    }
}

/// Issue 12, point 31.
#[test]
fn a_value_and_a_name_that_are_slips_are_shown_with_what_to_write() {
    let folder = Folder::new();
    let receiver = Receiver::new();
    let program = failing().directory(&folder).alerts_to(&receiver);
    let ended = program
        .env("NOTIFY_SILENT_SECONDS", "4x")
        .env("NOTIFY_OK_SILENT_HOURS", "ever")
        .env("NOTIFY_FLAPING", "1")
        .env("NOTIFY_SOCKET", "/run/systemd/notify")
        .run();
    let ours = lines(&ended).join("\n");
    for words in [
        "NOTIFY_SILENT_SECONDS is not a number from 0 up (`4x`), and is ignored: write a number of seconds, such as `60`, or a time such as `4h`",
        "NOTIFY_OK_SILENT_HOURS is not a number from 0 up (`ever`), and is ignored: write a number of hours, such as `24`, or a time such as `90min`, or `never`",
        "NOTIFY_FLAPING is not a variable of pipeline-notify, and is ignored: did you mean NOTIFY_FLAPPING?",
    ] {
        assert!(ours.contains(words), "{words}\n{ours}");
    }
    assert_eq!(ours.lines().count(), 3, "{ours}");
}

#[test]
fn what_fills_the_environment_keeps_no_alert_from_being_sent() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let long = "x".repeat(100_000);
    let variables = [
        "NOTIFY_INSTANCE", "NOTIFY_CONTEXT", "SLURM_JOB_ID", "DAGSTER_RUN_ID",
    ];
    let program = failing().directory(&folder).alerts_to(&receiver);
    let program = variables
        .into_iter()
        .fold(program, |program, variable| program.env(variable, &long));
    assert_eq!(lines(&program.run()), <[&str; 0]>::default());
    assert_eq!(receiver.texts().len(), 1);
    assert_eq!(folder.waiting_alerts().len(), 0);
}

/// Issue 12, point 10.
#[test]
fn alerts_name_the_ids_of_the_scheduler() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = failing().directory(&folder).alerts_to(&receiver);
    lines(
        &program
            .env("SLURM_JOB_ID", "4711")
            .env("SLURM_ARRAY_JOB_ID", "4700")
            .env("SLURM_ARRAY_TASK_ID", "11")
            .env("SUPERVISOR_GROUP_NAME", "load")
            .env("SUPERVISOR_PROCESS_NAME", "load_03")
            .run(),
    );
    let text = receiver.texts().concat();
    assert!(
        text.contains("slurm job 4711, array task 4700_11"),
        "{text}"
    );
    assert!(text.contains("supervisord load:load_03"), "{text}");
}
