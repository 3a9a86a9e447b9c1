//! An error in one line, for a phone, a table, a digest: the line that says something, and the last
//! cause.

mod line;
mod trouble;
mod words;

use std::borrow::Cow;

use crate::format::text;
use line::Line;

/// What stands for an error that says nothing.
pub(crate) const NO_TEXT: &str = "an error without a text";

/// Begins the text of a panic.
const PANICKED: &str = "panicked: ";

/// What panics say by themselves before they show an error.
const UNWRAPPED: &[&str] = &[
    "called `Result::unwrap()` on an `Err` value: ",
    "called `Result::unwrap_err()` on an `Ok` value: ",
];

/// Keys of what people write into a structure for people.
const MESSAGE_KEYS: &[&str] = &[
    "message", "msg", "error", "error_description", "reason", "detail", "details", "description",
    "title",
];

/// Returns an error's text in one line of at most `limit` bytes, never an empty one where the limit
/// leaves room for a character.
///
/// The first line that says something is taken; behind it stands the last cause, or what follows where
/// the line alone says little: `db error: password authentication failed`,
/// `exited with code 1: no such table`. A line that is too long keeps its beginning and its end.
pub(crate) fn headline(text: &str, limit: usize) -> String {
    let line = text.strip_suffix('\n').unwrap_or(text);
    if is_plain(line) {
        return shorten(line, limit);
    }
    choose_and_join(text, limit)
}

/// Returns whether it is one line of nothing but words, as most errors of a line are: then there is nothing to choose
/// or to leave out, and nobody need look for it.
fn is_plain(text: &str) -> bool {
    let is_of_a_word =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'/' | b'\'');
    let mut words = text.split(' ');
    text.len() <= text::LIMIT
        && words.all(|word| !word.is_empty() && word.bytes().all(is_of_a_word))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.starts_with("npm ")
}

/// Returns the line that names what went wrong, of what a program wrote before it ended.
pub(crate) fn fault(output: &str) -> Option<&str> {
    let lines = without_properties(&line::all(text::before_backtrace(output)));
    trouble::last(&lines).map(|at| lines[at].text)
}

fn choose_and_join(text: &str, limit: usize) -> String {
    // The files of other versions hold what was never made so.
    let text = text::cut(text::readable(text), text::LIMIT);
    let text = &*text;
    let message = text::before_backtrace(text);
    let (prefix, message) = match message.trim_start().strip_prefix(PANICKED) {
        Some(rest) => (PANICKED, rest),
        None => ("", message),
    };
    let unwrapped = UNWRAPPED
        .iter()
        .find_map(|words| message.strip_prefix(words));
    let message = line::without_markup(unwrapped.unwrap_or(message));
    let lines = line::all(&message);
    let says = choose(&lines).map(|chosen| one_line(&chosen));
    let says = says.filter(|says| !says.is_empty()).unwrap_or_else(|| {
        let first = text.lines().map(one_line).find(|line| !line.is_empty());
        first.unwrap_or_else(|| NO_TEXT.to_owned())
    });
    let is_whole = says.starts_with(prefix);
    let prefix = if is_whole { "" } else { prefix };
    shorten(&format!("{prefix}{says}"), limit)
}

fn choose<'a>(lines: &[Line<'a>]) -> Option<Cow<'a, str>> {
    let first = lines.iter().position(|line| !line.is_noise())?;
    let (head, rest) = (lines[first], &lines[first + 1..]);
    if let Some(inner) = message_of_structure(&lines[..=first], rest) {
        return Some(inner);
    }
    let head_words = head.shown();
    if head.ends_a_program() {
        return Some(with_last(head_words, rest));
    }
    // `Error:`, and the causes below it.
    if head.is_label()
        && let Some(first) = rest.first().and_then(Line::numbered)
    {
        return Some(joined(
            first,
            rest.iter().filter_map(Line::numbered).next_back(),
        ));
    }
    if let Some(cause) = last_cause(rest) {
        return Some(joined(head_words, Some(cause)));
    }
    if head.names_exit() {
        return Some(with_last(head_words, rest));
    }
    let is_quoted = rest.first().is_some_and(Line::is_quote);
    if head.is_vague() || head.is_label() || is_quoted {
        return Some(joined(head_words, next(rest)));
    }
    let compared = |line: &&Line<'_>| line.begins_with("left:") || line.begins_with("right:");
    if head.begins_with("assertion") && rest.iter().any(|line| compared(&line)) {
        let sides: Vec<_> = rest.iter().filter(compared).map(Line::shown).collect();
        return Some(format!("{head_words}: {}", sides.join(", ")).into());
    }
    if head.is_panic_without_words() {
        let place = rest.iter().find(|line| line.begins_with("at "));
        let place = place.map_or(String::new(), |place| format!(" {}", place.text));
        return Some(format!("{head_words}{place}").into());
    }
    Some(head_words.into())
}

/// Returns what people are to read of a structure of many lines: JSON, or a `Debug` of Rust.
fn message_of_structure<'a>(heads: &[Line<'a>], rest: &[Line<'a>]) -> Option<Cow<'a, str>> {
    let opens = |line: &&Line<'_>| line.opens_structure() && !line.is_quote();
    // `HTTP 500: {`
    let behind_words = || heads.last().filter(|head| head.text.ends_with(": {"));
    let opening = heads.iter().find(opens).or_else(behind_words)?;
    let head = opening.text.trim_end_matches(['{', '[', '(', ' ']);
    let inside = || {
        heads
            .iter()
            .chain(rest)
            .filter(|line| !line.opens_structure() && line.text != opening.text)
    };
    let is_message = |line: &&Line<'_>| {
        let opens = line.text.ends_with(['{', '[']);
        let key = line.text.split_once(':');
        let key = key.map(|(key, _)| key.trim_matches(['"', '\'', ' ']));
        !opens && key.is_some_and(|key| MESSAGE_KEYS.contains(&&*key.to_lowercase()))
    };
    let by_key = || inside().find(is_message);
    let says = |line: &&Line<'_>| line.says_something() && !line.text.ends_with(['{', '[', '(']);
    let line = by_key().or_else(|| inside().find(says))?;
    Some(joined(head, Some(line.shown().trim_end_matches(','))))
}

/// Returns the last cause of a chain, however it is written.
fn last_cause<'a>(lines: &[Line<'a>]) -> Option<&'a str> {
    let at = lines.iter().rposition(|line| line.cause().is_some())?;
    let here = lines[at].cause().filter(|cause| !cause.is_empty());
    let below = &lines[at + 1..];
    let is_numbered = |line: &&Line<'_>| line.numbered().is_some();
    match here {
        // A cause of which the first line says nothing.
        Some(cause) if Line::new(cause).is_vague() || cause.ends_with(':') => {
            let earlier = || last_cause(&lines[..at]);
            next(below).or_else(earlier).or(Some(cause))
        }
        Some(cause) => Some(cause),
        // `Caused by:`, and the causes below it.
        None => below
            .iter()
            .rfind(is_numbered)
            .and_then(Line::numbered)
            .or_else(|| next(below)),
    }
}

/// Returns the first line that says something, or else the first that has words at all.
fn next<'a>(lines: &[Line<'a>]) -> Option<&'a str> {
    let says = lines.iter().find(|line| line.says_something());
    let any = || lines.iter().find(|line| !line.is_noise());
    says.or_else(any).map(Line::shown)
}

fn with_last<'a>(head: &'a str, output: &[Line<'a>]) -> Cow<'a, str> {
    match last(output) {
        Some(more) => joined(head, Some(&more)).into_owned().into(),
        None => head.into(),
    }
}

/// Returns what says best why a program ended, of what it wrote before.
fn last<'a>(lines: &[Line<'a>]) -> Option<Cow<'a, str>> {
    let lines = without_properties(lines);
    let is_end = |line: &Line<'_>| matches!(line.text, "}" | "]" | "}]");
    if lines.last().is_some_and(is_end)
        && let Some(open) = lines.iter().rposition(|line| line.text == "{")
    {
        return message_of_structure(&lines[..=open], &lines[open + 1..]);
    }
    let at = trouble::last(&lines)?;
    let says = lines[at].shown();
    // Python writes the first cause first.
    let is_effect = |line: &Line<'_>| {
        line.text
            .contains("direct cause of the following exception")
    };
    let effect = lines[..at].iter().position(is_effect);
    let more = if lines[at].is_label() {
        next(&lines[at + 1..])
    } else {
        effect.and_then(|effect| Some(lines[trouble::last(&lines[..effect])?].shown()))
    };
    Some(joined(says, more))
}

/// Leaves out what stands in braces behind a frame, as Node.js shows the properties of an error, but for its causes, and
/// the first of the errors that it is made of.
fn without_properties<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let (mut is_inside, mut is_first_of_several) = (false, false);
    let mut shown = Vec::new();
    for line in lines {
        is_inside |= line.is_noise() && line.text.ends_with(" {");
        if !is_inside || line.text.starts_with("[cause]: ") || is_first_of_several {
            shown.push(*line);
        }
        is_first_of_several = line.text == "[errors]: [";
        is_inside &= line.text != "}";
    }
    shown
}

/// Joins two, of which the second says more.
fn joined<'a>(head: &'a str, more: Option<&'a str>) -> Cow<'a, str> {
    let head = head.trim_end_matches([':', ' ', ',']);
    let Some(more) = more.filter(|more| !more.is_empty()) else {
        return head.into();
    };
    // `ConnectionRefusedError: refused` where the head has the same without its type.
    let words = more
        .split_once(": ")
        .filter(|(kind, _)| kind.ends_with("Error"));
    if head.contains(words.map_or(more, |(_, words)| words)) {
        head.into()
    } else if head.is_empty() || more.starts_with(head) || line::is_empty_word(head) {
        more.into()
    } else {
        format!("{head}: {more}").into()
    }
}

fn one_line(text: &str) -> String {
    let parts = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = parts.filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Cuts a line in its middle: its end may be the reason.
fn shorten(line: &str, limit: usize) -> String {
    const CUT: &str = " … ";
    if line.len() <= limit {
        return line.to_owned();
    }
    if limit < 8 * CUT.len() {
        return text::first_bytes(line, limit).to_owned();
    }
    let end = text::last_bytes(line, limit / 3);
    let begin = text::first_bytes(line, limit - limit / 3 - CUT.len());
    format!("{}{CUT}{}", begin.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests;
