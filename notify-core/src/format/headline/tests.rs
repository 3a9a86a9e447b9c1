//! Issue 12, point 27: the line of an error that says something.

mod programs;

use proptest::prelude::*;

use super::{choose_and_join, headline, is_plain};

/// Errors of real crates and programs, and what a phone is to show.
const CASES: &[(&str, &str)] = &[
    ("connection refused", "connection refused"),
    (
        "connection refused\n  caused by: no route to host\n",
        "connection refused: no route to host",
    ),
    // tokio-postgres
    (
        "db error\n  caused by: FATAL: password authentication failed for user \"etl\"\n",
        "db error: FATAL: password authentication failed for user \"etl\"",
    ),
    // aws-smithy, tonic
    (
        "service error\n  caused by: unhandled error\n  caused by: NoSuchKey: no such key\n",
        "service error: NoSuchKey: no such key",
    ),
    (
        "dispatch failure\n  caused by: io error\n  caused by: Connection refused (os error 111)",
        "dispatch failure: Connection refused (os error 111)",
    ),
    (
        "transport error\n  caused by: tcp connect error\n  caused by: tcp connect error\n  caused by: Connection refused (os error 111)",
        "transport error: Connection refused (os error 111)",
    ),
    // A context says what was done, and the cause why it failed.
    (
        "opening CSV nothere.csv\n  caused by: No such file or directory (os error 2)",
        "opening CSV nothere.csv: No such file or directory (os error 2)",
    ),
    ("load: disk full\n  caused by: disk full", "load: disk full"),
    (
        "loading orders\n  caused by: the database said no\n  caused by: error",
        "loading orders: the database said no",
    ),
    // pest, regex, toml, winnow
    (
        " --> 1:3\n  |\n1 | a(\n  |   ^---\n  |\n  = expected ident",
        "expected ident",
    ),
    (
        "regex parse error:\n    a(\n     ^\nerror: unclosed group",
        "regex parse error: unclosed group",
    ),
    (
        "TOML parse error at line 1, column 5\n  |\n1 | a = \n  |     ^\nstring values must be quoted",
        "TOML parse error at line 1, column 5: string values must be quoted",
    ),
    ("12x\n  ^\ninvalid digit", "invalid digit"),
    // anyhow in a `Debug`, color-eyre, miette, Java
    (
        "Error: loading orders\n\nCaused by:\n    0: db error\n    1: FATAL: no such role",
        "loading orders: FATAL: no such role",
    ),
    (
        "Error:\n   0: loading orders\n   1: no such role",
        "loading orders: no such role",
    ),
    (
        "loading orders\n\nCaused by:\n    no such role",
        "loading orders: no such role",
    ),
    (
        "  × loading orders\n  ╰─▶ no such role",
        "loading orders: no such role",
    ),
    // Labels, brackets, pages
    ("Error:\n  disk full", "disk full"),
    (
        "validation failed:\n- age: too low\n- name: too long",
        "validation failed: - age: too low",
    ),
    ("\n\n  disk full", "disk full"),
    ("Usage: job [OPTIONS]", "Usage: job [OPTIONS]"),
    (
        "error: unexpected argument '--foo' found\n\nUsage: job [OPTIONS]\n\nFor more information, try '--help'.",
        "unexpected argument '--foo' found",
    ),
    (
        "{\n  \"code\": 12,\n  \"message\": \"no such role\"\n}",
        "\"message\": \"no such role\"",
    ),
    (
        "[\n  \"no such role\",\n  \"nor such\"\n]",
        "\"no such role\"",
    ),
    (
        "Refused {\n    code: 12,\n    reason: \"no such role\",\n}",
        "Refused: reason: \"no such role\"",
    ),
    (
        "HTTP 500: {\n  \"error\": {\n    \"code\": 12,\n    \"message\": \"no such role\"\n  }\n}",
        "HTTP 500: \"message\": \"no such role\"",
    ),
    (
        "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body></html>",
        "502 Bad Gateway",
    ),
    (
        "the server said: <!DOCTYPE html><html><body><h1>Sign in</h1></body></html>",
        "the server said: Sign in",
    ),
    (
        "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>It is not there.</Message></Error>",
        "NoSuchKey It is not there.",
    ),
    (
        "Error performing PUT https://s3/b/x: 403 Forbidden: <?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n  caused by: Error performing PUT https://s3/b/x\n",
        "Error performing PUT https://s3/b/x: 403 Forbidden: AccessDenied",
    ),
    (
        "loading: <html><title>Bad Gateway</title></html>\n  caused by: reset by peer",
        "loading: Bad Gateway: reset by peer",
    ),
    (
        "Refused {\n    source: Inner {\n        code: 12,\n        url: \"https://x\",\n    },\n}",
        "Refused: url: \"https://x\"",
    ),
    // Panics
    (
        "panicked: disk full\n  at src/a.rs:1:2\n\n   0: std::x\n   1: a::b",
        "panicked: disk full",
    ),
    (
        "panicked: called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound, message: \"No such file\" }\n  at src/a.rs:1:2",
        "panicked: Os { code: 2, kind: NotFound, message: \"No such file\" }",
    ),
    (
        "panicked: called `Result::unwrap()` on an `Err` value: loading orders\n\nCaused by:\n    no such role\n  at src/a.rs:1:2",
        "panicked: loading orders: no such role",
    ),
    (
        "panicked: called `Option::unwrap()` on a `None` value\n  at src/a.rs:1:2",
        "panicked: called `Option::unwrap()` on a `None` value at src/a.rs:1:2",
    ),
    (
        "panicked: assertion `left == right` failed\n  left: 1\n right: 2\n  at src/a.rs:1:2",
        "panicked: assertion `left == right` failed: left: 1, right: 2",
    ),
    // Commands
    ("exited with code 1", "exited with code 1"),
    (
        "killed by SIGKILL, perhaps out of memory\n",
        "killed by SIGKILL, perhaps out of memory",
    ),
    (
        "exited with code 1\n\nFATAL: password authentication failed\n",
        "exited with code 1: FATAL: password authentication failed",
    ),
    (
        "exited with code 1\n\nconnecting to db\nretrying\nFATAL: no such role\n",
        "exited with code 1: FATAL: no such role",
    ),
    (
        "exited with code 101\n\nthread 'main' panicked at src/main.rs:2:5:\ncolumn 7\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        "exited with code 101: column 7",
    ),
    (
        "exited with code 101\n\nthread 'main' panicked at src/main.rs:2:5:\ncolumn 7\nstack backtrace:\n   0: a::b\n   1: c::d\n",
        "exited with code 101: column 7",
    ),
    (
        "exited with code 1\n\nTraceback (most recent call last):\n  File \"/x.py\", line 3, in <module>\n    f()\nKeyError: 'name'\n",
        "exited with code 1: KeyError: 'name'",
    ),
    (
        "exited with code 2\n\nerror: unexpected argument '--foo' found\n\n  tip: there is none\n\nUsage: job [OPTIONS]\n\nFor more information, try '--help'.",
        "exited with code 2: unexpected argument '--foo' found",
    ),
    (
        "exited with code 1\n\nError: db error\n\nCaused by:\n    0: error connecting\n    1: no such role",
        "exited with code 1: no such role",
    ),
    (
        "exited with code 2\n\ncp: cannot stat 'x': No such file or directory\nmake: *** [Makefile:2: all] Error 1",
        "exited with code 2: cp: cannot stat 'x': No such file or directory",
    ),
    (
        "exited with code 1\n\n2026-11-22 13:00:00 ERROR no such role\n2026-11-22 13:00:00 INFO good bye",
        "exited with code 1: 2026-11-22 13:00:00 ERROR no such role",
    ),
    (
        "exited with code 1\n\nException in thread \"main\" java.lang.RuntimeException: load\n\tat a.B.c(B.java:3)\nCaused by: java.sql.SQLException: no such role\n\tat a.B.d(B.java:9)\n\t... 3 more",
        "exited with code 1: java.sql.SQLException: no such role",
    ),
    (
        "exited with code 2\n\npanic: no such role\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/x.go:4 +0x18\nexit status 2",
        "exited with code 2: panic: no such role",
    ),
    // Programs that a Rust program has called
    (
        "`psql -f load.sql` exited with 2\npsql: error: no such role\n\tIs the server running?",
        "`psql -f load.sql` exited with 2: psql: error: no such role",
    ),
    (
        "process didn't exit successfully: `load` (exit status: 1)\n--- stderr\nno such role",
        "process didn't exit successfully: `load` (exit status: 1): no such role",
    ),
    (
        "loading orders: exit status: 1\n  caused by: no such role",
        "loading orders: exit status: 1: no such role",
    ),
    (
        "the process exited with code 1 while this ran",
        "the process exited with code 1 while this ran",
    ),
    // What says nothing at all
    // tar, npm, Ruby, PHP, lines for programs: what points to another line, and frames, say nothing.
    (
        "exited with code 2\n\ntar: x: Cannot stat: No such file\ntar: Exiting with failure status due to previous errors",
        "exited with code 2: tar: x: Cannot stat: No such file",
    ),
    (
        "exited with code 1\n\nnpm ERR! code 1\nnpm ERR! Failed at the build script.\nnpm ERR! This is probably not a problem with npm.\nnpm ERR! A complete log of this run can be found in:\nnpm ERR!     /root/.npm/1.log",
        "exited with code 1: Failed at the build script.",
    ),
    (
        "exited with code 1\n\na.rb:3:in 'f': no disk (RuntimeError)\n\tfrom a.rb:5:in '<main>'",
        "exited with code 1: a.rb:3:in 'f': no disk (RuntimeError)",
    ),
    (
        "exited with code 255\n\nPHP Fatal error:  Uncaught Exception: no disk in /a.php:3\nStack trace:\n#0 {main}\n  thrown in /a.php on line 3",
        "exited with code 255: PHP Fatal error: Uncaught Exception: no disk in /a.php:3",
    ),
    (
        "exited with code 1\n\n{\"level\":\"error\",\"msg\":\"no route\"}\n{\"level\":\"info\",\"msg\":\"bye\"}\nts=1 level=info bye",
        "exited with code 1: {\"level\":\"error\",\"msg\":\"no route\"}",
    ),
    (
        "exited with code 1\n\nerror: no disk\n100%\ndone",
        "exited with code 1: no disk",
    ),
    // exn, rootcause
    (
        "app failed, at src/a.rs:5:97\n|-- middle, at src/a.rs:5:57\n|   |-- reset, at src/a.rs:4:3\n|\n`-- disk full, at src/a.rs:5:57",
        "app failed, at src/a.rs:5:97: disk full, at src/a.rs:5:57",
    ),
    (
        "app failed, at src/a.rs:5:97\n|\n|-> disk full, at src/a.rs:5:57",
        "app failed, at src/a.rs:5:97: disk full, at src/a.rs:5:57",
    ),
    (
        " ● outer\n ├ src/a.rs:4\n │\n ● middle\n ├ src/a.rs:4\n │\n ● disk full\n ╰ src/a.rs:4",
        "outer: disk full",
    ),
    ("", "an error without a text"),
    (" \n\n", "an error without a text"),
    ("}\n", "}"),
    ("Error:", "Error"),
    ("()", "()"),
    ("db error", "db error"),
];

#[test]
fn the_line_that_says_something_is_taken_or_the_last_cause_is_added() {
    let seen = |(text, wanted): &(&'static str, &'static str)| {
        let headline = headline(text, 200);
        (headline != *wanted).then_some((*text, *wanted, headline))
    };
    let wrong: Vec<_> = CASES.iter().filter_map(seen).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_line_that_is_too_long_keeps_its_end() {
    let text = format!(
        "reading {}: connection reset by peer",
        "https://example.com/".repeat(40)
    );
    let line = headline(&text, 200);
    assert!(
        line.starts_with("reading https://") && line.ends_with(": connection reset by peer"),
        "{line}"
    );
    assert!(line.len() <= 200);
}

proptest! {
    #[test]
    fn where_a_text_is_nothing_but_words_there_is_nothing_to_choose(
        text in "((caused by|Error|exited with code 1|panicked|npm|explicit panic|stack backtrace|goroutine 1|make|at|info|line 3|[a-z0-9_./'-]{1,9}) ){0,6}[a-zA-Z0-9_./'-]{1,9}",
        limit in 4_usize..60,
    ) {
        if is_plain(&text) {
            for text in [text.clone(), format!("{text}\n")] {
                prop_assert_eq!(headline(&text, limit), choose_and_join(&text, limit));
            }
        }
    }

    #[test]
    fn a_headline_is_one_line_within_its_limit_and_never_empty(
        text in prop_oneof![
            any::<String>(),
            "(\\PC|\n|\t){0,300}",
            "((caused by|Error|exited with code 1|panicked|<html>|Usage|--> 1:3|[{}()\\[\\]^|:=<>/.-]|[a-z]{1,9}|\n| )){0,40}",
        ],
        limit in 4_usize..300,
    ) {
        let line = headline(&text, limit);
        prop_assert!(!line.is_empty() && line.len() <= limit, "{line:?}");
        prop_assert!(!line.contains(char::is_control) && !line.contains(['\u{2028}', '\u{2029}']), "{line:?}");
    }

    #[test]
    fn a_plain_line_is_its_own_headline(text in "[a-z]{1,9}( [a-z]{1,9}){0,9}") {
        prop_assert_eq!(headline(&text, 200), text);
    }

    #[test]
    fn the_last_cause_is_shown(context in "reading [a-z]{3,20}", causes in prop::collection::vec("[b-z]{3,9} is [b-z]{3,9}", 1..5)) {
        let text = format!("{context}\n  caused by: {}\n", causes.join("\n  caused by: "));
        let line = headline(&text, 200);
        prop_assert!(line.starts_with(&context) && line.ends_with(&causes[causes.len() - 1]), "{line}");
    }
}
