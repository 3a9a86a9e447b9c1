//! One function opens every file that is read or written: another user may have planted it.

use std::cell::Cell;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::os::engine;
use crate::os::fault;
use crate::os::ffi;
use crate::os::random;
use crate::os::redact;

/// Whether a symbolic link is followed: only where a person named the path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// Whether what is written must survive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durable {
    Yes,
    No,
}

/// The mode of what only its owner may read.
pub(crate) const PRIVATE: u32 = 0o600;

/// Those who may write to a file beside its owner.
pub(crate) const OTHERS_WRITE: u32 = 0o022;

/// The user who may do anything.
pub(crate) const ROOT: u32 = 0;

/// Distinguishes a file from all others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        Self::from(&file.metadata()?)
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not known")]
    pub(crate) fn from(file: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn from(_file: &Metadata) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Distinguishes an open file of ours from what the program may have opened under the same number, after it has
/// closed all that was open: the place from which it would be read, if anybody read it from there.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

#[cfg(unix)]
impl Mark {
    /// Marks a file that is only read and written at places that are named.
    pub(crate) fn set(mut file: &File) -> io::Result<Self> {
        // Beyond what is written, and within what any file system takes.
        let place = (1 << 30) | (random::number() & 0x3fff_ffff);
        file.seek(SeekFrom::Start(place)).map(Self)
    }

    pub(crate) fn is_on(self, mut file: &File) -> bool {
        file.stream_position().is_ok_and(|place| place == self.0)
    }
}

/// Elsewhere a place that is named moves the mark.
#[cfg(not(unix))]
impl Mark {
    pub(crate) fn set(_file: &File) -> io::Result<Self> {
        Ok(Self(0))
    }

    pub(crate) fn is_on(self, _file: &File) -> bool {
        true
    }
}

/// Opens a regular file without ever blocking: a FIFO, a device or a folder is refused.
pub(crate) fn open(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    Ok(open_known(path, options, links)?.0)
}

/// The same, and returns the file's metadata.
pub(crate) fn open_known(
    path: &Path,
    options: &mut OpenOptions,
    links: Links,
) -> io::Result<(File, Metadata)> {
    regular(open_any(path, options, links)?)
}

/// Returns an open file with its metadata; one that is not a regular file is refused.
pub(crate) fn regular(file: File) -> io::Result<(File, Metadata)> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

fn open_any(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let no_follow = if links == Links::Refuse {
            libc::O_NOFOLLOW
        } else {
            0
        };
        options.custom_flags(no_follow | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    #[cfg(not(unix))]
    if links == Links::Refuse && path.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    options
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            // To the system that is one link too many.
            #[cfg(unix)]
            Some(libc::ELOOP) if links == Links::Refuse => {
                io::Error::new(io::ErrorKind::InvalidInput, "it is a link")
            }
            _ => error,
        })
}

/// Closes what was opened, unless the descriptor is another file's: some programs close all that are
/// open, and what they open next gets the number.
pub(crate) fn close<T>(opened: T, identity: &Identity, file: fn(&T) -> &File) {
    if Identity::of(file(&opened)).is_ok_and(|now| now == *identity) {
        drop(opened);
    } else {
        std::mem::forget(opened);
    }
}

/// Reads at most `limit` bytes of a file, as text; `None` where there is no file.
pub(crate) fn read(path: &Path, limit: u64, links: Links) -> io::Result<Option<String>> {
    let opened = open_known(path, OpenOptions::new().read(true), links);
    let Some((file, metadata)) = if_there(opened)? else {
        return Ok(None);
    };
    // Its length is known, which saves a read that finds its end. Files of the kernel have no length.
    let length = Some(metadata.len()).filter(|length| *length > 0);
    read_open(&file, length.map_or(limit, |length| limit.min(length))).map(Some)
}

/// Returns what was done with a file; `None` where there is none.
pub(crate) fn if_there<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// What a word or a key in a file may begin with: an editor's mark of its encoding, which is no part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The longest setting that makes sense: as long as a secret may be.
const SETTING: u64 = redact::LONGEST as u64;

/// Reads a file that a setting names, without what is blank around its text. The error says what is wrong, without the
/// file's name.
pub(crate) fn read_setting(path: &Path) -> Result<String, String> {
    match read(path, SETTING, Links::Follow) {
        Ok(Some(text)) => Ok(without_mark(&text).trim().to_owned()),
        Ok(None) => Err("its `file:` does not exist".to_owned()),
        Err(error) => Err(format!("its `file:` cannot be read: {}", why(&error))),
    }
}

/// Returns a text that a person may have written without its editor's mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Says what is wrong with a file: the kind of the fault, where it has a name.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        // Ours, which says more than its kind.
        io::ErrorKind::InvalidInput => error.to_string(),
        _ => fault::words(error),
    }
}

/// Reads a short file of the kernel's, or one that is as good as that, in one piece; `None` where there is none.
pub(crate) fn read_short(path: impl AsRef<Path>) -> Option<String> {
    /// None that is read so is longer.
    const LONGEST: usize = 2048;
    let (mut file, mut content) = (File::open(path).ok()?, [0; LONGEST]);
    let length = file.read(&mut content).ok()?;
    Some(String::from_utf8_lossy(&content[..length]).into_owned())
}

/// Reads at most `limit` bytes of an open file, as text.
pub(crate) fn read_open(file: &File, limit: u64) -> io::Result<String> {
    // Room for most files as a whole: from none it grows by a read each time.
    let mut content = Vec::with_capacity(2048);
    file.take(limit).read_to_end(&mut content)?;
    Ok(String::from_utf8(content)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(unix)]
pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    engine::confirm();
    check_size(offset, bytes.len())?;
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

thread_local! {
    /// How many bytes a file may have, where the writes of this thread belong together.
    static SIZE_LIMIT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// While this lives, what its thread writes belongs together: how long a file may be is asked once.
#[must_use = "it is asked for each write again once this is dropped"]
pub(crate) struct SizeLimit(Option<u64>);

impl SizeLimit {
    pub(crate) fn ask() -> Self {
        let limit = ffi::size_limit();
        Self(SIZE_LIMIT.replace(Some(limit)))
    }
}

impl Drop for SizeLimit {
    fn drop(&mut self) {
        SIZE_LIMIT.set(self.0);
    }
}

/// Fails where a file would grow beyond the limit of this process (`ulimit -f`): the write itself would end the
/// process by a signal.
fn check_size(from: u64, more: usize) -> io::Result<()> {
    let end = from.saturating_add(more as u64);
    if end > SIZE_LIMIT.get().unwrap_or_else(ffi::size_limit) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

/// Adds to the end of a file that was opened for it, and returns its length.
pub(crate) fn append(mut file: File, metadata: &Metadata, bytes: &[u8]) -> io::Result<u64> {
    check_size(metadata.len(), bytes.len())?;
    file.write_all(bytes)?;
    Ok(metadata.len() + bytes.len() as u64)
}

/// Reads once, which on a regular file ends at its end or where `bytes` is full.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(not(unix))]
pub(crate) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
pub(crate) fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(bytes)
}

/// Writes a new file, which is empty.
pub(crate) fn fill(
    mut file: File,
    metadata: &Metadata,
    content: &str,
    mode: u32,
    durable: Durable,
) -> io::Result<File> {
    // The umask must not decide: others may read a status file, and nobody else the rest.
    set_mode(&file, metadata, mode)?;
    check_size(0, content.len())?;
    file.write_all(content.as_bytes())?;
    if durable == Durable::Yes {
        file.sync_data()?;
    }
    Ok(file)
}

/// Opens a file of its owner's alone, which is made where it is missing, and returns its metadata.
pub(crate) fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<(File, Metadata)> {
    engine::confirm();
    let options = with_mode(options.create(true), PRIVATE);
    let (file, metadata) = open_known(path, options, Links::Refuse)?;
    // The umask may leave a mode by which it could not be opened again.
    let _ = set_mode(&file, &metadata, PRIVATE);
    Ok((file, metadata))
}

#[cfg(unix)]
pub(crate) fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(mode)
}

#[cfg(not(unix))]
pub(crate) fn with_mode(options: &mut OpenOptions, _mode: u32) -> &mut OpenOptions {
    options
}

/// Returns whose a file is, by number, and its mode.
#[cfg(unix)]
pub(crate) fn owner_and_mode(file: &Metadata) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt as _;
    (file.uid(), file.mode())
}

#[cfg(not(unix))]
pub(crate) fn owner_and_mode(_file: &Metadata) -> (u32, u32) {
    (0, 0)
}

/// Gives a file its mode, unless it has it.
#[cfg(unix)]
pub(crate) fn set_mode(file: &File, known: &Metadata, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if known.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_file: &File, _known: &Metadata, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_setting_in_a_file_is_read_without_what_is_around_it_or_refused_in_words() {
        let folder = Folder::new();
        let path = folder.path().join("setting");
        for content in ["word", "word\r\n", "\u{feff}word\n", " \n word \n\n"] {
            fs::write(&path, content).unwrap();
            assert_eq!(read_setting(&path).as_deref(), Ok("word"), "{content:?}");
        }
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, problem) in [
            (folder.path(), "cannot be read: not a regular file"),
            (Path::new("/dev/null"), "cannot be read: not a regular file"),
            (&socket, "cannot be read: No such device or address"),
            (&folder.path().join("nothing"), "does not exist"),
        ] {
            let refused = read_setting(path).unwrap_err();
            assert!(refused.contains(problem), "{}: {refused}", path.display());
        }
    }

    #[test]
    fn a_link_that_is_not_followed_is_called_one() {
        let folder = Folder::new();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        let refused = read(&link, 100, Links::Refuse).unwrap_err();
        assert_eq!(refused.to_string(), "it is a link");
    }
}
