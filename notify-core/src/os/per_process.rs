//! State that belongs to one process: after a fork the child finds its own, empty. And which process is which.

use std::cell::Cell;
use std::fs;
use std::marker::PhantomData;
use std::sync::OnceLock;

thread_local! {
    /// The process that this thread knows to be in; 0 where it must ask.
    static KNOWN: Cell<u32> = const { Cell::new(0) };
}

/// While this lives, its thread does not ask the system again which process it is in. Only for
/// stretches of our own code: foreign code may fork.
#[derive(Debug)]
#[must_use = "it ends with this"]
pub(crate) struct Known {
    before: u32,
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

/// Asks the system which process this is, for a stretch of code that needs to know it often.
pub(crate) fn know() -> Known {
    let pid = std::process::id();
    Known {
        before: KNOWN.try_with(|known| known.replace(pid)).unwrap_or(0),
        not_send: PhantomData,
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let _ = KNOWN.try_with(|known| known.set(self.before));
    }
}

/// Returns this process's id.
pub(crate) fn id() -> u32 {
    match KNOWN.try_with(Cell::get) {
        Ok(pid) if pid != 0 => pid,
        _ => std::process::id(),
    }
}

/// A value per process. A fork copies the parent's memory, and with it locks that another thread
/// held and threads that are not there: the child must not wait for them.
#[derive(Debug)]
pub(crate) struct PerProcess<T: 'static> {
    first: OnceLock<Generation<T>>,
    /// What the child does with its copy of the parent's value, such as to close its files.
    let_go: fn(&T),
    /// What the child begins with, given its copy of the parent's value.
    inherit: fn(&T) -> T,
}

#[derive(Debug)]
struct Generation<T: 'static> {
    pid: u32,
    value: T,
    forked: OnceLock<Box<Generation<T>>>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self::letting_go(|_| {})
    }

    pub(crate) const fn letting_go(let_go: fn(&T)) -> Self {
        Self {
            first: OnceLock::new(),
            let_go,
            inherit: |_| T::default(),
        }
    }

    /// The child begins with what `inherit` makes of its copy of the parent's value, for a lock of which
    /// it must not wait.
    pub(crate) const fn inheriting(inherit: fn(&T) -> T) -> Self {
        Self {
            first: OnceLock::new(),
            let_go: |_| {},
            inherit,
        }
    }

    /// This process begins with `value`, a forked child with nothing.
    pub(crate) fn beginning_with(value: T) -> Self {
        let first = OnceLock::from(Generation::new(id(), value));
        Self {
            first,
            ..Self::new()
        }
    }

    /// Returns this process's value.
    pub(crate) fn get(&self) -> &T {
        let pid = id();
        let first = || Generation::new(pid, T::default());
        let mut generation = self.first.get_or_init(first);
        while generation.pid != pid {
            generation = generation.forked.get_or_init(|| {
                (self.let_go)(&generation.value);
                Box::new(Generation::new(pid, (self.inherit)(&generation.value)))
            });
        }
        &generation.value
    }
}

impl<T> Generation<T> {
    fn new(pid: u32, value: T) -> Self {
        Self {
            pid,
            value,
            forked: OnceLock::new(),
        }
    }
}

/// Returns when a process was started, in the kernel's ticks since the boot: with its id that distinguishes it from
/// all others of the boot. `None` where it has ended, is about to, or cannot be seen.
pub(crate) fn started(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name, in parentheses, may hold anything; the state follows it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let started = fields.nth(19)?.parse().ok()?;
    // A process that ends lets go of its memory first, and then of its files and their locks.
    let memory: u64 = fields.next()?.parse().ok()?;
    (memory > 0).then_some(started)
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
