//! Which of the lines that a program wrote before it ended says what went wrong.

use super::line::Line;
use crate::format::text;

/// The most lines, from the end, that may name the fault: the program went on after what stands further up.
const LAST_LINES: usize = 20;

/// The most lines that are read, for reading takes time.
const READ: usize = 200;

/// Words of a line that names a fault.
const TROUBLE: &[&str] = &[
    "error", "fatal", "failed", "failure", "fails", "exception", "panic", "critical", "cannot",
    "can't", "could not", "couldn't", "unable", "does not", "doesn't", "did not", "should be",
    "not found", "no such", "no space", "no route", "denied", "refused", "rejected", "forbidden",
    "unauthorized", "unauthenticated", "expired", "exceeded", "timed out", "timeout",
    "unreachable", "unavailable", "invalid", "illegal", "malformed", "missing", "mismatch",
    "unknown", "unexpected", "unsupported", "undefined", "undeclared", "already exists", "corrupt",
    "corrupted", "killed", "overflow", "out of memory", "deadlock", "reset by peer", "too many",
    "too large", "too long",
];

/// How lines begin that say what follows from a fault, and words that they hold.
const CONSEQUENCES: &[&str] = &[
    "rsync error:", "execution halted", "begin failed", "build failed", "failed (",
    "connection closed", "lost connection", "conversion failed!", "sp2-",
];
const CONSEQUENCES_INSIDE: &[&str] = &[
    "error is not recoverable",
    "child returned status",
    "connection unexpectedly closed",
    ": connection closed",
    "could not read from remote repository",
    "returned 1 exit status",
    "returned an error code",
    "compilation failed",
    "unfinished jobs",
    "subcommand failed",
    "errors occurred",
    "errors were encountered",
    "errors generated",
    "end of inner exception",
];

/// The same, where the line names no fault itself.
const FAREWELLS: &[&str] = &["aborting", "exiting", "giving up", "sorry", "bye"];

/// How lines begin that say more of the fault above them.
const CONTEXT: &[&str] = &[
    "detail:",
    "context:",
    "statement:",
    "query:",
    "sql:",
    "parameters:",
    "command was:",
    "query was:",
    "required by ",
    "background on this error",
    "suppressed:",
    "warn:",
    "warning:",
    "notice]",
];
const CONTEXT_INSIDE: &[&str] = &[
    ": note: ",
    ": hint: ",
    ": detail: ",
    ": warning: ",
    "[help 1] http",
    "to see the full stack trace of the errors",
    "re-run maven",
    "for more information about the errors",
    "leaving directory",
    "entering directory",
];

/// What the same mark stands before where more is no context but the reason.
const REASON_INSIDE: &str = "error message from server: ";

/// How advice begins. A line that names a fault before it is none.
const ADVICE: &[&str] = &[
    "please ",
    "to learn more",
    "more details",
    "for more details",
    "for more information",
    "for further information",
    "did you mean",
    "get more help",
    "see \"",
    "see the ",
    "see full ",
    "see http",
    "run '",
    "run `",
    "run \"",
    "run with ",
    "use `node",
    "visit http",
    "info visit ",
    "to update, run",
    "to see a list",
    "if the error message is unclear",
];

/// How a question begins.
const QUESTIONS: &[&str] = &[
    "is ", "are ", "did ", "do ", "does ", "has ", "have ", "was ", "were ",
];

/// What stands at both ends of a heading.
const RULER: &str = "===";

/// Levels of lines of a log that name no fault.
const WARNINGS: &[&str] = &["WARN", "WARNING"];

/// Returns which line says best what went wrong: the last that names a fault, else the last that says something.
pub(super) fn last(lines: &[Line<'_>]) -> Option<usize> {
    let unread = lines.len().saturating_sub(READ);
    let lines = &lines[unread..];
    let usage = lines.iter().position(|line| line.begins_with("usage:"));
    let before = &lines[..usage.unwrap_or(lines.len())];
    let best = says_best(before).or_else(|| says_best(lines));
    best.map(|at| unread + at)
}

fn says_best(lines: &[Line<'_>]) -> Option<usize> {
    let advice = advice(lines);
    let is_strong = |at: &usize| {
        let line = &lines[*at];
        !advice[*at] && !line.is_context() && !line.is_consequence()
    };
    let raised = raised(lines);
    let says = |at: &usize| lines[*at].says_something();
    let names = |at: &usize| lines[*at].names_fault() || raised[*at];
    let labels = |at: &usize| lines[*at].is_label() && lines[*at].names_fault();
    let all = 0..lines.len();
    let strong: Vec<_> = all
        .clone()
        .filter(|at| (says(at) || labels(at)) && is_strong(at))
        .collect();
    let strong = &strong[strong.len().saturating_sub(LAST_LINES)..];
    let last = |is_it: &dyn Fn(&usize) -> bool| strong.iter().copied().rfind(is_it);
    last(&|at| says(at) && names(at))
        .or_else(|| last(&labels))
        .or_else(|| last(&says))
        // The first consequence is the nearest to the cause.
        .or_else(|| all.clone().find(|at| lines[*at].is_consequence()))
        .or_else(|| all.clone().rfind(says))
        .or_else(|| all.clone().rfind(|at| !lines[*at].is_noise()))
}

/// Returns for each line whether it is advice, or the rest or the beginning of a sentence that is.
fn advice(lines: &[Line<'_>]) -> Vec<bool> {
    let mut is_advice: Vec<_> = lines.iter().map(Line::is_advice).collect();
    for at in 1..lines.len() {
        is_advice[at] |= is_advice[at - 1] && lines[at].goes_on(&lines[at - 1]);
    }
    for at in (1..lines.len()).rev() {
        is_advice[at - 1] |= is_advice[at] && lines[at].goes_on(&lines[at - 1]);
    }
    is_advice
}

/// Returns for each line whether it is what Python raised, below its frames, whatever it is called.
fn raised(lines: &[Line<'_>]) -> Vec<bool> {
    let mut is_inside = false;
    let mut raised = Vec::new();
    for line in lines {
        let begins = line.begins_with("traceback (most recent call last)");
        let goes_on = line.is_noise() || line.begins_with("[previous line repeated");
        raised.push(is_inside && !begins && !goes_on);
        is_inside = begins || is_inside && goes_on;
    }
    raised
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Line<'_> {
    /// Returns whether it has a word of a fault. `ERROR=0` and `0 error` are counts.
    fn names_fault(&self) -> bool {
        let is_type = |word: &str| {
            ["Error", "Exception"].iter().any(|end| {
                word.strip_suffix(end)
                    .is_some_and(|name| name.ends_with(char::is_alphanumeric))
            })
        };
        self.is_crossed()
            || self.is_of_oracle()
            || self.text.split(|c| !is_of_a_word(c)).any(is_type)
            || self.place_of_trouble().is_some()
    }

    /// `ORA-12541: TNS:no listener`
    fn is_of_oracle(&self) -> bool {
        let number = self.text.strip_prefix("ORA-");
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Returns where one of the phrases stands in it as words of their own.
    fn place_of_trouble(&self) -> Option<usize> {
        let text = text::lower(self.text);
        let is_whole = |at: usize, words: &str| {
            let (before, behind) = (&text[..at], &text[at + words.len()..]);
            let count = behind.strip_prefix('=').unwrap_or_default();
            let is_none =
                ["no", "0"].contains(&before.split_whitespace().next_back().unwrap_or_default());
            !before.ends_with(is_of_a_word)
                && !behind.starts_with(is_of_a_word)
                && !count.starts_with(|c: char| c.is_ascii_digit())
                && !is_none
        };
        let places = TROUBLE.iter().flat_map(|words| text.match_indices(words));
        let whole = places.filter(|(at, words)| is_whole(*at, words));
        whole.map(|(at, _)| at).min()
    }

    fn is_consequence(&self) -> bool {
        self.has(CONSEQUENCES, CONSEQUENCES_INSIDE)
            || self.has(FAREWELLS, &[]) && !self.names_fault()
    }

    fn is_context(&self) -> bool {
        // What a shell shows of its commands (`set -x`).
        let is_trace =
            self.text.trim_start_matches('+').starts_with(' ') && self.text.starts_with('+');
        // A line between rulers sums up what stands above it.
        let is_ruled = self.text.starts_with(RULER) && self.text.ends_with(RULER);
        is_trace
            || is_ruled
            || self.has(CONTEXT, CONTEXT_INSIDE) && !self.has(&[], &[REASON_INSIDE])
            || self.has_level(WARNINGS)
            || self.is_question()
    }

    fn is_question(&self) -> bool {
        self.text.ends_with(['?', ':']) && self.has(QUESTIONS, &[])
    }

    fn is_advice(&self) -> bool {
        let text = text::lower(self.text);
        let places = ADVICE.iter().flat_map(|words| text.match_indices(words));
        let mut begins = places.filter(|(at, _)| !text[..*at].ends_with(is_of_a_word));
        let trouble = self.place_of_trouble();
        begins.any(|(advice, _)| trouble.is_none_or(|trouble| advice < trouble))
    }

    /// Returns whether it goes on with the sentence of the line above, which was too long for a line.
    fn goes_on(&self, above: &Self) -> bool {
        !self.begins_paragraph
            && self.text.starts_with(char::is_lowercase)
            && above.text.len() >= 40
            && above
                .text
                .ends_with(|c: char| c.is_alphanumeric() || c == ',')
    }
}
