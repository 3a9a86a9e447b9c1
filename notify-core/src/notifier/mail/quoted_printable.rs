//! A text in ASCII and in short lines, whatever it holds.
//! <https://www.rfc-editor.org/rfc/rfc2045#section-6.7>

/// The longest line, and of it what is left for the sign that it goes on.
const LINE: usize = 76 - 1;

/// Encodes a text; the lines of what comes out end as those of what goes in.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            encoded.push('\n');
        }
        push_line(&mut encoded, line.as_bytes());
    }
    encoded
}

fn push_line(encoded: &mut String, line: &[u8]) {
    let mut begin = encoded.len();
    for (at, byte) in line.iter().enumerate() {
        let is_last = at + 1 == line.len();
        let mut is_start = encoded.len() == begin;
        let mut is_plain = is_plain(&line[at..], is_last, is_start);
        let width = if is_plain { 1 } else { 3 };
        if encoded.len() - begin + width > LINE {
            encoded.push_str("=\n");
            begin = encoded.len();
            is_start = true;
            is_plain = self::is_plain(&line[at..], is_last, is_start);
        }
        if is_plain {
            encoded.push(char::from(*byte));
        } else {
            let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
            encoded.extend(['=', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Returns whether the first byte can stand as it is. A dot at the beginning of a line could end a letter,
/// and `From ` there be another one's beginning.
fn is_plain(rest: &[u8], is_last: bool, is_start: bool) -> bool {
    match rest[0] {
        b'.' => !is_start,
        b'F' => !(is_start && rest.starts_with(b"From ")),
        b' ' | b'\t' => !is_last,
        b'=' => false,
        byte => byte.is_ascii_graphic(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        let joined = text.replace("=\n", "");
        let mut parts = joined.split('=');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend(part[2..].bytes());
        }
        bytes
    }

    #[test]
    fn what_could_be_changed_on_its_way_is_encoded() {
        for (text, encoded) in [
            ("a=b", "a=3Db"),
            ("é\0", "=C3=A9=00"),
            ("a \nb\t\n", "a=20\nb=09\n"),
            (".\n..a\n a.", "=2E\n=2E.a\n a."),
            ("From a\nFroma From b", "=46rom a\nFroma From b"),
        ] {
            assert_eq!(encode(text), encoded, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_short_lines_in_ascii(text in "(\\PC|[=. \t\n\r\0]|From ){0,300}") {
            let encoded = encode(&text);
            prop_assert!(encoded.is_ascii());
            for line in encoded.lines() {
                prop_assert!(line.len() <= 76 && !line.ends_with([' ', '\t']), "{:?}", line);
                prop_assert!(!line.starts_with('.') && !line.starts_with("From "), "{:?}", line);
            }
            prop_assert_eq!(decode(&encoded), text.into_bytes());
        }
    }
}
