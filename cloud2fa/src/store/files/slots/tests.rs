//! What makes a slot current, whole and on the disk.

use super::header::{MAGIC, NONCE_LENGTH};
use super::*;
use crate::store::content::Content;

const NONCE: &str = "0123456789abcdef";

fn sealed(sequence: u64, nonce: &str, text: &[u8]) -> Option<Content> {
    encode(FORMAT, sequence, nonce, text, &checksum)
}

fn random_nonce() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    data_encoding::HEXLOWER.encode(&bytes)
}

fn current_of(file: &[u8]) -> Result<Current<'_>, BadSlots> {
    current(file, &checksum)
}

fn file(first: (u64, &str), second: (u64, &str)) -> Vec<u8> {
    [first, second]
        .iter()
        .flat_map(|(sequence, text)| sealed(*sequence, NONCE, text.as_bytes()).unwrap().to_vec())
        .collect()
}

#[test]
fn the_higher_sequence_number_counts() {
    let old_new = file((7, "old"), (8, "new"));
    let newest = |index, sequence| Current {
        index,
        sequence,
        format: FORMAT,
        text: b"new",
        end_of_other: b'f',
        is_durable: false,
    };
    assert_eq!(current_of(&old_new), Ok(newest(1, 8)));
    let new_old = file((10, "new"), (9, "old"));
    assert_eq!(current_of(&new_old), Ok(newest(0, 10)));
}

#[test]
fn a_slot_damaged_at_any_byte_leaves_the_other() {
    let whole = file((7, "old"), (8, "new"));
    for at in 0..FILE_SIZE {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= flip;
            let expected: &[u8] = if at < SLOT_SIZE { b"new" } else { b"old" };
            assert_eq!(current_of(&damaged).map(|current| current.text), Ok(expected), "byte {at}");
        }
    }
}

#[test]
fn a_write_that_stops_anywhere_leaves_the_other_slot() {
    let whole = file((7, "old"), (8, "newer"));
    let end = current_of(&whole).unwrap().end_of_other;
    // As often as it takes for a nonce that leaves the end to chance to be found out.
    for _ in 0..100 {
        let next = sealed(9, &nonce_over(end, random_nonce()), b"the newest of all").unwrap();
        for written in (0..SLOT_SIZE).rev().take(300).chain(0..300) {
            let mut torn = whole.clone();
            torn[..written].copy_from_slice(&next[..written]);
            let text = current_of(&torn).map(|current| current.text);
            assert_eq!(text, Ok(&b"newer"[..]), "{written} bytes");
        }
    }
}

#[test]
fn a_write_that_stops_anywhere_does_not_complete_what_an_older_one_has_left() {
    // A power failure may leave the end of a write without its beginning (sectors).
    let text = "x".repeat(1000);
    let whole = file((7, "old"), (8, "newer"));
    let lost = sealed(9, NONCE, text.as_bytes()).unwrap();
    for next in [&text, &text.replace("xx", "yx")] {
        let next = sealed(9, "fedcba9876543210", next.as_bytes()).unwrap();
        for written in 512..SLOT_SIZE {
            let mut torn = whole.clone();
            torn[512..SLOT_SIZE].copy_from_slice(&lost[512..]);
            torn[..written].copy_from_slice(&next[..written]);
            let text = current_of(&torn).map(|current| current.text);
            assert_eq!(text, Ok(&b"newer"[..]), "{written} bytes");
        }
    }
}

#[test]
fn two_damaged_slots_and_other_sizes_are_no_file() {
    let mut damaged = file((7, "old"), (8, "new"));
    damaged[100] ^= 1;
    damaged[SLOT_SIZE + 100] ^= 1;
    assert_eq!(current_of(&damaged), Err(BadSlots::Damaged));
    let whole = file((7, "old"), (8, "new"));
    for size in [0, 1, SLOT_SIZE, FILE_SIZE - 1] {
        assert_eq!(current_of(&whole[..size]), Err(BadSlots::Damaged));
    }
    assert_eq!(current_of(&vec![0; FILE_SIZE]), Err(BadSlots::Damaged));
}

#[test]
fn a_later_format_refuses_where_it_is_the_newest() {
    let mut later = file((7, "old"), (8, "new"));
    let slot = &mut later[SLOT_SIZE..];
    let format_at = MAGIC.len() + 1;
    slot[format_at] = b'3';
    let checksum_at = Header::parse(slot).unwrap().checksum_at;
    let sum = checksum(&slot[..checksum_at], b"new");
    slot[checksum_at..checksum_at + 64].copy_from_slice(sum.as_bytes());
    assert_eq!(current_of(&later), Err(BadSlots::LaterFormat(3)));
    assert_eq!(highest_sequence(&later), 8);
}

#[test]
fn what_does_not_fit_is_not_cut() {
    assert!(sealed(u64::MAX, NONCE, &[b'x'; SLOT_SIZE]).is_none());
    assert!(sealed(1, NONCE, &[b'x'; SLOT_SIZE - 90]).is_none());
    assert!(sealed(1, NONCE, &[b'x'; 3900]).is_some());
}

#[test]
fn a_slot_is_on_the_disk_where_the_other_one_says_so() {
    let mut file = file((7, "old"), (8, "new"));
    let (nonce, other) = ("fedcba9876543210", "0011223344556677");
    file[SLOT_SIZE..].copy_from_slice(&sealed(8, nonce, b"new").unwrap());
    for (mark, is_durable) in [(nonce, true), (other, false), (NONCE, false)] {
        file[MARK_AT..MARK_AT + NONCE_LENGTH].copy_from_slice(mark.as_bytes());
        assert_eq!(current_of(&file).map(|current| current.is_durable), Ok(is_durable), "{mark}");
        // The mark takes nothing from the slot that it stands in.
        let older = text_of_first(&file);
        assert_eq!(older, Ok(&b"old"[..]));
    }
    let last_sector = SLOT_SIZE - 512..SLOT_SIZE;
    assert!(last_sector.contains(&MARK_AT), "a sector is written as a whole");
}

/// What counts where the second slot is damaged.
fn text_of_first(file: &[u8]) -> Result<&[u8], BadSlots> {
    let first = slot_of(file, 0);
    let header = Header::parse(first).ok_or(BadSlots::Damaged)?;
    slot::text(&header, first, &checksum).ok_or(BadSlots::Damaged)
}

#[test]
fn a_second_copy_says_of_itself_that_it_is_on_the_disk() {
    let slot = sealed(3, NONCE, b"text").unwrap();
    for copies in [[marked(&slot), Content::of(&slot)], [Content::of(&slot), marked(&slot)]] {
        let file = [&copies[0][..], &copies[1][..]].concat();
        assert_eq!(current_of(&file).map(|current| current.text), Ok(&b"text"[..]));
    }
}
