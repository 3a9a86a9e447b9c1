use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::message::alert::Kind;
use crate::message::written::Message;
use crate::testing;

/// What follows an error and a job's name does not matter here: the alert's own facts do.
fn alert(job: &str, kind: Kind, error: &str, id: &str, second: i64) -> Alert {
    let mut alert = testing::alert(job, id);
    alert.kind = kind;
    alert.decided += TimeDelta::seconds(second);
    error.clone_into(&mut alert.status.text);
    alert.status.host = Some("worker-3".into());
    alert
}

#[test]
fn a_digest_names_every_alert_once_grouped_by_error() {
    let alerts = [
        alert("d", Kind::Recovered, "", "1d", 3),
        alert("a", Kind::Failed, "db gone\n  caused by: x\n", "1a", 0),
        alert("b", Kind::Failed, "db gone\n  caused by: x\n", "1b", 1),
        alert("c", Kind::Failed, "disk full\n\n  on /dev/sda1\n", "1c", 2),
    ];
    assert_eq!(
        message(&alerts),
        "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 13:00:03 UTC ---\n\n\
             2 × failed: db gone\n      caused by: x\n  a · alert 1a\n  b · alert 1b\n\n\
             1 × failed\n  c · alert 1c: disk full\n      on /dev/sda1\n\n\
             1 × recovered\n  d · alert 1d\n"
    );
}

/// Issue 17, point 2: what the program writes in the place of an error stands there in a digest, too.
#[test]
fn a_digest_shows_what_the_program_writes_in_the_place_of_errors() {
    let mut alerts =
        ["a", "b", "c", "d", "e"].map(|job| alert(job, Kind::Failed, "no route\n", job, 0));
    alerts[0].message = Message::new().headline("orders are late").text("");
    alerts[1].message = Message::new().headline("orders are late").text("");
    alerts[2].message = Message::new().text("somebody's name is wrong");
    alerts[3].message = Message::new().headline("prices are late");
    assert_eq!(
        message(&alerts),
        "--- 5 alerts on worker-3, 2026-11-22 13:00:00 UTC ---\n\n\
             2 × failed: orders are late\n  a · alert a\n  b · alert b\n\n\
             3 × failed\n  c · alert c: somebody's name is wrong\n  e · alert e: no route\n  \
             d · alert d: prices are late\n    no route\n"
    );
}

/// A job that failed and was started again is one that failed.
#[test]
fn a_digest_shows_a_job_that_has_failed_and_was_started_again_as_failed() {
    let alerts = [
        alert("a", Kind::Started, "", "1a", 0),
        alert("a", Kind::Failed, "db gone", "2a", 1),
        alert("a", Kind::Started, "", "3a", 2),
        alert("b", Kind::Started, "", "1b", 3),
    ];
    let text = message(&alerts);
    assert!(
        text.contains("1 × failed\n  a · started · alert 1a · failed · alert 2a · started · alert 3a: db gone\n"),
        "{text}"
    );
    assert!(text.contains("1 × started\n  b · alert 1b\n"), "{text}");
}

/// Issue 17, point 6: who is woken by a digest looks for the page, too.
#[test]
fn a_digest_shows_each_runbook_once_below_the_jobs_that_it_is_for() {
    let mut alerts = [
        alert("a", Kind::Failed, "db gone\n", "1a", 0),
        alert("b", Kind::Failed, "db gone\n", "1b", 1),
        alert("c", Kind::Failed, "disk full\n", "1c", 2),
        alert("d", Kind::Recovered, "", "1d", 3),
    ];
    for (alert, page) in alerts.iter_mut().zip(["db", "db", "disk", "db"]) {
        alert.status.runbook = Some(format!("https://wiki.example.com/{page}").into());
    }
    alerts[3].status.state = crate::status::State::Ok;
    assert_eq!(
        message(&alerts),
        "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 13:00:03 UTC ---\n\n\
             2 × failed: db gone\n  a · alert 1a\n  b · alert 1b\n  runbook: https://wiki.example.com/db\n\n\
             1 × failed\n  c · alert 1c: disk full\n  runbook: https://wiki.example.com/disk\n\n\
             1 × recovered\n  d · alert 1d\n"
    );
    // Many long ones do not push the jobs out.
    let many = alerts.iter().cycle().take(36);
    let mut alerts: Vec<_> = many.cloned().collect();
    for (number, alert) in alerts.iter_mut().enumerate() {
        alert.job = format!("job {number}");
        let page = "x".repeat(300);
        alert.status.runbook = Some(format!("https://wiki.example.com/{page}{number}").into());
    }
    let text = message(&alerts);
    assert!(width(&text) <= MAX_MESSAGE_BYTES, "{}", width(&text));
    assert_eq!(text.matches("runbook: ").count(), 1, "{text}");
}

/// An error that was passed over, the channel that an alert was meant for, a store that cannot be reached: whoever gets a
/// digest has no other message that says so.
#[test]
fn a_digest_shows_the_remarks_on_its_jobs_each_once() {
    let mut alerts =
        ["a", "b", "c", "d", "e", "f"].map(|job| alert(job, Kind::Failed, "db gone\n", job, 0));
    let broken = "channel `data` is broken: sent to `alerts`";
    for alert in &mut alerts {
        alert.notes.push("debug build".to_owned());
    }
    for alert in &mut alerts[1..3] {
        alert.notes.push(broken.to_owned());
    }
    alerts[0].notes.push("it had come to 30 %".to_owned());
    alerts[3].kind = Kind::StillFailing;
    alerts[3].notes.push("2 errors alternate".to_owned());
    for (alert, error) in alerts[4..].iter_mut().zip(["no rows", "no file"]) {
        alert.kind = Kind::Ok;
        alert.status.state = crate::status::State::Ok;
        alert.status.text.clear();
        alert.status.passed_over = Some(error.to_owned());
    }
    assert_eq!(
        message(&alerts),
        "--- 6 alerts on worker-3, 2026-11-22 13:00:00 UTC ---\ndebug build\n\
             2 of 6 jobs: channel `data` is broken: sent to `alerts`\na: it had come to 30 %\n\
             d: 2 errors alternate\n\n\
             3 × failed: db gone\n  a · alert a\n  b · alert b\n  c · alert c\n\n\
             1 × still failing\n  d · alert d: db gone\n\n\
             2 × ok\n  e · alert e: error ignored, as the attribute says: no rows\n  \
             f · alert f: error ignored, as the attribute says: no file\n"
    );
    // An error that was sent says more than one that was passed over.
    let mut failed = alerts[3].clone();
    (failed.job, failed.decided) = ("e".to_owned(), failed.decided - TimeDelta::seconds(1));
    let text = message(&[&alerts[1..], &[failed]].concat());
    assert!(text.contains(" · ok · alert e: db gone\n"), "{text}");
    // Where the program writes a text of its own, it stands in their place.
    for alert in &mut alerts {
        alert.message = Message::new().text("late");
    }
    assert!(!message(&alerts).contains("alerts`"));
}

#[test]
fn a_job_that_changed_while_it_waited_stands_where_it_is_now() {
    let day = 24 * 60 * 60;
    let alerts = [
        alert("a", Kind::Failed, "db gone\n", "1a", 0),
        alert("b", Kind::Recovered, "", "2b", 1),
        alert("a", Kind::Recovered, "", "2a", 300),
        alert("b", Kind::Failed, "disk full", "3b", day),
    ];
    assert_eq!(
        message(&alerts),
        "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 2026-11-23 13:00:00 UTC ---\n\n\
             1 × failed\n  b · recovered 11-22 13:00:01 · alert 2b · failed 11-23 13:00:00 · alert 3b: disk full\n\n\
             1 × recovered\n  a · failed 11-22 13:00:00 · alert 1a · recovered 11-22 13:05:00 · alert 2a: db gone\n"
    );
}

/// Issue 12, point 28: no two were grouped, for each named another row or host, and of each
/// error there were twelve characters.
#[test]
fn forty_failures_of_two_causes_are_two_errors_each_once_and_whole() {
    let refused = |number: i64| {
        format!(
            "loading the table of day {number}\n  caused by: connection refused (os error 111) to db-{number}:5432\n"
        )
    };
    let bad = |number: i64| {
        format!(
            "row {number}: column `price` is not a number: `n/a`, where 12.50 was read before\n"
        )
    };
    let alerts: Vec<_> = (0..40)
        .map(|number| {
            let error = if number % 3 == 0 {
                bad(number)
            } else {
                refused(number)
            };
            let job = format!("warehouse.load_the_orders_of_region_{number:02}");
            let id = format!("{:016x}", 0xfeed_0000 + number);
            let mut alert = alert(&job, Kind::Failed, &error, &id, number);
            alert.status.version = Some("1.4.2".into());
            alert.facts = vec![
                (
                    "context".to_owned(),
                    "env=prod https://wiki.example/etl".to_owned(),
                ),
                ("airflow".to_owned(), format!("try {number}")),
            ];
            alert
        })
        .collect();
    let text = message(&alerts);
    assert!(text.len() <= MAX_MESSAGE_BYTES, "{}", text.len());
    let titles: Vec<_> = text.lines().filter(|line| line.contains(" × ")).collect();
    let alike = "failed with errors alike, the first:";
    assert_eq!(
        titles,
        [
            format!("26 × {alike} loading the table of day 1"),
            format!("14 × {alike} {}", bad(0).trim()),
        ]
    );
    let cause = "\n      caused by: connection refused (os error 111) to db-1:5432\n";
    assert_eq!(text.matches(cause).count(), 1, "{text}");
    assert_eq!(text.matches("is not a number").count(), 1);
    for alert in &alerts {
        let line = format!("\n  {} · alert {}\n", alert.job, alert.id);
        assert_eq!(text.matches(&line).count(), 1, "{line} is not in {text}");
    }
    for once in [
        "worker-3",
        "version 1.4.2 · context env=prod https://wiki.example/etl\n",
    ] {
        assert_eq!(text.matches(once).count(), 1, "{once} is not in {text}");
    }
    assert!(!text.contains('…'), "{text}");
}

#[test]
fn a_trace_of_a_thousand_lines_takes_no_room_from_the_names_and_keeps_its_ends() {
    let trace = format!(
        "the table is locked\n{}  caused by: the end\n",
        "  at frame\n".repeat(1_000)
    );
    let alerts: Vec<_> = (0..40)
        .map(|number| {
            let job = format!("etl.load_{number:02}_{}", "x".repeat(30));
            alert(&job, Kind::Failed, &trace, &format!("{number:016x}"), 0)
        })
        .collect();
    let text = message(&alerts);
    assert!(
        text.len() <= MAX_MESSAGE_BYTES && text.len() > MAX_MESSAGE_BYTES - 100,
        "{}",
        text.len()
    );
    assert!(text.contains("40 × failed: the table is locked\n      at frame\n"));
    assert!(
        text.contains("caused by: the end\n  etl.load_00_"),
        "{text}"
    );
    assert!(
        alerts
            .iter()
            .all(|alert| text.contains(&format!("  {} · ", alert.job)))
    );
}

#[test]
fn what_was_dropped_stands_at_the_end_of_any_message() {
    let dropped = Dropped {
        repeats: 1_000,
        others: 234,
        oldest: Some(testing::alert("a", "1").decided),
    };
    let line = "and 1,234 more alerts were dropped, the oldest of 2026-11-22 13:00 UTC: 1,000 repeats, 234 others";
    assert_eq!(dropped.words().unwrap(), line);
    for count in 1..=5 {
        let mut alerts: Vec<_> = (0..count)
            .map(|number| {
                let (job, error) = ("j".repeat(9_000), "e".repeat(9_000));
                alert(&job, Kind::Failed, &error, &format!("{number:016x}"), 0)
            })
            .collect();
        // A remark in the very words is a remark, and no count.
        alerts[0]
            .notes
            .push("and 9 more alerts were given up, the oldest of 2026".to_owned());
        alerts[count - 1].dropped = Some(dropped.clone());
        let text = message(&alerts);
        assert!(text.ends_with(&format!("\n{line}\n")), "{text}");
        assert_eq!(text.matches("dropped").count(), 1);
        // And of what a short message says, also where the count is the one remark that there is.
        alerts[0].notes.clear();
        assert_eq!(remarks(&alerts), [line]);
    }
}

#[test]
fn a_long_name_keeps_its_end_and_takes_up_what_it_may() {
    assert_eq!(cut_name("crate.module.function", 16), "crat….function");
    assert_eq!(shown("connection refused", 13), "connection…");
    assert_eq!(cut_error("one two three four", 15), "one two …four");
    assert_eq!(shown("a\nb", 3), "a b");
    assert_eq!(share([1, 2, 30, 30].into_iter(), 43), 20);
    assert_eq!(share([1, 2].into_iter(), 3), usize::MAX);
}

#[test]
fn more_than_are_ever_sent_at_once_are_all_named() {
    let alerts: Vec<_> = (0..100)
        .map(|number| {
            let id = format!("{number:016x}");
            alert(&format!("job {number}"), Kind::Failed, "no", &id, number)
        })
        .collect();
    let text = message(&alerts);
    for alert in alerts {
        let line = format!("{} · 13:0", alert.job);
        assert!(text.contains(&line) && text.contains(&alert.id), "{text}");
    }
}

/// Texts with all that is long once it is escaped or written.
fn any_text(longest: usize) -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec!["&", "<", ">", "é", "🦀", "a", ".", "\n", "\r", " "]);
    prop_oneof![
        prop::collection::vec(pieces, 0..longest).prop_map(|pieces| pieces.concat()),
        Just("&".repeat(longest)),
        Just("job".to_owned()),
        any::<String>(),
    ]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.map(|(kind, ..)| kind).to_vec())
}

proptest! {
    #[test]
    fn whatever_many_alerts_say_each_is_named_once_within_the_limit(
        alerts in prop::collection::vec(
            (
                any_text(300), any_kind(), any_text(300), 0..400_000_i64, any_text(90),
                prop::collection::vec(any_text(300), 0..3),
            ),
            2..=MOST,
        ),
        loss in prop::option::of(any::<[u64; 2]>()),
    ) {
        let mut alerts: Vec<_> = (0_u64..).zip(&alerts).map(|(number, (job, kind, error, second, host, notes))| {
            // Ids that no text here holds.
            let id = format!("{:016x}", 0xfeed_0000_0000_0000 | number);
            let mut alert = alert(job, *kind, error, &id, *second);
            alert.status.host = Some(host.clone().into());
            alert.notes.clone_from(notes);
            alert
        }).collect();
        let dropped = loss.map(|[repeats, others]| Dropped {
            repeats,
            others,
            oldest: Some(alerts[0].decided),
        });
        let loss = dropped.as_ref().and_then(Dropped::words);
        alerts[0].dropped = dropped;

        let text = message(&alerts);
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert!(escaped.len() <= 3_900, "{} in {text}", escaped.len());
        for alert in &alerts {
            prop_assert_eq!(text.matches(&alert.id).count(), 1, "{}", text);
        }
        if let Some(loss) = loss {
            prop_assert!(text.contains(&loss));
        }
        if alerts.len() > 3 {
            let titles = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
            let titles = titles.filter_map(|line| line.split_once(" × "));
            let titles: Vec<_> = titles.map(|(_, title)| title).collect();
            // A run that has not ended and took no time is one that did not come.
            let order = Kind::ALL.map(|(kind, words, ..)| match kind {
                Kind::Overdue => "missed a run",
                _ => words,
            });
            let places: Vec<_> = titles
                .iter()
                .filter_map(|title| order.iter().position(|kind| title.starts_with(kind)))
                .collect();
            prop_assert_eq!(places.len(), titles.len());
            prop_assert!(places.is_sorted(), "{}", text);
        }
    }
}
