//! The owner of files that root creates.
//!
//! In another user's folder they belong to that user. Otherwise one `sudo` would keep the user from writing there.

use std::fs;
use std::io;
use std::path::Path;

#[cfg(target_os = "linux")]
pub(crate) use linux::Landlord;

use crate::os::folder;

/// Elsewhere nothing can be made by way of an open folder.
#[cfg(not(target_os = "linux"))]
pub(crate) enum Landlord {}

#[cfg(not(target_os = "linux"))]
impl Landlord {
    pub(crate) fn may_be(_folder: &Path) -> bool {
        false
    }

    pub(crate) fn of(_folder: &Path) -> Option<Self> {
        None
    }

    pub(crate) fn at(&self, _name: &std::ffi::OsStr) -> std::path::PathBuf {
        match *self {}
    }

    pub(crate) fn give(&self, _file: &fs::File) {
        match *self {}
    }

    fn give_folder(&self, _folder: &fs::File) {
        match *self {}
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs::{self, File};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::{MetadataExt as _, fchown};
    use std::path::{Path, PathBuf};

    use crate::os::ffi;
    use crate::os::file::{OTHERS_WRITE, ROOT};
    use crate::os::folder;

    /// The one other user who owns a folder, in which root makes something.
    pub(crate) struct Landlord {
        /// Open: whatever is laid in its place meanwhile, what is made by way of this is in that user's
        /// own folder.
        folder: File,
        user: u32,
        group: u32,
    }

    impl Landlord {
        /// Returns whether we are root, in a folder of another user.
        pub(crate) fn may_be(folder: &Path) -> bool {
            ffi::user_id() == ROOT
                && fs::symlink_metadata(folder).is_ok_and(|folder| folder.uid() != ROOT)
        }

        /// Returns a folder's owner; `None` where we are not root, the folder is root's, or others than
        /// its owner may write there.
        pub(crate) fn of(folder: &Path) -> Option<Self> {
            if !Self::may_be(folder) {
                return None;
            }
            let folder = folder::open(folder).ok()?;
            let known = folder.metadata().ok()?;
            let landlord = Self {
                user: known.uid(),
                group: known.gid(),
                folder,
            };
            let is_one = known.uid() != ROOT && known.mode() & OTHERS_WRITE == 0;
            // Without `/proc` there is no way through the descriptor.
            let there = fs::metadata(landlord.at(OsStr::new("."))).ok()?;
            (is_one && there.ino() == known.ino() && there.dev() == known.dev()).then_some(landlord)
        }

        /// Returns the path of a name in the folder, by way of the descriptor.
        pub(crate) fn at(&self, name: &OsStr) -> PathBuf {
            Path::new("/proc/self/fd")
                .join(self.folder.as_raw_fd().to_string())
                .join(name)
        }

        /// Gives a file that was just made to the folder's owner; one that may be another stays as it is.
        pub(crate) fn give(&self, file: &File) {
            let is_ours = |file: fs::Metadata| file.uid() == ROOT && file.nlink() == 1;
            if file
                .metadata()
                .is_ok_and(|file| file.is_file() && is_ours(file))
            {
                // Where it cannot be given, as in a user namespace, it is root's.
                let _ = fchown(file, Some(self.user), Some(self.group));
            }
        }

        /// The same for a folder: what was just made is empty.
        pub(super) fn give_folder(&self, folder: &File) {
            let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
            let is_empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            if is_empty && folder.metadata().is_ok_and(|folder| folder.uid() == ROOT) {
                let _ = fchown(folder, Some(self.user), Some(self.group));
            }
        }
    }
}

/// Makes a folder that has a mode, whatever the umask. It fails where the folder is there already.
fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    let landlord = path.parent().and_then(Landlord::of);
    let there = match (&landlord, path.file_name()) {
        (Some(landlord), Some(name)) => landlord.at(name),
        _ => path.to_owned(),
    };
    fs::create_dir(&there)?;
    match folder::open(&there) {
        Ok(folder) => {
            set_mode(&folder, mode)?;
            if let Some(landlord) = landlord {
                landlord.give_folder(&folder);
            }
            Ok(())
        }
        // The umask may have left its owner no way in.
        Err(_) if landlord.is_none() => set_mode_at(&there, mode),
        Err(error) => Err(error),
    }
}

/// Makes a folder, where it is missing, in which those who may write to the folder above it may make files of their
/// own.
pub(crate) fn make_shared_folder(path: &Path) -> io::Result<()> {
    let above = path.parent().unwrap_or(path);
    match make_folder(path, shared_mode(above)?) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(unix)]
fn shared_mode(above: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(above)?.permissions().mode();
    Ok(mode & 0o777 | 0o1700)
}

#[cfg(not(unix))]
fn shared_mode(_above: &Path) -> io::Result<u32> {
    Ok(0o700)
}

/// Makes a folder and those above it that are missing, all of a mode; one that is there stays as it is.
pub(crate) fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folders(above, mode)?;
    }
    match make_folder(path, mode) {
        // Another process was faster; or it is a file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}

#[cfg(unix)]
fn set_mode(folder: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    folder.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn set_mode_at(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_folder: &fs::File, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn set_mode_at(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

    use super::*;
    use crate::os::ffi;
    use crate::testing::Folder;

    const ANNA: u32 = 54321;

    /// A folder of another user's; `None`, with a word, where we are not root.
    #[expect(
        clippy::unwrap_used,
        clippy::print_stdout,
        reason = "what a test cannot do fails it, or is said"
    )]
    fn annas() -> Option<Folder> {
        if ffi::user_id() != 0 {
            println!("skipped: only root can make a folder another user's");
            return None;
        }
        let folder = Folder::new();
        chown(folder.path(), Some(ANNA), Some(ANNA)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Some(folder)
    }

    /// Issue 12, point 16.
    #[test]
    fn what_root_makes_in_another_users_folder_is_that_users() {
        let Some(folder) = annas() else { return };
        let path = folder.path().join("a/b");
        make_folders(&path, 0o750).unwrap();
        for made in [path.parent().unwrap(), &path] {
            let known = fs::metadata(made).unwrap();
            assert_eq!(
                (known.uid(), known.gid(), known.mode() & 0o7777),
                (ANNA, ANNA, 0o750)
            );
        }
        let landlord = Landlord::of(folder.path()).unwrap();
        let file = fs::File::create(landlord.at("f".as_ref())).unwrap();
        landlord.give(&file);
        assert_eq!(fs::metadata(folder.path().join("f")).unwrap().uid(), ANNA);
    }

    /// Issue 12, point 16.
    #[test]
    fn nothing_is_given_that_may_be_anothers() {
        let Some(folder) = annas() else { return };
        let landlord = Landlord::of(folder.path()).unwrap();
        let theirs = Folder::new();
        let secret = theirs.path().join("secret");
        fs::write(&secret, "root's").unwrap();
        // A second name of a file of root's.
        let linked = landlord.at("linked".as_ref());
        fs::hard_link(&secret, &linked).unwrap();
        landlord.give(&fs::File::open(&linked).unwrap());
        // A folder of root's that is no new one.
        landlord.give_folder(&fs::File::open(theirs.path()).unwrap());
        for path in [&*secret, theirs.path()] {
            assert_eq!(fs::metadata(path).unwrap().uid(), 0, "{}", path.display());
        }
        // A link that leads to another's folder is no folder, and one that all may write nobody's alone.
        let link = theirs.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert!(Landlord::of(&link).is_none());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o775)).unwrap();
        assert!(Landlord::of(folder.path()).is_none());
        assert!(Landlord::of(theirs.path()).is_none(), "it is root's");
    }

    /// Issue 12, point 16.
    #[test]
    fn folders_that_are_there_keep_their_mode_and_a_file_is_no_folder() {
        let folder = Folder::new();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        make_folders(folder.path(), 0o755).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o711);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(make_folders(&folder.path().join("file"), 0o755).is_err());
        assert!(make_folders(&folder.path().join("file/below"), 0o755).is_err());
    }
}
