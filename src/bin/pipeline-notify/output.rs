//! Standard output: its width, whether it shows colours, and its end.

use std::env;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use serde_json::Value;

use crate::words;

/// No narrower than this, whatever a terminal says of itself.
const NARROWEST: usize = 40;

/// Returns whether a file that an option names is standard output, which is called `-` everywhere.
pub(crate) fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// Where an answer is written.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: io::BufWriter<io::StdoutLock<'static>>,
    is_terminal: bool,
    has_colours: bool,
    code: u8,
}

/// How a word stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Red,
    Yellow,
    Green,
    Dim,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            stdout: io::BufWriter::with_capacity(64 * 1024, stdout.lock()),
            is_terminal,
            has_colours: is_terminal && !is_set("NO_COLOR") && !is_dumb,
            code: 0,
        }
    }

    /// Returns whether a person reads it as it comes.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Returns how many cells a line may have.
    pub(crate) fn width(&self) -> usize {
        self.limit().unwrap_or(usize::MAX)
    }

    /// Returns the same where it is limited: by `COLUMNS`, or by the terminal.
    pub(crate) fn limit(&self) -> Option<usize> {
        let columns = env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok());
        let terminal = || {
            let size = terminal_size::terminal_size().filter(|_| self.is_terminal)?;
            Some(usize::from(size.0.0)).filter(|width| *width > 0)
        };
        let width = columns.filter(|columns| *columns > 0).or_else(terminal);
        width.map(|width: usize| width.max(NARROWEST))
    }

    /// Returns how many lines the terminal shows.
    pub(crate) fn height(&self) -> Option<usize> {
        let size = terminal_size::terminal_size().filter(|_| self.is_terminal)?;
        Some(usize::from(size.1.0)).filter(|height| *height > 0)
    }

    /// Paints a text, where colours are shown.
    pub(crate) fn paint(&self, text: &str, colour: Colour) -> String {
        let code = match colour {
            Colour::Plain => return text.to_owned(),
            Colour::Red => "1;31",
            Colour::Yellow => "33",
            Colour::Green => "32",
            Colour::Dim => "2",
        };
        if self.has_colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        self.stdout.write_all(line.as_bytes())?;
        self.stdout.write_all(b"\n")
    }

    /// Writes a sentence, which a terminal would break within words.
    pub(crate) fn say(&mut self, sentence: &str) -> io::Result<()> {
        if !self.is_terminal {
            return self.line(sentence);
        }
        let lines = words::wrap(sentence, self.width());
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Writes what is neither a line nor text.
    pub(crate) fn raw(&mut self, bytes: &str) -> io::Result<()> {
        self.stdout.write_all(bytes.as_bytes())
    }

    pub(crate) fn json(&mut self, value: &Value) -> io::Result<()> {
        if self.is_terminal {
            serde_json::to_writer_pretty(&mut self.stdout, value)?;
        } else {
            serde_json::to_writer(&mut self.stdout, value)?;
        }
        self.line("")
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Sets the code with which the process ends where nobody reads its answer to the end.
    pub(crate) fn set_code(&mut self, code: u8) {
        self.code = code;
    }

    pub(crate) fn code_so_far(&self) -> u8 {
        self.code
    }
}

/// Says on standard error what went wrong.
pub(crate) fn complain(message: &str) {
    let mut message = format!("pipeline-notify: {message}");
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stderr()) {
        message = words::wrap(&message, usize::from(width.0)).join("\n");
    }
    let _ = writeln!(io::stderr(), "{message}");
}
