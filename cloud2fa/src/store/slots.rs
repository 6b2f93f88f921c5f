//! An account file's two slots, and what makes one valid.
//!
//! A slot is 4096 bytes: a header line `cloud2fa-account FORMAT SEQUENCE LENGTH NONCE
//! CHECKSUM`, then LENGTH bytes of text, then blanks, one newline, and NONCE once more. The
//! checksum (BLAKE2b-256) is over the header line up to it, and the text; all else can only
//! be what it must be, so that any byte that is not as it was written makes the slot
//! invalid. The nonce is random, another one in each write. At the end it stands for a write
//! that stops in the middle (`ulimit -f` lets a user choose where): whatever has its end
//! from another write is not valid, and its last digit is never the one that it overwrites,
//! so that not one byte can be left out. A writer only ever overwrites the slot that is not the
//! current one; what a crash tears is never the current one.

use super::StoreError;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use std::fmt;
use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// Bytes of a slot; a page and a usual block, so that one is rarely torn at all.
pub(super) const SLOT_SIZE: usize = 4096;

/// Hexadecimal digits of a nonce ([`super::random_hex`]).
const NONCE_LENGTH: usize = 16;

/// Bytes at a slot's end: the newline and the nonce.
const TAIL_SIZE: usize = 1 + NONCE_LENGTH;

/// Between the text and the tail.
const BLANKS: [u8; SLOT_SIZE] = [b' '; SLOT_SIZE];

/// Bytes of an account file.
pub(super) const FILE_SIZE: usize = 2 * SLOT_SIZE;

/// What this version writes.
const FORMAT: u64 = 1;

/// No file lives long enough to get here by commits; a header beyond was forged, and
/// would leave no room for the commits to come.
pub(super) const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;

const MAGIC: &str = "cloud2fa-account";

/// What stands in an account file, or will. Wiped when dropped, as a whole: `Zeroizing` wipes a
/// vector byte by byte, which takes longer than to read it from the file.
pub(super) struct Content(Vec<u8>);

impl Content {
    /// So many zeros.
    pub(super) fn zeros(length: usize) -> Self {
        Self(vec![0; length])
    }

    /// Nothing yet, and room for so many bytes: more must not be added, since what has grown
    /// leaves a copy behind.
    pub(super) fn with_room_for(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl Deref for Content {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Content {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(hidden)")
    }
}

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
    /// The text.
    pub(super) text: &'a [u8],
    /// The last byte of the other slot, which the next commit overwrites.
    pub(super) end_of_other: u8,
}

/// The valid slot with the highest sequence number.
pub(super) fn current(file: &[u8]) -> Result<Current<'_>, BadSlots> {
    if file.len() != FILE_SIZE {
        return Err(BadSlots::Damaged);
    }
    let mut slots = [0, 1].map(|index| {
        let slot = &file[index * SLOT_SIZE..][..SLOT_SIZE];
        Header::parse(slot).map(|header| (index, slot, header))
    });
    slots.sort_by_key(|slot| std::cmp::Reverse(slot.as_ref().map(|(.., header)| header.sequence)));
    for (index, slot, header) in slots.into_iter().flatten() {
        let Some(text) = header.text(slot) else { continue };
        if header.format != FORMAT {
            return Err(BadSlots::LaterFormat(header.format));
        }
        let end_of_other = last_byte(file, 1 - index);
        return Ok(Current { index, sequence: header.sequence, text, end_of_other });
    }
    Err(BadSlots::Damaged)
}

/// The last byte of a slot; of a whole file.
pub(super) fn last_byte(file: &[u8], index: usize) -> u8 {
    file[(index + 1) * SLOT_SIZE - 1]
}

/// A nonce for a slot that is written over one with this last byte.
pub(super) fn nonce_over(last: u8) -> Result<String, StoreError> {
    let mut nonce = super::random_hex()?;
    if nonce.as_bytes().last() == Some(&last) {
        nonce.pop();
        nonce.push(if last == b'0' { '1' } else { '0' });
    }
    Ok(nonce)
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

/// A slot of `text`; nothing where it does not fit. `nonce` must be new, for each write.
pub(super) fn encode(sequence: u64, nonce: &str, text: &[u8]) -> Option<Content> {
    debug_assert_eq!(nonce.len(), NONCE_LENGTH);
    let unsealed = format!("{MAGIC} {FORMAT} {sequence} {} {nonce} ", text.len());
    let end = unsealed.len() + Header::CHECKSUM_LENGTH + 1 + text.len();
    if end > SLOT_SIZE - TAIL_SIZE {
        return None;
    }
    let mut slot = Content::with_room_for(SLOT_SIZE);
    slot.extend_from_slice(unsealed.as_bytes());
    slot.extend_from_slice(checksum(unsealed.as_bytes(), text).as_bytes());
    slot.push(b'\n');
    slot.extend_from_slice(text);
    slot.resize(SLOT_SIZE - TAIL_SIZE, b' ');
    slot.push(b'\n');
    slot.extend_from_slice(nonce.as_bytes());
    Some(slot)
}

/// The checksum of a slot with this text, whose header line begins with `unsealed`.
fn checksum(unsealed: &[u8], text: &[u8]) -> String {
    // SHA-256 of a few hundred bytes takes less time, but asks the processor first what it can,
    // which takes ten microseconds in a virtual machine, in each process anew.
    // In place: it holds pieces of the text, and the secret may be in one.
    let mut hasher = Blake2b::<U32>::new();
    hasher.update(unsealed);
    hasher.update(text);
    let hash = hasher.finalize_reset();
    data_encoding::HEXLOWER.encode(&hash)
}

/// What a slot's first line says.
struct Header<'a> {
    format: u64,
    sequence: u64,
    length: usize,
    nonce: &'a str,
    checksum: &'a str,
    checksum_at: usize,
}

impl<'a> Header<'a> {
    /// Hexadecimal digits of a BLAKE2b-256.
    const CHECKSUM_LENGTH: usize = 64;

    /// Reads the line. Its fields, and what makes a slot valid, are the same in all formats to come.
    fn parse(slot: &'a [u8]) -> Option<Self> {
        let end = slot.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&slot[..end]).ok()?;
        let mut fields = line.split(' ');
        if fields.next()? != MAGIC {
            return None;
        }
        let format = fields.next()?.parse().ok()?;
        let sequence = fields.next()?.parse().ok().filter(|number| *number <= HIGHEST_SEQUENCE)?;
        let length = fields.next()?.parse().ok()?;
        let nonce = fields.next()?;
        let checksum = fields.next()?;
        let complete = nonce.len() == NONCE_LENGTH
            && checksum.len() == Self::CHECKSUM_LENGTH
            && fields.next().is_none();
        let checksum_at = end.checked_sub(Self::CHECKSUM_LENGTH)?;
        complete.then_some(Self { format, sequence, length, nonce, checksum, checksum_at })
    }

    /// The text, if the slot is as it was written.
    fn text(&self, slot: &'a [u8]) -> Option<&'a [u8]> {
        let (body, tail) = slot.split_at_checked(SLOT_SIZE - TAIL_SIZE)?;
        let text_at = self.checksum_at + Self::CHECKSUM_LENGTH + 1;
        let (text, blanks) = body.get(text_at..)?.split_at_checked(self.length)?;
        let whole = tail.strip_prefix(b"\n") == Some(self.nonce.as_bytes())
            && *blanks == BLANKS[..blanks.len()]
            && checksum(&slot[..self.checksum_at], text) == self.checksum;
        whole.then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef";

    fn file(first: (u64, &str), second: (u64, &str)) -> Vec<u8> {
        [first, second]
            .iter()
            .flat_map(|(sequence, text)| {
                encode(*sequence, NONCE, text.as_bytes()).unwrap().to_vec()
            })
            .collect()
    }

    #[test]
    fn the_higher_sequence_number_counts() {
        let old_new = file((7, "old"), (8, "new"));
        let newest =
            |index, sequence| Current { index, sequence, text: b"new", end_of_other: b'f' };
        assert_eq!(current(&old_new), Ok(newest(1, 8)));
        let new_old = file((10, "new"), (9, "old"));
        assert_eq!(current(&new_old), Ok(newest(0, 10)));
    }

    #[test]
    fn a_slot_damaged_at_any_byte_leaves_the_other() {
        let whole = file((7, "old"), (8, "new"));
        for at in 0..FILE_SIZE {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let expected: &[u8] = if at < SLOT_SIZE { b"new" } else { b"old" };
                assert_eq!(
                    current(&damaged).map(|current| current.text),
                    Ok(expected),
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn a_write_that_stops_anywhere_leaves_the_other_slot() {
        let whole = file((7, "old"), (8, "newer"));
        let end = current(&whole).unwrap().end_of_other;
        // As often as it takes for a nonce that leaves the end to chance to be found out.
        for _ in 0..100 {
            let next = encode(9, &nonce_over(end).unwrap(), b"the newest of all").unwrap();
            for written in (0..SLOT_SIZE).rev().take(300).chain(0..300) {
                let mut torn = whole.clone();
                torn[..written].copy_from_slice(&next[..written]);
                let text = current(&torn).map(|current| current.text);
                assert_eq!(text, Ok(&b"newer"[..]), "{written} bytes");
            }
        }
    }

    #[test]
    fn a_write_that_stops_anywhere_does_not_complete_what_an_older_one_has_left() {
        // A power failure may leave the end of a write without its beginning (sectors).
        let text = "x".repeat(1000);
        let whole = file((7, "old"), (8, "newer"));
        let lost = encode(9, NONCE, text.as_bytes()).unwrap();
        for next in [&text, &text.replace("xx", "yx")] {
            let next = encode(9, "fedcba9876543210", next.as_bytes()).unwrap();
            for written in 512..SLOT_SIZE {
                let mut torn = whole.clone();
                torn[512..SLOT_SIZE].copy_from_slice(&lost[512..]);
                torn[..written].copy_from_slice(&next[..written]);
                let text = current(&torn).map(|current| current.text);
                assert_eq!(text, Ok(&b"newer"[..]), "{written} bytes");
            }
        }
    }

    #[test]
    fn two_damaged_slots_and_other_sizes_are_no_file() {
        let mut damaged = file((7, "old"), (8, "new"));
        damaged[100] ^= 1;
        damaged[SLOT_SIZE + 100] ^= 1;
        assert_eq!(current(&damaged), Err(BadSlots::Damaged));
        let whole = file((7, "old"), (8, "new"));
        for size in [0, 1, SLOT_SIZE, FILE_SIZE - 1] {
            assert_eq!(current(&whole[..size]), Err(BadSlots::Damaged));
        }
        assert_eq!(current(&vec![0; FILE_SIZE]), Err(BadSlots::Damaged));
    }

    #[test]
    fn a_later_format_refuses_where_it_is_the_newest() {
        let mut later = file((7, "old"), (8, "new"));
        let slot = &mut later[SLOT_SIZE..];
        let format_at = MAGIC.len() + 1;
        slot[format_at] = b'2';
        let checksum_at = Header::parse(slot).unwrap().checksum_at;
        let sum = checksum(&slot[..checksum_at], b"new");
        slot[checksum_at..checksum_at + 64].copy_from_slice(sum.as_bytes());
        assert_eq!(current(&later), Err(BadSlots::LaterFormat(2)));
        assert_eq!(highest_sequence(&later), 8);
    }

    #[test]
    fn what_does_not_fit_is_not_cut() {
        assert!(encode(u64::MAX, NONCE, &[b'x'; SLOT_SIZE]).is_none());
        assert!(encode(1, NONCE, &[b'x'; SLOT_SIZE - 90]).is_none());
        assert!(encode(1, NONCE, &[b'x'; 3900]).is_some());
    }
}
