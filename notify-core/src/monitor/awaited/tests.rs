use proptest::prelude::*;

use super::*;
use crate::testing::Folder;

fn parse(line: &str) -> Result<Awaited, String> {
    Awaited::parse(line, DateTime::UNIX_EPOCH, Path::new("file"))
}

/// Issue 18, point 1: a file of lines that a deployment writes.
#[test]
fn a_line_is_read_and_written_back_and_a_wrong_one_says_what_is_wrong() {
    for line in [
        "etl.load schedule 5 3 * * 1-5 zone Europe/Berlin grace 600s changes systemd channel data-alerts",
        "etl.sync every 21600s",
        "a b schedule @daily zone UTC",
    ] {
        assert_eq!(parse(line).unwrap().to_string(), line);
    }
    assert_eq!(
        parse("a every 6h grace 1d").unwrap().to_string(),
        "a every 21600s grace 86400s"
    );
    for (line, word) in [
        ("etl.load", "write JOB schedule"),
        ("etl.load schedule 5 3 * *", "it has 4 of five fields"),
        (
            "etl.load schedule 5 3 * * 1-9 zone UTC",
            "column 9 (day of week `1-9`)",
        ),
        (
            "etl.load schedule 5 3 * * * zone Mars",
            "no time zone `Mars`",
        ),
        (
            "etl.load schedule 5 3 * * * zone UTC every 6h",
            "both say when",
        ),
        ("etl.load every soon", "`soon` is not a length of time"),
        ("etl.load every 6h mood good", "`mood` is no word"),
        ("etl.load every 6h grace", "`grace` has no value"),
        ("etl.load every 6h changes at", "none of cron"),
        ("etl.load every 6h channel a/b", "a channel's name"),
        (" every 6h", "write JOB schedule"),
        ("etl.* every 6h", "is a pattern: name one job"),
        ("etl.load every 0h", "a length of time above zero"),
    ] {
        let fault = parse(line.trim()).expect_err(line);
        assert!(fault.contains(word), "{line}: {fault}");
    }
}

/// Else `expect` would say that it is expected, and nothing would be.
#[test]
fn a_job_that_a_line_cannot_name_is_refused() {
    let awaited = parse("etl.load every 6h").unwrap();
    for job in [
        "x schedule", "run every day", "x every", "x ", " x", "a\tb", "a\nb", "#x", "",
    ] {
        let awaited = Awaited {
            job: job.to_owned(),
            ..awaited.clone()
        };
        assert!(awaited.expected().is_err(), "{job:?}");
    }
}

#[test]
fn a_file_that_others_may_write_does_not_count_and_keeps_no_other_from_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Folder::new();
    let folder = folder(place.path());
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, mode: u32, content: &str| {
        fs::write(folder.join(name), content).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    write(
        "deployed",
        0o644,
        "# all of them\n\none every 1h\nnonsense\ntwo\tevery\t2h\none schedule @daily zone UTC\n",
    );
    write("group", 0o664, "three every 1h\n");
    write(".half", 0o644, "four every 1h\n");
    std::os::unix::fs::symlink(folder.join("deployed"), folder.join("link")).unwrap();
    let found = awaited(&place.path().into());
    let jobs: Vec<_> = found.all.iter().map(|awaited| &*awaited.job).collect();
    assert_eq!(jobs, ["one", "two"]);
    let faults = found.faults.join("\n");
    for fault in [
        "deployed` expects does not count: line 4",
        "line 6: `one` is expected already, by `",
        "group",
        "link",
    ] {
        assert!(faults.contains(fault), "{faults}");
    }
    parse("three every 3h")
        .unwrap()
        .write(&place.path().into())
        .unwrap();
    let mut three = parse("three every 4h").unwrap();
    three.write(&place.path().into()).unwrap();
    assert_eq!(three.file, folder.join(ffi::user_id().to_string()));
    let own = |job: &str| {
        awaited(&place.path().into())
            .all
            .iter()
            .filter(|awaited| awaited.job == job)
            .count()
    };
    assert_eq!(own("three"), 1);
    assert!(await_no_more(&place.path().into(), "three").unwrap());
    assert!(!await_no_more(&place.path().into(), "three").unwrap());
    assert_eq!((own("three"), own("one")), (0, 1));
}

/// A deployment may say for each of its jobs at once when it should run.
#[test]
fn jobs_that_are_expected_at_once_are_all_written_down() {
    let place = Folder::new();
    let lines: Vec<_> = (0..8)
        .map(|number| format!("job{number} every 6h"))
        .collect();
    std::thread::scope(|scope| {
        for line in &lines {
            let place = &place;
            scope.spawn(move || parse(line).unwrap().write(&place.path().into()).unwrap());
        }
    });
    let found = awaited(&place.path().into());
    assert_eq!((found.all.len(), found.faults), (8, Vec::new()));
}

proptest! {
    #[test]
    fn any_line_is_taken_as_it_is_written_back_or_refused(line in "[a-z.]{1,6}( (schedule|every|zone|grace|@daily|\\*|5|1-5|6h|UTC)){0,9}|\\PC{0,30}") {
        if let Ok(awaited) = parse(line.trim()) {
            prop_assert_eq!(parse(&awaited.to_string()).unwrap(), awaited);
        }
    }
}
