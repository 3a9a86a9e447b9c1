//! The real program of Apprise as a destination (issue 12, point 12). Passed over with a word where
//! it is not installed.

use std::env;
use std::path::PathBuf;

use crate::support::{Answer, Folder, Program, Receiver};

fn apprise() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path).map(|folder| folder.join("apprise"));
    let found = found.into_iter().find(|program| program.is_file());
    if found.is_none() {
        eprintln!("passed over: `apprise` is not in PATH (pip install apprise)");
    }
    found
}

#[test]
fn an_outage_behind_apprise_delays_an_alert_and_loses_none() {
    let Some(apprise) = apprise() else { return };
    let receiver = Receiver::down(Answer::Status(503, ""));
    let folder = Folder::new();
    let run = |outcome: &str| {
        let word = format!(
            "exec://{}?text=yes&arg=-v&arg=json://{}/x",
            apprise.display(),
            receiver.address()
        );
        let ended = Program::new("incidents")
            .arg(outcome)
            .directory(&folder)
            .env("HOME", folder.path())
            .env("PATH", env::var_os("PATH").unwrap())
            .env("NOTIFY_ALERTS_URL", word)
            .env("NOTIFY_EXIT_SECONDS", "20")
            .run();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stderr
    };
    let rejected = || {
        let files = folder.hidden_files();
        files.keys().any(|path| path.contains("/rejected/"))
    };

    let said = run("the disk is full");
    assert!(said.contains("exit code 1: "), "{said}");
    assert_eq!(folder.waiting_alerts().len(), 1, "{said}");
    assert!(!rejected(), "{said}");

    receiver.mend();
    run("ok");
    let accepted = receiver.accepted_requests().into_iter();
    let sent: String = accepted
        .map(|request| request.payload()["message"].to_string())
        .collect();
    assert!(sent.contains("the disk is full"), "{sent}");
    assert!(sent.contains("recovered"), "{sent}");
    assert!(!sent.contains("\"version\""), "people read no JSON: {sent}");
    assert!(folder.waiting_alerts().is_empty() && !rejected());
}
