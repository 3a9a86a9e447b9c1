use super::*;
use crate::format::time;
use crate::status::log_lines::LogLines;

fn alert(job: &str, kind: Kind, error: &str) -> Alert {
    let state = if matches!(kind, Kind::Failed | Kind::StillFailing) {
        State::Error
    } else {
        State::Ok
    };
    let status = format!(
        "{state}\n2026-11-22 13:00:00:123456 UTC\netl::load :: run\ntook: 2.500 s\n\
             since: 2026-11-22 11:00:00:000000 UTC\nruns: 3\nhost: worker-3\n\n{error}"
    );
    Alert {
        id: format!("id-{job}"),
        kind,
        job: job.to_owned(),
        channel: "alerts".to_owned(),
        decided: time::parse("2026-11-22 13:00:02:623456 UTC").unwrap(),
        incident: Some("7f3a91c2".to_owned()),
        earlier_error: None,
        outage: (kind == Kind::Recovered).then(|| Outage {
            since: time::parse("2026-11-22 10:55:00:000000 UTC").unwrap(),
            runs: 26,
            error: "connection refused".to_owned(),
        }),
        mention: Some("U123".to_owned()),
        facts: vec![("context".to_owned(), "env=prod".to_owned())],
        notes: vec!["this is a debug build".to_owned()],
        message: Message::default(),
        dropped: None,
        recovered: None,
        status: Status::parse(&status).unwrap(),
    }
}

#[test]
fn the_text_begins_like_the_articles_and_ends_with_the_facts() {
    let alert = alert(
        "etl.load.run",
        Kind::StillFailing,
        "connection refused\n  caused by: no route\n",
    );
    assert_eq!(
        alert.text(),
        "--- ERROR ---\n2026-11-22 13:00:00:123456 UTC\netl::load :: run\n\nconnection refused\n  \
             caused by: no route\n\nfailing for 2 h, 3 runs, with the same error\nthis is a debug build\n\
             job etl.load.run still failing · since 2026-11-22 11:00:00:000000 UTC · took 2.500 s · host worker-3 \
             · context env=prod · incident 7f3a91c2 · alert id-etl.load.run\n"
    );
    assert_eq!(
        alert.summary(),
        "✗ etl.load.run still failing on worker-3: connection refused: no route"
    );
}

/// It works at the moment: `is flapping on worker-3 after 2 h` would read as if it had begun to flap after that time,
/// and `ran late on worker-3 after 2 h` as if it were late by that.
#[test]
fn the_title_of_a_job_that_flaps_or_ran_late_says_no_span() {
    for (kind, title) in [
        (Kind::Flapping, "⚠ etl.load.run is flapping on worker-3"),
        (Kind::Late, "✓ etl.load.run ran late on worker-3"),
    ] {
        let mut alert_of_kind = alert("etl.load.run", kind, "");
        alert_of_kind.outage = alert("etl.load.run", Kind::Recovered, "").outage;
        assert_eq!(alert_of_kind.summary(), title);
        assert!(alert_of_kind.text().contains("\nworks again after 2 h"));
    }
}

/// `works again after 0.000 s` would be wrong, and nobody knows better.
#[test]
fn where_the_clock_was_set_back_no_span_is_said() {
    let mut recovered = alert("etl.load.run", Kind::Recovered, "");
    let tomorrow = time::parse("2026-11-23 10:55:00:000000 UTC").unwrap();
    recovered.outage.as_mut().unwrap().since = tomorrow;
    assert_eq!(recovered.title(), "✓ etl.load.run recovered on worker-3");
    let words = "\nworks again after 26 failed runs; the error was: connection refused\n";
    assert!(recovered.text().contains(words), "{}", recovered.text());

    let mut failing = alert("etl.load.run", Kind::StillFailing, "no route\n");
    failing.status.since = tomorrow;
    let words = "\nfailing for 3 runs, with the same error\n";
    assert!(failing.text().contains(words), "{}", failing.text());

    // Nor where it had not been set yet, as on a board that has no clock of its own: 56 years would be wrong.
    let at_boot = time::parse("1970-01-01 00:00:30:000000 UTC").unwrap();
    recovered.outage.as_mut().unwrap().since = at_boot;
    assert_eq!(recovered.title(), "✓ etl.load.run recovered on worker-3");
    failing.status.since = at_boot;
    assert!(failing.text().contains(words), "{}", failing.text());
}

#[test]
fn a_job_that_flaps_is_not_ticked_off_for_its_last_run() {
    let alert = alert("etl.load.run", Kind::Flapping, "");
    assert_eq!(alert.summary(), "⚠ etl.load.run is flapping on worker-3");
}

#[test]
fn a_run_that_is_overdue_is_not_counted_as_failed() {
    let mut alert = alert(
        "etl.load.run",
        Kind::Failed,
        "still running after 90 minutes\n",
    );
    assert!(alert.text().contains("3 runs, with the same error"));
    alert.kind = Kind::Overdue;
    assert!(!alert.text().contains("it has failed"), "{}", alert.text());
}

/// Issue 12, what is small: both were "OVERDUE", and who read it looked for a process.
#[test]
fn a_run_that_has_never_begun_and_one_that_hangs_have_words_of_their_own() {
    let mut alert = alert("etl.load.run", Kind::Overdue, "late\n");
    alert.status.state = State::Error;

    let said = |alert: &Alert| (alert.title(), alert.text());
    let (title, text) = said(&alert);
    assert_eq!(title, "✗ etl.load.run is overdue on worker-3");
    assert!(text.starts_with("--- OVERDUE ---\n") && text.contains("etl.load.run is overdue"));
    alert.status.took = None;
    let (title, text) = said(&alert);
    assert_eq!(title, "✗ etl.load.run missed a run on worker-3");
    assert!(text.starts_with("--- MISSED ---\n") && text.contains("etl.load.run missed a run"));
    // Its file is the same for every version.
    assert!(alert.render().contains("kind: is overdue\n"));
    let read = Alert::parse(&alert.render()).unwrap();
    assert_eq!(read.title(), title);
}

/// Issue 12, what is small: the headline of a silence was "still failing", as if the job had run.
#[test]
fn a_silence_is_named_as_one_and_another_error_within_it_as_an_error() {
    let silence = |hour: u32| crate::status::Silence {
        until: time::parse(&format!("2026-11-22 {hour}:00:00:000000 UTC")).unwrap(),
        error: "0011aaff".to_owned(),
        because: None,
    };
    for (kind, hour, error, said) in [
        (
            Kind::StillFailing,
            15,
            "0011aaff",
            "is silenced until 2026-11-22 15:00 UTC",
        ),
        (Kind::StillFailing, 15, "ffffffff", "still failing"),
        (Kind::StillFailing, 13, "0011aaff", "still failing"),
        (Kind::Failed, 15, "0011aaff", "failed"),
    ] {
        let mut alert = alert("etl", kind, "connection refused\n");
        alert.status.silence = Some(silence(hour));
        alert.status.fingerprint = Some(error.to_owned());
        assert_eq!(alert.became(), said);
        let is_silence = said.starts_with("is silenced");
        let text = alert.text();
        assert!(text.contains(&format!("job etl {said} · ")), "{text}");
        assert_eq!(!text.contains("with the same error"), is_silence, "{text}");
    }
}

#[test]
fn a_recovery_says_what_is_over_and_how_long_it_was() {
    let alert = alert("etl.load.run", Kind::Recovered, "");
    assert_eq!(
        alert.summary(),
        "✓ etl.load.run recovered on worker-3 after 2 h 5 min"
    );
    let sentence =
        "\nworks again after 2 h 5 min and 26 failed runs; the error was: connection refused\n";
    assert!(alert.text().contains(sentence), "{}", alert.text());
}

#[test]
fn an_alert_is_read_back_from_its_file_as_it_was() {
    let alert = alert("etl.load.run", Kind::Recovered, "");
    assert_eq!(Alert::parse(&alert.render()), Some(alert));
    assert_eq!(Alert::parse("alert: x\n"), None);
}

/// Issue 17, points 4 and 6: a short message shows the lines that have room, each whole, beside a long error, too.
#[test]
fn where_not_all_log_lines_have_room_the_last_ones_are_left_whole() {
    let lines: Vec<_> = (0..50)
        .map(|number| format!("13:00:00.000 INFO etl: line {number:02} {}", "x".repeat(60)))
        .collect();
    for error in ["refused".to_owned(), "a frame of a backtrace\n".repeat(300)] {
        let mut alert = alert("etl", Kind::Failed, "");
        alert.status.text = error;
        alert.status.log_lines = LogLines::new(lines.clone());
        let text = alert.text_within(3_600, &str::len);
        assert!(text.len() <= 3_600, "{}", text.len());
        assert!(text.contains(" lines cut …]\n"), "{text}");
        let (_, shown) = text.split_once("\nlast log lines:\n").unwrap();
        let (shown, rest) = shown.split_once("\n\n").unwrap();
        let shown: Vec<_> = shown.lines().collect();
        assert!(shown.len() > 9, "{text}");
        assert_eq!(shown.last().unwrap(), lines.last().unwrap());
        let is_whole =
            |line: &&str| line.starts_with("[…") || lines.iter().any(|whole| whole == line);
        assert!(shown.iter().all(is_whole), "{text}");
        assert!(rest.contains("alert id-etl"), "{rest}");
    }
}
