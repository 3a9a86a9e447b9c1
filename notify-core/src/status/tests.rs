use proptest::prelude::*;

use super::*;

const FULL: &str = "ERROR
2026-11-22 13:00:00:123456 UTC
etl::load :: run
took: 252.118 s
since: 2026-11-22 11:00:00:000000 UTC
runs: 3
runs-total: 864
failures-total: 17
last-ok: 2026-11-22 10:00:00:000000 UTC
alerted: 2026-11-22 11:00:00:120000 UTC
alerted-by: etl.load
decision: not sent: another attempt follows (NOTIFY_ATTEMPT)
decision-code: not-sent attempt-follows
incident: 7f3a91c2
fingerprint: 0011aaff
first-error: disk full
told-errors: 0011aaff 0022aaff
other-errors: 3 sent, 2 not, last 2026-11-22 11:00:00:120000 UTC: 0011aaff 0022aaff
older-errors: 1 sent, 0 not, last 2026-11-22 11:00:00:120000 UTC: 0033aaff
overdue-alerted: 2026-11-22 11:00:00:120000 UTC
missed: 2026-11-22 12:30:00:120000 UTC
missed-due: 2026-11-22 11:30:00:000000 UTC
took-alerted: 2026-11-22 12:00:00:120000 UTC
overlap-alerted: 2026-11-22 11:30:00:120000 UTC
held: alerts-0123/0006-ab until 2026-11-22 14:00:00:000000 UTC
withheld-since: 2026-11-22 13:00:00:000000 UTC
silenced: error 0011aaff until 2026-11-23 08:00:00:000000 UTC because it is \\\\ known
acknowledged: error 0011aaff until 2026-11-23 08:00:00:000000 UTC by anna because the disk is on its way
quiet: until 2026-11-23 02:00:00:000000 UTC because the database moves
flapping: 5 changes, 4 of 9 runs failed since 2026-11-22 09:00:00:000000 UTC, told 2026-11-22 11:00:00:120000 UTC
host: worker-3
pid: 4242
exe: /opt/etl/bin/etl
source: src/load.rs:42
version: 1.4.2
ok-version: 1.4.1
every-hours: 24
schedule: 5 3 * * 1-5
timezone: Europe/Berlin
clock-changes: systemd
grace-minutes: 7.5
channel: data-alerts
mention: U123 @here
runbook: https://wiki.example.com/orders
owner: team-data
alerted-channel: on-call
silenced-by-rule: not the third failure
fact.rows: 44
fact.file: orders.csv
not counted: 2026-11-22 13:30:00:000000 UTC, replaced by /usr/bin/rsync
log-lines: 2

connection refused
  caused by: no route to host

last log lines:
13:00:00.123 INFO etl::load: reading orders.csv
13:00:00.124 WARN etl::load: 2 rows are empty
";

#[test]
fn a_status_file_is_read_and_written_back_to_the_letter() {
    let status = Status::parse(FULL).unwrap();
    assert_eq!(status.runs, 3);
    assert_eq!(
        status.text,
        "connection refused\n  caused by: no route to host\n"
    );
    assert_eq!(status.log_lines.len(), 2);
    assert_eq!(status.render(), FULL);
}

#[test]
fn a_file_of_the_articles_own_code_is_understood() {
    let file = "ERROR\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n\nTraceback (most recent call last):\nMySpecialError: omg!\n\n";
    let status = Status::parse(file).unwrap();
    assert_eq!(
        (status.state, &*status.location, status.runs),
        (State::Error, "abc :: func1", 1)
    );
    assert_eq!(status.alerted, Some(status.begun));
    assert!(status.text.starts_with("Traceback") && status.text.contains("omg!"));

    let file = "OK\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n";
    assert_eq!(Status::parse(file).unwrap().state, State::Ok);
}

#[test]
fn a_damaged_file_is_no_status() {
    for file in [
        "",
        "\n",
        "OK",
        "OK\n",
        "OK\nyesterday\n",
        "FINE\n2018-08-12 09:05:01:000007 UTC\n",
        "\0\0\0",
    ] {
        assert_eq!(Status::parse(file), None, "{file:?}");
    }
}

#[test]
fn unknown_keys_and_bad_values_do_not_make_a_file_unreadable() {
    let file = FULL.replace("runs: 3", "runs: many\nmood: good");
    let status = Status::parse(&file).unwrap();
    assert_eq!((status.runs, status.pid), (1, Some(4242)));
}

proptest! {
    #[test]
    fn any_content_can_be_read(content in any::<String>()) {
        let _ = Status::parse(&content);
    }

    #[test]
    fn whatever_follows_the_first_two_lines_the_status_is_read(rest in any::<String>()) {
        let file = format!("OK\n2018-08-12 09:05:01:000007 UTC\n{rest}");
        prop_assert_eq!(Status::parse(&file).unwrap().state, State::Ok);
    }
}
