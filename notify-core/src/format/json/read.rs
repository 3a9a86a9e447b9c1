//! How JSON is read: what a service answers, and what stands in a shared store.

use std::mem;

use super::Value;
use crate::format::order;

/// How deep lists and objects may lie in each other: each level takes some of the stack.
const MAX_DEPTH: usize = 128;

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Reads a text that is one value, to the letter of the RFC but for one thing: half of a pair of surrogates, as a service
/// leaves where it cuts a text, is one unknown character. Of two entries of a name the last counts.
pub(crate) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text };
    let value = reader.value(MAX_DEPTH)?;
    let is_over = reader.rest.trim_start_matches(BLANKS).is_empty();
    is_over.then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if self.takes("\"") {
            self.string().map(Value::String)
        } else if self.takes("{") {
            self.object(depth.checked_sub(1)?)
        } else if self.takes("[") {
            self.array(depth.checked_sub(1)?)
        } else if self.takes("true") {
            Some(Value::Bool(true))
        } else if self.takes("false") {
            Some(Value::Bool(false))
        } else if self.takes("null") {
            Some(Value::Null)
        } else {
            self.number()
        }
    }

    /// Passes over blanks, and over a word that stands behind them.
    fn takes(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start_matches(BLANKS);
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads an array, of which the bracket is passed.
    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        let mut is_over = self.takes("]");
        while !is_over {
            list.push(self.value(depth)?);
            is_over = self.takes("]");
            if !is_over && !self.takes(",") {
                return None;
            }
        }
        Some(Value::Array(list))
    }

    /// Reads an object, of which the brace is passed.
    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut object = Vec::new();
        let mut is_over = self.takes("}");
        while !is_over {
            let name = self.takes("\"").then(|| self.string())??;
            let value = self.takes(":").then(|| self.value(depth))??;
            object.push((name, value));
            is_over = self.takes("}");
            if !is_over && !self.takes(",") {
                return None;
            }
        }
        order::sort_by(&mut object, |(one, _), (other, _)| one.cmp(other));
        // Of entries with one name the last counts.
        object.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                mem::swap(later, kept);
            }
            is_same
        });
        Some(Value::Object(object))
    }

    /// Reads a string, of which the first quotation mark is passed.
    fn string(&mut self) -> Option<String> {
        let mut value = String::new();
        loop {
            let end = self.rest.find(|c| c < ' ' || c == '"' || c == '\\')?;
            value += &self.rest[..end];
            self.rest = &self.rest[end..];
            match self.next()? {
                '"' => return Some(value),
                '\\' => self.escaped(&mut value)?,
                _ => return None,
            }
        }
    }

    /// Reads what stands for a character, of which the backslash is passed.
    fn escaped(&mut self, value: &mut String) -> Option<()> {
        value.push(match self.next()? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                // All that follow each other: two of them may be one character.
                let mut units = vec![self.unit()?];
                while let Some(rest) = self.rest.strip_prefix("\\u") {
                    self.rest = rest;
                    units.push(self.unit()?);
                }
                let read = char::decode_utf16(units);
                value.extend(read.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
                return Some(());
            }
            _ => return None,
        });
        Some(())
    }

    fn unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    /// Reads a number, to which `+1`, `.5` and `1.` do not belong. Behind a leading `0` it is over.
    fn number(&mut self) -> Option<Value> {
        let text = self.rest;
        self.passes(&['-']);
        if !self.passes(&['0']) {
            self.digits()?;
        }
        if self.passes(&['.']) {
            self.digits()?;
        }
        if self.passes(&['e', 'E']) {
            self.passes(&['+', '-']);
            self.digits()?;
        }
        let number = &text[..text.len() - self.rest.len()];
        Some(Value::Number(number.to_owned()))
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < self.rest.len()).then(|| self.rest = rest)
    }

    fn passes(&mut self, any: &[char]) -> bool {
        let rest = self.rest.strip_prefix(any);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let next = rest.next();
        self.rest = rest.as_str();
        next
    }
}
