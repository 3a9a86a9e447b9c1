//! The blocks of a record: how they are laid out, and read again.

use std::hash::Hasher as _;
use std::ops::Range;

use siphasher::sip::SipHasher13;

use crate::format::fields::Fields;
use crate::format::hash;

/// Blocks and slots are multiples of this, so that a freed slot fits most runs.
const UNIT: usize = 512;

/// The length of what precedes a block's text: its state, its capacity, the text's length, its hash.
const HEAD: usize = 37;
const OPEN: u8 = b'o';
pub(super) const ENDED: u8 = b'e';

/// Lays out a text as a block: its head, the text, and room up to the next unit.
pub(crate) fn block(text: &str) -> Vec<u8> {
    let capacity = (HEAD + text.len()).next_multiple_of(UNIT);
    let mut block = Vec::with_capacity(capacity);
    block.push(OPEN);
    for (number, digits) in [
        (capacity as u64, 8),
        (text.len() as u64, 8),
        (hash::hash(text), 16),
    ] {
        block.push(b' ');
        block.extend_from_slice(&hash::digits(number)[16 - digits..]);
    }
    block.push(b'\n');
    block.extend_from_slice(text.as_bytes());
    block.resize(capacity, b'\n');
    block
}

/// A block whose text ends with what another text, as long, may take the place of: the rest is laid out and hashed once.
pub(super) struct Pattern {
    pub(super) block: Vec<u8>,
    same: SipHasher13,
    own: Range<usize>,
}

impl Pattern {
    pub(super) fn new(same: &str, own: &str) -> Self {
        let begin = HEAD + same.len();
        Self {
            block: block(&[same, own].concat()),
            same: hash::begin(same),
            own: begin..begin + own.len(),
        }
    }

    /// Returns the block with that end of its text; `None` where it has another length.
    pub(super) fn ending(&mut self, own: &str) -> Option<&mut [u8]> {
        if own.len() != self.own.len() {
            return None;
        }
        self.block[self.own.clone()].copy_from_slice(own.as_bytes());
        let mut hasher = self.same;
        hasher.write(own.as_bytes());
        let hash = hash::digits(hasher.finish());
        self.block[HEAD - 1 - hash.len()..HEAD - 1].copy_from_slice(&hash);
        Some(&mut self.block)
    }
}

/// Writes into a block's head the capacity of its slot, which may be larger than the block.
pub(super) fn set_capacity(block: &mut [u8], capacity: usize) {
    block[2..10].copy_from_slice(&hash::digits(capacity as u64)[8..]);
}

/// A block as it was read.
pub(crate) struct Block {
    pub(super) offset: u64,
    pub(crate) is_open: bool,
    pub(crate) fields: Fields,
}

/// Reads a record's blocks; one that was not written to its end never began.
pub(crate) fn blocks(content: &str) -> impl Iterator<Item = Block> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let head = content.get(offset..offset + HEAD)?;
        let mut parts = head.trim_end().split(' ');
        let is_open = parts.next()?.starts_with(char::from(OPEN));
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let capacity = usize::try_from(number()?)
            .ok()
            .filter(|capacity| *capacity >= HEAD)?;
        let length = usize::try_from(number()?).ok()?;
        let sum = number()?;
        let text = content
            .get(offset + HEAD..(offset + HEAD).checked_add(length)?)
            .unwrap_or_default();
        let block = Block {
            offset: offset as u64,
            is_open: is_open && hash::hash(text) == sum,
            fields: Fields::parse(text),
        };
        offset = offset.checked_add(capacity)?;
        Some(block)
    })
}
