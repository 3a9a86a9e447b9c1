//! A field of a letter's head, in ASCII and in lines that every server takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::format::text;

/// The longest line of a head.
/// <https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1>
const LINE: usize = 76;

/// The bytes of a text that one encoded word holds. With the field's name before it, such a word fits
/// into a line.
const CHUNK: usize = 36;

/// Writes a field whose text has no form of its own.
pub(super) fn unstructured(name: &str, text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    let text = text.trim();
    folded(name, text).unwrap_or_else(|| encoded(name, text))
}

/// Writes a text as it is, folded between its words; `None` where it is not ASCII, could be taken for
/// encoded, or cannot be folded.
fn folded(name: &str, text: &str) -> Option<String> {
    let mut field = format!("{name}:");
    let mut length = field.len();
    for word in text.split(' ') {
        let is_plain = word.bytes().all(|byte| byte.is_ascii_graphic()) && !word.contains("=?");
        // What would be a line of a space is none.
        if !is_plain || word.is_empty() || word.len() + 1 > LINE {
            return None;
        }
        if length + 1 + word.len() > LINE {
            field.push('\n');
            length = 0;
        }
        field.push(' ');
        field.push_str(word);
        length += 1 + word.len();
    }
    field.push('\n');
    Some(field)
}

/// <https://www.rfc-editor.org/rfc/rfc2047>
fn encoded(name: &str, text: &str) -> String {
    let mut field = format!("{name}:");
    let mut rest = text;
    loop {
        let (chunk, after) = rest.split_at(text::first_bytes(rest, CHUNK).len());
        field += " =?utf-8?B?";
        STANDARD.encode_string(chunk, &mut field);
        field += "?=\n";
        rest = after;
        if rest.is_empty() {
            return field;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_text_is_folded_and_another_is_encoded() {
        assert_eq!(
            unstructured("Subject", " etl\tfailed\r\n"),
            "Subject: etl failed\n"
        );
        let long = "connection ".repeat(9);
        let field = unstructured("Subject", &long);
        assert_eq!(field.lines().count(), 2);
        assert_eq!(
            field.replace("\n ", " ").trim_end(),
            format!("Subject: {}", long.trim())
        );
        assert_eq!(
            unstructured("Subject", "✗ etl failed"),
            "Subject: =?utf-8?B?4pyXIGV0bCBmYWlsZWQ=?=\n"
        );
        for text in ["a =?utf-8?q?b?=", "a  b", &"x".repeat(80), ""] {
            let field = unstructured("Subject", text);
            assert!(field.contains("=?utf-8?B?"), "{field}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_field_of_short_lines_in_ascii(text in any::<String>()) {
            let field = unstructured("Subject", &text);
            prop_assert!(field.is_ascii() && field.ends_with('\n'));
            for (number, line) in field.lines().enumerate() {
                prop_assert!(line.len() <= LINE && !line.trim().is_empty(), "{:?}", line);
                prop_assert_eq!(line.starts_with(' '), number > 0);
                prop_assert!(!line.contains(char::is_control));
            }
        }
    }
}
