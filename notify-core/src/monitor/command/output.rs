//! The output of a wrapped command: its standard error, and on demand its standard output.
//!
//! The output is passed on as it comes, and the end of it is kept.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::format::terminal::Screen;
use crate::format::text;
use crate::os::mutex::Mutex;
use crate::os::random;
use crate::os::redact;
use crate::os::warning;

/// The longest end that is kept: as much as fits into a status file, after the cause.
const KEPT_BYTES: usize = text::LIMIT - 1024;

/// The part of it that standard output has, where its end is kept, too.
const KEPT_OF_STDOUT: usize = KEPT_BYTES / 4;

/// A longer end is remembered than is kept: a secret across the cut must be recognised.
const REMEMBERED_BYTES: usize = KEPT_BYTES + redact::LONGEST;

/// The most that is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

const MARK_BYTES: usize = 32;

const STDERR: &str = "standard error";

/// What is kept of one output.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    name: &'static str,
    kept: usize,
    /// Whether its name stands above its end, also where that is all of it.
    is_named: bool,
    own: fn() -> io::Result<Own>,
}

#[cfg(unix)]
type Own = std::fs::File;

#[cfg(not(unix))]
type Own = Box<dyn Write + Send>;

impl Stream {
    /// Standard error, beside which the end of standard output is kept or not.
    pub(crate) const fn stderr(is_beside_stdout: bool) -> Self {
        let kept = if is_beside_stdout {
            KEPT_BYTES - KEPT_OF_STDOUT
        } else {
            KEPT_BYTES
        };
        Self {
            name: STDERR,
            kept,
            is_named: is_beside_stdout,
            own: own_stderr,
        }
    }

    pub(crate) const fn stdout() -> Self {
        Self {
            name: "standard output",
            kept: KEPT_OF_STDOUT,
            is_named: true,
            own: own_stdout,
        }
    }
}

/// A pipe that ends in our own output of that name.
///
/// What the program has left in it when it ends is followed by a mark of ours: another process that
/// still holds the pipe must not keep us waiting for its end.
pub(crate) struct Passage {
    writer: PipeWriter,
    mark: [u8; MARK_BYTES],
    is_marked: Arc<AtomicBool>,
    tail: Arc<Mutex<Tail>>,
    over: Receiver<()>,
}

/// A passage that nothing more of the program comes through than what is in it.
pub(crate) struct Rest {
    tail: Arc<Mutex<Tail>>,
    over: Receiver<()>,
    is_over: bool,
}

/// The end of what was written so far, as a terminal shows it.
struct Tail {
    stream: Stream,
    /// What is not on the screen yet.
    bytes: Vec<u8>,
    screen: Screen,
    is_cut: bool,
}

impl Passage {
    /// Opens a passage; the program is to write into the end that is returned.
    pub(crate) fn open(stream: Stream) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let to = (stream.own)()?;
        Self::between(stream, reader, writer, to)
    }

    fn between(
        stream: Stream,
        reader: PipeReader,
        writer: PipeWriter,
        to: impl Write + Send + 'static,
    ) -> io::Result<(Self, PipeWriter)> {
        let theirs = writer.try_clone()?;
        let (over, is_over) = mpsc::channel();
        let passage = Self {
            writer,
            mark: mark(),
            is_marked: Arc::default(),
            tail: Arc::new(Mutex::new(Tail::of(stream))),
            over: is_over,
        };
        let (mark, is_marked) = (passage.mark, passage.is_marked.clone());
        let mut onward = Onward {
            to,
            is_stderr: stream.name == STDERR,
            tail: passage.tail.clone(),
        };
        thread::Builder::new()
            .name("notify-output".to_owned())
            .spawn(move || {
                pass(reader, &mut onward, &is_marked, &mark);
                let _ = over.send(());
            })?;
        Ok((passage, theirs))
    }

    /// Marks the end of what the program wrote, which has ended.
    pub(crate) fn end(self) -> Rest {
        let Self {
            mut writer, mark, ..
        } = self;
        self.is_marked.store(true, Ordering::SeqCst);
        // Where the pipe is full this waits for those who read our output.
        let write = move || drop(writer.write_all(&mark));
        let thread = thread::Builder::new().name("notify-output-end".to_owned());
        Rest {
            // Without a thread there is no mark, and nothing to wait for.
            is_over: thread.spawn(write).is_err(),
            tail: self.tail,
            over: self.over,
        }
    }
}

impl Rest {
    /// Returns the last of what the program wrote, as far as it comes within some time.
    pub(crate) fn tail(&mut self, patience: Duration) -> String {
        self.is_over = self.is_over || self.over.recv_timeout(patience).is_ok();
        self.tail.lock().text()
    }

    /// Waits until all of it is passed on, as the program would have waited to write it.
    pub(crate) fn finish(self) {
        if !self.is_over {
            let _ = self.over.recv();
        }
    }
}

/// Opens our standard error anew: one that nobody reads must not block what else we say there.
#[cfg(unix)]
fn own_stderr() -> io::Result<Own> {
    use std::os::fd::AsFd as _;
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

#[cfg(unix)]
fn own_stdout() -> io::Result<Own> {
    use std::os::fd::AsFd as _;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn own_stderr() -> io::Result<Own> {
    Ok(Box::new(io::stderr()))
}

#[cfg(not(unix))]
fn own_stdout() -> io::Result<Own> {
    Ok(Box::new(io::stdout()))
}

/// Makes bytes that no program writes.
fn mark() -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    for part in mark.chunks_exact_mut(8) {
        part.copy_from_slice(&random::number().to_le_bytes());
    }
    mark
}

/// Passes on what comes, up to the mark, or until nobody is there to read it: the program's next
/// write then fails as it would have failed without us.
fn pass(
    mut from: impl Read,
    onward: &mut Onward<impl Write>,
    is_marked: &AtomicBool,
    mark: &[u8; MARK_BYTES],
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    // What may be the beginning of the mark.
    let mut held = Vec::new();
    loop {
        let length = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let come = &chunk[..length];
        // It is set before the first byte of the mark is written.
        if !is_marked.load(Ordering::SeqCst) {
            if !onward.take(come) {
                return;
            }
            continue;
        }
        held.extend_from_slice(come);
        if let Some(end) = held.windows(MARK_BYTES).position(|bytes| bytes == mark) {
            onward.take(&held[..end]);
            return;
        }
        let free = held.len().saturating_sub(MARK_BYTES - 1);
        if !onward.take(&held[..free]) {
            return;
        }
        held.drain(..free);
    }
    onward.take(&held);
}

/// Where what comes goes.
struct Onward<W> {
    to: W,
    is_stderr: bool,
    tail: Arc<Mutex<Tail>>,
}

impl<W: Write> Onward<W> {
    /// Keeps it and passes it on; `false` where nobody reads it any more.
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        self.tail.lock().add(bytes);
        if self.is_stderr {
            warning::follows(bytes);
        }
        while !bytes.is_empty() {
            match self.to.write(bytes) {
                Ok(0) => return true,
                Ok(written) => bytes = &bytes[written..],
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    // Somebody else has made our output so.
                    io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
                    io::ErrorKind::BrokenPipe => return false,
                    // A full disk is no reason to stop the program.
                    _ => return true,
                },
            }
        }
        true
    }
}

impl Tail {
    fn of(stream: Stream) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
            screen: Screen::default(),
            is_cut: false,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * REMEMBERED_BYTES {
            self.show(false);
        }
    }

    /// Brings what has come onto the screen; where more is to come, all up to a character that may not
    /// be whole.
    fn show(&mut self, is_end: bool) {
        if self.bytes.len() > REMEMBERED_BYTES && !self.bytes.iter().any(|byte| changes(*byte)) {
            // It only adds to what there is, of which no more than the end is remembered.
            self.bytes.drain(..self.bytes.len() - REMEMBERED_BYTES);
            self.screen = Screen::default();
            self.is_cut = true;
            if !is_end {
                return;
            }
        }
        let whole = self.bytes.iter().rposition(u8::is_ascii);
        let end = whole.filter(|_| !is_end);
        let end = end.map_or(self.bytes.len(), |last| last + 1);
        self.screen
            .write(&String::from_utf8_lossy(&self.bytes[..end]));
        self.bytes.drain(..end);
        self.is_cut |= self.screen.forget_all_but(REMEMBERED_BYTES);
    }

    fn text(&mut self) -> String {
        let Stream {
            name,
            kept,
            is_named,
            ..
        } = self.stream;
        self.show(true);
        let text = self.screen.text();
        let begin = text.len() - text::last_bytes(&text, kept).len();
        let end = &text[redact::cut_after(&text, begin)..];
        self.is_cut |= end.len() < text.len();
        if end.trim().is_empty() {
            return String::new();
        }
        if !self.is_cut {
            let end = end.trim_end();
            return if is_named {
                format!("({name})\n{end}")
            } else {
                end.to_owned()
            };
        }
        // A line of which the beginning is lost is none.
        let whole = end.split_once('\n').map_or(end, |(_, rest)| rest);
        let whole = if whole.trim().is_empty() { end } else { whole };
        format!("(the end of {name})\n{}", whole.trim_end())
    }
}

/// Returns whether a byte can change what a terminal showed before it: a control character that moves
/// the cursor, or the first byte of one (C1).
fn changes(byte: u8) -> bool {
    matches!(byte, b'\r' | 0x08 | 0x0b | 0x0c | 0x1b | 0xc2)
}

#[cfg(test)]
mod tests;
