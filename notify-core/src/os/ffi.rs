//! The end of the process: the call-back that the system makes then, and the time that is left.
//!
//! Long on purpose: it is the one file with `unsafe`, so that all of it can be read in one place. std has no way
//! to be called at the exit, none to ask for the user or the host, none to send, catch or ask for a signal, none to
//! have a child end with its parent, none to become another user for good, none to make or rename a file by way of
//! an open folder, none to read from a descriptor that another thread may close, none to know a forked child, and none
//! to ask an error that may borrow something for its type.
#![expect(
    unsafe_code,
    reason = "`on_exit`, `atexit`, `geteuid`, `uname`, `kill`, `prctl`, `sigaction`, `initgroups`, `setresuid`, `openat`, `renameat`, `pread`, `mmap` and `madvise` are C functions; `Error::is` wants a lifetime; what is lent or made once is shared"
)]

use std::cell::{Cell, UnsafeCell};
use std::error::Error;
#[cfg(unix)]
use std::ffi::CString;
use std::ffi::c_void;
use std::fmt;
#[cfg(unix)]
use std::fs::File;
use std::io;
use std::marker::PhantomData;
#[cfg(unix)]
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
#[cfg(unix)]
use std::sync::atomic::{AtomicI32, AtomicU64};
use std::time::{Duration, Instant};

use crate::os::isolate;
use crate::os::patience::ask_for_a_while;

/// When the exit that has begun must be over.
static DEADLINE: OnceBox<Instant> = OnceBox::new();

/// What is called at the exit, with the exit code where the system gives it.
static CALL_BACK: OnceBox<fn(Option<i32>)> = OnceBox::new();

/// Whether the system is to call that still.
static IS_REGISTERED: AtomicBool = AtomicBool::new(false);

/// Whether the system has called it.
static IS_CALLED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether it was on this thread, which goes on to the handlers of others.
    static IS_EXITING: Cell<bool> = const { Cell::new(false) };
}

/// Has `call_back` called when `main` returns and when any thread calls `process::exit`, also in
/// processes forked from this one. The first one stays. A handler that comes later, for it was there before, may ask for
/// it once more; other threads may not, for an exit would not end while they run.
pub(crate) fn at_exit(call_back: fn(Option<i32>)) {
    CALL_BACK.get_or_make(|| call_back);
    // Looked at first: each run asks, and a write would take the line from other threads.
    if !IS_REGISTERED.load(Ordering::Acquire)
        && (!IS_CALLED.load(Ordering::Acquire) || IS_EXITING.get())
        && !IS_REGISTERED.swap(true, Ordering::AcqRel)
    {
        register();
    }
}

/// Notes that the system calls back on this thread.
fn note_call() {
    IS_EXITING.set(true);
    IS_CALLED.store(true, Ordering::Release);
    IS_REGISTERED.store(false, Ordering::Release);
}

fn called(code: Option<i32>) {
    note_call();
    if let Some(call_back) = CALL_BACK.get() {
        let _ = isolate::contain(|| call_back(code));
    }
}

/// Whether the exit code is known at the exit.
pub(crate) const CODE_IS_KNOWN: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

/// glibc passes the exit code, which separates success from failure.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }
    extern "C" fn exited(code: c_int, _: *mut c_void) {
        // The eight bits that `wait` returns to the parent.
        called(Some(code & 0xff));
    }
    // SAFETY: the declaration is glibc's; the function is static, does not unwind, and ignores its argument.
    unsafe { on_exit(exited, ptr::null_mut()) };
}

#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
fn register() {
    extern "C" fn exited() {
        called(None);
    }
    // SAFETY: the function is static and does not unwind.
    unsafe { libc::atexit(exited) };
}

/// That `main` has returned: `process::exit` leaves past the C library.
#[cfg(windows)]
fn register() {
    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> std::ffi::c_int;
    }
    extern "C" fn exited() {
        called(None);
    }
    // SAFETY: the declaration is the C library's; the function is static and does not unwind.
    unsafe { atexit(exited) };
}

#[cfg(not(any(unix, windows)))]
fn register() {}

/// A value that is made once. Nobody waits for another thread that makes it, which a forked child would do
/// for ever: of two the first one stays.
pub(crate) struct OnceBox<T> {
    value: AtomicPtr<T>,
    owned: PhantomData<T>,
}

impl<T: Send + Sync> OnceBox<T> {
    pub(crate) const fn new() -> Self {
        Self {
            value: AtomicPtr::new(ptr::null_mut()),
            owned: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: it is null, or comes from the box in `make` and is left alone until this is dropped.
        unsafe { self.value.load(Ordering::Acquire).as_ref() }
    }

    #[inline]
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.make(make),
        }
    }

    #[cold]
    fn make(&self, make: impl FnOnce() -> T) -> &T {
        let new = Box::into_raw(Box::new(make()));
        let (null, order) = (ptr::null_mut(), Ordering::AcqRel);
        let winner = match self
            .value
            .compare_exchange(null, new, order, Ordering::Acquire)
        {
            Ok(_) => new,
            Err(first) => {
                // SAFETY: it is from the box above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                first
            }
        };
        // SAFETY: as in `get`; it is not null.
        unsafe { &*winner }
    }
}

impl<T> Drop for OnceBox<T> {
    fn drop(&mut self) {
        let value = *self.value.get_mut();
        if !value.is_null() {
            // SAFETY: it is from the box in `make`, and nobody borrows it any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

impl<T> fmt::Debug for OnceBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceBox").finish_non_exhaustive()
    }
}

/// A value that one thread at a time uses, for less than a microsecond. To let go of it is a plain write, where std's
/// `Mutex` needs a locked one: that would be a tenth of what a log line costs.
pub(crate) struct Lent<T> {
    is_taken: AtomicBool,
    /// Whether it was waited for in vain, as in a child that was forked meanwhile: once is enough.
    is_lost: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time gets at the value.
unsafe impl<T: Send> Sync for Lent<T> {}

impl<T> Lent<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            is_lost: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Lends the value; `None` where nobody lets go of it.
    #[inline]
    pub(crate) fn with<R>(&self, used: impl FnOnce(&mut T) -> R) -> Option<R> {
        struct Taken<'a>(&'a AtomicBool);
        impl Drop for Taken<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        if !self.take() && !self.take_later() {
            return None;
        }
        let _taken = Taken(&self.is_taken);
        // SAFETY: this thread alone has it, until it lets go.
        Some(used(unsafe { &mut *self.value.get() }))
    }

    #[inline]
    fn take(&self) -> bool {
        let is_mine = !self.is_taken.swap(true, Ordering::Acquire);
        if is_mine && self.is_lost.load(Ordering::Relaxed) {
            self.is_lost.store(false, Ordering::Relaxed);
        }
        is_mine
    }

    /// Waits for whoever has it, who may be without a core.
    #[cold]
    fn take_later(&self) -> bool {
        if self.is_lost.load(Ordering::Relaxed) {
            return false;
        }
        let is_mine = ask_for_a_while(|| self.take().then_some(())).is_some();
        if !is_mine {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        is_mine
    }
}

impl<T> fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}

/// How often this process's ancestors have forked, where the kernel empties no page in the child.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A value of this process alone, which a forked child does not find, and makes anew.
///
/// Its address stands in a page that the kernel empties in each child (Linux, `MADV_WIPEONFORK`), also in one
/// of a raw `clone`. Where there is no such page a handler in the child counts forks: it may run between
/// `fork` and `exec`, and does nothing else.
pub(crate) struct OfProcess<T: 'static> {
    page: AtomicPtr<AtomicPtr<Counted<T>>>,
    /// Whether the kernel empties it: then no child is ever missed.
    is_wiped: AtomicBool,
    /// The one that was made last, by this process or by the one that forked it.
    last: AtomicPtr<Counted<T>>,
}

/// A value, and the forks before it.
struct Counted<T> {
    forks: u32,
    value: T,
}

impl<T: Send + Sync> OfProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            page: AtomicPtr::new(ptr::null_mut()),
            is_wiped: AtomicBool::new(false),
            last: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Returns whether each child is found without asking the system.
    pub(crate) fn is_sure(&self) -> bool {
        self.is_wiped.load(Ordering::Relaxed)
    }

    /// Returns the value of this process; `make` is given that of the process that forked it.
    pub(crate) fn get_or_make(&self, make: impl FnOnce(Option<&'static T>) -> T) -> &'static T {
        let found = self.page().map(|page| page.load(Ordering::Acquire));
        let found = found.and_then(Self::of_this_process);
        found.unwrap_or_else(|| self.make(make))
    }

    #[cold]
    fn make(&self, make: impl FnOnce(Option<&'static T>) -> T) -> &'static T {
        let page = self.page().unwrap_or_else(|| self.begin());
        let found = page.load(Ordering::Acquire);
        Self::of_this_process(found).unwrap_or_else(|| self.put(page, found, make))
    }

    /// Makes a new value, for this is another process than the one that has made the present one.
    pub(crate) fn renew(&self, make: impl FnOnce(Option<&'static T>) -> T) {
        if let Some(page) = self.page() {
            self.put(page, page.load(Ordering::Acquire), make);
        }
    }

    fn page(&self) -> Option<&AtomicPtr<Counted<T>>> {
        // SAFETY: it is null, or a page that stays.
        unsafe { self.page.load(Ordering::Acquire).as_ref() }
    }

    fn of_this_process(found: *mut Counted<T>) -> Option<&'static T> {
        // SAFETY: it is null, or comes from the box in `put`, which is never dropped.
        let found = unsafe { found.as_ref() }?;
        (found.forks == FORKS.load(Ordering::Relaxed)).then_some(&found.value)
    }

    /// Replaces what was `found`, unless another thread does; returns what stands there then.
    fn put(
        &self,
        page: &AtomicPtr<Counted<T>>,
        found: *mut Counted<T>,
        make: impl FnOnce(Option<&'static T>) -> T,
    ) -> &'static T {
        // SAFETY: it is null, or comes from the box below, which is never dropped.
        let last = unsafe { self.last.load(Ordering::Acquire).as_ref() };
        let new = Box::into_raw(Box::new(Counted {
            forks: FORKS.load(Ordering::Relaxed),
            value: make(last.map(|last| &last.value)),
        }));
        let order = Ordering::AcqRel;
        let winner = match page.compare_exchange(found, new, order, Ordering::Acquire) {
            Ok(_) => {
                self.last.store(new, Ordering::Release);
                new
            }
            Err(first) => {
                // SAFETY: it is from the box above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                first
            }
        };
        // SAFETY: it comes from the box above, of this thread or another one, and is never dropped.
        unsafe { &(*winner).value }
    }

    /// Makes the page; of two threads the first one's stays.
    fn begin(&self) -> &AtomicPtr<Counted<T>> {
        let wiped = wiped_page();
        self.is_wiped.store(wiped.is_some(), Ordering::Relaxed);
        let new = wiped.unwrap_or_else(|| {
            count_forks();
            Box::into_raw(Box::new(AtomicPtr::<Counted<T>>::new(ptr::null_mut()))).cast()
        });
        let (null, order) = (ptr::null_mut(), Ordering::AcqRel);
        let put = self
            .page
            .compare_exchange(null, new.cast(), order, Ordering::Acquire);
        // SAFETY: both are pages that stay; zeros are a pointer to nothing.
        unsafe { &*put.map_or_else(|first| first, |_| new.cast()) }
    }
}

/// Returns a page that is all zeros in each forked child; `None` where the kernel has none (before 4.14).
#[cfg(target_os = "linux")]
fn wiped_page() -> Option<*mut c_void> {
    // SAFETY: it reads a number.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: it maps memory where there is none yet.
    let page = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is the one above, which nothing uses so far.
    if unsafe { libc::madvise(page, size, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: the same.
        unsafe { libc::munmap(page, size) };
        return None;
    }
    Some(page)
}

#[cfg(not(target_os = "linux"))]
fn wiped_page() -> Option<*mut c_void> {
    None
}

/// Has each forked child count.
#[cfg(unix)]
fn count_forks() {
    unsafe extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the handler is static, and takes no lock and no memory.
    unsafe { libc::pthread_atfork(None, None, Some(forked)) };
}

#[cfg(not(unix))]
fn count_forks() {}

/// Returns whose files a file of ours is.
#[cfg(unix)]
pub(crate) fn user_id() -> u32 {
    // SAFETY: it reads a number and always succeeds.
    unsafe { libc::geteuid() }
}

#[cfg(not(unix))]
pub(crate) fn user_id() -> u32 {
    0
}

/// Returns whether this is the process's first thread, on which `main` runs.
#[cfg(target_os = "linux")]
pub(crate) fn is_main_thread() -> bool {
    // SAFETY: both read a number and always succeed.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_main_thread() -> bool {
    false
}

/// Returns how many bytes a file may have by this process's limit (`ulimit -f`).
#[cfg(unix)]
pub(crate) fn size_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    let place = &raw mut limit;
    // libc's call can ask of any process, and takes twice as long.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    // SAFETY: there is room for the answer, which outlives the call.
    let failed = unsafe { libc::syscall(libc::SYS_getrlimit, libc::RLIMIT_FSIZE, place) } != 0;
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    let failed = true;
    // SAFETY: the same; where that fails, it stays as it is.
    let failed = failed && unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, place) } != 0;
    if failed || limit.rlim_cur == libc::RLIM_INFINITY {
        return u64::MAX;
    }
    #[expect(clippy::useless_conversion, reason = "on FreeBSD it is signed")]
    let limit = u64::try_from(limit.rlim_cur);
    limit.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
pub(crate) fn size_limit() -> u64 {
    u64::MAX
}

/// Opens a file of that name in an open folder to be written anew, and makes it where it is missing. Nothing is waited
/// for, and a link is not followed.
#[cfg(unix)]
pub(crate) fn create_in(folder: &File, name: &str, mode: u32) -> io::Result<File> {
    const FLAGS: libc::c_int = libc::O_RDWR
        | libc::O_CREAT
        | libc::O_TRUNC
        | libc::O_NOFOLLOW
        | libc::O_NONBLOCK
        | libc::O_NOCTTY
        | libc::O_CLOEXEC;
    let name = CString::new(name)?;
    loop {
        // SAFETY: the folder is open, and the name ends in a zero; both outlive the call.
        let opened = unsafe { libc::openat(folder.as_raw_fd(), name.as_ptr(), FLAGS, mode) };
        if opened >= 0 {
            // SAFETY: it was opened just now, and nobody else knows of it.
            return Ok(unsafe { File::from_raw_fd(opened) });
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Reads the beginning of the file that has this descriptor now, be it the one that the caller means or another;
/// returns how many bytes there are.
#[cfg(unix)]
pub(crate) fn read_beginning(descriptor: i32, bytes: &mut [u8]) -> Option<usize> {
    // SAFETY: no more is written than there is room for.
    let read = unsafe { libc::pread(descriptor, bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    usize::try_from(read).ok()
}

#[cfg(unix)]
pub(crate) fn descriptor(file: &File) -> i32 {
    file.as_raw_fd()
}

#[cfg(not(unix))]
pub(crate) fn read_beginning(_: i32, _: &mut [u8]) -> Option<usize> {
    None
}

#[cfg(not(unix))]
pub(crate) fn descriptor(_: &std::fs::File) -> i32 {
    -1
}

/// Gives a file of an open folder another name there, whatever has that name.
#[cfg(unix)]
pub(crate) fn rename_in(folder: &File, from: &str, to: &str) -> io::Result<()> {
    let (from, to) = (CString::new(from)?, CString::new(to)?);
    let folder = folder.as_raw_fd();
    // SAFETY: the folder is open, and the names end in a zero; all outlive the call.
    match unsafe { libc::renameat(folder, from.as_ptr(), folder, to.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Returns the kernel's name for this host: also where `/proc/sys` cannot be read.
#[cfg(unix)]
pub(crate) fn host_name() -> Option<String> {
    use std::mem::MaybeUninit;
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: there is room for the answer, which outlives the call.
    if unsafe { libc::uname(names.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: it is all numbers, of which zero is one.
    let names = unsafe { names.assume_init() };
    let name = names.nodename.iter().map(|byte| byte.to_ne_bytes()[0]);
    let name: Vec<u8> = name.take_while(|byte| *byte != 0).collect();
    let name = String::from_utf8_lossy(&name).trim().to_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
pub(crate) fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// Sends a signal to a child that was not waited for yet, so that its number is nobody else's.
#[cfg(unix)]
pub(crate) fn send_signal(child: &std::process::Child, signal: i32) {
    if let Ok(pid) = libc::pid_t::try_from(child.id()) {
        // SAFETY: it takes two numbers; to one process that is there it can do no more than signal it.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Becomes another user for good: the groups, then the group, then the user. `group` stands in where the system
/// does not know that user. It ends when its parent does, as [`end_with_us`] has it.
///
/// To be called before there is a second thread.
#[cfg(target_os = "linux")]
pub(crate) fn become_user(user: u32, group: u32) -> io::Result<()> {
    use std::mem::MaybeUninit;

    let check = |answer: libc::c_int| match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    let mut buffer = vec![0; 64 * 1024];
    let mut entry = MaybeUninit::<libc::passwd>::zeroed();
    let mut found = ptr::null_mut();
    // SAFETY: the answer and its texts have room that outlives them.
    let answer = unsafe {
        libc::getpwuid_r(
            user,
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if answer != 0 {
        return Err(io::Error::from_raw_os_error(answer));
    }
    // SAFETY: `found` is null or points to the entry, whose name ends in a zero; the calls take numbers and texts.
    unsafe {
        let group = match found.as_ref() {
            Some(entry) => {
                check(libc::initgroups(entry.pw_name, entry.pw_gid))?;
                entry.pw_gid
            }
            None => {
                check(libc::setgroups(1, &raw const group))?;
                group
            }
        };
        check(libc::setresgid(group, group, group))?;
        check(libc::setresuid(user, user, user))?;
        // The change of user has taken back that it ends with its parent.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
    }
    // SAFETY: it takes a number.
    if user != 0 && unsafe { libc::setuid(0) } == 0 {
        return Err(io::Error::other("it could become root again"));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn become_user(_user: u32, _group: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether this process was started to ignore SIGPIPE, as systemd starts a service. The standard library
/// ignores it before `main`, so that nobody knows then.
#[cfg(all(target_os = "linux", feature = "cli"))]
static IGNORES_PIPE: AtomicBool = AtomicBool::new(false);

// SAFETY: it is called before `main`, reads what a signal does, and writes one `bool`.
#[cfg(all(target_os = "linux", feature = "cli"))]
#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = {
    extern "C" fn look() {
        IGNORES_PIPE.store(
            action(libc::SIGPIPE) == Some(libc::SIG_IGN),
            Ordering::Relaxed,
        );
    }
    look
};

/// Has a command ignore SIGPIPE where this process was started to. Else the standard library gives it back the
/// default.
#[cfg(all(target_os = "linux", feature = "cli"))]
pub(crate) fn pass_on_ignored_pipe(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;

    if IGNORES_PIPE.load(Ordering::Relaxed) {
        let ignore = || {
            // SAFETY: it takes numbers, and concerns this process alone.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
            Ok(())
        };
        // SAFETY: between fork and exec it makes one system call and allocates nothing.
        unsafe { command.pre_exec(ignore) };
    }
}

/// Elsewhere it has the default.
#[cfg(all(not(target_os = "linux"), feature = "cli"))]
pub(crate) fn pass_on_ignored_pipe(_command: &mut std::process::Command) {}

/// Has a command killed when this process ends before it, however it ends.
///
/// The main thread must call this and spawn the command, for the kernel goes by the end of the *thread* that forks.
/// The kernel leaves a command with rights of its own (`sudo`) alone.
#[cfg(target_os = "linux")]
pub(crate) fn end_with_us(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;

    let parent = std::process::id();
    let tie = move || {
        // SAFETY: it takes numbers, and concerns this process alone.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            // A system that does not allow it is no reason not to run the command.
            return Ok(());
        }
        // SAFETY: it reads a number and always succeeds.
        let found = unsafe { libc::getppid() };
        // A parent that ended before the line above sends no signal. Process 1 may be the parent itself.
        if u32::try_from(found) == Ok(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe { command.pre_exec(tie) };
}

/// There is no such thing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_with_us(_command: &mut std::process::Command) {}
/// GNU `timeout` sends its signal twice within a millisecond, and schedulers to a process and to its group;
/// nobody presses Ctrl-C again so soon.
#[cfg(unix)]
const SECOND_SIGNAL: Duration = Duration::from_millis(500);

/// The process in which a thread waits for signals: a forked child has the handler, and no such thread.
#[cfg(unix)]
static WAITS: AtomicU32 = AtomicU32::new(0);

/// The signal that came first; 0 where none has come.
#[cfg(unix)]
static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// When it came, in milliseconds of the monotonic clock; 0 where none has come.
#[cfg(unix)]
static CAUGHT_AT: AtomicU64 = AtomicU64::new(0);

/// The handler. It calls only what may be called in one (signal-safety(7)), and allocates nothing.
#[cfg(unix)]
extern "C" fn caught(signal: libc::c_int) {
    if !is_ours(signal) {
        // A handler that was set later calls the one before: the signal is the program's.
        return;
    }
    if WAITS.load(Ordering::Relaxed) != std::process::id() {
        return end_by(signal);
    }
    let now = milliseconds();
    match CAUGHT_AT.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {
            CAUGHT.store(signal, Ordering::Release);
            wake();
        }
        Err(first) if u128::from(now.saturating_sub(first)) < SECOND_SIGNAL.as_millis() => {}
        // Somebody does not want to wait.
        Err(_) => end_by(signal),
    }
}

/// Ends the process at once, by the signal where that can be.
#[cfg(unix)]
fn end_by(signal: libc::c_int) {
    die_by(signal);
    // SAFETY: it takes a number, and does not return.
    unsafe { libc::_exit(128 + signal) };
}

/// Has the signal do what it does by default: to all but process 1 of a container that is the end.
#[cfg(unix)]
pub(crate) fn die_by(signal: i32) {
    if std::process::id() == 1 {
        return;
    }
    // SAFETY: all of these may be called anywhere; the set is initialized by `sigemptyset`.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::raise(signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
    }
}

/// Lets signals through to this thread which the process was started to block.
#[cfg(unix)]
pub(crate) fn unblock(signals: impl Iterator<Item = i32>) {
    // SAFETY: `sigemptyset` initializes the set that the others read and write.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
    }
}

/// The signals that a thread does not take.
#[cfg(unix)]
#[derive(Clone, Copy)]
pub(crate) struct Blocked(libc::sigset_t);

/// Blocks all signals for this thread, but those that its own faults raise; returns which were blocked before.
#[cfg(unix)]
pub(crate) fn block_signals() -> Blocked {
    const FAULTS: [i32; 7] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGABRT,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    // SAFETY: `sigfillset` initializes the set that the others read and write, and a set is all numbers.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        for fault in FAULTS {
            libc::sigdelset(&raw mut all, fault);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        Blocked(before)
    }
}

/// Blocks those signals for this thread and no other; returns which were blocked before.
#[cfg(unix)]
pub(crate) fn block(signals: Blocked) -> Blocked {
    // SAFETY: both are sets, and a set is all numbers.
    unsafe {
        let mut before = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const signals.0, &raw mut before);
        Blocked(before)
    }
}

/// Writes a line to standard error, and ends nobody by SIGPIPE, to which the program may have given its default back. It
/// waits 0.2 s at most for whoever does not read.
#[cfg(unix)]
pub(crate) fn print(line: &str) {
    /// Whether so many bytes as are written together without a wait have room by then.
    fn has_room() -> bool {
        let mut asked = libc::pollfd {
            fd: libc::STDERR_FILENO,
            events: libc::POLLOUT,
            revents: 0,
        };
        // Again after a signal. SAFETY: it writes the one element that it is told of.
        (0..20).any(|_| unsafe { libc::poll(&raw mut asked, 1, 10) } > 0)
    }
    fn write(mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            // SAFETY: it reads what is there.
            let written =
                unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
            match usize::try_from(written) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
    let is_pending = || {
        // SAFETY: `sigemptyset` initializes the set that the others read and write.
        unsafe {
            let mut pending = std::mem::zeroed();
            libc::sigemptyset(&raw mut pending);
            libc::sigpending(&raw mut pending);
            libc::sigismember(&raw const pending, libc::SIGPIPE) == 1
        }
    };
    let was_pending = is_pending();
    let before = block_signals();
    let mut pieces = line.as_bytes().chunks(libc::PIPE_BUF);
    let _ = pieces.all(|piece| has_room() && write(piece));
    if !was_pending && is_pending() {
        // SAFETY: as above; it does not wait, for the signal is there.
        unsafe {
            let mut pipe = std::mem::zeroed();
            libc::sigemptyset(&raw mut pipe);
            libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
            libc::sigwait(&raw const pipe, &mut 0);
        }
    }
    block(before);
}

/// Returns what a signal does now: an address, or one of the numbers for "the default" and "nothing".
#[cfg(unix)]
fn action(signal: i32) -> Option<libc::sighandler_t> {
    // SAFETY: without a new action it writes the old one, which is all numbers; zero is one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let answer = libc::sigaction(signal, ptr::null(), &raw mut action);
        (answer == 0).then_some(action.sa_sigaction)
    }
}

#[cfg(unix)]
fn handler() -> libc::sighandler_t {
    caught as extern "C" fn(libc::c_int) as libc::sighandler_t
}

#[cfg(unix)]
fn is_ours(signal: i32) -> bool {
    action(signal) == Some(handler())
}

/// Returns whether a signal has no handler but ours, and is not ignored.
#[cfg(unix)]
pub(crate) fn is_free(signal: i32) -> bool {
    action(signal) == Some(libc::SIG_DFL) || is_ours(signal)
}

/// Has [`next_signal`] called by a thread of this process, soon.
#[cfg(unix)]
pub(crate) fn expect_signals() {
    CAUGHT.store(0, Ordering::Relaxed);
    CAUGHT_AT.store(0, Ordering::Relaxed);
    WAITS.store(std::process::id(), Ordering::Relaxed);
}

/// Has a signal handed to [`next_signal`] from now on.
#[cfg(unix)]
pub(crate) fn catch_signal(signal: i32) -> io::Result<()> {
    set_action(signal, handler())
}

/// Gives a signal its default back, unless the program has set another handler meanwhile.
#[cfg(unix)]
pub(crate) fn release_signal(signal: i32) {
    if is_ours(signal) {
        let _ = set_action(signal, libc::SIG_DFL);
    }
}

#[cfg(unix)]
fn set_action(signal: i32, handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: the action is all numbers, of which zero is one; the handler is static, and keeps to what a
    // handler may do.
    let answer = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Waits for the first signal that is caught.
#[cfg(unix)]
pub(crate) fn next_signal() -> i32 {
    loop {
        match CAUGHT.load(Ordering::Acquire) {
            0 => sleep(),
            signal => return signal,
        }
    }
}

/// Sleeps until [`wake`] is called, or less. No pipe: a program that closes all files would have its own
/// written to.
#[cfg(target_os = "linux")]
fn sleep() {
    let no_time_limit = ptr::null::<libc::timespec>();
    // SAFETY: the number is static; it sleeps as long as that is 0.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            CAUGHT.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            0,
            no_time_limit,
        )
    };
}

#[cfg(target_os = "linux")]
fn wake() {
    // SAFETY: the number is static.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            CAUGHT.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            1,
        )
    };
}

#[cfg(all(unix, not(target_os = "linux")))]
fn sleep() {
    std::thread::sleep(Duration::from_millis(50));
}

#[cfg(all(unix, not(target_os = "linux")))]
fn wake() {}

/// The monotonic clock, which may be read in a handler; never 0.
#[cfg(unix)]
fn milliseconds() -> u64 {
    let since = time_of(libc::CLOCK_MONOTONIC).as_millis();
    u64::try_from(since).unwrap_or(u64::MAX).max(1)
}

/// Returns the time since the system's start, some milliseconds behind: it costs a tenth of the exact one.
#[cfg(target_os = "linux")]
pub(crate) fn coarse_time() -> Duration {
    time_of(libc::CLOCK_MONOTONIC_COARSE)
}

/// Returns the time of day since 1970, as far behind and as cheap.
#[cfg(target_os = "linux")]
pub(crate) fn coarse_time_of_day() -> Duration {
    time_of(libc::CLOCK_REALTIME_COARSE)
}

/// Returns the time of day since 1970.
#[cfg(not(target_os = "linux"))]
pub(crate) fn coarse_time_of_day() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Returns what a clock of the kernel shows.
#[cfg(unix)]
fn time_of(clock: libc::clockid_t) -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the time into what is there.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Returns the time since the first call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn coarse_time() -> Duration {
    static FIRST: OnceBox<Instant> = OnceBox::new();
    FIRST.get_or_make(Instant::now).elapsed()
}

/// Returns whether an error is of that type; of a type with lifetimes, whichever they are.
pub(crate) fn is_error<T: Error + 'static>(error: &(dyn Error + '_)) -> bool {
    beyond_its_life(error).is::<T>()
}

/// Returns the error as std's own for input and output, if it is one: that borrows nothing.
pub(crate) fn as_io_error<'a>(error: &'a (dyn Error + 'a)) -> Option<&'a io::Error> {
    beyond_its_life(error).downcast_ref()
}

/// Returns an error as one that borrows nothing.
fn beyond_its_life<'a>(error: &'a (dyn Error + 'a)) -> &'a (dyn Error + 'static) {
    // SAFETY: the types differ in what the error may borrow alone, and nobody sees what it borrows:
    // one caller asks for the type, the other for a type without lifetimes.
    unsafe { std::mem::transmute::<&'a (dyn Error + 'a), &'a (dyn Error + 'static)>(error) }
}

/// Blocks SIGTERM for this thread, sends it to the process, and waits for it.
#[cfg(all(test, unix))]
pub(crate) fn wait_for_sigterm() {
    let mut signal = 0;
    // SAFETY: `sigemptyset` initializes the set that the others read.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        libc::kill(libc::getpid(), libc::SIGTERM);
        libc::sigwait(&raw const set, &raw mut signal);
    }
    assert_eq!(signal, libc::SIGTERM);
}

/// Runs a piece of code in a forked child, where the other threads of this process are missing. Returns
/// whether it came to its end within ten seconds.
#[cfg(all(test, unix))]
pub(crate) fn ends_in_a_fork(work: impl FnOnce()) -> bool {
    // SAFETY: the child has this thread alone; it does `work`, which is what is to be tried, and goes
    // without its exit handlers. The alarm ends one that hangs.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(10);
            let has_panicked = isolate::catch(work).is_err();
            libc::_exit(has_panicked.into());
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0) == child && status == 0
    }
}

/// Begins the exit: what is still to be done must be done within `patience`. Returns the deadline,
/// the earlier one where the exit had begun already.
pub(crate) fn begin(patience: Duration) -> Instant {
    *DEADLINE.get_or_make(|| Instant::now() + patience)
}

/// Returns whether the exit has begun.
pub(crate) fn has_begun() -> bool {
    DEADLINE.get().is_some()
}

/// Returns whether the process ends, and this thread is not the one that calls the exit handlers.
pub(crate) fn ends_elsewhere() -> bool {
    (IS_CALLED.load(Ordering::Acquire) || has_begun()) && !IS_EXITING.get()
}

/// Returns when the exit is over, where it has begun.
pub(crate) fn deadline() -> Option<Instant> {
    DEADLINE.get().copied()
}

/// Returns `patience`, or what is left of it where the exit has begun.
pub(crate) fn within(patience: Duration) -> Duration {
    DEADLINE.get().map_or(patience, |deadline| {
        patience.min(deadline.saturating_duration_since(Instant::now()))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn value_of(of_process: &OfProcess<(u32, u32)>) -> (u32, u32) {
        let pid = std::process::id();
        *of_process.get_or_make(|parents| (pid, parents.map_or(0, |(parent, _)| *parent)))
    }

    #[test]
    fn what_runs_in_a_later_exit_handler_has_a_call_of_its_own_and_other_threads_keep_no_exit_going()
     {
        let is_registered = || IS_REGISTERED.load(Ordering::Acquire);
        assert!(ends_in_a_fork(|| {
            at_exit(|_| {});
            assert!(is_registered());
            note_call();
            thread::spawn(|| at_exit(|_| {})).join().unwrap();
            assert!(!is_registered());
            at_exit(|_| {});
            assert!(is_registered());
            note_call();
            assert!(!is_registered());
        }));
    }

    /// Issue 13, point 5: by the page that the kernel empties, and by the count of the handler.
    #[test]
    fn a_forked_child_finds_no_value_of_its_parent_and_is_told_that() {
        let (by_page, by_count) = (OfProcess::new(), OfProcess::new());
        let word = AtomicPtr::new(Box::into_raw(Box::new(AtomicPtr::new(ptr::null_mut()))));
        let by_count = OfProcess {
            page: word,
            ..by_count
        };
        count_forks();
        for of_process in [by_page, by_count] {
            let parent = std::process::id();
            assert_eq!(value_of(&of_process), (parent, 0));
            assert!(ends_in_a_fork(|| {
                let child = std::process::id();
                assert_eq!(value_of(&of_process), (child, parent));
                assert_eq!(value_of(&of_process), (child, parent), "it stays");
                assert!(ends_in_a_fork(|| {
                    assert_eq!(value_of(&of_process), (std::process::id(), child));
                }));
            }));
            assert_eq!(value_of(&of_process), (parent, 0));
        }
    }

    /// Issue 13, point 5: no handler runs in such a child.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_of_a_raw_clone_finds_no_value_of_its_parent() {
        let of_process = OfProcess::new();
        let parent = std::process::id();
        assert_eq!(value_of(&of_process), (parent, 0));
        // SAFETY: as `fork`: the child has this thread alone, allocates once, and goes without exit handlers.
        unsafe {
            let child = libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0);
            if child == 0 {
                libc::alarm(10);
                let is_new = value_of(&of_process) == (std::process::id(), parent);
                libc::_exit(i32::from(!is_new));
            }
            let mut status = 0;
            let child = libc::pid_t::try_from(child).unwrap();
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert_eq!(status, 0);
        }
    }

    /// issue 12, point 20b
    #[test]
    fn a_forked_child_in_which_nobody_waits_for_signals_is_killed_by_them() {
        let raise = || {
            // SAFETY: it takes a number; nobody waits for the signal but this process.
            unsafe { libc::raise(libc::SIGTERM) };
        };
        assert!(ends_in_a_fork(|| {
            expect_signals();
            catch_signal(libc::SIGTERM).unwrap();
            assert!(!ends_in_a_fork(raise), "it must die");
            raise();
            assert_eq!(next_signal(), libc::SIGTERM, "it is handed on");
            raise();
            // The second came too soon after the first to count.
        }));
    }

    /// issue 12, point 20b
    #[test]
    fn a_signal_with_another_handler_is_not_free_and_is_not_released() {
        assert!(ends_in_a_fork(|| {
            // Another test may have set a handler in this process.
            set_action(libc::SIGTERM, libc::SIG_DFL).unwrap();
            assert!(is_free(libc::SIGTERM));
            catch_signal(libc::SIGTERM).unwrap();
            release_signal(libc::SIGTERM);
            assert_eq!(action(libc::SIGTERM), Some(libc::SIG_DFL));
            set_action(libc::SIGTERM, libc::SIG_IGN).unwrap();
            assert!(!is_free(libc::SIGTERM));
            release_signal(libc::SIGTERM);
            assert_eq!(action(libc::SIGTERM), Some(libc::SIG_IGN));
        }));
    }

    #[test]
    fn a_warning_that_nobody_reads_does_not_end_a_program_that_sigpipe_ends() {
        let warns = || {
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            // SAFETY: both take numbers, and concern this child alone.
            unsafe {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                assert_eq!(libc::dup2(writer.as_raw_fd(), 2), 2);
            }
            print("not read\n");
        };
        assert!(ends_in_a_fork(warns));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_warning_that_nobody_reads_is_given_up_where_the_pipe_is_full() {
        let warns = || {
            let (_reader, writer) = io::pipe().unwrap();
            // SAFETY: all take numbers, and concern this child alone.
            unsafe {
                let size = libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096);
                let full = vec![b'x'; usize::try_from(size).unwrap()];
                (&writer).write_all(&full).unwrap();
                assert_eq!(libc::dup2(writer.as_raw_fd(), 2), 2);
            }
            print("not read\n");
        };
        assert!(ends_in_a_fork(warns));
    }

    #[test]
    fn a_lent_value_is_of_one_thread_at_a_time_and_a_panic_gives_it_back() {
        let lent = Lent::new(0_u32);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        // Again, where another thread had it at each try.
                        while lent.with(|value| *value += 1).is_none() {}
                    }
                });
            }
        });
        assert_eq!(lent.with(|value| *value), Some(40_000));
        let panics = || lent.with(|_| panic!("as foreign code may"));
        assert!(isolate::contain(panics).is_none());
        assert_eq!(lent.with(|_| lent.with(|_| ())), Some(None), "it is lent");
        assert!(lent.with(|_| ()).is_some());
    }

    #[test]
    fn a_lent_value_is_waited_for_while_the_thread_that_has_it_is_without_a_core() {
        let lent = Lent::new(0_u32);
        let (lent_now, is_lent) = mpsc::channel();
        thread::scope(|scope| {
            let lent = &lent;
            scope.spawn(move || {
                lent.with(|value| {
                    lent_now.send(()).unwrap();
                    thread::sleep(Duration::from_millis(50));
                    *value = 1;
                })
            });
            is_lent.recv().unwrap();
            assert_eq!(lent.with(|value| *value), Some(1));
        });
    }
}
