//! What the body of an answer says, whatever its status: a sign-in page or a proxy answers 200, too,
//! and so do services that say in JSON that they took nothing.

use crate::format::json::{self, Value};
use crate::format::text;

/// The longest title of a page that is quoted.
const TITLE: usize = 80;

/// How the first tag of a page begins, whatever its sender calls it.
const BEGINNINGS: &[&str] = &[
    "<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<script", "<frameset",
];

/// Returns whether a body is a web page; one that is encoded, though nobody asked for that, cannot be read.
///
/// The content type alone does not say it: Slack sends its `ok` as `text/html`, as many a framework
/// does by default.
pub(super) fn is_page(content_type: &str, body: &str, is_encoded: bool) -> bool {
    let body = text::lower(without_comments(without_mark(body)));
    let is_of = |start: &&str| {
        let rest = body.strip_prefix(*start);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    if BEGINNINGS.iter().any(is_of) {
        return true;
    }
    let is_html = text::lower(content_type).contains("html");
    if is_html && is_encoded {
        return true;
    }
    // A tag, a comment, or a declaration.
    is_html
        && body.match_indices('<').any(|(at, _)| {
            let next = body.as_bytes().get(at + 1);
            next.is_some_and(|next| next.is_ascii_alphabetic() || b"!?".contains(next))
        })
}

/// Returns whether a body is JSON that says no: its `ok` or its `success` is false.
///
/// Anything else is no such word: receivers answer JSON of every kind.
pub(super) fn says_no(body: &str) -> bool {
    let Some(Value::Object(object)) = json(body) else {
        return false;
    };
    let is_false = |value: &Value| match value {
        Value::Bool(value) => !value,
        Value::String(value) => value.trim().eq_ignore_ascii_case("false"),
        Value::Number(_) => value.as_f64() == Some(0.0),
        _ => false,
    };
    let is_verdict = |key: &str| {
        ["ok", "success"]
            .iter()
            .any(|k| key.eq_ignore_ascii_case(k))
    };
    object
        .iter()
        .any(|(key, value)| is_verdict(key) && is_false(value))
}

#[inline(never)]
pub(super) fn json(body: &str) -> Option<Value> {
    json::read(without_mark(body))
}

pub(super) fn title(page: &str) -> Option<&str> {
    let lower = text::lower(page);
    let tag = lower.find("<title")?;
    let begin = tag + lower[tag..].find('>')? + 1;
    let end = begin + lower[begin..].find("</title")?;
    let title = text::first_line(page[begin..end].trim(), TITLE);
    Some(title).filter(|title| !title.is_empty())
}

/// Leaves out the comments before the first tag.
fn without_comments(body: &str) -> &str {
    let mut rest = body;
    while let Some((_, after)) = rest
        .strip_prefix("<!--")
        .and_then(|rest| rest.split_once("-->"))
    {
        rest = after.trim_start();
    }
    rest
}

/// Leaves out a byte order mark and what is blank before the text.
fn without_mark(body: &str) -> &str {
    body.trim_start_matches('\u{feff}').trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_markup_and_not_by_its_content_type_alone() {
        for (content_type, body, expected) in [
            ("text/html; charset=utf-8", "<!DOCTYPE html><title>x", true),
            ("", "\u{feff}\n <!doctype HTML>", true),
            ("text/plain", "<HTML><body>Sign in</body></HTML>", true),
            (
                "application/xhtml+xml",
                "<?xml version=\"1.0\"?><html/>",
                true,
            ),
            ("text/html", "<!-- proxy --><body>Sign in", true),
            ("TEXT/HTML", "Please <a href=/login>sign in</a>", true),
            ("", "<!-- proxy --> <!-- 2 -->\n<!DOCTYPE html>", true),
            ("text/plain", "<head><title>Sign in", true),
            ("", "<BODY onload=x>", true),
            ("", "<script>location = \"/login\"</script>", true),
            ("", "<meta http-equiv=refresh content=0>", true),
            ("", "<!-- no end", false),
            ("", "<header>x", false),
            ("text/html", "ok", false),
            ("text/html", "1", false),
            ("text/html", "", false),
            ("text/html", "taken: 3 < 4", false),
            ("application/json", r#"{"text":"<html>"}"#, false),
            ("application/xml", "<ok/>", false),
            ("", "ok", false),
        ] {
            assert_eq!(
                is_page(content_type, body, false),
                expected,
                "{content_type} {body}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_page_where_it_says_so() {
        for (content_type, expected) in [
            ("text/html", true),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(
                is_page(content_type, "\u{1f}\u{fffd}\u{8}", true),
                expected,
                "{content_type}"
            );
        }
    }

    #[test]
    fn a_pages_title_is_found() {
        for (page, expected) in [
            (
                "<html><head><TITLE lang=en>\n Sign in \n</TITLE>",
                Some("Sign in"),
            ),
            ("<title></title>", None),
            ("<title>é", None),
            ("<title", None),
            ("ok", None),
        ] {
            assert_eq!(title(page), expected, "{page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_can_be_read(content_type: String, body: String, end: String) {
            for body in [format!("<title>{body}</title>{end}"), body] {
                let _ = (is_page(&content_type, &body, false), says_no(&body), title(&body));
            }
        }
    }
}
