//! The last lines that a run has logged, as they are kept while it is under way.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use log::Level;

use crate::format::time::{self, Time};
use crate::format::{order, text};
use crate::os::{ffi, isolate, redact};
use crate::status::log_lines::LogLines;

/// How many lines and bytes of a run are kept where the program says nothing.
pub(crate) const LINES: usize = 50;
const BYTES: usize = 8 * 1024;

/// The most that it may ask for: an alert's file holds them.
const MOST_LINES: usize = 500;
const MOST_BYTES: usize = 16 * 1024;

/// About what time, level and the end of a line add to it.
const FRAME: usize = 20;

/// A buffer of a line may be so much larger than that.
const SPARE: usize = 256;

static BOUNDS: (AtomicUsize, AtomicUsize) = (AtomicUsize::new(LINES), AtomicUsize::new(BYTES));

thread_local! {
    /// Room for the next line of this thread.
    static BUFFER: Cell<String> = const { Cell::new(String::new()) };
}

/// Sets how many lines of each run are kept.
pub(crate) fn set_lines(lines: usize) {
    BOUNDS.0.store(lines.min(MOST_LINES), Ordering::Relaxed);
}

/// Sets how many bytes of each run are kept.
pub(crate) fn set_bytes(bytes: usize) {
    BOUNDS.1.store(bytes.min(MOST_BYTES), Ordering::Relaxed);
}

fn bounds() -> (usize, usize) {
    let (lines, bytes) = &BOUNDS;
    (lines.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
}

/// A line as it was logged.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Since 1970.
    at: Duration,
    level: Level,
    text: String,
}

/// The text of a line: it stops what writes without end.
pub(crate) struct Text {
    written: String,
    room: usize,
    is_cut: bool,
}

impl fmt::Write for Text {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.room {
            self.written.push_str(text);
            self.room -= text.len();
            return Ok(());
        }
        self.written += text::first_bytes(text, self.room);
        (self.room, self.is_cut) = (0, true);
        Err(fmt::Error)
    }

    /// As a text it would be copied by a call of its own.
    #[inline]
    fn write_char(&mut self, letter: char) -> fmt::Result {
        match self.room.checked_sub(letter.len_utf8()) {
            Some(room) => {
                self.written.push(letter);
                self.room = room;
                Ok(())
            }
            None => self.write_str(letter.encode_utf8(&mut [0; 4])),
        }
    }
}

impl Line {
    /// Writes a line, as far as it comes: foreign code shows what is in it.
    pub(crate) fn new(level: Level, write: impl FnOnce(&mut Text) -> fmt::Result) -> Self {
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        let most = bounds().1.saturating_sub(FRAME);
        let mut text = Text {
            written: buffer,
            // Room for a secret that stands where it is cut.
            room: most + redact::LONGEST,
            is_cut: false,
        };
        let _ = isolate::contain(|| write(&mut text));
        let Text {
            written: mut text,
            is_cut,
            ..
        } = text;
        if text.len() > most {
            // Hidden before it is cut: half a secret would be known from no other text.
            text = redact::hide(text).into_owned();
        }
        if is_cut || text.len() > most {
            let end = most.saturating_sub('…'.len_utf8());
            text.truncate(text::floor_char_boundary(&text, end));
            text.push('…');
        }
        if text.capacity() > 2 * text.len() + SPARE {
            text.shrink_to(text.len() + SPARE);
        }
        Self {
            // The exact time is milliseconds ahead, and would be a seventh of what a line costs.
            at: ffi::coarse_time_of_day(),
            level,
            text,
        }
    }

    fn size(&self) -> usize {
        self.text.len() + FRAME
    }

    /// Writes it for people: in one line, as a terminal shows it, without secrets.
    fn readable(&self) -> String {
        let at = time::clock(Time::from(SystemTime::UNIX_EPOCH + self.at));
        let millis = self.at.subsec_millis();
        let text = redact::line(&redact::hide_in_error(&*self.text), MOST_BYTES);
        format!("{at}.{millis:03} {} {text}", self.level)
    }
}

/// The last lines of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
}

impl Ring {
    /// Keeps a line, and lets go of the oldest that are beyond the bounds: the last of them is to be let go of
    /// where nobody waits.
    #[inline]
    pub(crate) fn push(&mut self, line: Line) -> Option<Line> {
        let (lines, bytes) = bounds();
        self.bytes += line.size();
        self.lines.push_back(line);
        let mut old = None;
        while self.lines.len() > lines || self.bytes > bytes {
            old = self.lines.pop_front();
            let size = old.as_ref().map(Line::size);
            self.bytes = self.bytes.saturating_sub(size?);
        }
        old
    }

    /// Takes over the lines of a run inside this one, which may have logged meanwhile, too.
    pub(crate) fn append(&mut self, inner: Self) {
        let before = std::mem::take(self);
        let mut all: Vec<_> = before.lines.into_iter().chain(inner.lines).collect();
        order::sort_by_key(&mut all, |line| line.at);
        for line in all {
            self.push(line);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Writes the lines for people.
    pub(crate) fn readable(&self) -> LogLines {
        let (_, most) = bounds();
        let mut left = most;
        let lines = self.lines.iter().rev().map(Line::readable);
        let fits = |line: &String| {
            let rest = left.checked_sub(line.len() + 1);
            left = rest.unwrap_or_default();
            rest.is_some()
        };
        // What was hidden may be shorter than what stands in its place.
        let mut lines: Vec<_> = lines.take_while(fits).collect();
        lines.reverse();
        LogLines::new(lines)
    }
}

/// Keeps the buffer of a line for the next one of this thread.
#[inline]
pub(crate) fn reuse(line: Line) {
    let _ = BUFFER.try_with(|buffer| buffer.set(line.text));
}
