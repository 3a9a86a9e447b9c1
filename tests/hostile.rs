//! What others have laid in the notify directory, or hold there: a run ends as it would have ended,
//! soon, says what is in its way, and nothing is written elsewhere.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use support::receiver::SECRET;
use support::{Answer, Ended, Folder, Program, Receiver, Running, eventually};

const MAIN: &str = "pipeline-notify.ends.main";

/// What a link that is planted leads to: it must stay as it is.
const VICTIM: &str = "somebody else's";

/// What can lie where a file of ours belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    Fifo,
    Folder,
    FullFolder,
    Link,
    DanglingLink,
    Zero,
    Garbage,
    Large,
    Zeros,
}

const ALL: [Plant; 9] = [
    Plant::Fifo,
    Plant::Folder,
    Plant::FullFolder,
    Plant::Link,
    Plant::DanglingLink,
    Plant::Zero,
    Plant::Garbage,
    Plant::Large,
    Plant::Zeros,
];

/// A notify directory in which a failing program has run before, with what links lead to beside it.
struct Scene {
    folder: Folder,
    outside: Folder,
    receiver: Receiver,
    /// What the exit of a program has: a second where it waits for what does not come.
    exit_seconds: &'static str,
}

impl Scene {
    /// With an alert that waits.
    fn new() -> Self {
        let outside = Folder::new();
        fs::write(outside.path().join("victim"), VICTIM).unwrap();
        let scene = Self {
            folder: Folder::new(),
            outside,
            receiver: Receiver::down(Answer::Status(503, "")),
            exit_seconds: "30",
        };
        let ended = scene.program("err").env("NOTIFY_EXIT_SECONDS", "0.5").run();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(scene.folder.waiting_alerts().len(), 1);
        scene.receiver.mend();
        // The pause after the failures is not what is tried here. A busy machine may have come to none.
        let _ = fs::remove_file(scene.queue().join(".pace"));
        scene
    }

    /// The same, whose programs do not wait long for what does not come.
    fn hasty() -> Self {
        Self {
            exit_seconds: "1",
            ..Self::new()
        }
    }

    fn program(&self, way: &str) -> Program {
        Program::new("ends")
            .arg(way)
            .directory(&self.folder)
            .alerts_to(&self.receiver)
            .env("NOTIFY_EXIT_SECONDS", self.exit_seconds)
    }

    /// Runs a failing program: it fails as ever, and soon.
    fn fail(&self) -> Ended {
        let ended = self.program("err").run_soon();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains("Error: \"the disk is full\"\n"),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains(SECRET), "{ended:?}");
        ended
    }

    /// Runs a program that ends well, and as soon.
    fn succeed(&self) -> Ended {
        let ended = self.program("ok").run_soon();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains(SECRET), "{ended:?}");
        ended
    }

    /// The user's hidden folder.
    fn hidden(&self) -> PathBuf {
        let mut users = fs::read_dir(self.folder.path().join(".pipeline-notify")).unwrap();
        users.next().unwrap().unwrap().path()
    }

    /// The folder of the one queue.
    fn queue(&self) -> PathBuf {
        let mut queues = fs::read_dir(self.hidden().join("outbox")).unwrap();
        queues.next().unwrap().unwrap().path()
    }

    /// The one lock file.
    fn lock(&self) -> PathBuf {
        let mut locks = fs::read_dir(self.hidden().join("locks")).unwrap();
        locks.next().unwrap().unwrap().path()
    }

    /// The alert that waits.
    fn entry(&self) -> PathBuf {
        let entries = fs::read_dir(self.queue()).unwrap().flatten();
        let mut entries =
            entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        entries.next().unwrap().path()
    }

    /// Lays something in the place of a file.
    fn plant(&self, plant: Plant, path: &Path) {
        let _ = fs::remove_file(path);
        match plant {
            Plant::Fifo => {
                let made = Command::new("mkfifo").arg(path).status().unwrap();
                assert!(made.success());
            }
            Plant::Folder => fs::create_dir(path).unwrap(),
            Plant::FullFolder => fs::create_dir_all(path.join("full")).unwrap(),
            Plant::Link => symlink(self.outside.path().join("victim"), path).unwrap(),
            Plant::DanglingLink => symlink(self.outside.path().join("nothing"), path).unwrap(),
            Plant::Zero => symlink("/dev/zero", path).unwrap(),
            Plant::Garbage => {
                fs::write(path, b"\xff{\x00\nwhat?\n\n: o 00000200 ffffffff").unwrap();
            }
            Plant::Large => {
                let line = b"alert: 0123456789abcdef\n".repeat(1000);
                let mut file = fs::File::create(path).unwrap();
                (0..420).for_each(|_| file.write_all(&line).unwrap());
            }
            Plant::Zeros => fs::write(path, [0; 100]).unwrap(),
        }
    }

    fn nothing_was_written_elsewhere(&self, when: &str) {
        let mut outside = self.outside.status_files();
        assert_eq!(outside.remove("victim").as_deref(), Some(VICTIM), "{when}");
        assert!(outside.is_empty(), "{when}: {outside:?}");
    }

    fn delivered(&self, text: &str) -> bool {
        // Not every body is whole: an exit can cut a request short.
        let requests = self.receiver.requests();
        requests.iter().any(|request| request.body.contains(text))
    }
}

/// Plants everything in the place that `place` names, and runs a program that ends well, which is
/// news, and one that fails, which is too.
fn planted(place: impl Fn(&Scene) -> PathBuf, check: impl Fn(&Scene, Plant, &str)) {
    planted_in(|_| Scene::new(), place, check);
}

fn planted_in(
    scene: impl Fn(Plant) -> Scene,
    place: impl Fn(&Scene) -> PathBuf,
    check: impl Fn(&Scene, Plant, &str),
) {
    for plant in ALL {
        let scene = scene(plant);
        scene.plant(plant, &place(&scene));
        let mut stderr = scene.succeed().stderr;
        stderr += &scene.fail().stderr;
        scene.nothing_was_written_elsewhere(&format!("{plant:?}"));
        check(&scene, plant, &stderr);
    }
}

/// What is no file, and so cannot be used as one.
fn is_no_file(plant: Plant) -> bool {
    !matches!(plant, Plant::Garbage | Plant::Large | Plant::Zeros)
}

/// Checks that all was sent and written, as if nothing were in the way.
fn all_is_sent(scene: &Scene, plant: Plant, stderr: &str) {
    assert!(scene.delivered("recovered"), "{plant:?}: {stderr}");
    assert!(
        scene.folder.status_file(MAIN).starts_with("ERROR\n"),
        "{plant:?}: {stderr}"
    );
}

#[test]
fn in_the_place_of_a_jobs_lock() {
    planted(Scene::lock, |scene, plant, stderr| {
        if is_no_file(plant) {
            assert!(stderr.contains("cannot be used"), "{plant:?}: {stderr}");
            assert!(scene.delivered("the disk is full"), "{plant:?}: {stderr}");
        } else {
            all_is_sent(scene, plant, stderr);
        }
    });
}

#[test]
fn in_the_place_of_a_new_status_file() {
    planted(
        |scene| scene.lock().with_extension("new"),
        |scene, plant, stderr| {
            assert!(scene.delivered("recovered"), "{plant:?}: {stderr}");
            assert_eq!(
                stderr.contains("cannot be written"),
                is_no_file(plant),
                "{plant:?}: {stderr}"
            );
        },
    );
}

#[test]
fn in_the_place_of_an_alert_that_waits() {
    planted(Scene::entry, |scene, plant, stderr| {
        all_is_sent(scene, plant, stderr);
        assert!(
            stderr.contains("an alert in the outbox cannot be read"),
            "{plant:?}: {stderr}"
        );
    });
}

#[test]
fn in_the_place_of_the_pace_of_a_queue() {
    planted(|scene| scene.queue().join(".pace"), all_is_sent);
}

#[test]
fn in_the_place_of_the_senders_lock() {
    let scene = |plant| {
        if is_no_file(plant) {
            Scene::hasty()
        } else {
            Scene::new()
        }
    };
    planted_in(
        scene,
        |scene| scene.queue().join(".lock"),
        |scene, plant, stderr| {
            if is_no_file(plant) {
                assert!(stderr.contains("its alerts wait"), "{plant:?}: {stderr}");
                assert_eq!(scene.folder.waiting_alerts().len(), 3, "{plant:?}");
            } else {
                all_is_sent(scene, plant, stderr);
            }
        },
    );
}

#[test]
fn in_the_place_of_the_key_that_names_queues() {
    planted(
        |scene| scene.hidden().join("key"),
        |scene, plant, stderr| {
            all_is_sent(scene, plant, stderr);
            assert!(
                stderr.contains("alerts cannot be queued on disk"),
                "{plant:?}: {stderr}"
            );
        },
    );
}

#[test]
fn in_the_place_of_a_record_of_a_dead_run() {
    planted(
        |scene| scene.hidden().join("running/4242-0123456789abcdef"),
        |scene, plant, stderr| {
            all_is_sent(scene, plant, stderr);
            assert!(!scene.delivered("died: "), "{plant:?}: {stderr}");
        },
    );
}

#[test]
fn in_the_place_of_the_status_file() {
    planted(
        |scene| scene.folder.path().join(MAIN),
        |scene, plant, stderr| {
            assert!(
                stderr.contains("cannot be understood"),
                "{plant:?}: {stderr}"
            );
            assert!(scene.delivered("the disk is full"), "{plant:?}: {stderr}");
        },
    );
}

#[test]
fn in_the_place_of_a_folder() {
    let places: [fn(&Scene) -> PathBuf; 7] = [
        |scene| scene.folder.path().join(".pipeline-notify"),
        |scene| scene.hidden(),
        |scene| scene.hidden().join("locks"),
        |scene| scene.hidden().join("running"),
        |scene| scene.hidden().join("outbox"),
        |scene| scene.queue(),
        |scene| scene.folder.path().to_owned(),
    ];
    for place in places {
        for plant in [Plant::Garbage, Plant::DanglingLink, Plant::Fifo] {
            let scene = Scene::new();
            let place = place(&scene);
            // A job that is not known yet, so that its failure is to be sent.
            fs::remove_file(scene.folder.path().join(MAIN)).unwrap();
            fs::remove_dir_all(&place).unwrap();
            scene.plant(plant, &place);
            let when = format!("{plant:?} at {}", place.display());
            let stderr = scene.fail().stderr;
            scene.nothing_was_written_elsewhere(&when);
            assert!(scene.delivered("the disk is full"), "{when}: {stderr}");
            assert!(stderr.contains("pipeline-notify: "), "{when}: {stderr}");
            let _ = fs::remove_file(&place);
        }
        // A link to a folder that exists, where all would go if it were followed.
        let scene = Scene::new();
        let place = place(&scene);
        if place == scene.folder.path() {
            continue; // Its name is the user's, who may mean a link.
        }
        fs::remove_file(scene.folder.path().join(MAIN)).unwrap();
        fs::remove_dir_all(&place).unwrap();
        symlink(scene.outside.path(), &place).unwrap();
        let when = format!("a link at {}", place.display());
        let stderr = scene.fail().stderr;
        scene.nothing_was_written_elsewhere(&when);
        assert!(scene.delivered("the disk is full"), "{when}: {stderr}");
    }
}

#[test]
fn a_pace_that_cannot_be_kept_on_disk_is_kept_all_the_same() {
    let scene = Scene::hasty();
    scene.receiver.take_down();
    scene.plant(Plant::FullFolder, &scene.queue().join(".pace"));
    let before = scene.receiver.requests().len();
    scene.succeed();
    let posts = scene.receiver.requests().len() - before;
    assert!((1..=3).contains(&posts), "{posts} posts in a second");
}

/// Has another process hold a file's lock until it is dropped.
fn holder(path: &Path) -> Running {
    let mut command = Command::new("flock");
    command.args(["--no-fork".as_ref(), path.as_os_str()]);
    command.args(["sh", "-c", "echo held; exec sleep 60"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut held = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut held).unwrap();
    Running(child)
}

#[test]
fn a_jobs_lock_that_is_never_let_go_of_is_passed_by() {
    let scene = Scene::new();
    let _holder = holder(&scene.lock());
    let stderr = scene.succeed().stderr;
    assert_eq!(
        stderr
            .matches("the status is written without the lock")
            .count(),
        1,
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(scene.delivered("recovered"));
    assert!(scene.folder.status_file(MAIN).starts_with("OK\n"));
}

#[test]
fn a_senders_lock_that_is_held_by_a_stopped_process_is_passed_by_after_a_while() {
    let scene = Scene::hasty();
    let holder = holder(&scene.queue().join(".lock"));
    // The shell's own `kill`, which is there wherever a shell is.
    let stop = format!("kill -STOP {}", holder.0.id());
    let stop = Command::new("sh").args(["-c", &stop]).status();
    assert!(stop.unwrap().success());
    // It may still be at work: what is to be sent waits.
    fs::write(scene.queue().join(".pace"), "").unwrap();
    scene.succeed();
    assert!(!scene.delivered("recovered"));
    assert_eq!(scene.folder.waiting_alerts().len(), 2);

    let pace = fs::File::options()
        .write(true)
        .open(scene.queue().join(".pace"))
        .unwrap();
    pace.set_modified(SystemTime::now() - Duration::from_secs(31))
        .unwrap();
    let next = scene.program("err").env("NOTIFY_EXIT_SECONDS", "30");
    assert_eq!(next.run().code, Some(1));
    assert!(scene.delivered("recovered"));
    assert_eq!(scene.folder.waiting_alerts().len(), 0);
}

#[test]
fn an_alert_that_another_process_never_finishes_does_not_hold_up_others() {
    let scene = Scene::new();
    let _holder = holder(&scene.entry());
    scene.succeed();
    assert!(scene.delivered("recovered"));
    assert_eq!(scene.folder.waiting_alerts().len(), 1);
}

/// A file system of its own, such as one of 64 KiB.
struct SmallDisk<'a>(&'a Folder);

impl<'a> SmallDisk<'a> {
    fn mount(folder: &'a Folder, size: &str) -> Option<Self> {
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", size, "none"])
            .arg(folder.path());
        let mounted = command.stderr(Stdio::null()).status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Checks that a program has warned of each fault once, and of no more than so many.
fn warns_a_little(ended: &Ended, most: usize) {
    let warnings = ended.warnings();
    let different: BTreeSet<_> = warnings.iter().collect();
    assert_eq!(different.len(), warnings.len(), "{warnings:?}");
    assert!((1..=most).contains(&warnings.len()), "{warnings:?}");
}

#[test]
fn a_full_disk_leaves_the_old_status_and_alerts_go_out() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let Some(_disk) = SmallDisk::mount(&folder, "size=64k") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let run = |way: &str| {
        let program = Program::new("ends").arg(way).directory(&folder);
        program.alerts_to(&receiver).run_soon()
    };
    assert_eq!(run("ok").code, Some(0));
    let old = folder.status_file(MAIN);
    let filler = folder.path().join(".filler");
    fs::write(&filler, vec![0; 1 << 20]).unwrap_err();

    let ended = run("err");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(folder.status_file(MAIN), old);
    assert!(receiver.texts()[1..].concat().contains("the disk is full"));
    warns_a_little(&ended, 3);
    assert!(folder.waiting_alerts().is_empty());

    fs::remove_file(filler).unwrap();
    assert_eq!(run("err").stderr, "Error: \"the disk is full\"\n");
    assert!(folder.status_file(MAIN).starts_with("ERROR\n"));
    assert!(
        folder
            .hidden_files()
            .keys()
            .all(|path| !path.contains(".new"))
    );
}

#[test]
fn a_disk_that_has_room_for_no_file_leaves_the_old_status_and_alerts_go_out() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let Some(_disk) = SmallDisk::mount(&folder, "nr_inodes=40") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let run = |way: &str| {
        let program = Program::new("ends").arg(way).directory(&folder);
        program.alerts_to(&receiver).run_soon()
    };
    assert_eq!(run("ok").code, Some(0));
    let old = folder.status_file(MAIN);
    let fillers = folder.path().join(".fillers");
    fs::create_dir(&fillers).unwrap();
    let filled = (0..40).find(|number| fs::write(fillers.join(number.to_string()), "").is_err());
    assert!(filled.is_some(), "there is room for files");

    let ended = run("err");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(folder.status_file(MAIN), old);
    assert!(receiver.texts()[1..].concat().contains("the disk is full"));
    warns_a_little(&ended, 4);
    // What was sent is known, though it cannot be written.
    let before = receiver.texts().len();
    run("err");
    assert_eq!(receiver.texts().len(), before);

    fs::remove_dir_all(fillers).unwrap();
    assert_eq!(run("ok").stderr, "");
    assert!(folder.status_file(MAIN).starts_with("OK\n"));
    assert!(receiver.texts().last().unwrap().contains("recovered"));
}

#[test]
fn a_directory_on_a_disk_that_never_had_room_for_a_file_leaves_alerts_to_memory() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let Some(_disk) = SmallDisk::mount(&folder, "nr_inodes=2") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    for way in ["err", "panic", "ok"] {
        let program = Program::new("ends").arg(way).directory(&folder);
        let ended = program.alerts_to(&receiver).run_soon();
        let code = [("err", 1), ("panic", 101), ("ok", 0)];
        let (_, code) = code.into_iter().find(|(name, _)| *name == way).unwrap();
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
    let texts = receiver.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(folder.status_files().is_empty());
}

/// Nobody's number, on every system that has one.
const NOBODY: &str = "65534";

/// Has a program run by nobody, who has no rights; `None` where that cannot be.
fn as_nobody(program: &Path, arguments: &[&str]) -> Option<Command> {
    let nobody = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    let can = Command::new("setpriv").args(nobody).arg("true").output();
    let mut command = Command::new("setpriv");
    command.args(nobody).arg(program).args(arguments);
    can.is_ok_and(|can| can.status.success()).then_some(command)
}

#[test]
fn another_user_of_the_same_directory_can_hold_up_nobody_but_himself() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, programs, receiver) = (Folder::new(), Folder::new(), Receiver::new());
    for shared in [&folder, &programs] {
        fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }
    // Where it was built, others may have no way to it.
    let program = programs.path().join("ends");
    Program::new("ends").copy_to(&program);
    let run = |way: &str| {
        let program = Program::new("ends").arg(way).directory(&folder);
        program.alerts_to(&receiver).run_soon()
    };
    assert_eq!(run("ok").code, Some(0));
    let hidden = folder.path().join(".pipeline-notify");
    let ours = fs::read_dir(&hidden).unwrap().next().unwrap().unwrap();
    let lock = fs::read_dir(ours.path().join("locks")).unwrap().next();
    let lock = lock.unwrap().unwrap().path().display().to_string();
    let Some(mut theirs) = as_nobody(Path::new("flock"), &["--nonblock", &lock, "true"]) else {
        println!("skipped: this user cannot become another");
        return;
    };
    let locked = theirs.stderr(Stdio::null()).status().unwrap();
    assert!(!locked.success(), "nobody has locked {lock}");

    let mut theirs = as_nobody(&program, &["err"]).unwrap();
    theirs.env_clear().env("NOTIFY_DISABLE", "0");
    theirs.env("NOTIFYDIR", folder.path());
    theirs.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
    let ended = theirs.output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr, "Error: \"the disk is full\"\n");
    assert!(folder.status_file(MAIN).starts_with("ERROR\n"));
    assert_eq!(receiver.texts().len(), 2);

    // He holds all that he can.
    let files = folder.hidden_files().into_keys();
    let files = files.filter(|path| path.contains(&format!("/{NOBODY}/")));
    let holders: Vec<_> = files
        .map(|path| holder(&folder.path().join(path)))
        .collect();
    assert!(!holders.is_empty());
    let ended = run("ok");
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    assert!(folder.status_file(MAIN).starts_with("OK\n"));
    assert!(receiver.texts().concat().contains("recovered"));
}

#[test]
fn a_directory_that_loses_its_rights_is_one_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, programs) = (Folder::new(), Folder::new());
    for shared in [&folder, &programs] {
        fs::set_permissions(shared, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let program = programs.path().join("ends");
    Program::new("ends").copy_to(&program);
    let (file, log) = (programs.path().join("goes on"), programs.path().join("log"));
    fs::write(&file, "").unwrap();
    let Some(mut theirs) = as_nobody(&program, &["goes on"]) else {
        println!("skipped: this user cannot become another");
        return;
    };
    theirs.env_clear().env("NOTIFY_DISABLE", "0");
    theirs.env("NOTIFYDIR", folder.path()).env("WHILE", &file);
    theirs.env("NOTIFY_CHANNEL", "");
    theirs.stderr(fs::File::create(&log).unwrap());
    let mut running = theirs.spawn().unwrap();
    let job = folder.path().join("pipeline-notify.ends.alternate");
    eventually("its job has a status", || job.exists());
    let mut chmod = Command::new("chmod");
    let taken = chmod.args(["-R", "a-w"]).arg(folder.path()).status();
    assert!(taken.unwrap().success());
    let warned = || fs::read_to_string(&log).unwrap();
    eventually("it warns", || !warned().is_empty());
    // Its `main` ends after that, and can be written neither.
    fs::remove_file(file).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert_eq!(warned().lines().count(), 1, "{}", warned());
}
