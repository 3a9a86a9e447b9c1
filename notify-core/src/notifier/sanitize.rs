//! Texts from outside, made to fit what a service takes: as long as it allows, and without what
//! nobody can see.

use std::borrow::Cow;

use crate::format::{percent, text};

/// The most bytes of a character, which no measure counts as less than one.
const LONGEST: usize = 4;

/// Signs of an address that mark nothing within one.
const PLAIN: &str = "-._~:/?#&=%+,;";

/// Counts as the strictest reading of "characters" does, which takes an emoji for two.
#[inline(never)]
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Leaves what can be seen of a text, and ends lines in one way.
#[inline(never)]
pub(super) fn visible(text: &str) -> String {
    text::visible(text).replace(['\u{2028}', '\u{2029}'], "\n")
}

/// Parts a sign from what it would call or link to, by a space that nobody sees.
#[inline(never)]
pub(super) fn parted(text: &str, sign: char) -> String {
    let mut parted = String::with_capacity(text.len());
    for c in text.chars() {
        parted.push(c);
        if c == sign {
            parted.push('\u{200b}');
        }
    }
    parted
}

/// Writes a text as a block of code. A space that nobody sees stands between its own backticks, so that
/// they end no block.
pub(super) fn fenced(text: &str) -> String {
    let mut fenced = String::from("```\n");
    let begin = fenced.len();
    for c in visible(text).chars() {
        if c == '`' && fenced[begin..].ends_with('`') {
            fenced.push('\u{200b}');
        }
        fenced.push(c);
    }
    fenced + "\n```"
}

pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes with a backslash what `is_marked`, which also gets whether a line begins there. The
/// addresses of pages are left as they are, so that they can be followed.
pub(super) fn escape(text: &str, is_marked: &dyn Fn(char, bool) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut is_start = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let page = page(rest);
        if page.is_empty() {
            if is_marked(c, is_start) {
                escaped.push('\\');
            }
            escaped.push(c);
            is_start = c == '\n' || is_start && c.is_whitespace();
            rest = &rest[c.len_utf8()..];
        } else {
            escaped += page;
            is_start = false;
            rest = &rest[page.len()..];
        }
    }
    escaped
}

/// Returns the address of a page that `text` begins with, of characters alone that mark nothing
/// within one.
fn page(text: &str) -> &str {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return "";
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    let end = text.find(|c| !is_plain(c)).unwrap_or(text.len());
    &text[..end]
}

/// Writes an address of which nothing is markup, so that it can be followed.
pub(super) fn address(url: &str) -> String {
    percent::encode(url, PLAIN)
}

/// Renders a text, cut in its middle where it would be too long; what is missing is named.
pub(super) fn fit(
    text: &str,
    limit: usize,
    measure: &dyn Fn(&str) -> usize,
    render: &dyn Fn(&str) -> String,
) -> String {
    shrink(text, limit, measure, &|room| render(&text::cut(text, room)))
}

/// Renders a text in one line, cut at its end where it would be too long.
pub(super) fn line(text: &str, limit: usize, render: &dyn Fn(&str) -> String) -> String {
    let text = text.trim();
    // What is further behind is never shown, however long the text is.
    let head = text::first_bytes(text, limit.saturating_mul(LONGEST));
    let flat = head.replace(['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}'], " ");
    let cut = |room: usize| match text::first_bytes(&flat, room) {
        all if all.len() == flat.len() && head.len() == text.len() => Cow::Borrowed(all),
        head => Cow::Owned(format!("{head}…")),
    };
    shrink(&flat, limit, &units, &|room| render(&cut(room)))
}

/// Renders a text in ever less room; as nothing, where that is too long for the limit.
fn shrink(
    text: &str,
    limit: usize,
    measure: &dyn Fn(&str) -> usize,
    render: &dyn Fn(usize) -> String,
) -> String {
    let room = text.len().min(limit.saturating_mul(LONGEST));
    let rendered = text::shrink(room, limit, measure, render);
    Some(rendered)
        .filter(|rendered| measure(rendered) <= limit)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_gone() {
        assert_eq!(
            visible("a\0\x1b[31m\r\nb\rc\x7f\u{202e}d\u{2028}\te"),
            "a\ncd\n\te"
        );
    }

    #[test]
    fn a_line_is_cut_at_its_end_and_a_text_in_its_middle() {
        assert_eq!(line(" one\ntwo ", 99, &str::to_owned), "one two");
        assert_eq!(line("one two three", 8, &str::to_owned), "one two…");
        assert_eq!(
            line("aaaaaaaaaa", 8, &|text: &str| text.replace('a', "bb")),
            "bbbbbb…"
        );
        let long = format!("head{}tail", "x".repeat(1000));
        let cut = fit(&long, 100, &units, &str::to_owned);
        assert!(cut.starts_with("head") && cut.ends_with("tail"), "{cut}");
        assert!(cut.contains("bytes cut …]") && units(&cut) > 90, "{cut}");
        assert_eq!(fit("short", 100, &units, &str::to_owned), "short");
    }

    #[test]
    fn an_address_of_a_page_is_not_escaped() {
        let mark = |c: char, is_start: bool| "_<".contains(c) || is_start && c == '-';
        for (text, escaped) in [
            ("- a_b - c", "\\- a\\_b - c"),
            ("x\n  - <y", "x\n  \\- \\<y"),
            ("see https://wiki/a_b<_>", "see https://wiki/a_b\\<\\_>"),
            ("http:/_", "http:/\\_"),
        ] {
            assert_eq!(escape(text, &mark), escaped);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_rendering_adds_the_limit_is_kept(text in any::<String>(), limit in 0_usize..300) {
            let escape = |text: &str| text.replace(|c: char| !c.is_alphanumeric(), "\\<>");
            prop_assert!(units(&fit(&text, limit, &units, &escape)) <= limit);
            prop_assert!(units(&line(&text, limit, &escape)) <= limit);
        }
    }
}
