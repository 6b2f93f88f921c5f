//! An account file's two slots, and what makes one valid.
//!
//! A slot is 4096 bytes: a header line `cloud2fa-account FORMAT SEQUENCE LENGTH
//! CHECKSUM`, then LENGTH bytes of text, then blanks, one newline, and SEQUENCE once more
//! in 20 digits. The checksum (SHA-256) is over all of the slot but itself, so that any
//! byte that is not as it was written makes the slot invalid. The sequence number at the
//! end is there for a write that stops in the middle (`ulimit -f` lets a user choose
//! where): whatever has its end from an older slot is not valid. A writer only ever overwrites the slot that is
//! not the current one; what a crash tears is never the current one.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a slot; a page and a usual block, so that one is rarely torn at all.
pub(super) const SLOT_SIZE: usize = 4096;

/// Bytes at a slot's end: the newline, and 20 digits, which hold every sequence number.
const TAIL_SIZE: usize = 21;

/// Bytes of an account file.
pub(super) const FILE_SIZE: usize = 2 * SLOT_SIZE;

/// What this version writes.
const FORMAT: u64 = 1;

/// No file lives long enough to get here by commits; a header beyond was forged, and
/// would leave no room for the commits to come.
pub(super) const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;

const MAGIC: &str = "cloud2fa-account";

/// The content of an account file. Wiped when dropped.
pub(super) type FileContent = Zeroizing<Vec<u8>>;

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
}

/// The valid slot with the highest sequence number.
pub(super) fn current(file: &[u8]) -> Result<Current<'_>, BadSlots> {
    if file.len() != FILE_SIZE {
        return Err(BadSlots::Damaged);
    }
    let mut slots: Vec<_> = file
        .chunks_exact(SLOT_SIZE)
        .enumerate()
        .filter_map(|(index, slot)| Header::parse(slot).map(|header| (index, slot, header)))
        .collect();
    slots.sort_by_key(|(_, _, header)| std::cmp::Reverse(header.sequence));
    for (index, slot, header) in slots {
        if !header.matches(slot) {
            continue;
        }
        if header.format != FORMAT {
            return Err(BadSlots::LaterFormat(header.format));
        }
        if let Some(text) = header.text(slot) {
            return Ok(Current { index, sequence: header.sequence, text });
        }
    }
    Err(BadSlots::Damaged)
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

/// A slot of `text`; nothing where it does not fit.
pub(super) fn encode(sequence: u64, text: &[u8]) -> Option<FileContent> {
    let unsealed = format!("{MAGIC} {FORMAT} {sequence} {} ", text.len());
    let checksum_at = unsealed.len();
    let text_at = checksum_at + Header::CHECKSUM_LENGTH + 1;
    let mut slot = Zeroizing::new(vec![b' '; SLOT_SIZE]);
    slot[..checksum_at].copy_from_slice(unsealed.as_bytes());
    *slot.get_mut(text_at - 1)? = b'\n';
    slot.get_mut(text_at..text_at + text.len())?.copy_from_slice(text);
    slot[SLOT_SIZE - TAIL_SIZE..].copy_from_slice(format!("\n{sequence:020}").as_bytes());
    let checksum = checksum(&slot, checksum_at);
    slot[checksum_at..text_at - 1].copy_from_slice(checksum.as_bytes());
    (text_at + text.len() <= SLOT_SIZE - TAIL_SIZE).then_some(slot)
}

/// SHA-256 of a slot without the checksum that stands at `checksum_at`.
fn checksum(slot: &[u8], checksum_at: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(&slot[..checksum_at]);
    hash.update(&slot[checksum_at + Header::CHECKSUM_LENGTH..]);
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// What a slot's first line says.
struct Header<'a> {
    format: u64,
    sequence: u64,
    length: usize,
    checksum: &'a str,
    checksum_at: usize,
}

impl<'a> Header<'a> {
    /// Hexadecimal digits of a SHA-256.
    const CHECKSUM_LENGTH: usize = 64;

    /// Reads the line. The first fields and the checksum are the same in all formats to come.
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
        let checksum = fields.next()?;
        let complete = checksum.len() == Self::CHECKSUM_LENGTH && fields.next().is_none();
        complete.then(|| Self {
            format,
            sequence,
            length,
            checksum,
            checksum_at: end - Self::CHECKSUM_LENGTH,
        })
    }

    fn matches(&self, slot: &[u8]) -> bool {
        slot.len() == SLOT_SIZE && checksum(slot, self.checksum_at) == self.checksum
    }

    fn text(&self, slot: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.checksum_at + Self::CHECKSUM_LENGTH + 1;
        slot.get(start..start.checked_add(self.length)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(first: (u64, &str), second: (u64, &str)) -> Vec<u8> {
        [first, second]
            .iter()
            .flat_map(|(sequence, text)| encode(*sequence, text.as_bytes()).unwrap().to_vec())
            .collect()
    }

    #[test]
    fn the_higher_sequence_number_counts() {
        let old_new = file((7, "old"), (8, "new"));
        assert_eq!(current(&old_new), Ok(Current { index: 1, sequence: 8, text: b"new" }));
        let new_old = file((10, "new"), (9, "old"));
        assert_eq!(current(&new_old), Ok(Current { index: 0, sequence: 10, text: b"new" }));
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
        let next = encode(9, b"the newest of all").unwrap();
        for written in 0..SLOT_SIZE {
            let mut torn = whole.clone();
            torn[..written].copy_from_slice(&next[..written]);
            let text = current(&torn).map(|current| current.text);
            assert_eq!(text, Ok(&b"newer"[..]), "{written} bytes");
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
        let sum = checksum(slot, checksum_at);
        slot[checksum_at..checksum_at + 64].copy_from_slice(sum.as_bytes());
        assert_eq!(current(&later), Err(BadSlots::LaterFormat(2)));
        assert_eq!(highest_sequence(&later), 8);
    }

    #[test]
    fn what_does_not_fit_is_not_cut() {
        assert!(encode(u64::MAX, &[b'x'; SLOT_SIZE]).is_none());
        assert!(encode(1, &[b'x'; SLOT_SIZE - 90]).is_none());
        assert!(encode(1, &[b'x'; 3900]).is_some());
    }
}
