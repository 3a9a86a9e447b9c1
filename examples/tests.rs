//! What the examples with code of one's own show: each runs with no account, and its function is short (issue 17).

use std::process::Command;
use std::{env, fs};

/// The longest function that a person writes, in lines.
const SHORT: usize = 14;

/// An example, the function of its own, and what it prints.
const EXAMPLES: [(&str, &str, &[&str]); 3] = [
    (
        "rule",
        "at_work",
        &[
            "│ the disk is full\n",
            "\ndecision: sent: by the program's rule: a full disk is urgent\n",
        ],
    ),
    (
        "message",
        "one_line",
        &[
            "│ orders: invalid digit found in string (2 rows were loaded)\n",
            "│ runbook: https://wiki.example.com/orders\n│ the run: https://runs.example.com/",
        ],
    ),
    (
        "channels",
        "by_error",
        &[
            "│ the database does not answer\n",
            "│ a row of orders.csv cannot be read\n",
            "Err(Database) Err(Csv)\n",
        ],
    ),
];

#[test]
fn each_shows_what_it_says_with_no_account_in_few_lines() {
    for (example, function, expected) in EXAMPLES {
        let source = fs::read_to_string(format!("{example}.rs")).unwrap();
        let (_, function) = source.split_once(&format!("\nfn {function}(")).unwrap();
        let (function, _) = function.split_once("\n}").unwrap();
        let lines = function.lines().count() + 1;
        assert!(lines <= SHORT, "{example}: {lines} lines");

        // cargo builds the examples next to the folder of this test.
        let deps = env::current_exe().unwrap();
        let built = deps.parent().unwrap().with_file_name("examples");
        let folder =
            env::temp_dir().join(format!("pipeline-notify-{example}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let ended = Command::new(built.join(example))
            .env_clear()
            // What a test starts is bare, unless it is asked to report.
            .env("NOTIFY_DISABLE", "0")
            .env("NOTIFYDIR", &folder)
            .output()
            .unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let (shown, warned) = (ended.stdout, ended.stderr);
        let (shown, warned) = (
            String::from_utf8_lossy(&shown),
            String::from_utf8_lossy(&warned),
        );
        assert!(ended.status.success(), "{example}: {warned}");
        assert_eq!(warned, "", "{example}");
        for words in expected {
            assert!(shown.contains(words), "{example}: {words:?} in {shown}");
        }
    }
}
