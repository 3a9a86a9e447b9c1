//! `pipeline-notify page`: what is on it, and what must not be.
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::command::{command, said};
use crate::support::status::shown;
use crate::support::{Answer, Folder, Program, Receiver, eventually};
use chrono::{TimeDelta, Utc};

/// Makes a page of a notify directory; the code, and what is said on both outputs.
fn make(folder: &Folder, file: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = command(folder, &["page", "-o"]);
    said(command.arg(file).args(arguments).env("TZ", "UTC"))
}

fn page(folder: &Folder, arguments: &[&str]) -> String {
    let place = Folder::new();
    let file = place.path().join("jobs.html");
    let (code, said) = make(folder, &file, arguments);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(names(place.path()), ["jobs.html"], "nothing else is left");
    fs::read_to_string(file).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write(folder: &Folder, file: &str, state: &str, host: &str, text: &str) {
    let ago = |minutes| shown(Utc::now() - TimeDelta::minutes(minutes));
    let status = format!(
        "{state}\n{}\nx\ntook: 12.250 s\nsince: {}\nruns: 7\nhost: {host}\n\n{text}\n",
        ago(5),
        ago(125)
    );
    fs::write(folder.path().join(file), status).unwrap();
}

/// Takes out the page's own script, which is the one that may run, by a number that nobody can foretell.
fn without_script(page: &str) -> String {
    let nonce = between(page, "script-src 'nonce-", "'");
    assert_eq!(nonce.len(), 16, "{nonce}");
    let begin = format!("<script nonce={nonce}>");
    assert_eq!(page.matches("<script").count(), 1);
    let script = between(page, &begin, "</script>");
    page.replacen(&format!("{begin}{script}</script>"), "", 1)
}

/// What stands between two texts.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = page
        .split_once(start)
        .unwrap_or_else(|| panic!("{start}: {page}"));
    rest.split_once(end)
        .unwrap_or_else(|| panic!("{end}: {page}"))
        .0
}

#[test]
fn a_page_needs_nothing_beside_itself_and_shows_the_failing_first() {
    let folder = Folder::new();
    write(&folder, "a.works", "OK", "worker-3", "");
    write(
        &folder, "b.fails", "ERROR", "worker-4", "connection refused",
    );
    fs::write(folder.path().join("c.broken"), "no status").unwrap();
    let page = page(&folder, &["--title", "Night runs"]);
    assert!(page.starts_with("<!doctype html>"), "{page}");
    for part in [
        "<title>1 failed · Night runs</title>",
        "<h1>Night runs</h1>",
        "<meta name=viewport content=\"width=device-width,initial-scale=1\">",
        "prefers-color-scheme:dark",
        "default-src 'none'",
        "3 jobs · <span class=bad>1 failed</span> · <span class=warn>1 unreadable</span>",
        "as of <time datetime=",
        ">2 h 5 min</time>",
        ">5 min</time>",
        "<td role=cell>12 s",
        "<td role=cell>7",
        "<td role=cell>worker-3",
        "<div class=what>connection refused</div>",
        "cannot be read: it is not a status file",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let order = ["b.fails", "c.broken", "a.works"].map(|job| page.find(job).unwrap());
    assert!(order.is_sorted(), "{page}");
    let page = without_script(&page);
    for foreign in [
        "<script", "<link", "<img", "src=", "href=", "url(", "@import", "http:", "https:",
    ] {
        assert!(!page.contains(foreign), "{foreign}: {page}");
    }
}

#[test]
fn nothing_in_a_name_an_error_a_host_or_the_title_becomes_part_of_the_page() {
    let folder = Folder::new();
    let evil = "</title></style></table><script>alert(1)</script>\"'&amp;<img src=x onerror=alert(2)>\x1b[2J\u{202e}";
    let name = "%3Cscript%3Ealert(3)%3C%2Fscript%3E";
    write(&folder, name, "ERROR", evil, evil);
    write(&folder, "<b onclick='alert(4)'>", "OK", "\"><script>", "");
    let page = page(&folder, &["--title", evil]);
    let body = without_script(&page);
    let body = body.replacen("</title>", "", 1).replacen("</style>", "", 1);
    let body = body.replacen("</table>", "", 1);
    for markup in [
        "<script", "</script", "</title", "</style", "</table", "<img", "<b ", "\x1b", "\u{202e}",
    ] {
        assert!(!body.contains(markup), "{markup:?}: {page}");
    }
    for text in [
        "&lt;script&gt;alert(3)&lt;/script&gt;",
        "<h1>&lt;/title&gt;&lt;/style&gt;&lt;/table&gt;&lt;script&gt;alert(1)",
        "&lt;b onclick=&#39;alert(4)&#39;&gt;",
        "&quot;&gt;&lt;script&gt;",
        "&amp;amp;",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn recent_runs_are_bars_with_a_text_for_those_who_do_not_see_them() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in ["ok", "ok", "no route", "ok"] {
        Program::new("incidents")
            .arg(outcome)
            .directory(&folder)
            .alerts_to(&receiver)
            .run();
    }
    let page = page(&folder, &[]);
    let strip = between(&page, "<svg role=img ", "</svg>");
    assert!(
        strip.starts_with("aria-label=\"the last 4 runs: 1 failed, at most "),
        "{strip}"
    );
    let bars: Vec<_> = strip.match_indices("<rect").collect();
    let failed = strip.find("<rect class=f").unwrap();
    assert_eq!(
        bars.iter().position(|(at, _)| *at == failed),
        Some(2),
        "{strip}"
    );
    assert_eq!(
        (bars.len(), strip.matches("<title>").count()),
        (4, 4),
        "{strip}"
    );
    let title = between(&strip[failed..], "<title>", "</title>");
    assert!(title.contains(" ERROR, "), "{title}");
}

/// Issue 18, point 6.
#[test]
fn a_job_s_last_runs_are_listed_with_their_errors_and_rows_say_what_they_are_sorted_by() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in ["ok", "<b>no route</b>"] {
        Program::new("incidents")
            .arg(outcome)
            .directory(&folder)
            .alerts_to(&receiver)
            .run();
    }
    let page = page(&folder, &[]);
    let runs = between(
        &page,
        "<details><summary>Last runs</summary><ol>",
        "</ol></details>",
    );
    let runs: Vec<_> = runs.split("<li").skip(1).collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(
        runs[0].starts_with(" class=f>") && runs[0].contains(" ERROR, "),
        "the newest first: {runs:?}"
    );
    assert!(
        runs[0].contains("<div class=what>&lt;b&gt;no route&lt;/b&gt;</div>"),
        "{runs:?}"
    );
    assert!(
        runs[1].contains(" OK, ") && !runs[1].contains("<div"),
        "{runs:?}"
    );
    let keys = between(&page, "<tr class=\"e\" role=row data-k=\"", "\"");
    let keys: Vec<f64> = keys.split(' ').map(|key| key.parse().unwrap()).collect();
    assert_eq!((keys.len(), keys[3]), (4, 1.0));
    assert!(
        page.contains("<form id=tools role=search hidden>"),
        "there where the script is"
    );
}

#[test]
fn alerts_that_wait_and_runs_under_way_are_on_the_page() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Status(503, "not now"));
    Program::new("incidents")
        .arg("no route")
        .directory(&folder)
        .alerts_to(&receiver)
        .env("NOTIFY_EXIT_SECONDS", "1")
        .run();
    let mut running = Program::new("ends")
        .arg("hang")
        .directory(&folder)
        .command()
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let page = page(&folder, &[]);
    let _ = running.kill();
    let _ = running.wait();
    assert!(
        page.contains("<li>channel alerts: <span class=warn>1 waiting</span>, the oldest for "),
        "{page}"
    );
    assert!(page.contains("<span class=dim>1 running</span>"), "{page}");
    let first = between(&page, "first run<th role=rowheader>", "\n");
    assert!(
        first.starts_with("pipeline-notify.ends.main<span class=\"tag\">running for "),
        "{first}"
    );
}

#[test]
fn a_page_is_there_whole_or_not_at_all() {
    let (folder, place) = (Folder::new(), Folder::new());
    write(&folder, "etl.load", "OK", "worker-3", "");
    let file = place.path().join("jobs.html");
    fs::write(&file, "the old one").unwrap();
    let reader = fs::File::open(&file).unwrap();
    let (code, said) = make(&folder, &file, &["--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let page = fs::read_to_string(&file).unwrap();
    assert_eq!(
        (code, said["bytes"].as_u64()),
        (Some(0), Some(page.len() as u64))
    );
    assert_eq!(
        std::io::read_to_string(reader).unwrap(),
        "the old one",
        "who reads it sees one of both"
    );
    let others_read = fs::metadata(&file).unwrap().permissions().mode() & 0o400;
    assert_ne!(others_read, 0);

    let folder_in_its_place: PathBuf = place.path().join("taken");
    fs::create_dir(&folder_in_its_place).unwrap();
    for file in [
        &folder_in_its_place,
        &place.path().join("nowhere/jobs.html"),
    ] {
        let (code, said) = make(&folder, file, &[]);
        assert!(
            code == Some(2) && said.contains("cannot be written"),
            "{said}"
        );
    }
    assert_eq!(names(place.path()), ["jobs.html", "taken"]);
}

/// Issue 18, point 5: a disk without room, of which a limit on the size of files stands in here. The old file stays, no
/// half of the new one, and a `watch` goes on, says so once, and writes the file when there is room again.
#[test]
fn without_room_the_old_file_stays_and_a_watch_goes_on_and_says_it_once() {
    let (folder, place) = (Folder::new(), Folder::new());
    write(&folder, "etl.load", "OK", "worker-3", "");
    let limited = |limit: &str, arguments: &str| {
        let script = format!("ulimit -S -f {limit}; exec \"$1\" {arguments}");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_pipeline-notify")])
            .env("NOTIFYDIR", folder.path())
            .current_dir(place.path());
        command
    };
    let files = ["jobs.html", "jobs.prom"].map(|name| place.path().join(name));
    let all_old = || {
        files
            .iter()
            .all(|file| fs::read_to_string(file).unwrap() == "the old one")
    };
    for file in &files {
        fs::write(file, "the old one").unwrap();
    }
    for arguments in ["page -o jobs.html", "metrics -o jobs.prom"] {
        let output = limited("4", arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2)
                && said.contains("cannot be written: File too large")
                && output.stdout.is_empty(),
            "{:?} {said}",
            output.status
        );
        assert!(all_old());
    }
    assert_eq!(names(place.path()), ["jobs.html", "jobs.prom"]);

    let arguments = "watch --every 0.05s --page jobs.html --metrics jobs.prom";
    let log = place.path().join("log");
    let mut watch = limited("4", arguments)
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let said = |word: &str| fs::read_to_string(&log).unwrap().matches(word).count();
    eventually("it says both", || said("File too large") == 2);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(said("cannot be written"), 2, "once each, while it lasts");
    assert!(all_old() && watch.try_wait().unwrap().is_none());
    let room = Command::new("prlimit")
        .args(["--pid", &watch.id().to_string(), "--fsize=1000000:"])
        .status();
    if room.is_ok_and(|status| status.success()) {
        eventually("both are new", || {
            files
                .iter()
                .all(|file| fs::read_to_string(file).unwrap() != "the old one")
        });
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Issue 18, point 5: root may replace `/dev/null` by a file.
#[test]
fn what_is_no_file_stays_what_it_is_and_a_link_leads_to_the_file() {
    let (folder, place) = (Folder::new(), Folder::new());
    write(&folder, "etl.load", "OK", "worker-3", "");
    let pipe = place.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let (code, said) = make(&folder, &pipe, &[]);
    assert!(
        code == Some(2) && said.contains("it is no regular file"),
        "{said}"
    );
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let below = place.path().join("below");
    fs::create_dir(&below).unwrap();
    let link = place.path().join("link.html");
    std::os::unix::fs::symlink("below/jobs.html", &link).unwrap();
    // The file is not there yet, and then it is.
    for _ in 0..2 {
        assert_eq!(make(&folder, &link, &[]).0, Some(0));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&below), ["jobs.html"]);
    }
}

/// Issue 18, point 5: a `watch` that is killed while it writes leaves a file, and in a container the next one has the
/// same number.
#[test]
fn what_a_killed_process_of_the_same_number_has_left_keeps_no_file_from_being_written() {
    let (folder, place) = (Folder::new(), Folder::new());
    let script = "umask 022; echo half > .jobs.html.$$.new; exec \"$1\" page -o jobs.html";
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_pipeline-notify")])
        .env("NOTIFYDIR", folder.path())
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(place.path().join("jobs.html").exists());
}

/// Issue 18, points 1 and 6: what nobody has heard of since is on the page as it is in `check`.
#[test]
fn a_job_that_never_ran_and_one_that_has_missed_a_run_are_on_the_page() {
    let folder = Folder::new();
    write(&folder, "a.works", "OK", "worker-3", "");
    let long_ago = "OK\n2020-01-01 00:00:00:000000 UTC\nx\nruns: 7\nevery-hours: 24\n\n";
    fs::write(folder.path().join("b.missed"), long_ago).unwrap();
    let line = "<c>.never schedule 0 4 1 1 * zone UTC\n";
    folder.plan(".expected", "deployed", line);
    let page = page(&folder, &[]);
    assert!(page.contains("<option value=m>missed<"), "{page}");
    assert_eq!(page.matches("<tr class=\"o m\" ").count(), 1, "{page}");
    assert!(page.contains("<span class=bad>1 missed</span>"), "{page}");
    assert!(page.contains("<span class=dim>1 never ran</span>"));
    assert!(page.find("b.missed") < page.find("a.works"), "{page}");
    let missed = between(&page, "b.missed", "\n");
    assert!(
        missed.starts_with("<span class=\"tag bad\">has missed a run</span>"),
        "{missed}"
    );
    let never = between(&page, "never ran<th role=rowheader>", "\n");
    assert!(
        never.starts_with("&lt;c&gt;.never<td") && never.contains("<div class=next>next "),
        "{never}"
    );
}

#[test]
fn a_folder_without_jobs_has_a_page_too() {
    let page = page(&Folder::new(), &[]);
    assert!(
        page.contains("0 jobs") && page.contains("There are no jobs yet."),
        "{page}"
    );
}

#[test]
fn a_page_and_metrics_go_to_standard_output_where_that_is_named() {
    let (folder, place) = (Folder::new(), Folder::new());
    write(&folder, "etl.load", "OK", "worker-3", "");
    for (what, begins) in [("page", "<!doctype html>"), ("metrics", "# ")] {
        let mut command = command(&folder, &[what, "-o", "-"]);
        let (code, said) = said(command.current_dir(place.path()));
        assert_eq!(code, Some(0), "{said}");
        assert!(said.starts_with(begins), "{said}");
        assert_eq!(names(place.path()), <[&str; 0]>::default(), "{what}");
    }
}

#[test]
fn a_page_of_ten_thousand_jobs_is_a_few_megabytes_and_says_what_it_leaves_out() {
    let folder = Folder::new();
    let receiver = Receiver::new();
    Program::new("incidents")
        .arg("no route")
        .directory(&folder)
        .alerts_to(&receiver)
        .run();
    let histories = fs::read_dir(folder.path().join(".pipeline-notify")).unwrap();
    let hidden = histories
        .map(|entry| entry.unwrap().path())
        .next()
        .unwrap()
        .join("history");
    let run = |second| {
        format!("ran\t2026-11-22 13:00:{second:02}:000000 UTC\tOK\t1500000\t1\tnot told: x\t\t\n")
    };
    let runs = (0..60).map(run).collect::<Vec<_>>().concat();
    for number in 0..10_000 {
        let file = format!("etl.load.table{number:05}");
        write(
            &folder,
            &file,
            if number % 100 == 0 { "ERROR" } else { "OK" },
            "worker-3",
            "no",
        );
        if number % 20 == 0 {
            fs::write(hidden.join(&file), &runs).unwrap();
        }
    }
    let page = page(&folder, &[]);
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert_eq!(page.matches("<th role=rowheader>").count(), 10_001);
    // A browser lays out a group at a time: all at once takes it ten seconds.
    assert_eq!(page.matches("<tbody role=rowgroup>").count(), 101);
    let strips = page.matches("<svg").count();
    assert!((101..=200).contains(&strips), "{strips}");
    assert!(
        page.contains("the last 50 runs: 0 failed"),
        "of sixty the last fifty"
    );
    assert!(page.contains("Of 200 jobs alone, those that fail first."));
}
