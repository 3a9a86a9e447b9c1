//! The blocks of a record: how they are laid out, and read again.

use crate::format::fields::Fields;
use crate::format::hash;

/// Blocks and slots are multiples of this, so that a freed slot fits most runs.
const UNIT: usize = 512;

/// The length of what precedes a block's text: its state, its capacity, the text's length, its hash.
const HEAD: usize = 37;
const OPEN: char = 'o';
pub(super) const ENDED: u8 = b'e';

/// Lays out a text as a block: its head, the text, and room up to the next unit.
pub(crate) fn block(text: &str) -> Vec<u8> {
    let capacity = (HEAD + text.len()).next_multiple_of(UNIT);
    let mut block = String::with_capacity(capacity);
    block.push(OPEN);
    for (number, digits) in [
        (capacity as u64, 8),
        (text.len() as u64, 8),
        (hash::hash(text), 16),
    ] {
        block.push(' ');
        hash::push_hex(&mut block, number, digits);
    }
    block.push('\n');
    block += text;
    let mut block = block.into_bytes();
    block.resize(capacity, b'\n');
    block
}

/// Corrects the capacity in a block's head, for a slot that is larger than the block.
pub(super) fn set_capacity(block: &mut [u8], capacity: usize) {
    let mut digits = String::with_capacity(8);
    hash::push_hex(&mut digits, capacity as u64, 8);
    block[2..10].copy_from_slice(digits.as_bytes());
}

/// A block as it was read.
#[derive(Debug)]
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
        let is_open = parts.next()?.starts_with(OPEN);
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
