//! A text in ASCII and in short lines, whatever it holds.
//! <https://www.rfc-editor.org/rfc/rfc2045#section-6.7>

/// The longest line, and of it what is left for the sign that it goes on.
const LINE: usize = 76 - 1;

/// Encodes a text; the lines of what comes out end as those of what goes in.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 8);
    // Where the line begins.
    let mut begin = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'\n' {
            encoded.push('\n');
            begin = encoded.len();
            continue;
        }
        let is_plain = |is_start| is_plain(&text.as_bytes()[at..], is_start);
        let width = if is_plain(encoded.len() == begin) {
            1
        } else {
            3
        };
        if encoded.len() - begin + width > LINE {
            encoded.push_str("=\n");
            begin = encoded.len();
        }
        if is_plain(encoded.len() == begin) {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
            encoded.extend(['=', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// Returns whether the first byte can stand as it is. A dot at the beginning of a line could end a letter,
/// and `From ` there be another one's beginning.
#[inline(never)]
fn is_plain(rest: &[u8], is_start: bool) -> bool {
    match rest[0] {
        b'.' => !is_start,
        b'F' => !(is_start && rest.starts_with(b"From ")),
        // Blanks at the end of a line may get lost.
        b' ' | b'\t' => rest.get(1).is_some_and(|next| *next != b'\n'),
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
