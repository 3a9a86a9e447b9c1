//! The output of a command on one of its pipes.
//!
//! It is read to the end, because the command must not wait for us; a part of it is kept.

use std::io::{self, Read};
use std::sync::{Arc, Condvar};
use std::time::Duration;

use crate::os::mutex::{self, Mutex};
use crate::os::thread;

/// The longest part that is kept.
const KEPT_BYTES: usize = 4 * 1024;

/// How long to wait for the last words of a command that has ended: a process of its own that goes
/// on may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Reads more into a buffer.
type Reader = Box<dyn FnMut(&mut [u8]) -> io::Result<usize> + Send>;

/// Which part is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Last,
}

/// What was said so far.
pub(super) struct Said {
    part: Part,
    words: Arc<Words>,
}

#[derive(Default)]
struct Words {
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    /// Whether nothing that follows would change the line that is asked for.
    is_enough: bool,
}

impl Said {
    /// Reads from a pipe on a thread; without one, the command gets an error when it speaks.
    pub(super) fn of(mut pipe: impl Read + Send + 'static, part: Part) -> Self {
        Self::of_any(Box::new(move |buffer| pipe.read(buffer)), part)
    }

    fn of_any(mut read: Reader, part: Part) -> Self {
        let words = Arc::<Words>::default();
        let heard = words.clone();
        let spawned = thread::spawn("notify-exec", move || {
            let mut buffer = [0; 4096];
            loop {
                match read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => heard.keep(&buffer[..length], part),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            heard.kept.lock().is_enough = true;
            heard.changed.notify_all();
        });
        if spawned.is_err() {
            words.kept.lock().is_enough = true;
        }
        Self { part, words }
    }

    /// Returns the first or the last line that is not blank, once it is known, or soon.
    pub(super) fn line(&self) -> String {
        let Words { kept, changed } = &*self.words;
        let goes_on = |kept: &mut Kept| !kept.is_enough;
        let waited = changed.wait_timeout_while(kept.lock(), LAST_WORDS, goes_on);
        let (kept, _) = mutex::whole(waited);
        let text = String::from_utf8_lossy(&kept.bytes);
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = match self.part {
            Part::First => lines.next(),
            Part::Last => lines.next_back(),
        };
        line.unwrap_or_default().to_owned()
    }
}

impl Words {
    fn keep(&self, said: &[u8], part: Part) {
        let mut kept = self.kept.lock();
        match part {
            Part::First => {
                let room = KEPT_BYTES.saturating_sub(kept.bytes.len());
                kept.bytes.extend_from_slice(&said[..said.len().min(room)]);
                // A line is all that is asked for, whatever holds the pipe open then.
                kept.is_enough = kept.bytes.len() >= KEPT_BYTES
                    || kept.bytes.trim_ascii_start().contains(&b'\n');
            }
            Part::Last => {
                kept.bytes.extend_from_slice(said);
                let surplus = kept.bytes.len().saturating_sub(KEPT_BYTES);
                kept.bytes.drain(..surplus);
            }
        }
        if kept.is_enough {
            self.changed.notify_all();
        }
    }
}
