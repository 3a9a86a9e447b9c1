//! The real program of Apprise as a destination (issue 12, point 12). Passed over with a word where
//! it is not installed.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let is_down = Arc::new(AtomicBool::new(true));
    let down = is_down.clone();
    let receiver = Receiver::answering(move |_| {
        if down.load(Ordering::Relaxed) {
            Answer::Status(503, "")
        } else {
            Answer::Ok
        }
    });
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

    is_down.store(false, Ordering::Relaxed);
    run("ok");
    let texts: Vec<_> = receiver.accepted_requests().into_iter().collect();
    let told = texts
        .iter()
        .map(|request| request.payload()["message"].to_string());
    let told: Vec<_> = told.collect();
    let told = told.join("\n");
    assert!(told.contains("the disk is full"), "{told}");
    assert!(told.contains("recovered"), "{told}");
    assert!(!told.contains("\"version\""), "people read no JSON: {told}");
    assert!(folder.waiting_alerts().is_empty() && !rejected());
}
