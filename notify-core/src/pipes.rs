//! The context that Dagster Pipes gives a program, of which the run's id is a fact: base64 of zlib of JSON.
//!
//! A library that unpacks would be built by every user, for one id that few see.
#![expect(
    clippy::cast_possible_truncation,
    reason = "what is cast has no more bits than are read or masked"
)]

use std::path::Path;

use serde_json::Value;

use crate::file::{self, Links};

/// The largest context that is read, packed and unpacked.
const LIMIT: usize = 256 * 1024;

/// Returns the job and the run that a context names.
pub(crate) fn job_and_run(context: &str) -> Option<(Option<String>, Option<String>)> {
    let packed = base64(context)?;
    // Two bytes of zlib's own; what it checks at the end matters to nobody who reads an id.
    let unpacked = inflate(packed.get(2..)?)?;
    let value: Value = serde_json::from_slice(&unpacked).ok()?;
    let in_file = value.get("path").and_then(Value::as_str).and_then(|path| {
        let text = file::read(Path::new(path), LIMIT as u64, Links::Follow);
        serde_json::from_str(&text.ok()??).ok()
    });
    let value = in_file.unwrap_or(value);
    let data = value.get("data").unwrap_or(&value);
    let text = |name| data.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("job_name"), text("run_id")))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim().trim_end_matches('=').bytes().take(LIMIT) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Unpacks what is packed as RFC 1951 says; `None` where it is not, or is too large.
fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bits = Bits { packed, at: 0 };
    let mut out = Vec::new();
    loop {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let length = bits.take(16)?;
                bits.take(16)?;
                for _ in 0..length {
                    out.push(bits.take(8)? as u8);
                }
            }
            1 => {
                let length = |symbol| match symbol {
                    0..=143 | 280..=287 => 8,
                    144..=255 => 9,
                    _ => 7,
                };
                let literals: Vec<u8> = (0..288).map(length).collect();
                let (literals, distances) = (Code::new(&literals), Code::new(&[5; 30]));
                block(&mut bits, &mut out, &literals, &distances)?;
            }
            2 => {
                let (literals, distances) = codes(&mut bits)?;
                block(&mut bits, &mut out, &literals, &distances)?;
            }
            _ => return None,
        }
        if out.len() > LIMIT {
            return None;
        }
        if is_last {
            return Some(out);
        }
    }
}

/// Reads the codes of a block that brings its own.
fn codes(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let literals = bits.take(5)? as usize + 257;
    let all = literals + bits.take(5)? as usize + 1;
    let mut lengths = [0; 19];
    for place in ORDER.iter().take(bits.take(4)? as usize + 4) {
        lengths[*place] = bits.take(3)? as u8;
    }
    let code = Code::new(&lengths);
    let mut lengths: Vec<u8> = Vec::new();
    while lengths.len() < all {
        let (length, times) = match code.next(bits)? {
            16 => (*lengths.last()?, bits.take(2)? + 3),
            17 => (0, bits.take(3)? + 3),
            18 => (0, bits.take(7)? + 11),
            length => (length as u8, 1),
        };
        lengths.extend((0..times).map(|_| length));
    }
    let distances = Code::new(lengths.get(literals..all)?);
    Some((Code::new(lengths.get(..literals)?), distances))
}

/// Reads a block: bytes, and repeats of what came before.
fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>, literals: &Code, distances: &Code) -> Option<()> {
    while out.len() <= LIMIT {
        let length = match literals.next(bits)? {
            byte @ 0..=255 => {
                out.push(byte as u8);
                continue;
            }
            256 => break,
            285 => 258,
            symbol => scaled(bits, u32::from(symbol) - 257, 4)? + 3,
        };
        let symbol = distances.next(bits)?;
        let distance = scaled(bits, u32::from(symbol), 2)? as usize + 1;
        for _ in 0..length {
            out.push(*out.get(out.len().checked_sub(distance)?)?);
        }
    }
    Some(())
}

/// Reads a number whose symbol says how large it is: after the first, `steps` symbols each have one bit
/// more.
fn scaled(bits: &mut Bits<'_>, symbol: u32, steps: u32) -> Option<u32> {
    let more = (symbol / steps).saturating_sub(1);
    let begin = if more == 0 {
        symbol
    } else {
        (steps + symbol % steps) << more
    };
    Some(begin + bits.take(more)?)
}

struct Bits<'a> {
    packed: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for place in 0..count {
            let byte = *self.packed.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(value)
    }
}

/// A code, by the lengths of its words.
struct Code {
    /// How many words there are of each length.
    counts: [u32; 16],
    /// What they stand for, the shortest first.
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let (mut counts, mut symbols) = ([0; 16], Vec::new());
        for length in 1..16 {
            let before = symbols.len();
            let own = lengths.iter().enumerate();
            let own = own.filter(|(_, own)| **own == length);
            symbols.extend(own.map(|(symbol, _)| symbol as u16));
            counts[usize::from(length)] = (symbols.len() - before) as u32;
        }
        Self { counts, symbols }
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut word, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for count in &self.counts[1..] {
            word |= bits.take(1)?;
            if let Some(place) = word.checked_sub(first).filter(|place| place < count) {
                return self.symbols.get((index + place) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::Folder;

    /// As Python packs it: `base64.b64encode(zlib.compress(json.dumps(context).encode(), level))`.
    const CONTEXTS: [(&str, &str); 3] = [
        // A block with the code that all know.
        (
            "9d1c3f52-0b6e",
            "eJyrVkpJLElUslKoVioqzYvPTAEylSxTDJON00yNdA2SzFKVdBSUsvKT4vMSc1NBkqklOSChotSSosr4vNLcpNQioLBBbS0AU4gW/Q==",
        ),
        // One that brings its own.
        (
            "9d1c3f52",
            "eNpVkc1KA0EQhF8lzNlD/0z/+Soiyya7ghIjyHoKeXcnEtjyMvBN91RV91zbMm9zez5c2zbOl7bNx/M6cacsbk+HB1t5mu6cmVYJ3FnUgIkygN05ZEfx6FY7j8feHey4jMA+Kkqg3oNVQL6XcaJdqvS+s1aSYTwJUtATIcbxasyTGIfNQE4qBLDUgwnUw9VBbewyME03jYTpR3dhPaqUcLnUu+i/tFANKVd08yDBXd9XF+11XHz/XKb3ZXxzq4VP+mZ/bR9fx+kyf673+3U7t9vtF9u4jjE=",
        ),
        // One that is not packed.
        (
            "9d1c3f52-0b6e",
            "eAEBSwC0/3siZGF0YSI6IHsicnVuX2lkIjogIjlkMWMzZjUyLTBiNmUiLCAiam9iX25hbWUiOiAiZXRsIiwgInJldHJ5X251bWJlciI6IDB9fVOIFv0=",
        ),
    ];

    /// Issue 12, point 10.
    #[test]
    fn the_job_and_the_run_of_a_context_are_read() {
        for (run, context) in CONTEXTS {
            let read = job_and_run(context).unwrap();
            assert_eq!(read, (Some("etl".to_owned()), Some(run.to_owned())));
        }
    }

    /// Issue 12, point 10.
    #[test]
    fn a_context_that_is_in_a_file_is_read_there() {
        let folder = Folder::new();
        let path = folder.path().join("context");
        fs::write(&path, "{\"run_id\": \"9d1c\"}").unwrap();
        let content = format!("{{\"path\": {:?}}}", path.display().to_string());
        // Not packed: one block, its length and the same inverted.
        let length = u16::try_from(content.len()).unwrap();
        let mut packed = vec![0x78, 0x01, 1];
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(content.as_bytes());
        let read = job_and_run(&encoded(&packed));
        assert_eq!(read, Some((None, Some("9d1c".to_owned()))));
    }

    fn encoded(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
        let digits = (0..bytes.len() * 8).step_by(6);
        let digits = digits.map(|at| (0..6).fold(0_u8, |digit, more| digit << 1 | bit(at + more)));
        digits
            .map(|digit| char::from(LETTERS[usize::from(digit)]))
            .collect()
    }

    proptest! {
        #[test]
        fn whatever_stands_there_can_be_read(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            inflate(&bytes);
            job_and_run(&text);
            job_and_run(&encoded(&bytes));
        }
    }
}
