//! What the tests of the whole share: programs that are run as a user runs them, a folder for each
//! test, and a receiver on loopback.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "each test file uses a part of it"
)]

pub mod command;
pub mod delivered;
pub mod receiver;
pub mod running;
#[cfg(feature = "postgres")]
pub mod server;
pub mod service;
pub mod status;
pub mod ways;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

pub use receiver::{Answer, Receiver};
pub use running::Running;

/// What does not wait for what never comes ends within this on a busy machine, too: half of what a program's exit has.
const SOON: Duration = Duration::from_secs(15);

/// A folder that is gone when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!(
            "pipeline-notify-test-{}-{number}",
            std::process::id()
        ));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The status files: all that a glob over the folder sees.
    pub fn status_files(&self) -> BTreeMap<String, String> {
        let entries = fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let seen = names.filter(|name| !name.starts_with('.'));
        seen.map(|name| {
            (
                name.clone(),
                fs::read_to_string(self.0.join(name)).unwrap_or_default(),
            )
        })
        .collect()
    }

    pub fn status_file(&self, job: &str) -> String {
        fs::read_to_string(self.0.join(job)).unwrap_or_else(|error| panic!("{job}: {error}"))
    }

    /// Writes a file of `.silences` or `.expected` as a deployment tool does: whatever the umask, others may not write it.
    pub fn plan(&self, folder: &str, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.0.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    /// Every file below the hidden folder, by its path in it.
    pub fn hidden_files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.join(".pipeline-notify")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let name = entry
                        .path()
                        .strip_prefix(&self.0)
                        .unwrap()
                        .display()
                        .to_string();
                    let content = fs::read(entry.path()).unwrap_or_default();
                    files.insert(name, String::from_utf8_lossy(&content).into_owned());
                }
            }
        }
        files
    }

    /// The records of runs. Until one is shown by its own name nobody reports the death of its process.
    pub fn records(&self) -> Vec<String> {
        let files = self.hidden_files().into_iter();
        let shown =
            files.filter(|(path, _)| path.contains("/running/") && !path.contains("/running/."));
        shown.map(|(_, record)| record).collect()
    }

    /// The alerts that wait in the outbox.
    pub fn waiting_alerts(&self) -> Vec<String> {
        let files = self.hidden_files().into_iter();
        let alerts = files.filter(|(path, _)| path.contains("/outbox/") && !path.contains("/."));
        alerts.map(|(_, alert)| alert).collect()
    }

    /// Makes the records of runs older: what is young may belong to a process that is at work.
    pub fn an_hour_passes(&self) {
        let files = self.hidden_files().into_keys();
        for path in files.filter(|path| path.contains("/running/")) {
            let file = fs::File::open(self.0.join(path)).unwrap();
            let hour = Duration::from_secs(3600);
            file.set_modified(SystemTime::now() - hour).unwrap();
        }
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program of `tests/programs/`, about to be run with nothing in its environment but what the
/// test gives it.
pub struct Program {
    command: Command,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// What the library warned of, a line each.
    pub fn warnings(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines
            .filter(|line| line.starts_with("pipeline-notify: "))
            .collect()
    }
}

impl Program {
    pub fn new(name: &str) -> Self {
        // cargo builds the programs as examples, next to the folder of this test.
        let deps = env::current_exe().unwrap();
        let built = deps
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("examples")
            .join(name);
        Self::bare(&built)
            // What a test starts is bare, unless it is asked to report.
            .env("NOTIFY_DISABLE", "0")
            // On a busy machine a message may take longer than the 5 seconds that are usual.
            .env("NOTIFY_EXIT_SECONDS", "30")
    }

    fn bare(program: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command }
    }

    /// Copies the program. It is `cp` that writes it: a process that another test starts meanwhile would hold a file
    /// open that this one writes, and what is open for writing cannot be started ("Text file busy").
    pub fn copy_to(&self, path: &Path) {
        let copied = Command::new("cp")
            .arg(self.command.get_program())
            .arg(path)
            .status();
        assert!(copied.unwrap().success(), "{}", path.display());
    }

    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn directory(self, folder: &Folder) -> Self {
        self.env("NOTIFYDIR", folder.path())
    }

    pub fn alerts_to(self, receiver: &Receiver) -> Self {
        let webhook = receiver.webhook();
        self.env("SLACK_ALERTS_WEBHOOK_URL", webhook)
    }

    /// The same as JSON, which can be read back.
    pub fn alerts_as_json_to(self, receiver: &Receiver) -> Self {
        let webhook = receiver.json_webhook();
        self.env("NOTIFY_ALERTS_URL", webhook)
    }

    /// The same, run by another program, which is given it as its last arguments.
    pub fn under<'a>(self, other: &str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let mut program = self.at(other.as_ref(), &arguments);
        let own = [self.command.get_program()]
            .into_iter()
            .chain(self.command.get_args());
        program.command.args(own);
        program
    }

    /// Takes back what the environment was given.
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs something else in the program's environment.
    pub fn at(&self, path: &Path, arguments: &[&str]) -> Self {
        let mut program = Self::bare(path);
        let known = self.command.get_envs();
        let known = known.filter_map(|(name, value)| Some((name, value?)));
        program.command.args(arguments).envs(known);
        program
    }

    pub fn command(self) -> Command {
        self.command
    }

    /// Runs the program to its end, which must come within a minute.
    pub fn run(self) -> Ended {
        self.run_for(Duration::from_secs(60))
    }

    /// Runs the program, which waits for nothing that never comes.
    pub fn run_soon(self) -> Ended {
        self.run_for(SOON)
    }

    /// Runs the program to its end, which must come within a time.
    pub fn run_for(mut self, most: Duration) -> Ended {
        use std::os::unix::process::ExitStatusExt as _;
        let begun = Instant::now();
        let mut child = self.command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |mut pipe: Box<dyn std::io::Read + Send>| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = pipe.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        };
        let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > most {
                child.kill().unwrap();
                panic!("the program did not end");
            }
            thread::sleep(Duration::from_millis(1));
        };
        Ended {
            took: begun.elapsed(),
            code: status.code(),
            signal: status.signal(),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }
}

/// Waits until something holds, which must come within a quarter of a minute.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it never came that {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}
