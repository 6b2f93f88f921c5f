//! One slot, and what makes it valid.
//!
//! It is 4096 bytes: a header line `cloud2fa-account FORMAT SEQUENCE LENGTH NONCE CHECKSUM`, then
//! LENGTH bytes of text, blanks, a mark, one newline, and NONCE once more. The checksum
//! (BLAKE2b-256) is over the header line up to it, and the text; all else but the mark can only be
//! what it must be, so that any byte that is not as it was written makes the slot invalid. The nonce
//! is random, another one in each write. At the end it stands for a write that stops in the middle
//! (`ulimit -f` lets a user choose where): whatever has its end from another write is not valid, and
//! its last digit is never the one that it overwrites, so that not one byte can be left out. The
//! mark is 16 blanks, or the nonce of a slot that is on the disk (see [`super`]).

use super::Checksum;
use super::header::{HEADER_CHECKSUM_LENGTH, Header, MAGIC, NONCE_LENGTH};
use crate::store::content::Content;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

/// Bytes of a slot; a page and a usual block, so that one is rarely torn at all.
pub(in crate::store) const SLOT_SIZE: usize = 4096;

/// Bytes at a slot's end: the newline and the nonce.
const TAIL_SIZE: usize = 1 + NONCE_LENGTH;

/// Where in a slot the mark is: it lies in the last sector of 512 bytes, as a whole.
pub(in crate::store) const MARK_AT: usize = SLOT_SIZE - TAIL_SIZE - NONCE_LENGTH;

/// Between the text and the mark, and instead of it.
const BLANKS: [u8; SLOT_SIZE] = [b' '; SLOT_SIZE];

/// A slot of `text`, which is in `format`, without a mark. `None` if it does not fit. `nonce`
/// must be new, for each write.
pub(in crate::store) fn encode(
    format: u64,
    sequence: u64,
    nonce: &str,
    text: &[u8],
    checksum: Checksum<'_>,
) -> Option<Content> {
    debug_assert_eq!(nonce.len(), NONCE_LENGTH);
    let unsealed = format!("{MAGIC} {format} {sequence} {} {nonce} ", text.len());
    let end = unsealed.len() + HEADER_CHECKSUM_LENGTH + 1 + text.len();
    if end > MARK_AT {
        return None;
    }
    let mut slot = Content::with_room_for(SLOT_SIZE);
    slot.extend_from_slice(unsealed.as_bytes());
    slot.extend_from_slice(checksum(unsealed.as_bytes(), text).as_bytes());
    slot.push(b'\n');
    slot.extend_from_slice(text);
    let blanks = SLOT_SIZE - TAIL_SIZE - slot.len();
    slot.extend_from_slice(&BLANKS[..blanks]);
    slot.push(b'\n');
    slot.extend_from_slice(nonce.as_bytes());
    Some(slot)
}

/// The same slot with the mark that it is on the disk itself: for a second copy of it.
pub(in crate::store) fn marked(slot: &Content) -> Content {
    let mut copy = Content::of(slot);
    copy[MARK_AT..MARK_AT + NONCE_LENGTH].copy_from_slice(nonce_of(slot));
    copy
}

/// The nonce of a whole slot.
pub(in crate::store) fn nonce_of(slot: &[u8]) -> &[u8] {
    &slot[SLOT_SIZE - NONCE_LENGTH..]
}

/// What stands where the mark is.
pub(super) fn mark(slot: &[u8]) -> &[u8] {
    &slot[MARK_AT..MARK_AT + NONCE_LENGTH]
}

/// The text, if the slot is as it was written.
pub(super) fn text<'a>(
    header: &Header<'a>,
    slot: &'a [u8],
    checksum: Checksum<'_>,
) -> Option<&'a [u8]> {
    let (body, tail) = slot.split_at_checked(SLOT_SIZE - TAIL_SIZE)?;
    let text_at = header.checksum_at + HEADER_CHECKSUM_LENGTH + 1;
    let (text, rest) = body.get(text_at..)?.split_at_checked(header.length)?;
    // A text of format 1 may reach into the place of the mark: then there is none.
    let (blanks, mark) =
        rest.split_at_checked(rest.len().wrapping_sub(NONCE_LENGTH)).unwrap_or((rest, &[]));
    let whole = tail.strip_prefix(b"\n") == Some(header.nonce.as_bytes())
        && *blanks == BLANKS[..blanks.len()]
        && (*mark == BLANKS[..mark.len()] || mark.iter().copied().all(is_of_a_nonce))
        && checksum(&slot[..header.checksum_at], text) == header.checksum;
    whole.then_some(text)
}

fn is_of_a_nonce(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// BLAKE2b-256, in hexadecimal digits.
pub(in crate::store) fn checksum(unsealed: &[u8], text: &[u8]) -> String {
    // SHA-256 of a few hundred bytes takes less time, but asks the processor first what it can,
    // which takes ten microseconds in a virtual machine, in each process anew.
    // In place: it holds pieces of the text, and the secret may be in one.
    let mut hasher = Blake2b::<U32>::new();
    hasher.update(unsealed);
    hasher.update(text);
    let hash = hasher.finalize_reset();
    data_encoding::HEXLOWER.encode(&hash)
}
