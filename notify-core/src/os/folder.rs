//! An open folder: what is made in it by name is in that folder, whatever is laid at its path meanwhile. Its path
//! is walked once for all of it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::os::engine;
use crate::os::file::{self, Durable, Links};

/// A folder that was opened at `path`.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    path: &'a Path,
    #[cfg(unix)]
    open: File,
}

#[cfg(unix)]
impl<'a> Folder<'a> {
    /// Opens a folder; a link in its place, which would lead elsewhere, is refused.
    pub(crate) fn open(path: &'a Path) -> io::Result<Self> {
        open(path).map(|open| Self { path, open })
    }

    /// Replaces a file as a whole by way of another of its folder: a reader sees the old content or the new, and a
    /// full disk leaves the old one.
    pub(crate) fn replace(
        &self,
        name: &str,
        temporary: &str,
        content: &str,
        mode: u32,
        durable: Durable,
    ) -> io::Result<()> {
        use crate::os::ffi;

        engine::confirm();
        let new = ffi::create_in(&self.open, temporary, mode).and_then(file::regular);
        let written = new
            .and_then(|(new, metadata)| file::fill(new, &metadata, content, mode, durable))
            .and_then(|_| ffi::rename_in(&self.open, temporary, name));
        if written.is_err() {
            let _ = fs::remove_file(self.path.join(temporary));
        }
        written?;
        match durable {
            Durable::Yes => self.sync(),
            Durable::No => Ok(()),
        }
    }

    /// Makes the names in it durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.open.sync_all()
    }
}

/// Elsewhere a path stands for it, and names are not made durable.
#[cfg(not(unix))]
impl<'a> Folder<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may not open")]
    pub(crate) fn open(path: &'a Path) -> io::Result<Self> {
        Ok(Self { path })
    }

    pub(crate) fn replace(
        &self,
        name: &str,
        temporary: &str,
        content: &str,
        mode: u32,
        durable: Durable,
    ) -> io::Result<()> {
        let (path, temporary) = (self.path.join(name), self.path.join(temporary));
        let _ = durable;
        replace(&path, &temporary, content, mode).map(drop)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a folder; a link in its place is refused.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let options = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    File::options().read(true).custom_flags(options).open(path)
}

#[cfg(not(unix))]
pub(crate) fn open(_path: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does the same as [`Folder::replace`] by way of a file of another folder, which is of the same file system, and
/// need not outlive a power cut. Returns the new file.
pub(crate) fn replace(path: &Path, temporary: &Path, content: &str, mode: u32) -> io::Result<File> {
    engine::confirm();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let options = file::with_mode(&mut options, mode);
    let written = file::open_known(temporary, options, Links::Refuse)
        .and_then(|(new, metadata)| file::fill(new, &metadata, content, mode, Durable::No))
        .and_then(|new| fs::rename(temporary, path).map(|()| new));
    if written.is_err() {
        let _ = fs::remove_file(temporary);
    }
    written
}

/// Returns the path of a name in a folder. [`Path::join`] makes room for the folder's path alone first, and then anew.
pub(crate) fn path_in(folder: &Path, name: &str) -> PathBuf {
    let mut path = PathBuf::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    path.push(name);
    path
}

/// Does something in a folder; where that is missing, makes it and tries again.
pub(crate) fn made_if_missing<T>(
    make: impl FnOnce() -> io::Result<()>,
    act: impl Fn() -> io::Result<T>,
) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make()?;
            act()
        }
        acted => acted,
    }
}

/// Makes a folder, and those above it, that only its owner can enter; one that is not `user`'s is refused.
#[cfg(unix)]
pub(crate) fn make_private(path: &Path, user: u32) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o700))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    check_private(path, user)
}

/// Returns whether a folder is there that only its owner `user` can enter.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path, user: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = fs::symlink_metadata(path)?;
    if folder.is_dir() && folder.uid() == user && folder.mode() & 0o777 == 0o700 {
        Ok(())
    } else {
        let words = format!(
            "`{}` is not a private folder of this user: it must be the user's own, and its rights 0700",
            path.display()
        );
        Err(io::Error::new(io::ErrorKind::PermissionDenied, words))
    }
}

#[cfg(not(unix))]
pub(crate) fn make_private(path: &Path, _user: u32) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(not(unix))]
pub(crate) fn check_private(path: &Path, _user: u32) -> io::Result<()> {
    fs::symlink_metadata(path).map(|_| ())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::testing::Folder as Place;

    #[test]
    fn a_file_is_replaced_in_the_folder_that_was_opened_though_another_is_at_its_path_by_now() {
        let place = Place::new();
        let (queue, moved) = (place.path().join("queue"), place.path().join("moved"));
        fs::create_dir(&queue).unwrap();
        let folder = Folder::open(&queue).unwrap();
        fs::rename(&queue, &moved).unwrap();
        fs::create_dir(&queue).unwrap();
        for content in ["old and long", "new"] {
            let written = folder.replace("a", ".a", content, 0o600, Durable::Yes);
            written.unwrap();
            assert_eq!(fs::read_to_string(moved.join("a")).unwrap(), content);
        }
        let mode = fs::metadata(moved.join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(fs::read_dir(&moved).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&queue).unwrap().count(), 0);
    }

    #[test]
    fn a_link_or_a_fifo_in_the_place_of_the_new_file_is_not_written_to_and_nothing_waits_for_it() {
        let place = Place::new();
        let there = place.path().join("there");
        fs::write(&there, "another's").unwrap();
        std::os::unix::fs::symlink(&there, place.path().join(".a")).unwrap();
        let fifo = std::process::Command::new("mkfifo")
            .arg(place.path().join(".b"))
            .status();
        assert!(fifo.unwrap().success());
        let folder = Folder::open(place.path()).unwrap();
        for (name, temporary) in [("a", ".a"), ("b", ".b")] {
            let written = folder.replace(name, temporary, "new", 0o600, Durable::No);
            assert!(written.is_err(), "{name}");
            assert!(!place.path().join(name).exists(), "{name}");
        }
        assert_eq!(fs::read_to_string(&there).unwrap(), "another's");
    }

    #[test]
    fn a_name_that_is_no_name_and_a_folder_that_is_missing_or_a_link_are_errors() {
        let place = Place::new();
        let (there, link) = (place.path().join("there"), place.path().join("link"));
        let missing = Folder::open(&there).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        fs::create_dir(&there).unwrap();
        std::os::unix::fs::symlink(&there, &link).unwrap();
        assert!(Folder::open(&link).is_err());
        let folder = Folder::open(&there).unwrap();
        let written = folder.replace("a\0b", ".a", "new", 0o600, Durable::No);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(fs::read_dir(&there).unwrap().count(), 0);
    }

    #[test]
    fn a_new_file_has_its_mode_whatever_the_umask_leaves_and_whatever_was_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Place::new();
        let (path, temporary) = (folder.path().join("a"), folder.path().join(".a"));
        for left in [None, Some(0o666)] {
            if let Some(mode) = left {
                fs::write(&temporary, "left by a crash").unwrap();
                fs::set_permissions(&temporary, fs::Permissions::from_mode(mode)).unwrap();
            }
            for mode in [0o600, 0o644, 0o666] {
                replace(&path, &temporary, "new", mode).unwrap();
                let metadata = fs::metadata(&path).unwrap();
                assert_eq!(metadata.permissions().mode() & 0o7777, mode);
                assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            }
        }
    }
}
