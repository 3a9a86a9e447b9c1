//! Records of the runs under way: what is left of a process that dies, and what is written where.

use std::time::{Duration, SystemTime};

use super::*;
use crate::os::engine::own;
use crate::state::local::lease_scan::{UNSHOWN, find_dead, look};
use crate::testing::Folder;

fn run(name: &str) -> Vec<u8> {
    block(&format!("job: {name}\n"))
}

/// The jobs of the runs that a process left under way which dies now.
fn left_by(record: Record, folder: &Folder) -> Vec<String> {
    drop(record);
    let dead = find_dead(folder.path(), |_| true);
    let runs = dead.iter().flat_map(|dead| &dead.runs);
    runs.filter_map(|(_, run)| run.get("job").map(str::to_owned))
        .collect()
}

#[test]
fn a_process_that_dies_leaves_its_open_runs_and_one_that_lives_leaves_none() {
    let folder = Folder::new();
    let mut record = Record::create(folder.path(), 1, &run("a"), "process").unwrap();
    for (number, job) in [(2, "b"), (3, "c")] {
        record.begin(number, &mut run(job)).unwrap();
    }
    record.end(2);
    record.begin(4, &mut run("d")).unwrap();
    assert!(find_dead(folder.path(), |_| true).is_empty(), "it lives");
    assert_eq!(
        left_by(record, &folder),
        ["a", "d", "c"],
        "the freed slot is used again"
    );
}

#[test]
fn processes_are_found_in_the_order_in_which_they_died() {
    let folder = Folder::new();
    for age in [3, 1, 4, 2] {
        let job = run(&age.to_string());
        let record = Record::create(folder.path(), 1, &job, "process").unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        record.file.set_modified(time).unwrap();
    }
    let dead = find_dead(folder.path(), |_| true);
    let jobs: Vec<_> = dead
        .iter()
        .filter_map(|dead| dead.runs[0].1.get("job"))
        .collect();
    assert_eq!(jobs, ["4", "3", "2", "1"]);
}

#[test]
fn a_run_that_is_recorded_twice_is_ended_by_one_end() {
    let folder = Folder::new();
    let mut record = Record::create(folder.path(), 1, &run("a"), "process").unwrap();
    record.begin(1, &mut run("a, by a Config")).unwrap();
    record.end(1);
    assert_eq!(left_by(record, &folder), Vec::<String>::new());
}

#[test]
fn the_next_run_of_a_definition_says_what_the_last_one_did_but_for_its_own() {
    let _own = own::begin();
    let folder = Folder::new();
    let again = |run, definition, own| begin_again(folder.path(), run, definition, own);
    assert!(!again(1, (1, 1), "run: 1\n"), "none is known");
    let note = format!("note: {}\n", "x".repeat(1000));
    let text = (&*note, "run: 1\n");
    begin(folder.path(), 1, text, Some((1, 1)), Fields::default).unwrap();
    end(1);
    assert!(
        !again(2, (1, 2), "run: 2\n"),
        "other settings may change it"
    );
    assert!(again(3, (1, 1), "run: 3\n"));
    let seen = look(folder.path()).unwrap();
    let [run] = &*seen[0].runs else {
        panic!("{seen:?}");
    };
    assert_eq!(*run, Fields::parse(&(note + "run: 3\n")));
}

#[test]
fn the_next_run_of_a_definition_is_recorded_in_a_slot_of_whatever_size() {
    let _own = own::begin();
    let folder = Folder::new();
    let long = format!("job: a\nnote: {}\n", "x".repeat(1000));
    for (run, job) in [(1_usize, &*long), (2, "job: b\n"), (3, "job: c\n")] {
        let text = (job, "run: -\n");
        begin(
            folder.path(),
            run as u64,
            text,
            Some((run, 0)),
            Fields::default,
        )
        .unwrap();
    }
    end(1);
    end(2);
    assert!(begin_again(folder.path(), 4, (2, 0), "run: 4\n"));
    assert!(begin_again(folder.path(), 5, (2, 0), "run: 5\n"));
    let seen = look(folder.path()).unwrap();
    let runs = seen[0].runs.iter();
    let runs = runs.map(|run| [run.get("job"), run.get("run")].map(Option::unwrap));
    assert_eq!(
        runs.collect::<Vec<_>>(),
        [["b", "4"], ["b", "5"], ["c", "-"]]
    );
}

#[test]
fn an_end_is_written_into_the_record_and_no_file_of_the_program() {
    let folder = Folder::new();
    let path = folder.path().join(".program's own");
    let mut record = Record::create(folder.path(), 1, &run("a"), "process").unwrap();
    // As where the program closes all that is open, and opens a file of its own.
    record.file = File::create(&path).unwrap();
    record.end(1);
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(left_by(record, &folder), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_is_let_go_of_closes_no_file_of_the_program() {
    use std::os::fd::AsRawFd as _;
    let folder = Folder::new();
    let path = folder.path().join("program's own");
    let mut record = Record::create(folder.path(), 1, &run("a"), "process").unwrap();
    // As in a forked child that closes all that is open, and opens a file of its own.
    record.file = File::create(&path).unwrap();
    let link = format!("/proc/self/fd/{}", record.file.as_raw_fd());
    record.let_go();
    assert_eq!(fs::read_link(link).unwrap(), path);
}

#[test]
fn a_record_that_was_never_shown_is_removed_once_it_is_old_and_nobodys() {
    let folder = Folder::new();
    let make = |name: &str, age: Duration| {
        let file = File::create(folder.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        file
    };
    make(".young", UNSHOWN / 2);
    make(".old", UNSHOWN * 2);
    let locked = make(".locked", UNSHOWN * 2);
    locked.lock().unwrap();
    assert!(find_dead(folder.path(), |_| true).is_empty());
    let left = |name: &str| folder.path().join(name).exists();
    assert_eq!([".young", ".old", ".locked"].map(left), [true, false, true]);
}
