//! Which process is which, as the kernel says.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::os::ffi::OnceBox;
use crate::os::file;

/// Returns the file of this program, where the system names it.
pub(crate) fn exe() -> Option<&'static Path> {
    static EXE: OnceBox<Option<PathBuf>> = OnceBox::new();
    EXE.get_or_make(|| env::current_exe().ok()).as_deref()
}

/// Returns when a process was started, in the kernel's ticks since the boot: its id and this time distinguish it from
/// all others of the boot. `None` where it has ended, is about to, or cannot be seen.
pub(crate) fn started(pid: u32) -> Option<u64> {
    let stat = file::read_short(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything; the state follows it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let started = fields.nth(19)?.parse().ok()?;
    // A process that ends lets go of its memory first, and then of its files and their locks.
    let memory: u64 = fields.next()?.parse().ok()?;
    (memory > 0).then_some(started)
}

/// Names the processes among which this one's id means something, where the system tells them apart.
#[cfg(feature = "postgres")]
pub(crate) fn namespace() -> Option<&'static str> {
    static NAMESPACE: OnceBox<Option<String>> = OnceBox::new();
    let read = || {
        let link = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(link.to_string_lossy().into_owned())
    };
    NAMESPACE.get_or_make(read).as_deref()
}

/// Returns whether the processes of others are seen here: the first one is somebody else's. What is not seen then has
/// ended.
#[cfg(feature = "postgres")]
pub(crate) fn are_all_seen() -> bool {
    started(1).is_some()
}

/// Names the program that a process is: its file, or what can be seen of that.
pub(crate) fn program(pid: u32) -> String {
    let exe = fs::read_link(format!("/proc/{pid}/exe"));
    let exe = exe.map(|exe| exe.to_string_lossy().into_owned());
    let name = || fs::read_to_string(format!("/proc/{pid}/comm"));
    exe.or_else(|_| name()).map_or_else(
        |_| "another program".to_owned(),
        |name| name.trim().to_owned(),
    )
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// issue 12, point 6
    #[test]
    fn a_process_is_known_by_its_start_as_long_as_it_lives_and_not_once_it_is_a_zombie() {
        let own = started(std::process::id());
        assert!(own.is_some() && own == started(std::process::id()));
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(started(child.id()).is_some_and(|started| Some(started) >= own));
        assert!(
            program(child.id()).ends_with("sleep"),
            "{}",
            program(child.id())
        );
        child.kill().unwrap();
        // It is not waited for yet: its entry is there, and its memory goes.
        for _ in 0..10_000 {
            if started(child.id()).is_none() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(started(child.id()), None);
        child.wait().unwrap();
    }
}
