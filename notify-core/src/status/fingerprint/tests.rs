//! Issue 12, points 4 and 5: which errors are the same, and which are not.

use proptest::prelude::*;

use super::of;

/// Errors of which nothing but noise differs.
const SAME: &[(&str, &str)] = &[
    ("took 12.5 s", "took 7 s"),
    ("row 17 of 200", "row 18 of 1999"),
    (
        "no such file: /data/2026-11-21/a.csv",
        "no such file: /data/2026-11-22/b.csv",
    ),
    ("run 7f3a91c2 failed", "run 00aa17ff failed"),
    (
        "order 550e8400-e29b-41d4-a716-446655440000 is bad",
        "order 16fd2706-8baf-433b-82eb-8c7fada847da is bad",
    ),
    ("at 2026-11-22T13:00:00Z", "at 2026-11-23T09:15:59Z"),
    ("at 13:00:00.123", "at 9:07:00"),
    ("worker3 is gone", "worker12 is gone"),
    (
        "connection to 10.0.0.1:5432 refused",
        "connection to 10.0.3.17:5433 refused",
    ),
    ("refused\n\nbacktrace: one", "refused\n\nbacktrace: two"),
    ("a  b", "a b\n"),
    // Addresses in memory.
    ("bad pointer 0x7ffd1a2b3c4d", "bad pointer 0x55d0c0ffee00"),
    ("bad pointer 0x7ffd", "bad pointer 0xabc"),
    ("panicked at 0x7FFD12AB", "panicked at 0x0000FACE"),
    // Pods.
    (
        "pod web-7d4b9c6f5d-x2x9q is gone",
        "pod web-6b8fcd59b4-kxjbd is gone",
    ),
    (
        "no route to etl-28391400-8zkq2",
        "no route to etl-28391460-wvtpl",
    ),
    ("db-0.db.default.svc is down", "db-1.db.default.svc is down"),
    // Ids.
    ("request 4KJ2XQ9B1Z failed", "request Z9X8Y7W6V5 failed"),
    ("request req_8fK2zQ1m failed", "request req_Zp31xQ failed"),
    ("request id: KQZXVBNM", "request id: PLMNBVCX"),
    ("requestId=a8f3k2, refused", "requestId=zz91ql, refused"),
    (
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 lost",
        "trace_id=00f067aa0ba902b700f067aa0ba902b7 lost",
    ),
    (
        "event 01ARZ3NDEKTSV4RRFFQ69G5FAV is late",
        "event 01HQZX3T7K9W5B8N2M4P6R8S0V is late",
    ),
    (
        "event 01arz3ndektsv4rrffq69g5fav is late",
        "event 01hqzx3t7k9w5b8n2m4p6r8s0v is late",
    ),
    (
        "order 550E8400-E29B-41D4-A716-446655440000 is bad",
        "order {16fd2706-8baf-433b-82eb-8c7fada847da} is bad",
    ),
    (
        "order-550e8400-e29b-41d4-a716-446655440000.json is bad",
        "order-16fd2706-8baf-433b-82eb-8c7fada847da.json is bad",
    ),
    (
        "layer sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is gone",
        "layer sha256:60303AE22B998861BCE3B28F33EEC1BE758A213C86C93C076DBE9F558C11C752 is gone",
    ),
    (
        "commit abcdefabcdefabcdefab is bad",
        "commit 0123456789abcdef0123 is bad",
    ),
    (
        "token V1StGXR8_Z5jdHi6B-myT is bad",
        "token 3Jk9aPq_xY7-LmN2bVc0z is bad",
    ),
    // Measures.
    ("timed out after 950ms", "timed out after 1.02s"),
    ("timed out after 950 ms", "timed out after 1 second"),
    ("timed out after 2m3s", "timed out after 30s"),
    ("timed out after 12.5µs", "timed out after 1 h 5 min"),
    ("only 12GiB left", "only 950 MB left"),
    ("only 1,024 bytes left", "only 7 bytes left"),
    ("disk is 97% full", "disk is 98.5% full"),
    ("1 row failed", "17 rows failed"),
    ("the 1st try failed", "the 22nd try failed"),
    ("at -5 degrees", "at 1.5e-7 degrees"),
    // Dates and times.
    (
        "since Sat Nov 28 04:56:59 UTC 2026 no answer",
        "since Sun Nov 1 14:06:09 UTC 2026 no answer",
    ),
    (
        "since Fri, 27 Nov 2026 13:00:00 GMT no answer",
        "since Mon, 1 Dec 2026 09:00:00 GMT no answer",
    ),
    ("no data for 22.11.2026", "no data for 1.12.2026"),
    ("no data for 11/22/2026", "no data for 12/01/2026"),
    (
        "no data for 2026-11-22 13:00:00.123456 +01:00",
        "no data for 2026-12-01 09:00:00 +00:00",
    ),
    (
        "no data for 20261122T130000Z",
        "no data for 20261201T090000Z",
    ),
    ("at 12:30pm", "at 9:05am"),
    (
        "no data in report-Nov-2026.pdf",
        "no data in report-Dec-2027.pdf",
    ),
    (
        "cannot open orders_29-Nov-2026.csv",
        "cannot open orders_01-May-2027.csv",
    ),
    ("cannot open backup_sun_0300", "cannot open backup_mon_0400"),
    // Addresses.
    ("[2001:db8::ff00:42:8329]:443 is down", "[::1]:8443 is down"),
    (
        "no answer from aa:bb:cc:dd:ee:ff",
        "no answer from 00:1b:44:11:3a:b7",
    ),
    ("db:5432 is down", "db:5433 is down"),
    (
        "GET https://api.example.com/v1/42?x=1 failed",
        "GET https://api.example.com/v1/43?x=2 failed",
    ),
    // Quoted numbers, and paths.
    (r#"invalid value: "42""#, r#"invalid value: "1999""#),
    (
        "cannot remove '/tmp/.tmpAbCdEf/x'",
        "cannot remove '/tmp/.tmpZyXwVu/y'",
    ),
    (
        "cannot open data/2026-11-22.csv",
        "cannot open data/2026-11-23.csv",
    ),
    (
        r"cannot open C:\Temp\tmp12.dat",
        r"cannot open C:\Temp\tmp13.dat",
    ),
    ("src/main.rs:10:5: no", "src/lib.rs:7:1: no"),
    // The same words in another order.
    (r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#),
    ("{'a', 'b', 'c'}", "{'c', 'a', 'b'}"),
    (r#"["a", "id", "bbbbbb"]"#, r#"["bbbbbb", "a", "id"]"#),
    (r#"["code", "12345", "x"]"#, r#"["x", "code", "99"]"#),
    (
        r#"{"age":["low"],"name":["long"]}"#,
        r#"{"name":["long"],"age":["low"]}"#,
    ),
    (
        "name: too long\nage: too low",
        "age: too low\nname: too long",
    ),
    ("column a is not b", "column b is not a"),
    // Codes of the data.
    ("unknown zip code 10115", "unknown zip code 90210"),
    ("zip_code=10115 is bad", "zip_code=90210 is bad"),
    ("row 17: product code 4711", "row 18: product code 4712"),
    ("countryCode: 49", "countryCode: 43"),
    (
        "item code E1142 is not there",
        "item code E1143 is not there",
    ),
    ("INV-10042: no price", "INV-10043: no price"),
    ("SKU12345: no price", "SKU12346: no price"),
    ("KeyError: 4711", "KeyError: 4712"),
    // Counts that could be an answer's code.
    ("expected 1000, got 404", "expected 1000, got 503"),
    ("expected 500 rows, got 501", "expected 500 rows, got 503"),
    ("started with 412", "started with 503"),
    ("got 497", "got 463"),
    // What follows a code.
    ("error code 3: 17 rows", "error code 3: 18 rows"),
    ("exit code 3, 17 of 20 done", "exit code 3, 18 of 20 done"),
    // Processes and levels of a log.
    (
        "2026-11-22 13:00:00,123 ERROR [4711] no",
        "2026-11-22 13:00:01,456 ERROR [4712] no",
    ),
    // The values of a row.
    (
        "it is there\nDETAIL:  Key (sku)=(AB-x) already exists.",
        "it is there\nDETAIL:  Key (sku)=(CD-y) already exists.",
    ),
    (
        "Key (a, b)=(x (y), z) is not present in table \"t\".",
        "Key (a, b)=(u, v) is not present in table \"t\".",
    ),
    // Backtraces.
    (
        "no\n\nStack backtrace:\n   0: a::b\n             at ./src/a.rs:1:2",
        "no\n\nStack backtrace:\n   0: c::d\n   1: e::f",
    ),
    (
        "panicked: no\n  at src/a.rs:1:2\n\n   0: std::x\n   1: a::b\n             at ./src/a.rs:1:2",
        "panicked: no\n  at src/a.rs:1:9",
    ),
];

/// Errors that are two.
const OTHERS: &[(&str, &str)] = &[
    ("connection refused", "connection reset"),
    (
        "disk full\n  caused by: quota",
        "disk full\n  caused by: no space",
    ),
    ("panicked: no", "no"),
    ("table face is missing", "table cafe is missing"),
    ("", "no"),
    ("", "()"),
    ("column a is bad", "column b is bad"),
    // What follows an empty line.
    (
        "query failed\n\nno such table",
        "query failed\n\npermission denied",
    ),
    (
        "exited with code 1\n\nconnection reset",
        "exited with code 1\n\nrepository is corrupt",
    ),
    // Codes.
    ("exited with code 12", "exited with code 3"),
    (
        "exited with code 12, perhaps out of memory",
        "exited with code 3, perhaps out of memory",
    ),
    ("exit code 1", "exit code 2"),
    ("exit code: -1", "exit code: 1"),
    ("exit status: 1", "exit status: 2"),
    (
        "the process exited with code 1 while this ran",
        "the process exited with code 2 while this ran",
    ),
    (
        "ExitStatus(unix_wait_status(256))",
        "ExitStatus(unix_wait_status(512))",
    ),
    ("exit code: Some(12)", "exit code: Some(3)"),
    ("exit code: 0xc0000005", "exit code: 0xc0000409"),
    ("exit code: 3221225477", "exit code: 3221226505"),
    ("killed by signal 9", "killed by signal 11"),
    ("killed by SIGKILL", "killed by SIGSEGV"),
    ("signal: 9 (SIGKILL)", "signal: 11 (SIGSEGV)"),
    (
        "cannot open it (os error 2)",
        "cannot open it (os error 13)",
    ),
    ("[Errno 2] no", "[Errno 13] no"),
    ("errno=2", "errno=13"),
    ("status code 404", "status code 503"),
    ("HTTP 404", "HTTP 503"),
    ("HTTP/1.1 404", "HTTP/1.1 503"),
    ("status: 404 Not Found", "status: 503 Service Unavailable"),
    ("status: 404 from the server", "status: 503 from the server"),
    (r#"{"statusCode":404}"#, r#"{"statusCode":503}"#),
    ("status:404", "status:503"),
    ("StatusCode(404)", "StatusCode(503)"),
    ("the server returned 404", "the server returned 503"),
    (
        "the server responded with 404: no",
        "the server responded with 503: no",
    ),
    ("ERROR 1045 (28000)", "ERROR 2002 (HY000)"),
    ("SQLSTATE[42P01]", "SQLSTATE[23505]"),
    ("SQLCODE=-204", "SQLCODE=-803"),
    (
        "error[E0433]: it does not build",
        "error[E0308]: it does not build",
    ),
    ("error code 1146", "error code 1045"),
    ("the code is 12", "the code is 13"),
    ("nativeErrorCode: 1205", "nativeErrorCode: 1213"),
    ("returncode=1", "returncode=2"),
    ("rc=23", "rc=12"),
    ("failed with 5", "failed with 32"),
    ("failed with 403", "failed with 404"),
    ("Error number -138 occurred", "Error number -5 occurred"),
    (
        "An error occurred (403) when it asked",
        "An error occurred (404) when it asked",
    ),
    ("expected 200, got 404", "expected 200, got 503"),
    (
        "expected status 200 but got 404",
        "expected status 200 but got 503",
    ),
    ("HTTPError: 404 Client Error", "HTTPError: 410 Client Error"),
    ("ERROR 1045 (28000)", "ERROR 1045 (42000)"),
    ("ERROR:  42P01: no", "ERROR:  42P07: no"),
    (
        "2026-11-22 13:00:00,123 ERROR status 404",
        "2026-11-22 13:00:01,456 ERROR status 503",
    ),
    (
        "2026-11-29 03:00:02 ERROR 404: no",
        "2026-11-29 04:10:22 ERROR 410: no",
    ),
    // Those that vendors name.
    ("db error: ORA-00942", "db error: ORA-01017"),
    ("OCI Error (TNS-12541)", "OCI Error (TNS-12514)"),
    ("no sign-in: AADSTS50011", "no sign-in: AADSTS700016"),
    ("SQL0204N", "SQL0803N"),
    // Errors that are nothing else.
    ("E1001", "E1002"),
    ("DB-12", "DB-13"),
    ("-22", "-5"),
    ("404", "503"),
    // Words that are no noise.
    ("Key (a)=(x) already exists.", "Key (b)=(x) already exists."),
    ("input/output error", "read/write error"),
    (r"connection\nrefused", r"connection\nreset"),
    ("S3Error: no", "D1Error: no"),
    ("Utf8Error", "Utf8Mismatch"),
    (
        "GET https://api.example.com/ failed",
        "GET https://db.example.com/ failed",
    ),
    ("the march goes on", "the parade goes on"),
    ("no table sat_orders", "no table sun_orders"),
];

#[test]
fn noise_and_order_do_not_make_another_error() {
    let is_two = |(one, other): &&(&str, &str)| of(one) != of(other);
    assert_eq!(
        SAME.iter().filter(is_two).collect::<Vec<_>>(),
        <[&(&str, &str); 0]>::default()
    );
}

#[test]
fn other_words_and_codes_make_another_error() {
    let is_one = |(one, other): &&(&str, &str)| of(one) == of(other);
    assert_eq!(
        OTHERS.iter().filter(is_one).collect::<Vec<_>>(),
        <[&(&str, &str); 0]>::default()
    );
}

/// Databases, clouds, schedulers and their like, by their documented codes.
#[test]
fn what_tools_say_is_one_error_or_two() {
    let table = include_str!("tools.tsv");
    let rows = table.lines().filter(|row| !row.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows {
        let row = row.replace("\\n", "\n").replace("\\t", " ");
        let [what, one, other] = *row.split('\t').collect::<Vec<_>>() else {
            panic!("{row}");
        };
        count += 1;
        if (what == "same") != (of(one) == of(other)) {
            wrong.push(row.clone());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 100, "{count}");
}

#[test]
fn a_number_that_counts_is_no_code() {
    for (one, other) in [
        ("Error: 17 rows failed", "Error: 18 rows failed"),
        ("error 3 of 10", "error 4 of 12"),
        ("expected 10, got 17", "expected 10, got 18"),
        ("the query returned 404 rows", "the query returned 405 rows"),
        ("status after 12 s", "status after 13 s"),
        ("error: 7f3a91c2e5 is bad", "error: 00aa17ff12 is bad"),
    ] {
        assert_eq!(of(one), of(other), "{one} / {other}");
    }
}

/// Ids of letters and digits, with at least one of each, as services make them.
fn id() -> impl Strategy<Value = String> {
    const FORMS: &[&str] = &[
        "[0-9a-f]{8,40}",
        "[0-9A-F]{8,40}",
        "[0-9A-HJKMNP-TV-Z]{26}",
        "[0-9a-z]{8,24}",
        "[0-9A-Z]{10}",
        "[0-9a-z]{3}[0-9][a-z][0-9a-z]{3}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "0x[0-9a-f]{1,16}",
    ];
    let is_of_windows =
        |id: &str| id.len() == 10 && (id.starts_with("0x80") || id.starts_with("0xc0"));
    let has_both = move |id: &String| {
        // A digit between two letters: `abcdefgh12` could be a name.
        let letter = |byte: &u8| byte.is_ascii_alphabetic();
        id.as_bytes()
            .windows(3)
            .any(|w| letter(&w[0]) && w[1].is_ascii_digit() && letter(&w[2]))
            && !is_of_windows(id)
    };
    proptest::sample::select(FORMS)
        .prop_flat_map(|form| proptest::string::string_regex(form).unwrap())
        .prop_filter("letters and digits", has_both)
}

proptest! {
    #[test]
    fn any_error_has_one(error in any::<String>()) {
        prop_assert_eq!(of(&error).len(), 8);
    }

    #[test]
    fn any_two_numbers_are_alike(one in any::<u64>(), other in any::<u64>()) {
        prop_assert_eq!(of(&format!("row {one}: bad")), of(&format!("row {other}: bad")));
    }

    #[test]
    fn any_two_exit_codes_are_two_errors(one in 1_u8.., other in 1_u8..) {
        prop_assume!(one != other);
        prop_assert_ne!(of(&format!("exited with code {one}")), of(&format!("exited with code {other}")));
    }

    #[test]
    fn any_two_codes_behind_a_word_that_says_so_are_two_errors(
        word in proptest::sample::select(&[
            "error code ", "exit code: ", "errno ", "rc=", "status: ", "(os error ", "SQLSTATE ", "ORA-0", "failed with ",
        ][..]),
        one in 1000_u16..10000,
        other in 1000_u16..10000,
        seconds in any::<[u16; 2]>(),
    ) {
        prop_assume!(one != other);
        let error = |code, seconds| format!("no rows after {seconds} s\n  caused by: {word}{code}");
        prop_assert_ne!(of(&error(one, seconds[0])), of(&error(other, seconds[1])));
        prop_assert_eq!(of(&error(one, seconds[0])), of(&error(one, seconds[1])));
    }

    #[test]
    fn any_two_numbers_behind_a_word_that_counts_or_names_are_alike(
        word in proptest::sample::select(&[
            "error in row ", "error on line ", "failed at byte ", "pid ", "port ", "zip code ", "product_code=", "retry ",
            "expected 1000, got ", "Key (sku)=(x-", "INV-", "status of order id ",
        ][..]),
        one in 1000_u32..100_000,
        other in 1000_u32..100_000,
    ) {
        prop_assert_eq!(of(&format!("no price: {word}{one})")), of(&format!("no price: {word}{other})")));
    }

    #[test]
    fn any_two_ids_are_alike(one in id(), other in id(), is_named in any::<bool>()) {
        let error = |id: &str| if is_named {
            format!("request {id} was refused")
        } else {
            format!("refused (request_id={id})")
        };
        prop_assert_eq!(of(&error(&one)), of(&error(&other)));
    }

    #[test]
    fn any_two_spans_are_alike(one in any::<u32>(), other in any::<u64>()) {
        let span = |micros| std::time::Duration::from_micros(micros);
        let (one, other) = (span(one.into()), span(other));
        prop_assert_eq!(of(&format!("late by {one:?}")), of(&format!("late by {other:?}")));
    }

    #[test]
    fn the_order_of_words_does_not_count(words in prop::collection::vec("[a-z]{1,12}", 1..12), turn in any::<usize>()) {
        let mut turned = words.clone();
        turned.rotate_left(turn % words.len());
        prop_assert_eq!(of(&format!("{words:?}")), of(&format!("{turned:?}")));
    }

    #[test]
    fn another_word_is_another_error(one in "[a-z]{3,12}", other in "[a-z]{3,12}") {
        prop_assume!(one != other);
        prop_assert_ne!(of(&format!("the {one} is gone")), of(&format!("the {other} is gone")));
    }
}
