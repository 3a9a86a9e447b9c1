//! One line of an error: whether it says something.

use std::borrow::Cow;

use super::words::{BACK, END, EXITS, HINTS, LEVEL_KEYS, MARKS, QUIET_LEVELS, VAGUE, WORDLESS};
use crate::format::text::strip_prefix_ignoring_case;

/// A line, and what the one below says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Whether it is quoted: a mark below points into it (`^`), or the place above is where it stands.
    is_marked: bool,
    drawn: Option<Drawn>,
    /// Whether an empty line stands above it.
    pub(super) begins_paragraph: bool,
}

/// What is drawn before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    /// It is a cause of the line above: `╰─▶`, `|--`, `●`.
    Branch,
    /// It is an error: `× no such table`.
    Cross,
}

/// What programs draw before an error.
const CROSSES: [char; 4] = ['×', '✖', '✗', '✘'];

/// Returns the lines that are not empty.
pub(super) fn all(text: &str) -> Vec<Line<'_>> {
    // Python draws a bar before each line of a group of exceptions.
    let bars: &[char] = if text.contains("Exception Group Traceback") {
        &['|', '+', '-', ' ']
    } else {
        &[]
    };
    let depth = |line: &str| line.find(|c: char| !c.is_whitespace() && !"|+-".contains(c));
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (mut begins_paragraph, mut above) = (true, None);
    for raw in text.lines() {
        let mut line = Line::new(raw.trim_start_matches(bars));
        line.begins_paragraph = begins_paragraph;
        begins_paragraph = line.text.is_empty();
        if begins_paragraph {
            continue;
        }
        if let Some(last) = lines.last_mut() {
            last.is_marked |= line.is_mark();
            // Below the place in a file Python shows the line that stands there, if it has the file.
            line.is_marked = last.is_place_of_python() && depth(raw) > above;
        }
        above = depth(raw);
        lines.push(line);
    }
    lines
}

/// Returns whether it is a word that says no more than that there is an error.
pub(super) fn is_empty_word(text: &str) -> bool {
    let word = text.trim_end_matches([':', '!', '.', ' ']);
    ["error", "err", "caused by", "fatal", "exception", "errors"]
        .iter()
        .any(|empty| word.eq_ignore_ascii_case(empty))
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // Trees of causes are drawn.
        let is_drawn = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '\u{2500}'..='\u{257f}' | '▶' | '●')
                || CROSSES.contains(&c)
        };
        let mark = MARKS.iter().find_map(|mark| text.strip_prefix(mark));
        let text = mark.unwrap_or(text);
        let start = text.trim_start();
        // `|   |-- disk full`
        let behind = start.trim_start_matches(['|', '`', '+', ' ']);
        let is_drawn_below = start[..start.len() - behind.len()].ends_with(['|', '`', '+']);
        let in_letters = ["-- ", "-> "]
            .into_iter()
            .find_map(|branch| behind.strip_prefix(branch))
            .filter(|_| is_drawn_below);
        let is_branch = in_letters.is_some()
            || start.starts_with(['╰', '├']) && text.contains('▶')
            || start.starts_with('●');
        let drawn = is_branch.then_some(Drawn::Branch);
        Self {
            text: in_letters.unwrap_or(text).trim_matches(is_drawn),
            is_marked: false,
            drawn: drawn.or_else(|| start.starts_with(CROSSES).then_some(Drawn::Cross)),
            begins_paragraph: false,
        }
    }

    /// Returns it without what says that it is an error, or one of many.
    pub(super) fn shown(&self) -> &'a str {
        let marks = ["= ", "> ", "---> ", "[cause]: "];
        let text = marks.iter().find_map(|mark| self.text.strip_prefix(mark));
        let text = text.unwrap_or(self.text);
        let text = self.numbered().or_else(|| self.cause()).unwrap_or(text);
        let prefix = ["error: ", "caused by: "]
            .into_iter()
            .find_map(|prefix| strip_prefix_ignoring_case(text, prefix));
        match prefix.map(str::trim) {
            Some(rest) if !rest.is_empty() => rest,
            _ => text,
        }
    }

    /// Returns whether a cross says that it is an error.
    pub(super) fn is_crossed(&self) -> bool {
        self.drawn == Some(Drawn::Cross)
    }

    pub(super) fn begins_with(&self, prefix: &str) -> bool {
        strip_prefix_ignoring_case(self.text, prefix).is_some()
    }

    /// Returns the cause that it names; an empty text where the causes follow.
    pub(super) fn cause(&self) -> Option<&'a str> {
        if self.drawn == Some(Drawn::Branch) {
            return Some(self.text);
        }
        let rest = strip_prefix_ignoring_case(self.text, "caused by")?;
        let cause = rest.split_once(':').filter(|(words, _)| words.len() < 60);
        cause.map(|(_, cause)| cause.trim())
    }

    /// Returns what follows `0: `.
    pub(super) fn numbered(&self) -> Option<&'a str> {
        let (number, rest) = self.text.split_once(": ")?;
        let is_number =
            (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(rest.trim())
    }

    pub(super) fn says_something(&self) -> bool {
        !self.is_noise()
            && !self.is_vague()
            && !self.is_label()
            && !self.ends_a_program()
            && !self.has(&[], BACK)
    }

    /// Returns whether it is no line to begin with: a mark, a quotation, a place, a hint.
    pub(super) fn is_noise(&self) -> bool {
        !self.text.contains(char::is_alphanumeric)
            || self.is_mark()
            || self.is_marked
            || self.is_quote()
            || self.is_place()
            || self.is_hint()
    }

    pub(super) fn is_vague(&self) -> bool {
        !self.text.contains(char::is_alphabetic) || self.consists_of(VAGUE)
    }

    pub(super) fn is_label(&self) -> bool {
        self.text.ends_with(':')
    }

    /// Returns whether it says how a program ended, and no more.
    pub(super) fn ends_a_program(&self) -> bool {
        self.consists_of(END)
    }

    /// Returns whether it says how a program ended, among other words.
    pub(super) fn names_exit(&self) -> bool {
        self.has(&[], EXITS)
    }

    /// Returns whether it begins with one of some words, or holds one of others.
    pub(super) fn has(&self, beginnings: &[&str], inside: &[&str]) -> bool {
        let text = self.text.to_lowercase();
        let begin = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        beginnings.iter().any(|words| begin.starts_with(words))
            || inside.iter().any(|words| text.contains(words))
    }

    pub(super) fn opens_structure(&self) -> bool {
        self.text.ends_with(['{', '[', '(']) && !self.text.contains(": ")
            || matches!(self.text, "{" | "[" | "(" | "[{")
    }

    pub(super) fn is_panic_without_words(&self) -> bool {
        WORDLESS.contains(&self.text)
    }

    /// Returns whether it quotes what could not be read: `3 | x = `.
    pub(super) fn is_quote(&self) -> bool {
        let rest = self.text.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.trim_start().starts_with('|')
    }

    /// Returns whether it points into the line above.
    fn is_mark(&self) -> bool {
        let mark = self.text.trim_start_matches(['|', ' ']);
        mark.starts_with("^-") || mark.contains('^') && mark.chars().all(|c| "^~-_ ".contains(c))
    }

    /// Returns whether it is a place in a file: `--> src/main.rs:1:3`.
    fn is_place(&self) -> bool {
        let place = self.text.trim_start_matches(['-', '>', ' ']);
        let number = |c: char| c.is_ascii_digit();
        let is_one_word = !place.contains(char::is_whitespace);
        let is_numbered = place
            .rsplit_once(':')
            .is_some_and(|(_, end)| !end.is_empty() && end.chars().all(number));
        let names_file = place.contains(['/', '\\']) || place.contains('.');
        let has_letter = place.contains(char::is_alphabetic);
        is_one_word && (is_numbered && (names_file || !has_letter) || place.starts_with('/'))
            || self.is_place_of_python()
    }

    fn is_place_of_python(&self) -> bool {
        self.text.starts_with("File \"") && self.text.contains(", line ")
    }

    fn is_hint(&self) -> bool {
        HINTS.iter().any(|hint| self.begins_with(hint))
            || self.text.starts_with("make") && self.text.contains("*** [")
            || self.is_frame()
            // The last line of a failed rclone is a notice.
            || self.has_level(QUIET_LEVELS) && !self.text.contains("NOTICE: Failed ")
    }

    /// Returns whether it is a frame of a backtrace in another language than ours: `#0 {main}` of PHP,
    /// `from a.rb:5:in 'f'` of Ruby.
    fn is_frame(&self) -> bool {
        let number = self.text.strip_prefix('#');
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
            // Julia
            || self.text.starts_with("@ ")
            || self.begins_with("from ") && self.text.contains(":in ")
    }

    /// Returns whether it is a line of a log with one of these levels.
    pub(super) fn has_level(&self, levels: &[&str]) -> bool {
        let is_mark = |c: char| c == ' ' || "[]=:\"',{".contains(c);
        let words = self.text.split(is_mark).filter(|word| !word.is_empty());
        let mut is_level = false;
        words.take(24).enumerate().any(|(number, word)| {
            let was_key =
                std::mem::replace(&mut is_level, LEVEL_KEYS.contains(&&*word.to_lowercase()));
            let level = if was_key {
                word.to_uppercase()
            } else {
                word.to_owned()
            };
            (was_key || number < 8) && levels.contains(&&*level)
        })
    }

    fn consists_of(&self, words: &[&str]) -> bool {
        let parts = self.text.split(|c: char| !c.is_alphabetic());
        let mut all = parts.filter(|word| !word.is_empty()).peekable();
        all.peek().is_some()
            && all.all(|word| words.contains(&&*word.to_lowercase()) || word.starts_with("SIG"))
    }
}

/// Takes the text out of HTML and XML: the title, where there is one.
pub(super) fn without_markup(text: &str) -> Cow<'_, str> {
    let find = |what: &str| {
        let mut places = text.match_indices('<').map(|(at, _)| at);
        places.find(|at| strip_prefix_ignoring_case(&text[*at..], what).is_some())
    };
    let begin = ["<!doctype", "<html", "<?xml", "<head", "<body"]
        .into_iter()
        .filter_map(find)
        .min();
    let Some(begin) = begin else {
        return text.into();
    };
    let (before, page) = text.split_at(begin);
    // What stands below the page is no part of it: the causes of an error.
    let end = page.rfind('>').map_or(page.len(), |end| end + 1);
    let (page, below) = page.split_at(end);
    let title = find("<title").and_then(|at| {
        let (_, title) = text[at..].split_once('>')?;
        let (title, _) = title.split_once('<')?;
        Some(title.trim()).filter(|title| !title.is_empty())
    });
    let words = title.map_or_else(|| without_tags(page), str::to_owned);
    let says = match (before.trim(), words.trim()) {
        ("", "") => "a page without a text".to_owned(),
        (before, "") => before.to_owned(),
        ("", words) => words.to_owned(),
        (before, words) => format!("{before} {words}"),
    };
    (says + below).into()
}

fn without_tags(page: &str) -> String {
    let parts = page.split('<').filter_map(|part| part.split_once('>'));
    let words = parts
        .map(|(_, words)| words.trim())
        .filter(|words| !words.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
