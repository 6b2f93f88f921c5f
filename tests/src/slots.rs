//! The account file's documented format (cloud2fa.toml(5), FILES), written a second time:
//! to copy an enrolment, and to make files that the library would never write.

use sha2::{Digest, Sha256};

/// Bytes of a slot; a file has two.
pub const SLOT: usize = 4096;

/// A slot with `text`, rightly sealed.
pub fn seal(format: u64, sequence: u64, text: &str) -> Vec<u8> {
    let head = format!("cloud2fa-account {format} {sequence} {} ", text.len());
    let tail = format!("\n{text}");
    assert!(head.len() + 64 + tail.len() + 21 <= SLOT, "the text does not fit into a slot");
    let blanks = " ".repeat(SLOT - head.len() - 64 - tail.len() - 21);
    let padding = format!("{blanks}\n{sequence:020}");
    let mut hash = Sha256::new();
    hash.update(&head);
    hash.update(&tail);
    hash.update(&padding);
    let checksum = data_encoding::HEXLOWER.encode(&hash.finalize());
    format!("{head}{checksum}{tail}{padding}").into_bytes()
}

/// A file whose two slots are the same.
pub fn file(text: &str) -> Vec<u8> {
    let slot = seal(1, 1, text);
    [&slot[..], &slot[..]].concat()
}

/// Sequence number and text of the newer slot of `file`. Checks nothing.
pub fn newest(file: &[u8]) -> (u64, String) {
    let slots = file.chunks(SLOT).filter_map(|slot| {
        let slot = std::str::from_utf8(slot).ok()?;
        let (header, rest) = slot.split_once('\n')?;
        let mut fields = header.split(' ').skip(2);
        let sequence: u64 = fields.next()?.parse().ok()?;
        let length: usize = fields.next()?.parse().ok()?;
        Some((sequence, rest[..length].to_owned()))
    });
    slots.max_by_key(|(sequence, _)| *sequence).expect("an account file has a slot")
}
