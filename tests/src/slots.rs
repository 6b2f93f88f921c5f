//! The account file's documented format (cloud2fa.toml(5), FILES), written a second time:
//! to copy an enrolment, and to make files that the library would never write.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

/// Bytes of a slot; a file has two.
pub const SLOT: usize = 4096;

/// The format that is written today.
pub const FORMAT: u64 = 2;

/// One that nobody knows yet.
pub const LATER_FORMAT: u64 = 3;

/// A slot with `text`, rightly sealed.
pub fn seal(format: u64, sequence: u64, text: &str) -> Vec<u8> {
    seal_with("0123456789abcdef", format, sequence, text)
}

fn seal_with(nonce: &str, format: u64, sequence: u64, text: &str) -> Vec<u8> {
    let head = format!("cloud2fa-account {format} {sequence} {} {nonce} ", text.len());
    let hash = Blake2b::<U32>::new().chain_update(&head).chain_update(text).finalize();
    let mut slot = format!("{head}{}\n{text}", data_encoding::HEXLOWER.encode(&hash));
    let end = format!("\n{nonce}");
    assert!(slot.len() + end.len() <= SLOT, "the text does not fit into a slot");
    slot.push_str(&" ".repeat(SLOT - slot.len() - end.len()));
    (slot + &end).into_bytes()
}

/// Whether a slot is what this version writes, whole.
pub fn is_whole(slot: &[u8]) -> bool {
    let nonce = str::from_utf8(slot).ok().and_then(|slot| slot.split(' ').nth(4));
    nonce.is_some_and(|nonce| {
        let (sequence, text) = newest(slot);
        nonce.len() == 16 && seal_with(nonce, FORMAT, sequence, &text) == unmarked(slot)
    })
}

/// A slot without the mark that says which other one is on the disk.
pub fn unmarked(slot: &[u8]) -> Vec<u8> {
    let mut unmarked = slot.to_vec();
    let mark = &mut unmarked[SLOT - 33..SLOT - 17];
    if mark.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        mark.fill(b' ');
    }
    unmarked
}

/// A file whose two slots are the same, the second with the mark that the first is on the disk.
pub fn file(text: &str) -> Vec<u8> {
    let mut file = seal(FORMAT, 1, text).repeat(2);
    let nonce = file[SLOT - 16..SLOT].to_vec();
    file[2 * SLOT - 33..2 * SLOT - 17].copy_from_slice(&nonce);
    file
}

/// Sequence number and text of the newer slot of `file`. Checks nothing.
pub fn newest(file: &[u8]) -> (u64, String) {
    let slots = file.chunks(SLOT).filter_map(|slot| {
        let slot = std::str::from_utf8(slot).ok()?;
        let (header, rest) = slot.split_once('\n')?;
        let mut fields = header.split(' ').skip(2);
        let sequence: u64 = fields.next()?.parse().ok()?;
        let length: usize = fields.next()?.parse().ok()?;
        Some((sequence, rest.get(..length)?.to_owned()))
    });
    slots.max_by_key(|(sequence, _)| *sequence).expect("an account file has a slot")
}

/// A record's text without the last decisions, which each evaluation adds to.
pub fn without_decisions(text: &str) -> String {
    let Some((before, rest)) = text.split_once("decisions = [\n") else { return text.to_owned() };
    let (_, after) = rest.split_once("]\n").expect("the list ends");
    format!("{before}{after}")
}
