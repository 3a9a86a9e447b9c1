//! Whatever is wrong around a program, it ends as it would have ended, and says once what is wrong.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::support::receiver::SECRET;
use crate::support::{Ended, Folder, Program, Receiver};

const MAIN: &str = "pipeline-notify.ends.main";

/// The line that the program itself writes.
const OWN: &str = "Error: \"the disk is full\"";

fn failing() -> Program {
    Program::new("ends").arg("err")
}

/// Checks that the program failed as it does without the library, and returns our lines.
fn lines(ended: &Ended) -> Vec<String> {
    assert_eq!(ended.code, Some(1));
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
    let (own, ours): (Vec<_>, Vec<_>) = ended
        .stderr
        .lines()
        .map(str::to_owned)
        .partition(|line| line == OWN);
    assert_eq!(own.len(), 1, "{}", ended.stderr);
    ours
}

#[test]
fn without_a_directory_the_users_state_folder_is_used() {
    let (home, receiver) = (Folder::new(), Receiver::new());
    let ended = failing()
        .env("HOME", home.path())
        .alerts_to(&receiver)
        .run_soon();
    assert_eq!(lines(&ended), Vec::<String>::new());
    let status =
        fs::read_to_string(home.path().join(".local/state/pipeline-notify").join(MAIN)).unwrap();
    assert!(status.starts_with("ERROR\n"));
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn where_there_can_be_no_directory_failures_are_sent_all_the_same() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let programs = [
        ("no NOTIFYDIR, no home", failing()),
        ("a-file", failing().env("NOTIFYDIR", &file)),
        ("/proc/none", failing().env("NOTIFYDIR", "/proc/none")),
    ];
    for (number, (names, program)) in programs.into_iter().enumerate() {
        let ours = lines(&program.alerts_to(&receiver).run_soon());
        assert_eq!(ours.len(), 1, "{ours:?}");
        assert!(
            ours[0].contains(names) && ours[0].contains("NOTIFYDIR"),
            "{ours:?}"
        );
        assert_eq!(receiver.texts().len(), number + 1);
    }
}

#[test]
fn where_there_can_be_no_directory_success_is_silent() {
    let receiver = Receiver::new();
    let ended = Program::new("ends")
        .arg("ok")
        .env("NOTIFYDIR", "/proc/none")
        .alerts_to(&receiver)
        .run_soon();
    assert_eq!(ended.code, Some(0));
    assert!(receiver.texts().is_empty());
}

/// A write beyond the limit ends a process by SIGXFSZ.
#[test]
fn where_files_may_not_grow_it_ends_as_it_would_and_the_failure_is_sent() {
    for limit in ["0", "1"] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let limited = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
        let program = failing().directory(&folder).alerts_to(&receiver);
        let ours = lines(&program.under("sh", ["-c", &limited]).run_soon());
        assert!(
            limit != "0" || ours.iter().any(|line| line.contains("too large")),
            "{ours:?}"
        );
        assert_eq!(receiver.texts().len(), 1, "ulimit -f {limit}");
    }
}

#[test]
fn where_threads_are_to_have_little_stack_it_ends_as_it_would_and_the_failure_is_sent() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = failing().directory(&folder).alerts_to(&receiver);
    let ended = program.env("RUST_MIN_STACK", "16384").run_soon();
    assert_eq!(lines(&ended), Vec::<String>::new());
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn a_directory_whose_name_is_not_utf8_is_used() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let directory = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"n\xffotify"));
    let ended = failing()
        .env("NOTIFYDIR", &directory)
        .alerts_to(&receiver)
        .run_soon();
    assert_eq!(lines(&ended), Vec::<String>::new());
    assert!(directory.join(MAIN).is_file());
}

#[test]
fn a_status_file_that_is_damaged_never_disturbs_a_run_and_is_reported() {
    type Damage = fn(&std::path::Path);
    let damages: [(&str, Damage); 7] = [
        ("empty", |path| fs::write(path, "").unwrap()),
        ("garbage", |path| fs::write(path, "what?\n").unwrap()),
        ("not UTF-8", |path| {
            fs::write(path, b"\xff\xfe\n\n\xff").unwrap();
        }),
        ("large", |path| {
            fs::File::create(path)
                .unwrap()
                .set_len(100_000_000)
                .unwrap();
        }),
        ("a link", |path| {
            std::os::unix::fs::symlink("/etc/passwd", path).unwrap();
        }),
        ("a FIFO", |path| {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(path)
                    .status()
                    .unwrap()
                    .success()
            );
        }),
        ("a dangling link", |path| {
            std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap();
        }),
    ];
    for (damage, lay) in damages {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        lay(&folder.path().join(MAIN));
        let ours = lines(&failing().directory(&folder).alerts_to(&receiver).run_soon());
        assert_eq!(ours.len(), 1, "{damage}: {ours:?}");
        assert!(
            ours[0].contains("cannot be understood"),
            "{damage}: {ours:?}"
        );
        assert_eq!(receiver.texts().len(), 1, "{damage}");
        let status = fs::symlink_metadata(folder.path().join(MAIN)).unwrap();
        assert!(status.is_file(), "{damage}");
        assert!(folder.status_file(MAIN).starts_with("ERROR\n"), "{damage}");
    }
}

#[test]
fn where_the_status_cannot_be_written_the_alert_goes_out() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    fs::create_dir_all(folder.path().join(MAIN).join("x")).unwrap();
    let ours = lines(&failing().directory(&folder).alerts_to(&receiver).run_soon());
    assert!(
        ours.iter().any(|line| line.contains("cannot be written")),
        "{ours:?}"
    );
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn a_webhook_that_is_missing_or_cannot_be_used_is_named_once_and_not_shown() {
    for webhook in [
        None,
        Some(""),
        Some("hooks.slack.com/services/T000/B000/s3cr3t"),
        Some("http://hooks.slack.example/services/T000/B000/s3cr3t"),
        Some("http://127.0.0.1@slack.example/services/T000/B000/s3cr3t"),
        Some("file:/nowhere/at/all"),
    ] {
        let folder = Folder::new();
        let program = failing().directory(&folder);
        let program = match webhook {
            Some(webhook) => program.env("SLACK_ALERTS_WEBHOOK_URL", webhook),
            None => program,
        };
        let ours = lines(&program.run_soon());
        assert!((1..=2).contains(&ours.len()), "{webhook:?}: {ours:?}");
        assert!(
            ours.iter()
                .all(|line| line.contains("SLACK_ALERTS_WEBHOOK_URL")),
            "{webhook:?}: {ours:?}"
        );
        assert!(folder.status_file(MAIN).starts_with("ERROR\n"));
        assert!(!ours.concat().contains("slack.example"), "{ours:?}");
    }
}

#[test]
fn a_failure_that_could_not_be_sent_is_sent_once_there_is_a_webhook() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    lines(&failing().directory(&folder).run_soon());
    lines(&failing().directory(&folder).alerts_to(&receiver).run_soon());
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn a_webhook_can_be_read_from_a_file() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let file = folder.path().join(".webhook");
    fs::write(&file, format!("{}\n", receiver.webhook())).unwrap();
    let webhook = format!("file:{}", file.display());
    lines(
        &failing()
            .directory(&folder)
            .env("SLACK_ALERTS_WEBHOOK_URL", webhook)
            .run_soon(),
    );
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn a_proxy_never_sees_a_webhook_on_this_machine() {
    let (folder, receiver, proxy) = (Folder::new(), Receiver::new(), Receiver::new());
    let proxy_url = proxy.webhook();
    let program = failing().directory(&folder).alerts_to(&receiver);
    lines(
        &program
            .env("HTTPS_PROXY", &proxy_url)
            .env("HTTP_PROXY", &proxy_url)
            .env("ALL_PROXY", &proxy_url)
            .run_soon(),
    );
    assert_eq!((receiver.requests().len(), proxy.requests().len()), (1, 0));
}

#[test]
fn a_disabled_program_runs_bare() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for (value, files) in [("1", 0), ("yes", 0), ("false", 1)] {
        lines(
            &failing()
                .directory(&folder)
                .alerts_to(&receiver)
                .env("NOTIFY_DISABLE", value)
                .run_soon(),
        );
        assert_eq!(folder.status_files().len(), files, "{value}");
    }
}

#[test]
fn standard_error_that_is_closed_does_not_matter() {
    let folder = Folder::new();
    let mut command = failing().directory(&folder).command();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(folder.status_file(MAIN).starts_with("ERROR\n"));
}

#[test]
fn status_files_can_be_read_by_others_and_nothing_else_can() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut command = std::process::Command::new("sh");
    let program = failing().command();
    command
        .arg("-c")
        .arg("umask 0077; \"$0\" err")
        .arg(program.get_program())
        .env_clear();
    command
        .env("NOTIFY_DISABLE", "0")
        .env("NOTIFYDIR", folder.path())
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(MAIN), 0o644);
    let hidden = folder.path().join(".pipeline-notify");
    for user in fs::read_dir(hidden).unwrap().flatten() {
        assert_eq!(user.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_umask_that_leaves_no_right_leaves_the_owner_every_file() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for _ in 0..2 {
        let program = failing().directory(&folder).alerts_to(&receiver);
        let program = program.under("/bin/sh", ["-c", "umask 0777; exec \"$0\" \"$@\""]);
        assert_eq!(lines(&program.run_soon()), Vec::<String>::new());
    }
    let mut find = std::process::Command::new("find");
    find.arg(folder.path()).args(["!", "-perm", "-600"]);
    let found = find.output().unwrap().stdout;
    assert_eq!(String::from_utf8(found).unwrap(), "");
}

#[test]
fn a_folder_that_somebody_else_has_laid_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, receiver) = (Folder::new(), Receiver::new());
    lines(&failing().directory(&folder).alerts_to(&receiver).run_soon());
    let hidden = folder.path().join(".pipeline-notify");
    let user = fs::read_dir(&hidden)
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    fs::set_permissions(&user, fs::Permissions::from_mode(0o777)).unwrap();
    let ours = lines(&failing().directory(&folder).alerts_to(&receiver).run_soon());
    assert!(
        ours.concat().contains("not a private folder of this user"),
        "{ours:?}"
    );
}

#[test]
fn an_article_file_is_understood_and_replaced() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let file = "ERROR\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n\nTraceback\nMySpecialError: omg!\n\n";
    fs::write(folder.path().join(MAIN), file).unwrap();
    Program::new("ends")
        .arg("ok")
        .directory(&folder)
        .alerts_to(&receiver)
        .run_soon();
    assert!(receiver.texts().concat().contains("recovered"));
    assert!(folder.status_file(MAIN).starts_with("OK\n"));
}
