//! An account file's two slots, and which of them counts.
//!
//! A writer only ever overwrites the slot that is not the current one; what a crash tears is never
//! the current one. For that the current one must be on the disk, which a reader cannot see: its
//! writer may have been killed between write and sync, or the sync has failed. So a writer whose
//! sync was a success puts a mark into the *other* slot, which counts for nothing any more: the
//! nonce of the one that is on the disk. The mark is not synchronised itself. Where it is lost, the
//! next writer brings to the disk what is there already.

mod header;
mod slot;

pub(super) use header::HIGHEST_SEQUENCE;
pub(super) use slot::{MARK_AT, SLOT_SIZE, checksum, encode, marked, nonce_of};

use crate::store::record::{FIRST_FORMAT, FORMAT};
use header::Header;

/// Bytes of an account file.
pub(super) const FILE_SIZE: usize = 2 * SLOT_SIZE;

/// A checksum over two pieces of a slot.
pub(super) type Checksum<'a> = &'a dyn Fn(&[u8], &[u8]) -> String;

/// Why a file has no current slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadSlots {
    /// Neither slot is as it was written.
    Damaged,
    /// The newest slot is of this format.
    LaterFormat(u64),
}

/// The slot that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Current<'a> {
    /// 0 or 1.
    pub(super) index: usize,
    /// Rises with each commit.
    pub(super) sequence: u64,
    /// What the text is written in: [`FORMAT`] or an earlier one.
    pub(super) format: u64,
    /// The text.
    pub(super) text: &'a [u8],
    /// The last byte of the other slot, which the next commit overwrites.
    pub(super) end_of_other: u8,
    /// Whether the other slot has the mark that this one is on the disk.
    pub(super) is_durable: bool,
}

/// The valid slot with the highest sequence number.
pub(super) fn current<'a>(file: &'a [u8], checksum: Checksum<'_>) -> Result<Current<'a>, BadSlots> {
    if file.len() != FILE_SIZE {
        return Err(BadSlots::Damaged);
    }
    let mut slots = [0, 1].map(|index| {
        let slot = slot_of(file, index);
        Header::parse(slot).map(|header| (index, slot, header))
    });
    slots.sort_by_key(|slot| std::cmp::Reverse(slot.as_ref().map(|(.., header)| header.sequence)));
    for (index, slot, header) in slots.into_iter().flatten() {
        let Some(text) = slot::text(&header, slot, checksum) else { continue };
        if !(FIRST_FORMAT..=FORMAT).contains(&header.format) {
            return Err(BadSlots::LaterFormat(header.format));
        }
        let other = slot_of(file, 1 - index);
        return Ok(Current {
            index,
            sequence: header.sequence,
            format: header.format,
            text,
            end_of_other: last_byte(file, 1 - index),
            is_durable: slot::mark(other) == header.nonce.as_bytes(),
        });
    }
    Err(BadSlots::Damaged)
}

/// A slot of a whole file.
pub(super) fn slot_of(file: &[u8], index: usize) -> &[u8] {
    &file[index * SLOT_SIZE..][..SLOT_SIZE]
}

/// The last byte of a slot; of a whole file.
pub(super) fn last_byte(file: &[u8], index: usize) -> u8 {
    file[(index + 1) * SLOT_SIZE - 1]
}

/// A nonce for a slot that is written over one with this last byte: `random`, or one that differs
/// in its last digit.
pub(super) fn nonce_over(last: u8, random: String) -> String {
    let mut nonce = random;
    if nonce.as_bytes().last() == Some(&last) {
        nonce.pop();
        nonce.push(if last == b'0' { '1' } else { '0' });
    }
    nonce
}

/// The highest sequence number that stands in a header, valid or not: what overwrites
/// an unusable file must be newer.
pub(super) fn highest_sequence(file: &[u8]) -> u64 {
    file.chunks(SLOT_SIZE)
        .take(2)
        .filter_map(Header::parse)
        .map(|header| header.sequence)
        .max()
        .unwrap_or(0)
}

/// Whether a header, valid or not, says this format.
pub(super) fn has_format(file: &[u8], format: u64) -> bool {
    file.chunks(SLOT_SIZE).filter_map(Header::parse).any(|header| header.format == format)
}

#[cfg(test)]
mod tests;
