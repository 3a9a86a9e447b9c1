//! The shared store: pods without a disk and hosts as one, over a `PostgreSQL` that the tests start themselves. Without
//! its programs they are passed over with a word.
#![cfg(all(feature = "cli", feature = "postgres", unix))]

#[path = "fleet/clocks.rs"]
mod clocks;
#[path = "fleet/lost.rs"]
mod lost;
#[path = "fleet/scenarios.rs"]
mod scenarios;
mod support;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use support::running::kill;
use support::server::{self, PASSWORD, Server, schema, server};
use support::service::Service;
use support::{Answer, Ended, Folder, Program, Receiver, Running, eventually};

/// A program in a pod: its disk is new, and goes with it.
fn pod(name: &str, store: &str, receiver: &Receiver) -> Program {
    Program::new(name)
        .env("NOTIFY_STORE", store)
        .env("NOTIFY_OK_SILENT_HOURS", "never")
        .env("NOTIFY_SILENT_SECONDS", "3600")
        .alerts_to(receiver)
}

/// Runs the job of `incidents` once in a pod of its own, with these outcomes.
fn runs(store: &str, receiver: &Receiver, outcomes: &[&str]) -> Ended {
    let disk = Folder::new();
    let program = outcomes
        .iter()
        .fold(pod("incidents", store, receiver), Program::arg);
    program.directory(&disk).run()
}

/// The command on a store, with nothing else in its environment.
fn command(store: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline-notify"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("NOTIFY_STORE", store)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it, and returns its code and all that it wrote.
fn said(store: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(store, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(!text.contains(PASSWORD), "{text}");
    (output.status.code(), text)
}

fn watch(store: &str, receiver: &Receiver) -> Running {
    watch_with(store, receiver, [])
}

/// The same with more in its environment.
fn watch_with<const MORE: usize>(
    store: &str,
    receiver: &Receiver,
    more: [(&str, String); MORE],
) -> Running {
    let mut command = command(store, &["watch", "--every", "0.2s"]);
    command.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
    command.stderr(Stdio::null()).stdout(Stdio::null());
    Running(command.envs(more).spawn().unwrap())
}

fn count(texts: &[String], what: &str) -> usize {
    texts.concat().matches(what).count()
}

fn rows(server: &Server, store: &str, table: &str) -> usize {
    let schema = schema(store);
    server
        .sql(&format!("SELECT count(*) FROM {schema}.{table}"))
        .parse()
        .unwrap()
}

/// Issue 15, points 1, 2 and 8.
#[test]
fn pods_without_a_disk_are_one_job_with_one_incident() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    for outcome in ["ok", "ok", "boom", "boom", "ok", "ok"] {
        let ended = runs(&store, &receiver, &[outcome]);
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    }
    let texts = receiver.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].contains("boom") && count(&texts, "--- ERROR ---") == 1,
        "{texts:?}"
    );
    let (code, shown) = said(&store, &["status"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("incidents.load"), "{shown}");
    assert_eq!(
        (rows(server, &store, "run"), rows(server, &store, "alert")),
        (0, 0)
    );
    let status = server.sql(&format!("SELECT status FROM {}.job", schema(&store)));
    assert!(
        status.starts_with("OK\n") && status.contains("runs-total: 6"),
        "{status}"
    );
}

/// Issue 15: the same of what is sent and of what is known afterwards, in a directory and in the shared store.
#[test]
fn one_list_of_what_happens_is_the_same_in_both_engines() {
    let Some(server) = server() else { return };
    scenarios::all(server);
}

/// Issue 15: the same of random runs.
#[test]
fn random_runs_are_the_same_in_both_engines() {
    let Some(server) = server() else { return };
    scenarios::random(server);
}

/// Issue 15, point 2: alerts that are held, and a recovery of which nobody had heard.
#[test]
fn a_failure_that_is_held_back_is_sent_at_the_next_or_withdrawn_in_whichever_pod() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let run = |outcome: &str| {
        let disk = Folder::new();
        let program = pod("incidents", &store, &receiver)
            .arg(outcome)
            .env("AFTER", "2");
        assert_eq!(program.directory(&disk).run().stderr, "");
    };
    run("one");
    assert_eq!(rows(server, &store, "alert"), 1, "it is held");
    run("ok");
    assert_eq!(
        (rows(server, &store, "alert"), receiver.texts().len()),
        (0, 0)
    );
    run("one");
    run("two");
    assert_eq!(receiver.texts().len(), 1);
    run("ok");
    assert_eq!(receiver.texts().len(), 2);
    assert_eq!(rows(server, &store, "alert"), 0);
}

#[test]
fn drain_says_what_it_has_sent_from_a_store_and_what_is_left() {
    let Some(server) = server() else { return };
    let (store, is_mended) = (server.store(), Arc::new(AtomicBool::new(false)));
    let mended = is_mended.clone();
    let receiver = Receiver::answering(move |_| {
        if mended.load(Ordering::Relaxed) {
            Answer::Ok
        } else {
            Answer::Status(404, "no_service")
        }
    });
    runs(&store, &receiver, &["boom"]);
    let drain = || said_with(&store, &receiver, &["drain", "--for", "5s"]);
    let (code, text) = drain();
    assert!(
        code == Some(1) && text.contains("0 alerts sent, 1 left:\n  alerts-"),
        "{code:?} {text}"
    );
    is_mended.store(true, Ordering::Relaxed);
    assert_eq!(
        drain(),
        (Some(0), "1 alert sent, nothing is left\n".to_owned())
    );
}

#[test]
fn check_says_where_a_store_keeps_what_was_refused() {
    let Some(server) = server() else { return };
    let store = server.store();
    let receiver = Receiver::answering(|_| Answer::Status(400, "invalid_payload"));
    runs(&store, &receiver, &["boom"]);
    let (_, text) = said(&store, &["check"]);
    let says =
        "read `reason` in the table `alert`, state `rejected`, fix the cause, delete the row";
    assert!(text.contains(says), "{text}");
    assert_eq!(
        rows(
            server,
            &store,
            "alert WHERE state = 'rejected' AND reason <> ''"
        ),
        1
    );
}

/// Issue 15, point 4: no alert is lost, and each is sent once; where each could ask the store in time, by a few messages.
#[test]
fn many_processes_that_fail_at_once_are_a_few_messages() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let all: Vec<_> = (0..24)
        .map(|number| {
            let (store, webhook) = (store.clone(), receiver.webhook());
            thread::spawn(move || {
                let disk = Folder::new();
                Program::new("incidents")
                    .arg("boom")
                    .env("NOTIFY_STORE", store)
                    .env("NOTIFY_INSTANCE", format!("host{number}"))
                    .env("NOTIFY_EXIT_SECONDS", "30")
                    .env("SLACK_ALERTS_WEBHOOK_URL", webhook)
                    .directory(&disk)
                    .run()
            })
        })
        .collect();
    let ended: Vec<_> = all.into_iter().map(|one| one.join().unwrap()).collect();
    let slow = ended
        .iter()
        .filter(|ended| ended.stderr.contains("does not answer"))
        .count();
    // What a process could not send in time is sent by whoever comes next.
    assert_eq!(said_with(&store, &receiver, &["drain"]).0, Some(0));
    let texts = receiver.texts();
    for number in 0..24 {
        let times = texts
            .concat()
            .matches(&format!("load@host{number} "))
            .count();
        assert!(
            times >= 1 && (times == 1 || slow > 0),
            "host{number}: {times}, {texts:?}"
        );
    }
    assert!(
        texts.len() <= 4 + 2 * slow,
        "{} messages, {slow} slow",
        texts.len()
    );
    assert_eq!(rows(server, &store, "alert"), 0);
}

/// Issue 15, point 3: the dead are found by a watch, alike in both engines, and on another host.
#[test]
fn a_killed_pod_is_reported_by_a_watch_and_one_that_is_stopped_is_not() {
    let Some(server) = server() else { return };
    // They wait most of the time.
    thread::scope(|scope| {
        scope.spawn(|| scenarios::death(server));
        a_killed_pod_and_one_that_is_stopped(server);
    });
}

fn a_killed_pod_and_one_that_is_stopped(server: &Server) {
    let (store, receiver) = (server.store(), Receiver::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let _watch = watch(&store, &receiver);
    let disks = [Folder::new(), Folder::new()];
    let begin = |disk: &Folder, instance: &str| {
        let program = pod("ends", &store, &receiver).arg("hang").directory(disk);
        Running(
            program
                .env("NOTIFY_INSTANCE", instance)
                .command()
                .spawn()
                .unwrap(),
        )
    };
    let (mut killed, stopped) = (begin(&disks[0], "killed"), begin(&disks[1], "stopped"));
    eventually("both runs are written down", || {
        rows(server, &store, "run") == 2
    });
    kill("STOP", stopped.0.id());
    killed.0.kill().unwrap();
    let looked = Instant::now();
    while count(&receiver.texts(), "died: ") == 0 {
        assert!(
            looked.elapsed() < Duration::from_secs(90),
            "no death is reported"
        );
        thread::sleep(Duration::from_millis(50));
    }
    assert!(receiver.texts()[0].contains("ends.main@killed"));
    assert_eq!(rows(server, &store, "run"), 1, "the other is under way");
    let (_, shown) = said(&store, &["status"]);
    assert!(
        shown.contains("1 running") && shown.contains("1 failed"),
        "{shown}"
    );
    kill("CONT", stopped.0.id());
}

/// Starts a process whose job fails, and works once that file is there; returns it once the failure is sent.
fn failed_and_waits(store: &str, receiver: &Receiver, disk: &Folder, file: &Path) -> Running {
    let program = pod("incidents", store, receiver).directory(disk);
    let awaits = format!("await {}", file.display());
    let program = program.arg("boom").arg(awaits).arg("ok");
    let running = Running(program.command().spawn().unwrap());
    eventually("the failure is sent", || receiver.texts().len() == 1);
    running
}

/// A store that was set back to before the job's first run: what the processes that still run know counts.
#[test]
fn a_failure_that_the_store_has_lost_has_its_recovery_from_the_process_that_knows_of_it() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let restored = disk.path().join("restored");
    let mut running = failed_and_waits(&store, &receiver, &disk, &restored);
    server.sql(&format!("DELETE FROM {}.job", schema(&store)));
    std::fs::write(&restored, "").unwrap();
    assert!(running.0.wait().unwrap().success());
    let texts = receiver.texts();
    assert!(
        texts.len() == 2 && texts[1].contains("works again"),
        "{texts:?}"
    );
}

/// What a person has had forgotten stays so, and its name is free.
#[test]
fn what_is_forgotten_is_new_to_a_process_that_remembers_it() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let forgotten = disk.path().join("forgotten");
    let mut running = failed_and_waits(&store, &receiver, &disk, &forgotten);
    let job = "pipeline-notify.incidents.load";
    assert_eq!(said(&store, &["forget", job]).0, Some(0));
    assert_eq!(said(&store, &["status"]).1.matches(job).count(), 0);
    std::fs::write(&forgotten, "").unwrap();
    assert!(running.0.wait().unwrap().success());
    assert_eq!(receiver.texts().len(), 1, "its first run worked");
    assert_eq!(said(&store, &["forget", job]).0, Some(0));
    assert_eq!(
        said(&store, &["run", "--name", "other", "--", "true"]).0,
        Some(0)
    );
    let (code, said) = said(&store, &["rename", "other", job]);
    assert_eq!(code, Some(0), "{said}");
}

/// A process that this host knows to have ended is reported by the next run, as in a directory: nobody waits for its return.
#[test]
fn a_killed_process_is_reported_by_the_next_run_on_its_host() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let killed = pod("ends", &store, &receiver).arg("hang").directory(&disk);
    let mut killed = Running(killed.command().stdout(Stdio::null()).spawn().unwrap());
    eventually("the run is written down", || {
        rows(server, &store, "run") == 1
    });
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    let schema = schema(&store);
    let holds = format!(
        "SELECT count(*) FROM pg_locks l JOIN {schema}.run r ON l.locktype = 'advisory' \
         AND ((l.classid::bigint << 32) | l.objid::bigint) = r.process"
    );
    eventually("its connection is closed", || server.sql(&holds) == "0");
    assert_eq!(runs(&store, &receiver, &["ok"]).code, Some(0));
    let texts = receiver.texts();
    assert_eq!(count(&texts, "died: "), 1, "{texts:?}");
    assert_eq!(rows(server, &store, "run"), 0);
}

/// A server that takes the connection and never answers holds up no job: what waits for it is the end.
#[test]
fn a_store_that_hangs_does_not_hold_up_the_beginning_of_a_run() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let store = format!("postgres://u:{PASSWORD}@127.0.0.1:{port}/d");
    let (receiver, disk) = (Receiver::new(), Folder::new());
    // A machine under load may be slow, but not each time.
    let begins_at_once = || {
        let program = pod("ends", &store, &receiver).arg("hang").directory(&disk);
        let begun = Instant::now();
        let mut command = program.command();
        let mut program = Running(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut first = [0];
        let stdout = program.0.stdout.as_mut().unwrap();
        stdout.read_exact(&mut first).unwrap();
        begun.elapsed() < Duration::from_millis(1_500)
    };
    assert!((0..10).any(|_| begins_at_once()));
}

/// Issue 15, point 5: a store that is down, that never answers, that says no, or that is no store.
#[test]
fn without_the_store_the_job_is_the_same_and_its_failure_is_sent_by_the_process() {
    let Some(server) = server() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    server.sql("CREATE ROLE nobody_here LOGIN");
    server.sql("CREATE ROLE closed_out LOGIN");
    server.sql("CREATE DATABASE walled");
    server.sql("REVOKE CONNECT ON DATABASE walled FROM PUBLIC");
    for (store, why) in [
        (format!("postgres://u:{PASSWORD}@127.0.0.1:1/d"), "refused"),
        (
            format!("postgres://u:{PASSWORD}@127.0.0.1:{silent_port}/d"),
            "does not answer",
        ),
        (
            server.address("nobody_here", "schema=never_made"),
            "store init",
        ),
        (server.address("no_such_role", ""), "mend that role"),
        (
            server
                .address("closed_out", "")
                .replace("/postgres?", "/walled?"),
            "GRANT CONNECT ON DATABASE \"walled\" TO \"closed_out\"",
        ),
        (
            format!(
                "postgres://u@127.0.0.1:{}/d",
                impostor(b"R\0\0\0\x08\0\0\0\x03", false)
            ),
            "PGPASSWORD",
        ),
        (
            format!(
                "postgres://u:{PASSWORD}@127.0.0.1:{}/d",
                impostor(
                    b"E\0\0\0\x33SFATAL\0C08P01\0Mpassword authentication failed\0\0",
                    false
                )
            ),
            "user and password",
        ),
        (
            server.address("postgres", "sslmode=verify-full"),
            "NOTIFY_STORE",
        ),
        (
            format!(
                "postgres://u:{PASSWORD}@127.0.0.1:{}/no_such_database",
                server.port
            ),
            "",
        ),
    ] {
        let (disk, receiver) = (Folder::new(), Receiver::new());
        let run = |outcome: &str| {
            pod("incidents", &store, &receiver)
                .arg(outcome)
                .directory(&disk)
                .run()
        };
        let ended = run("boom");
        assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{store}");
        let warned = &ended.stderr;
        assert_eq!(
            warned.matches("the store `postgres://").count(),
            1,
            "{warned}"
        );
        assert!(
            warned.contains(why) || why == "NOTIFY_STORE",
            "{why}: {warned}"
        );
        assert!(!warned.contains(PASSWORD), "{warned}");
        let texts = receiver.texts();
        assert!(texts.len() == 1 && texts[0].contains("boom"), "{texts:?}");
        assert!(
            texts[0].contains("the store cannot be reached"),
            "{texts:?}"
        );
        // It was noted on this host: its recovery is known, and nothing else is sent.
        run("ok");
        let texts = receiver.texts();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(!texts[1].contains("its recovery"), "{texts:?}");
        run("ok");
        assert_eq!(receiver.texts().len(), 2, "{store}");
        assert!(receiver.texts().iter().all(|text| !text.contains(PASSWORD)));
    }
}

/// Issue 15, points 1 and 5: by a real handshake.
#[test]
fn an_encrypted_server_is_verified_and_one_that_is_not_trusted_is_a_warning_that_names_the_mend() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let pem = certificate.self_signed(&key).unwrap().pem();
    let Some(server) = Server::start_encrypted(&pem, &key.serialize_pem()) else {
        return println!("passed over: there is no PostgreSQL here");
    };
    let disk = Folder::new();
    let roots = disk.path().join("roots.pem");
    std::fs::write(&roots, &pem).unwrap();
    let roots = format!("sslrootcert={}", roots.display());
    let named = |parameters: &str| {
        server
            .address("postgres", parameters)
            .replace("127.0.0.1", "localhost")
    };
    for (store, mend) in [
        (named(&format!("sslmode=verify-full&{roots}")), ""),
        (named("sslmode=require"), ""),
        (named("sslmode=verify-full"), "sslrootcert="),
        // Its certificate is for `localhost`.
        (
            server.address("postgres", &format!("sslmode=verify-full&{roots}")),
            "as its certificate does",
        ),
    ] {
        let receiver = Receiver::new();
        let ended = runs(&store, &receiver, &["boom"]);
        assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{store}");
        assert_eq!(receiver.texts().len(), 1, "{store}: {}", ended.stderr);
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
        let is_silent = ended.stderr.is_empty();
        assert!(
            is_silent == mend.is_empty() && ended.stderr.contains(mend),
            "{store}: {}",
            ended.stderr
        );
        runs(&store, &receiver, &["ok"]);
    }
}

/// A server of the name only: it says so much, a byte at a time where it drips, and holds the connection.
fn impostor(says: &'static [u8], drips: bool) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = connection.read(&mut [0; 1024]);
                let pause = Duration::from_millis(if drips { 100 } else { 0 });
                for byte in says
                    .iter()
                    .cycle()
                    .take(if drips { 400 } else { says.len() })
                {
                    let _ = connection.write_all(&[*byte]);
                    thread::sleep(pause);
                }
                thread::sleep(Duration::from_secs(60));
            });
        }
    });
    port
}

/// Issue 15, point 5: whatever is at the other end, the job is the same.
#[test]
fn a_server_that_is_none_changes_nothing_but_what_is_said_of_it() {
    let Some(server) = server() else { return };
    server
        .sql("CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on");
    server.sql("CREATE ROLE few LOGIN CONNECTION LIMIT 0");
    let to = |port: u16, parameters: &str| {
        format!("postgres://u:{PASSWORD}@127.0.0.1:{port}/d?{parameters}")
    };
    let long = b"R\x00\x00\x0f\xff";
    let stores = [
        (
            "never answers",
            to(impostor(b"", false), ""),
            "does not answer",
        ),
        ("drips", to(impostor(long, true), ""), "does not answer"),
        (
            "hangs in TLS",
            to(impostor(b"S", false), "sslmode=require"),
            "does not answer",
        ),
        (
            "speaks HTTP",
            to(impostor(b"HTTP/1.1 400\r\n", false), ""),
            "",
        ),
        (
            "has no TLS",
            server.address("postgres", "sslmode=verify-full"),
            "sslmode=disable",
        ),
        ("is read-only", server.address("reader", ""), "read-only"),
        ("is full", server.address("few", ""), "PgBouncer"),
    ];
    thread::scope(|scope| {
        for (what, store, why) in &stores {
            scope.spawn(move || {
                let receiver = Receiver::new();
                let ended = runs(store, &receiver, &["boom"]);
                assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{what}");
                let warned = &ended.stderr;
                let warnings = warned.matches("the store `postgres://").count();
                assert_eq!(warnings, 1, "{what}: {warned}");
                assert!(warned.contains(why), "{what}: {warned}");
                assert!(!warned.contains(PASSWORD), "{what}: {warned}");
                let texts = receiver.texts();
                assert!(
                    texts.len() == 1 && texts[0].contains("boom"),
                    "{what}: {texts:?}"
                );
            });
        }
    });
}

/// Issue 15, point 1: neither other users of the machine nor those of the server see the password.
#[test]
fn the_password_may_be_in_its_own_file_and_is_seen_nowhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(server) = server() else { return };
    server.sql(&format!("CREATE ROLE notify LOGIN PASSWORD '{PASSWORD}'"));
    let (receiver, disk) = (Receiver::new(), Folder::new());
    let path = disk.path().join("pgpass");
    std::fs::write(
        &path,
        format!("127.0.0.1:{}:*:notify:{PASSWORD}\n", server.port),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let store = server.store();
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let rights = format!(
        "GRANT ALL ON SCHEMA {0} TO notify; GRANT ALL ON ALL TABLES IN SCHEMA {0} TO notify",
        schema(&store)
    );
    server.sql(&rights);
    let store = store.replace(&format!("postgres:{PASSWORD}@"), "notify@");
    let mut command = pod("ends", &store, &receiver)
        .arg("hang")
        .env("PGPASSFILE", &path);
    command = command.directory(&disk);
    let running = Running(command.command().spawn().unwrap());
    let asked = "SELECT application_name FROM pg_stat_activity WHERE usename = 'notify'";
    eventually("it is connected", || !server.sql(asked).is_empty());
    assert_eq!(server.sql(asked), "pipeline-notify");
    let words = std::fs::read(format!("/proc/{}/cmdline", running.0.id())).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&words).contains(PASSWORD));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let other = pod("incidents", &store, &receiver)
        .arg("ok")
        .env("PGPASSFILE", &path);
    let warned = other.directory(&Folder::new()).run().stderr;
    assert!(
        warned.contains("chmod 600") && !warned.contains(PASSWORD),
        "{warned}"
    );
}

/// Issue 15, point 5: with neither the store nor the destination.
#[test]
fn what_can_neither_be_recorded_nor_sent_waits_on_this_host_and_is_sent_by_the_next_process() {
    let receiver = Receiver::down(Answer::Status(503, "down"));
    let (store, disk) = (
        format!("postgres://u:{PASSWORD}@127.0.0.1:1/d"),
        Folder::new(),
    );
    let run = |outcome: &str, exit: &str| {
        let program = pod("incidents", &store, &receiver).arg(outcome);
        let program = program.env("NOTIFY_EXIT_SECONDS", exit).directory(&disk);
        program.run().stderr
    };
    for error in ["boom", "bang"] {
        let warned = run(error, "1");
        assert!(warned.contains("they wait on disk"), "{warned}");
    }
    assert!(receiver.accepted().is_empty());
    receiver.mend();
    // A destination that failed is asked again after a pause.
    run("ok", "30");
    let accepted = receiver.accepted();
    assert!(accepted[0].contains("boom"), "{accepted:?}");
    assert!(
        accepted.concat().contains("OK"),
        "its recovery is known: {accepted:?}"
    );
}

/// The first run that ends there has no destination, and the next one has.
#[test]
fn what_waits_on_this_host_is_sent_by_a_program_of_which_the_first_run_sends_nothing() {
    let receiver = Receiver::down(Answer::Status(503, "down"));
    let store = format!("postgres://u:{PASSWORD}@127.0.0.1:1/d");
    let disk = Folder::new();
    let failing = pod("incidents", &store, &receiver).arg("boom");
    let failing = failing.env("NOTIFY_EXIT_SECONDS", "1").directory(&disk);
    let warned = failing.run().stderr;
    assert!(warned.contains("they wait on disk"), "{warned}");
    receiver.mend();
    // Once the pause after the failures is over.
    let is_sent = (0..10).any(|_| {
        thread::sleep(Duration::from_secs(1));
        let silent = pod("nested", &store, &receiver).arg("ok");
        let silent = silent
            .env("INNER_CHANNEL", "")
            .env("OUTER_CHANNEL", "alerts");
        assert_eq!(silent.directory(&disk).run().code, Some(0));
        receiver.accepted().concat().contains("boom")
    });
    assert!(is_sent);
}

/// Issues 15 and 16: what a message is known by is in the store, so that another pod edits it.
#[test]
fn an_incident_is_one_message_though_it_fails_in_one_pod_and_recovers_in_another() {
    let Some(server) = server() else { return };
    let store = server.store();
    let slack = Service::of(|asked| {
        let ok = json!({ "ok": true, "channel": "C1", "ts": asked.number.to_string() });
        (200, "", ok.to_string())
    });
    let address = slack.address();
    let run = |outcome: &str| {
        let disk = Folder::new();
        let program = Program::new("services")
            .env("NOTIFY_STORE", &store)
            .env("NOTIFY_EXIT_SECONDS", "20")
            .env(
                "NOTIFY_ALERTS_URL",
                format!("slack://{address}/xoxb-1-2-s3cr3t/#ops"),
            )
            .arg(outcome);
        let ended = program.directory(&disk).run();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    };
    run("the disk is full");
    // Issue 16: what was not written for three months is forgotten, once another message is sent.
    let schema = schema(&store);
    server.sql(&format!(
        "INSERT INTO {schema}.alert (queue, name, job, state, body, reason) SELECT queue, 'stale', '', 'handle', '', \
         '2020-01-01 00:00:00:000000 UTC' FROM {schema}.alert WHERE state = 'handle' LIMIT 1"
    ));
    run("ok");
    let posts = slack.posts();
    let methods: Vec<_> = posts.iter().map(|post| &*post.target).collect();
    let edit = posts
        .iter()
        .find(|post| post.target.ends_with("chat.update"));
    let edit = edit.unwrap_or_else(|| panic!("{methods:?}"));
    assert_eq!(edit.body["ts"], "0", "{methods:?}");
    let is_own = |post: &&support::service::Post| {
        post.target.ends_with("chat.postMessage") && post.body["thread_ts"].is_null()
    };
    assert_eq!(posts.iter().filter(is_own).count(), 1, "{methods:?}");
    run("the disk is full");
    let stale = format!("SELECT count(*) FROM {schema}.alert WHERE name = 'stale'");
    assert_eq!(server.sql(&stale), "0");
    let kept = format!("SELECT count(*) FROM {schema}.alert WHERE state = 'handle'");
    assert_ne!(server.sql(&kept), "0", "that of the new message is kept");
}

/// Issue 15, point 5: what was noted while the store was away is known to it afterwards.
#[test]
fn a_failure_of_which_the_store_did_not_hear_has_its_recovery_once_the_store_is_back() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let run = |store: &str, outcome: &str| {
        pod("incidents", store, &receiver)
            .arg(outcome)
            .directory(&disk)
            .run()
    };
    run(&store, "ok");
    run(&format!("postgres://u:{PASSWORD}@127.0.0.1:1/d"), "boom");
    assert_eq!(receiver.texts().len(), 1);
    run(&store, "ok");
    assert_eq!(receiver.texts().len(), 2, "{:?}", receiver.texts());
    run(&store, "ok");
    assert_eq!(receiver.texts().len(), 2);
}

/// Issue 15, point 6.
#[test]
fn first_users_at_once_make_the_tables_once_and_a_role_without_rights_is_told_the_grant() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let first: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            thread::spawn(move || {
                let disk = Folder::new();
                let program = Program::new("incidents")
                    .arg("ok")
                    .env("NOTIFY_STORE", store);
                program
                    .env("NOTIFY_INSTANCE", format!("h{number}"))
                    .env("NOTIFY_CHANNEL", "")
                    .directory(&disk)
                    .run()
                    .stderr
            })
        })
        .collect();
    for stderr in first.into_iter().map(|one| one.join().unwrap()) {
        assert!(
            stderr.is_empty() || stderr.contains("does not answer"),
            "{stderr}"
        );
    }
    let (code, script) = said(&store, &["store", "init", "--print"]);
    assert!(
        code == Some(0) && script.contains("CREATE TABLE") && script.contains("GRANT USAGE"),
        "{script}"
    );

    let role = format!("least_{}", schema(&store));
    server.sql(&format!("CREATE ROLE {role} LOGIN"));
    let lesser = server.address(&role, &format!("schema={}", schema(&store)));
    let warned = runs(&lesser, &receiver, &["boom"]).stderr;
    let grant = warned
        .split_once("run as its owner: ")
        .map(|(_, grant)| grant);
    let grant = grant.unwrap_or_else(|| panic!("{warned}"));
    let end = grant.find(";)").unwrap();
    server.sql(&grant[..end]);
    assert_eq!(warned.matches("pipeline-notify: ").count(), 1, "{warned}");
    assert_eq!(receiver.texts().len(), 1);
    let ended = runs(&lesser, &receiver, &["boom", "ok"]);
    assert_eq!(ended.stderr, "", "the least rights are enough");
    // On a slow machine both are one message.
    let texts = receiver.texts();
    let sent = ["--- ERROR ---", "--- OK ---"].map(|word| count(&texts, word));
    assert_eq!(sent, [2, 1], "{texts:?}");
    assert_eq!(said(&lesser, &["status"]).0, Some(0));
    // What nobody waits for is warned of, too: without it no death is noticed.
    server.sql(&format!(
        "REVOKE INSERT ON {}.run FROM {role}",
        schema(&store)
    ));
    let (code, warned) = said(&lesser, &["run", "--name", "nap", "--", "sleep", "0.5"]);
    let says = "if its process is killed, nothing is sent";
    assert!(code == Some(0) && warned.contains(says), "{warned}");
    assert!(warned.contains("INSERT"), "{warned}");

    // A library that is older than the tables allow keeps away from them.
    server.sql(&format!(
        "UPDATE {}.meta SET version = 99, oldest = 99",
        schema(&store)
    ));
    let warned = runs(&store, &receiver, &["boom"]).stderr;
    assert!(warned.contains("update the library"), "{warned}");
}

/// Where a line is broken, the rest of a comment is a statement.
#[test]
fn the_statements_that_make_the_tables_are_as_they_are_on_a_terminal_and_in_json() {
    let script = |arguments: &[&str]| {
        let (code, text) = said("", &[&["store", "init", "--print"], arguments].concat());
        assert_eq!(code, Some(0), "{text}");
        text
    };
    let (plain, json) = (script(&[]), script(&["--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["script"], plain);
    let on_a_terminal = r#"import pty, sys
pty.spawn(["sh", "-c", 'stty rows 24 cols 40; exec "$@"', "-", *sys.argv[1:]])"#;
    let mut terminal = Command::new("python3");
    terminal
        .args(["-c", on_a_terminal, env!("CARGO_BIN_EXE_pipeline-notify")])
        .args(["store", "init", "--print"])
        .env_remove("NOTIFY_STORE")
        .stdin(Stdio::null());
    let Ok(shown) = terminal.output() else {
        return println!("the terminal is passed over: there is no Python here");
    };
    let shown = String::from_utf8_lossy(&shown.stdout).replace("\r\n", "\n");
    assert_eq!(shown, plain);
}

/// A schema that is mistyped is to be seen, and not to be made.
#[test]
fn who_only_looks_makes_no_tables() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let file = disk.path().join("file");
    let file = file.to_str().unwrap();
    for (arguments, code) in [
        (&["status"][..], 2),
        (&["check"], 3),
        (&["explain", "a"], 2),
        (&["page", "-o", file], 2),
        (&["metrics", "-o", file], 2),
        (&["silence", "--list"], 2),
        (&["silence", "a*", "--for", "1h"], 2),
        (&["unsilence", "a"], 2),
        (&["ack", "a", "--because", "it is mine"], 2),
        (&["expect", "--list"], 2),
        (&["expect", "a", "--every", "1h"], 2),
        (&["rename", "a", "b"], 2),
        (&["forget", "a"], 2),
        (&["drain"], 2),
    ] {
        let (ended, text) = said(&store, arguments);
        let words = format!("no tables in the schema \"{}\"", schema(&store));
        assert!(
            ended == Some(code) && text.contains(&words),
            "{arguments:?}: {ended:?} {text}"
        );
    }
    let there = format!(
        "SELECT count(*) FROM pg_namespace WHERE nspname = '{}'",
        schema(&store)
    );
    assert_eq!(server.sql(&there), "0");
    assert_eq!(runs(&store, &receiver, &["boom"]).stderr, "");
    assert_eq!(said(&store, &["check"]).0, Some(2));
}

/// A schema that is given to a role is enough: it need not be allowed to make schemas.
#[test]
fn a_role_makes_the_tables_in_a_schema_that_it_was_given() {
    let Some(server) = server() else { return };
    let (receiver, own) = (Receiver::new(), schema(&server.store()).to_owned());
    server.sql(&format!(
        "CREATE SCHEMA {own}; CREATE ROLE of_{own} LOGIN; GRANT USAGE, CREATE ON SCHEMA {own} TO of_{own}"
    ));
    let store = server.address(&format!("of_{own}"), &format!("schema={own}"));
    assert_eq!(runs(&store, &receiver, &["boom"]).stderr, "");
    assert_eq!(receiver.texts().len(), 1);
    let (code, said) = said(&store, &["store", "init"]);
    assert_eq!(code, Some(0), "{said}");
}

/// Issue 15, point 7.
#[test]
fn the_commands_work_on_the_store_and_check_says_when_it_cannot_be_reached() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    runs(&store, &receiver, &["boom"]);
    let job = "pipeline-notify.incidents.load";
    let page = disk.path().join("fleet.html");
    for (arguments, code, word) in [
        (&["status"][..], 0, "1 failed"),
        (&["check"], 2, "CRITICAL"),
        (&["explain", job], 0, "accepted"),
        (&["page", "-o", page.to_str().unwrap()], 0, ""),
        (&["metrics"], 0, job),
        (&["silence", job, "--for", "1h"], 0, "silenced"),
        (&["silence", "web.*", "--for", "1h", "--all"], 0, ""),
        (&["silence", "--list"], 0, "web.*"),
        (&["unsilence", job], 0, ""),
        (&["ack", job, "--because", "it is mine"], 0, ""),
        (&["expect", "etl.never", "--every", "1h"], 0, ""),
        (&["expect", "--list"], 0, "etl.never"),
        (&["rename", job, "etl.load"], 0, ""),
        (&["drain"], 0, ""),
        (&["forget", "etl.load"], 0, "is forgotten"),
        (&["status", "etl.load"], 1, "no job"),
    ] {
        let (ended, text) = said_with(&store, &receiver, arguments);
        assert!(
            ended == Some(code) && text.contains(word),
            "{arguments:?}: {ended:?} {text}"
        );
    }
    assert!(std::fs::read_to_string(page).unwrap().contains(job));
    let (_, text) = said(&store, &["run", "--name", "etl.unheard", "--", "false"]);
    let says = "their status is in the store `postgres://";
    assert!(
        text.contains(says) && !text.contains("files are in"),
        "{text}"
    );
    // One table is gone, as after half a restore: the mend that is named makes it.
    runs(&store, &receiver, &["boom"]);
    server.sql(&format!("DROP TABLE {}.history", schema(&store)));
    let (code, text) = said(&store, &["explain", job]);
    let says = "run what `pipeline-notify store init --print` shows";
    assert!(code == Some(2) && text.contains(says), "{code:?} {text}");
    server.sql(&said(&store, &["store", "init", "--print"]).1);
    let (code, text) = said(&store, &["explain", job]);
    assert_eq!(code, Some(0), "{text}");
    let away = format!("postgres://u:{PASSWORD}@127.0.0.1:1/d");
    let (code, text) = said(&away, &["check"]);
    assert!(
        code == Some(3) && text.contains("UNKNOWN"),
        "{code:?} {text}"
    );
    let (code, text) = said("postgres://nonsense", &["check"]);
    assert!(
        code == Some(3) && text.contains("NOTIFY_STORE"),
        "{code:?} {text}"
    );
    let (code, text) = said(&away, &["store", "init"]);
    let says = "cannot be used: 127.0.0.1: Connection refused";
    assert!(code == Some(2) && text.contains(says), "{code:?} {text}");
    let mut watch = command(&away, &["watch"]);
    let mut watch = Running(watch.stdout(Stdio::null()).spawn().unwrap());
    let mut first = String::new();
    BufReader::new(watch.0.stderr.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.contains("(it cannot be read yet)"), "{first}");
    // `--dir` means a folder, whatever the environment names.
    let (code, text) = said(&away, &["status", "--dir", disk.path().to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn who_tries_the_channels_hears_of_a_store_that_cannot_be_used() {
    let Some(server) = server() else { return };
    let receiver = Receiver::new();
    server.sql("CREATE ROLE tries_out LOGIN");
    let store = server.store();
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    for (store, code, says) in [
        (store, 0, "store  usable  (postgres://"),
        (
            format!("postgres://u:{PASSWORD}@127.0.0.1:1/d"),
            2,
            "store  not usable  127.0.0.1: Connection refused",
        ),
        (
            server.address("tries_out", "schema=never_made_for_it"),
            2,
            "store init",
        ),
        ("postgres://nonsense".to_owned(), 2, "(NOTIFY_STORE)"),
    ] {
        let (found, text) = said_with(&store, &receiver, &["test"]);
        assert!(
            found == Some(code) && text.contains(says),
            "{found:?} {text}"
        );
        assert!(text.contains("alerts  accepted"), "{text}");
        let (found, text) = said_with(&store, &receiver, &["test", "--json"]);
        let usable = format!(r#""usable":{}"#, code == 0);
        let is_said = text.replace(' ', "").contains(&usable);
        assert!(found == Some(code) && is_said, "{found:?} {text}");
    }
}

/// Who looks for the job of the message finds it.
#[test]
fn a_failure_that_is_held_back_is_sent_by_the_name_that_its_job_has_by_then() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let fails = |job: &str| {
        let run = ["run", "--name", job, "--after", "2", "--", "false"];
        assert_eq!(said_with(&store, &receiver, &run).0, Some(1));
    };
    fails("load");
    let name = "fetch \\1 again";
    let renamed = said_with(&store, &receiver, &["rename", "load", name]);
    assert_eq!(renamed.0, Some(0), "{renamed:?}");
    let body = format!("SELECT body FROM {}.alert", schema(&store));
    let body = server.sql(&body);
    // As it is written, a backslash is escaped.
    assert!(body.contains("\njob: fetch \\\\1 again\n"), "{body}");
    fails(name);
    let texts = receiver.texts();
    assert_eq!(count(&texts, "job fetch \\1 again failed"), 1, "{texts:?}");
    assert_eq!(count(&texts, "job load"), 0, "{texts:?}");
}

#[test]
fn a_failure_that_waits_has_the_name_that_its_job_has_by_then() {
    let Some(server) = server() else { return };
    let store = server.store();
    let receiver = Receiver::answering(|_| Answer::With(503, "retry-after: 600", "down"));
    let fails = ["run", "--name", "load", "--", "false"];
    assert_eq!(said_with(&store, &receiver, &fails).0, Some(1));
    let renamed = said_with(&store, &receiver, &["rename", "load", "fetch"]);
    assert_eq!(renamed.0, Some(0), "{renamed:?}");
    let body = format!("SELECT body FROM {}.alert", schema(&store));
    let body = server.sql(&body);
    assert!(body.contains("\njob: fetch\n"), "{body}");
}

/// Issue 15, point 2: no round trip in a loop, and none of the runs is lost.
#[test]
fn silent_runs_in_a_loop_are_written_together() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let disk = Folder::new();
    let mut program = pod("incidents", &store, &receiver);
    for _ in 0..2_000 {
        program = program.arg("ok");
    }
    let ended = program.directory(&disk).run();
    assert_eq!(ended.stderr, "");
    let status = server.sql(&format!("SELECT status FROM {}.job", schema(&store)));
    assert!(status.contains("\nruns: 2000\n"), "{status}");
    assert!(rows(server, &store, "history") < 100);
    assert_eq!(rows(server, &store, "run"), 0);
}

/// Issue 15, point 2: what the background thread writes may be in the store before its answer is here.
#[test]
fn silent_runs_whose_write_takes_long_are_counted_once() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let schema = schema(&store);
    server.sql(&format!(
        "CREATE FUNCTION {schema}.slow() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END'; \
         CREATE TRIGGER slow BEFORE UPDATE ON {schema}.job FOR EACH ROW EXECUTE FUNCTION {schema}.slow()"
    ));
    let outcomes = ["ok", "sleep 20"].into_iter().cycle().take(2 * 100);
    let program = outcomes.fold(pod("incidents", &store, &receiver), Program::arg);
    assert_eq!(program.directory(&disk).run().stderr, "");
    let status = server.sql(&format!("SELECT status FROM {schema}.job"));
    assert!(status.contains("\nruns: 100\n"), "{status}");
}

/// Issue 15, point 2: a process decides by what it remembers of the job and of planned quiet as long as that is so.
#[test]
fn what_others_change_meanwhile_counts_for_a_process_that_remembers_something_else() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let [disk, pod, marks] = [(); 3].map(|()| Folder::new());
    let loud = |program: &str| {
        Program::new(program)
            .env("NOTIFY_STORE", &store)
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            .env("NOTIFY_SILENT_SECONDS", "0")
            .env("NOTIFY_REMIND_HOURS", "0")
            .env("NOTIFY_EXIT_SECONDS", "30")
            .alerts_as_json_to(&receiver)
    };
    let files = ["recovered", "silenced", "over"].map(|name| marks.path().join(name));
    let waits = files
        .each_ref()
        .map(|file| format!("await {}", file.display()));
    let outcomes = [
        "boom", &waits[0], "bang", &waits[1], "bang", &waits[2], "bang",
    ];
    let program = outcomes.into_iter().fold(loud("incidents"), Program::arg);
    let mut process = Running(program.directory(&disk).command().spawn().unwrap());
    let mut sent = vec!["failed: boom", "recovered: ", "failed: bang"];
    let has_sent = |sent: &[&str]| eventually("it is sent", || scenarios::sent(&receiver) == sent);
    has_sent(&sent[..1]);
    assert_eq!(loud("incidents").arg("ok").directory(&pod).run().stderr, "");
    std::fs::write(&files[0], "").unwrap();
    has_sent(&sent);
    assert_eq!(
        said(&store, &["silence", "*", "--for", "1h", "--all"]).0,
        Some(0)
    );
    std::fs::write(&files[1], "").unwrap();
    let status = format!("SELECT status FROM {}.job", schema(&store));
    eventually("it is silent", || server.sql(&status).contains("runs: 2\n"));
    assert_eq!(said(&store, &["unsilence", "*"]).0, Some(0));
    std::fs::write(&files[2], "").unwrap();
    assert!(process.0.wait().unwrap().success());
    sent.push("still failing: bang");
    assert_eq!(scenarios::sent(&receiver), sent);
}

/// Issue 15, point 2: also where it has never paused for as long as it may stay in memory.
#[test]
fn a_process_that_repeats_itself_recovers_what_another_has_failed() {
    let Some(server) = server() else { return };
    let (store, receiver) = (server.store(), Receiver::new());
    let [disk, pod] = [(); 2].map(|()| Folder::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let program = |disk: &Folder| {
        Program::new("incidents")
            .env("NOTIFY_STORE", &store)
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            .env("NOTIFY_EXIT_SECONDS", "30")
            .alerts_as_json_to(&receiver)
            .directory(disk)
    };
    let outcomes = ["ok", "sleep 50"].into_iter().cycle().take(2_400);
    let repeats = outcomes.fold(program(&disk), Program::arg);
    let _process = Running(repeats.command().spawn().unwrap());
    let status = format!("SELECT count(*) FROM {}.job", schema(&store));
    eventually("it has run", || server.sql(&status) == "1");
    assert_eq!(program(&pod).arg("boom").run().stderr, "");
    // A busy server answers late: a run that is to recover it may take its eight seconds, and the alert as long.
    let sent = || scenarios::sent(&receiver);
    let both = ["failed: boom".to_owned(), "recovered: ".to_owned()];
    let begun = Instant::now();
    while !sent().ends_with(&both) && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(50));
    }
    assert!(sent().ends_with(&both), "{:?}", sent());
}

/// Issue 15, point 5: a server that is started anew ends every connection, and no run.
#[test]
fn a_server_that_crashes_costs_no_alert_and_no_false_death() {
    if server::binaries().is_none() {
        return println!("passed over: there is no PostgreSQL here");
    }
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let outcomes = ["ok", "sleep 3000", "boom", "sleep 1500", "ok"];
    let program = outcomes
        .iter()
        .fold(pod("incidents", &store, &receiver), Program::arg);
    let running = program.directory(&disk).command().spawn().unwrap();
    let mut running = Running(running);
    eventually("the run is known", || {
        server
            .try_sql(&format!("SELECT 1 FROM {}.job", schema(&store)))
            .is_ok_and(|rows| rows == "1")
    });
    server.crash();
    server.begin(&[]);
    assert!(running.0.wait().unwrap().success());
    let texts = receiver.texts();
    assert!(texts.len() == 2 && texts[0].contains("boom"), "{texts:?}");
    let status = server.sql(&format!("SELECT status FROM {}.job", schema(&store)));
    assert!(status.starts_with("OK\n"), "{status}");
    assert_eq!(count(&texts, "died") + count(&texts, "lost contact"), 0);

    // It stays away: what this process knows of its job counts, and the recovery is sent.
    let receiver = Receiver::new();
    let outcomes = ["boom", "sleep 4000", "ok"];
    let program = outcomes
        .iter()
        .fold(pod("incidents", &store, &receiver), Program::arg);
    let mut running = Running(program.directory(&disk).command().spawn().unwrap());
    eventually("the failure is sent", || !receiver.texts().is_empty());
    server.crash();
    assert!(running.0.wait().unwrap().success());
    let texts = receiver.texts();
    assert!(
        texts.len() == 2 && texts[1].contains("--- OK ---"),
        "{texts:?}"
    );
    // The store hears of it with the next run on this host, and nobody a second time.
    server.begin(&[]);
    let program = pod("incidents", &store, &receiver).arg("ok");
    assert_eq!(program.directory(&disk).run().code, Some(0));
    let status = server.sql(&format!("SELECT status FROM {}.job", schema(&store)));
    assert!(status.starts_with("OK\n"), "{status}");
    assert_eq!(receiver.texts().len(), 2, "{:?}", receiver.texts());
}

/// Issue 15, point 5: a row that somebody else keeps locked is waited for once, and holds up no other job.
#[test]
fn a_row_that_another_session_keeps_locked_is_waited_for_once() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let run = |instance: &str, outcomes: &[&str]| {
        let program = outcomes
            .iter()
            .fold(pod("incidents", &store, &receiver), Program::arg);
        let program = program.env("NOTIFY_INSTANCE", instance).directory(&disk);
        let mut command = program.command();
        command.stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    };
    assert!(run("locked", &["ok"]).0.wait().unwrap().success());
    let schema = schema(&store);
    let lock = format!(
        "BEGIN; SELECT change FROM {schema}.job WHERE name LIKE '%@locked' FOR UPDATE; SELECT pg_sleep(300)"
    );
    let _locker = Running(server.psql(&lock).stdout(Stdio::null()).spawn().unwrap());
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%@locked%' AND wait_event = 'PgSleep'";
    eventually("the row is locked", || server.sql(waits) == "1");
    let outcomes: Vec<_> = ["boom", "bang"].into_iter().cycle().take(60).collect();
    let mut failing = run("locked", &outcomes);
    let begun = Instant::now();
    while failing.0.try_wait().unwrap().is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "each run waits for the row"
        );
        thread::sleep(Duration::from_millis(50));
    }
    let mut warned = String::new();
    let stderr = failing.0.stderr.take();
    stderr.unwrap().read_to_string(&mut warned).unwrap();
    assert!(warned.contains("end its transaction"), "{warned}");
    assert!(receiver.texts().concat().contains("boom"));
    assert!(run("free", &["ok"]).0.wait().unwrap().success());
    let status = format!("SELECT left(status, 2) FROM {schema}.job WHERE name LIKE '%@free'");
    assert_eq!(server.sql(&status), "OK");
}

/// Issue 15, point 5: the same of a whole table, as `ALTER TABLE` and `VACUUM FULL` keep it.
#[test]
fn a_table_that_another_session_keeps_locked_holds_up_no_run_and_is_no_death() {
    let Some(server) = server() else { return };
    let (store, receiver, disk) = (server.store(), Receiver::new(), Folder::new());
    let run = |outcomes: &[&str]| {
        let program = outcomes
            .iter()
            .fold(pod("incidents", &store, &receiver), Program::arg);
        program.directory(&disk).run()
    };
    assert_eq!(run(&["ok"]).code, Some(0));
    let schema = schema(&store);
    let lock = format!(
        "BEGIN; LOCK TABLE {schema}.job IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(300), '{schema}'"
    );
    let locker = Running(server.psql(&lock).stdout(Stdio::null()).spawn().unwrap());
    let waits = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{schema}%' AND wait_event = 'PgSleep'"
    );
    eventually("the table is locked", || server.sql(&waits) == "1");
    // A program of its own, and the command.
    let outcomes: Vec<_> = ["boom", "bang"].into_iter().cycle().take(60).collect();
    let ended = run(&outcomes);
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("end its transaction"),
        "{}",
        ended.stderr
    );
    let ended = pod("incidents", &store, &receiver)
        .directory(&disk)
        .at(
            Path::new(env!("CARGO_BIN_EXE_pipeline-notify")),
            &["run", "--name", "step", "--", "false"],
        )
        .run();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let texts = receiver.texts().concat();
    assert!(
        texts.contains("boom") && texts.contains("step failed"),
        "{texts}"
    );
    assert_eq!(
        rows(server, &store, "run"),
        0,
        "what has ended is not left to be taken for dead"
    );
    drop(locker);
    server.sql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%{schema}%' AND wait_event = 'PgSleep'"));
    let before = receiver.texts().len();
    assert_eq!(run(&["ok"]).code, Some(0));
    let later = receiver.texts().split_off(before).concat();
    assert!(later.contains("works again"), "{later}");
}

/// Issue 15, point 5: whatever an administrator has set for a role, it is the same store; and where a text cannot be
/// written there, that names the mend.
#[test]
fn the_settings_of_a_role_or_of_a_database_change_nothing() {
    let Some(server) = server() else { return };
    let same = |role: &str, setting: &str| {
        server.sql(&format!(
            "CREATE ROLE {role} SUPERUSER LOGIN; ALTER ROLE {role} SET {setting}"
        ));
        let (receiver, store) = (
            Receiver::new(),
            server.address(role, &format!("schema={role}")),
        );
        assert_eq!(
            runs(&store, &receiver, &["ok", "sleep 1500", "ok"]).stderr,
            "",
            "{setting}"
        );
        // The row is another's for a moment, as where another host changes the job.
        let write = format!(
            "BEGIN; UPDATE {role}.job SET written = clock_timestamp(); SELECT pg_sleep(0.7); COMMIT"
        );
        let mut other = Running(server.psql(&write).stdout(Stdio::null()).spawn().unwrap());
        let sleeps = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{role}.job%' AND wait_event = 'PgSleep'"
        );
        // On a busy machine it may be over before anybody sees it.
        eventually("it is being changed", || {
            server.sql(&sleeps) == "1" || other.0.try_wait().unwrap().is_some()
        });
        assert_eq!(runs(&store, &receiver, &["boom"]).stderr, "", "{setting}");
        assert!(other.0.wait().unwrap().success());
        assert_eq!(receiver.texts().len(), 1, "{setting}");
    };
    thread::scope(|scope| {
        // Also a busy machine makes the first statement sooner after the connection.
        scope.spawn(|| same("role_idle", "idle_session_timeout = '1s'"));
        scope.spawn(|| same("role_path", "search_path = ''"));
        scope.spawn(|| {
            same(
                "role_strict",
                "default_transaction_isolation = serializable",
            );
        });
        server.sql("CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
        let (receiver, store) = (
            Receiver::new(),
            server.store().replace("/postgres?", "/western?"),
        );
        let warned = runs(&store, &receiver, &["ok", "\u{58de}"]).stderr;
        assert!(warned.contains("ENCODING 'UTF8'"), "{warned}");
        assert!(receiver.texts().concat().contains('\u{58de}'));
    });
}

/// Issue 15, point 8.
#[test]
fn an_address_in_the_wrong_variable_is_refused_by_name() {
    let (receiver, disk) = (Receiver::new(), Folder::new());
    let store = format!("postgres://u:{PASSWORD}@127.0.0.1:1/d");
    let program = Program::new("incidents").arg("ok").alerts_to(&receiver);
    let warned = program.env("NOTIFYDIR", &store).run().stderr;
    assert!(
        warned.contains("NOTIFY_STORE") && !warned.contains(PASSWORD),
        "{warned}"
    );
    let warned = runs(&format!("mysql://u:{PASSWORD}@h/d"), &receiver, &["ok"]).stderr;
    assert!(
        warned.contains("NOTIFY_STORE cannot be used") && !warned.contains(PASSWORD),
        "{warned}"
    );
    // A command does not do without it, and says so once.
    for (address, why) in [
        (format!("mysql://u:{PASSWORD}@h/d"), "PostgreSQL"),
        ("postgres://u@h".to_owned(), "names no database"),
        (format!("postgres://u:a@{PASSWORD}/b@127.0.0.1:1/d"), "%40"),
        (format!("postgres://u:{PASSWORD}@h/d?sslmod=x"), "`sslmod`"),
        (format!("postgres://u:{PASSWORD}@h:99999/d"), "host:5432"),
    ] {
        for arguments in [&["status"][..], &["store", "init"]] {
            let (code, text) = said(&address, arguments);
            assert!(
                code == Some(2) && text.lines().count() == 1 && text.contains(why),
                "{arguments:?}: {text}"
            );
        }
    }
    let path = disk.path().join("address");
    std::fs::write(&path, &store).unwrap();
    let warned = runs(&format!("file:{}", path.display()), &receiver, &["boom"]).stderr;
    assert!(
        warned.contains("the store `postgres://127.0.0.1:1/d`") && !warned.contains(PASSWORD),
        "{warned}"
    );
}

/// The same as `said`, with a destination for what the command sends.
fn said_with(store: &str, receiver: &Receiver, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = command(store, arguments);
    let output = command
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
