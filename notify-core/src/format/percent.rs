//! Percent-encoding, as in URLs.

/// Encodes a text, but for ASCII letters, digits and those signs.
pub(crate) fn encode(text: &str, plain: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

/// Returns a text without its percent-encoding; `None` where it has none, or what it stands for is no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    String::from_utf8(bytes(text))
        .ok()
        .filter(|decoded| decoded != text)
}

/// Returns the bytes that a text stands for. A `%` that begins no code stands for itself.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let code = encoded(text, at);
        bytes.push(code.unwrap_or(text.as_bytes()[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    bytes
}

/// Returns whether each `%` of a text begins a code.
pub(crate) fn is_sound(text: &str) -> bool {
    let mut codes = text.match_indices('%');
    codes.all(|(at, _)| encoded(text, at).is_some())
}

/// The same for the ASCII characters of a text alone, with the place of each byte; `None` where none is encoded.
pub(crate) fn without_encoding(text: &str) -> Option<(String, Vec<usize>)> {
    let code = |at: usize| encoded(text, at).filter(u8::is_ascii);
    let first = text.match_indices('%').find(|(at, _)| code(*at).is_some());
    first?;
    let (mut meant, mut places) = (String::with_capacity(text.len()), Vec::new());
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if at < end {
            continue;
        }
        let code = code(at);
        let shown = code.map_or(c, char::from);
        meant.push(shown);
        places.extend((0..shown.len_utf8()).map(|byte| at + byte));
        end = at + code.map_or(c.len_utf8(), |_| 3);
    }
    places.push(text.len());
    Some((meant, places))
}

/// Returns the byte of which the percent-encoding stands there.
fn encoded(text: &str, at: usize) -> Option<u8> {
    let digits = text.as_bytes().get(at..)?.strip_prefix(b"%")?.get(..2)?;
    let digits = str::from_utf8(digits).ok()?;
    let are_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_hex.then(|| u8::from_str_radix(digits, 16).ok())?
}
