//! The uids that users have for containers, by number: `/etc/subuid` (subuid(5)). Most of them are nobody's,
//! and there are 65,536 of them for each user, who can be any of them (unshare(1), --map-auto).

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

const PATH: &str = "/etc/subuid";

/// More of the file is not read: 20,000 users.
const LONGEST: u64 = 1024 * 1024;

/// Shorter ranges do not count. Some are not for containers but hand one user's own uid on (LXD asks for
/// the line `root:1000:1`); and so few uids are no flood: each has its quota, and is asked about.
const SHORTEST: u32 = 1000;

/// The ranges as the file has them now.
#[derive(Debug, Default)]
pub struct Subordinate {
    /// First and last, by the first.
    ranges: Vec<(u32, u32)>,
    /// Which state of the file that is: inode, size, time of its last change.
    of: Option<(u64, u64, i64, i64)>,
}

impl Subordinate {
    /// Reads the file anew where it has changed. What cannot be read has no ranges: each of these uids
    /// is then one that nothing is known of.
    pub fn look(&mut self) {
        let of = std::fs::metadata(PATH)
            .map(|file| (file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
            .ok();
        if of != self.of {
            let mut text = Vec::new();
            if let Ok(file) = File::open(PATH) {
                let _ = file.take(LONGEST).read_to_end(&mut text);
            }
            *self = Self { ranges: ranges(&text), of };
        }
    }

    /// Whether one of the ranges has this uid.
    pub fn has(&self, uid: u32) -> bool {
        let behind = self.ranges.partition_point(|(first, _)| *first <= uid);
        self.ranges[..behind].last().is_some_and(|(_, last)| uid <= *last)
    }
}

/// The ranges of a file, those that touch or overlap made one. Root's uid is in none.
fn ranges(text: &[u8]) -> Vec<(u32, u32)> {
    let lines = text.split(|byte| *byte == b'\n');
    let mut ranges: Vec<_> = lines.filter_map(range).collect();
    ranges.sort_unstable();
    ranges.dedup_by(|(first, last), (_, before)| {
        let touches = *first <= before.saturating_add(1);
        *before = if touches { (*before).max(*last) } else { *before };
        touches
    });
    ranges
}

/// Of a line `name:first:count`.
fn range(line: &[u8]) -> Option<(u32, u32)> {
    let mut fields = std::str::from_utf8(line).ok()?.split(':').skip(1);
    let first: u32 = fields.next()?.parse().ok().filter(|first| *first != crate::ROOT)?;
    let count: u32 = fields.next()?.parse().ok().filter(|count| *count >= SHORTEST)?;
    fields.next().is_none().then(|| (first, first.saturating_add(count - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Subordinate {
        Subordinate { ranges: ranges(text.as_bytes()), of: None }
    }

    #[test]
    fn a_uid_is_in_a_range_from_its_first_to_its_last() {
        let subordinate = of("anna:100000:65536\nbert:300000:1000\n# no line\nroot:1000:1\n");
        for uid in [100_000, 165_535, 300_000, 300_999] {
            assert!(subordinate.has(uid), "{uid}");
        }
        for uid in [0, 1000, 99_999, 165_536, 299_999, 301_000, u32::MAX] {
            assert!(!subordinate.has(uid), "{uid}");
        }
    }

    #[test]
    fn ranges_that_lie_in_one_another_hide_nothing() {
        let subordinate = of("a:1000:9000\nb:2000:1000\nc:10000:1000\nd:4294967290:1000\n");
        assert_eq!(subordinate.ranges, [(1000, 10_999), (4_294_967_290, u32::MAX)]);
    }

    #[test]
    fn lines_that_are_none_are_left_out() {
        let text = "a:0:9999\na:1:0\na:1\na:1:2000:3\na:x:2000\na:-1:2000\n\u{e4}:5000:1000\na:5000000000:1000\n";
        assert_eq!(of(text).ranges, [(5000, 5999)]);
        assert_eq!(ranges(b"\xff:5000:5000\n"), []);
    }
}
