//! The files of planned quiet, in the folder `.silences` of the notify directory: a window a line. One
//! is written by `pipeline-notify silence`, for each user, and others by deployment tools.

use std::io;
use std::path::{Path, PathBuf};

use super::{Directory, HIDDEN, LOCK_WAIT};
use crate::format::time::Time;
use crate::os::file::{self, Durable, Links, OTHERS_WRITE, ROOT};
use crate::os::folder::{self, Folder};
use crate::os::landlord;
use crate::os::lock::Lock;
use crate::os::plan_files::{self, Found};
use crate::os::zoneinfo;
use crate::rules::quiet::{self, Window};
use crate::status::Quiet;

/// A larger file is no plan.
const LIMIT: u64 = 256 * 1024;

/// What stands above the windows that the command has written.
const HEAD: &str = "# Written by `pipeline-notify silence`; `pipeline-notify unsilence PATTERN` takes out a line.\n";

/// What is planned, by all files that count.
#[derive(Debug, Default)]
pub(crate) struct Silences {
    pub(crate) all: Vec<Planned>,
    /// Files and lines that do not count, and why.
    pub(crate) faults: Vec<String>,
}

/// A window, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) window: Window,
    pub(crate) file: PathBuf,
    /// The user whose file it is: it is about that user's jobs, and about all where that is root.
    pub(crate) owner: u32,
}

pub(crate) fn folder(directory: &Path) -> PathBuf {
    folder::path_in(directory, ".silences")
}

impl Silences {
    /// Reads the files of a notify directory. One that does not count keeps none of the others from it.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut silences = Self::default();
        let folder = folder(directory);
        let all = &|_| true;
        plan_files::read(&folder, LIMIT, all, &mut |found| match found {
            Found::NoFolder => {
                let path = folder.display();
                let fault = format!("`{path}` is not a folder: no planned quiet holds");
                silences.faults.push(fault);
            }
            Found::Fault(path, why) => silences.fault(path, &why),
            Found::File(path, metadata, content) => {
                silences.add(&content, path, file::owner_and_mode(metadata).0);
            }
        });
        silences
    }

    /// Reads those of the notify directory in which something of a user's is hidden.
    pub(super) fn around(hidden: &Path) -> Self {
        let mut above = hidden.ancestors();
        let is_hidden = |path: &&Path| path.file_name().is_some_and(|name| name == HIDDEN);
        let directory = above.find(is_hidden).and_then(Path::parent);
        directory.map(Self::read).unwrap_or_default()
    }

    /// Reads windows that stand elsewhere than in a file, and are about all jobs.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn of_all(content: &str, place: &str) -> Self {
        let mut silences = Self::default();
        silences.add(content, Path::new(place), ROOT);
        silences
    }

    fn add(&mut self, content: &str, path: &Path, owner: u32) {
        for (number, line) in plan_files::lines(content) {
            match Window::parse(line, zoneinfo::rule) {
                Ok(window) => self.all.push(Planned {
                    window,
                    file: path.to_owned(),
                    owner,
                }),
                Err(error) => self.fault(path, &format!("line {number}: {error}")),
            }
        }
    }

    fn fault(&mut self, path: &Path, why: &str) {
        let path = path.display();
        self.faults
            .push(format!("a planned quiet does not hold: `{path}`: {why}"));
    }

    /// Returns the quiet of a user's job, where there is one now, and what is wrong with the plans.
    pub(crate) fn said_of(&self, job: &str, owner: u32, now: Time) -> (Option<Quiet>, Vec<String>) {
        (self.quiet(job, owner, now), self.faults.clone())
    }

    pub(crate) fn quiet(&self, job: &str, owner: u32, now: Time) -> Option<Quiet> {
        let counts = self.all.iter().filter(|planned| planned.counts_for(owner));
        quiet::of(counts.map(|planned| &planned.window), job, now)
    }
}

impl Planned {
    pub(crate) fn counts_for(&self, owner: u32) -> bool {
        self.owner == ROOT || self.owner == owner
    }
}

impl Directory {
    /// Returns the quiet of a job of this user, where there is one now, and what is wrong with the plans.
    pub(crate) fn quiet(&self, job: &str, now: Time) -> (Option<Quiet>, Vec<String>) {
        Silences::read(&self.path).said_of(job, self.user, now)
    }

    /// Changes this user's own file: takes out the windows that `goes` names, and those that are over,
    /// adds one, and returns how many `goes` has named.
    pub(crate) fn plan(
        &self,
        now: Time,
        goes: impl Fn(&Window) -> bool,
        new: Option<&Window>,
    ) -> io::Result<usize> {
        let folder = folder(&self.path);
        let name = self.user.to_string();
        let path = folder.join(&name);
        let lock = Lock::acquire(&self.hidden.join("silences.lock"), LOCK_WAIT)?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        let old = file::read(&path, LIMIT, Links::Refuse)?.unwrap_or_default();
        let (content, gone) = edited(&old, now, goes, new);
        landlord::make_shared_folder(&folder)?;
        let temporary = format!(".{name}.new");
        let mode = self.mode & !OTHERS_WRITE;
        Folder::open(&folder)?.replace(&name, &temporary, &content, mode, Durable::Yes)?;
        Ok(gone)
    }
}

/// Takes out of a plan the windows that `goes` names, and those that are over, and adds one; returns how many
/// `goes` has named.
pub(in crate::state) fn edited(
    old: &str,
    now: Time,
    goes: impl Fn(&Window) -> bool,
    new: Option<&Window>,
) -> (String, usize) {
    let (mut content, mut gone) = (HEAD.to_owned(), 0);
    for line in old.lines().filter(|line| !line.starts_with('#')) {
        // What a person has written by hand, and wrongly, is that person's to mend.
        match Window::parse(line, zoneinfo::rule) {
            Ok(window) if goes(&window) => gone += 1,
            Ok(window) if window.next(now).is_none() => {}
            _ => content = content + line + "\n",
        }
    }
    content += &new.map_or_else(String::new, |window| format!("{window}\n"));
    (content, gone)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::format::time;
    use crate::os::ffi;
    use crate::testing::Folder;

    const OPEN: &str = "from 2026-11-28T22:00Z for 4h";

    fn midnight() -> Time {
        time::parse("2026-11-29 00:00:00:000000 UTC").unwrap()
    }

    fn write(path: &Path, mode: u32, content: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Issue 18, point 3: a malformed line is a warning, and the rest holds.
    #[test]
    fn a_line_or_a_file_that_is_wrong_keeps_no_other_from_counting() {
        let place = Folder::new();
        let folder = folder(place.path());
        write(
            &folder.join("one"),
            0o644,
            &format!("# a plan\n\netl.* {OPEN} because it moves\nnonsense\nweb {OPEN}\n"),
        );
        write(&folder.join("group-writes"), 0o664, &format!("a {OPEN}\n"));
        write(&folder.join("all-write"), 0o602, &format!("b {OPEN}\n"));
        write(&folder.join(".half"), 0o644, &format!("c {OPEN}\n"));
        write(&folder.join("large"), 0o644, &"x".repeat(300_000));
        write(
            &place.path().join("elsewhere"),
            0o644,
            &format!("d {OPEN}\n"),
        );
        std::os::unix::fs::symlink(place.path().join("elsewhere"), folder.join("link")).unwrap();
        fs::create_dir(folder.join("folder")).unwrap();
        let silences = Silences::read(place.path());
        let own = ffi::user_id();
        let quiet = |job| silences.quiet(job, own, midnight());
        assert_eq!(
            quiet("etl.load").unwrap().because.as_deref(),
            Some("it moves")
        );
        assert!(quiet("web").is_some());
        for job in ["a", "b", "c", "d", "other"] {
            assert_eq!(quiet(job), None, "{job}");
        }
        let faults = silences.faults.join("\n");
        for fault in [
            "one`: line 4: write PATTERN",
            "group-writes`: other users",
            "all-write`: other users",
            "large`: it has more",
            "link`",
            "folder`",
        ] {
            assert!(faults.contains(fault), "{fault}: {faults}");
        }
        assert_eq!(silences.faults.len(), 6, "{faults}");
    }

    /// Issue 18, point 3: files count only if they are of the job's user or of root.
    #[test]
    fn a_file_is_about_jobs_of_its_owner_and_one_of_root_about_all() {
        let window = Window::parse(&format!("* {OPEN}"), |_| None).unwrap();
        let planned = |owner| Silences {
            all: vec![Planned {
                window: window.clone(),
                file: PathBuf::new(),
                owner,
            }],
            faults: Vec::new(),
        };
        let is_quiet = |of: u32, job_of| planned(of).quiet("etl", job_of, midnight()).is_some();
        assert!(is_quiet(1000, 1000) && is_quiet(0, 1000) && is_quiet(0, 0));
        assert!(!is_quiet(1001, 1000) && !is_quiet(1000, 0));
    }

    #[test]
    fn without_the_folder_nothing_is_planned_and_a_link_in_its_place_is_refused() {
        let place = Folder::new();
        assert!(Silences::read(place.path()).faults.is_empty());
        let elsewhere = place.path().join("elsewhere");
        write(&elsewhere.join("plan"), 0o644, &format!("* {OPEN}\n"));
        std::os::unix::fs::symlink(&elsewhere, folder(place.path())).unwrap();
        let silences = Silences::read(place.path());
        assert!(silences.all.is_empty() && silences.faults.len() == 1);
    }
}
