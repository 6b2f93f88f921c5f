//! The file `.store`: what makes a directory a store, in which format it is, and which index of uids
//! is complete.

use super::account_file::wrong_with;
use super::calls::{Access, Calls, Facts};
use super::new_file;
use super::system::System;
use crate::randomness::NoRandomness;
use crate::store::StoreError;
use crate::store::error::io_error;
use crate::store::fault::Unsafe;
use nix::errno::Errno;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// The file's name.
pub(super) const MARKER: &str = ".store";

/// The largest that is read. It has five lines.
const LARGEST_MARKER: u64 = 4096;

/// The format of stores without an index, which earlier versions know.
pub(super) const WITHOUT_INDEX: u64 = 1;

/// The latest format that this version knows.
const LATEST: u64 = 2;

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) format: u64,
    /// Random, of the store's making; for people.
    id: Option<String>,
    /// Which index has each enrolled record's uid, so that a uid that is not in it is no enrolled
    /// user's: the one whose link `of` says the same, if there is one. Random, and another one each time
    /// that one is made.
    pub(super) index: Option<String>,
}

/// Why a marker is not read.
#[derive(Debug, PartialEq, Eq)]
enum BadMarker {
    /// A later version's.
    LaterFormat(u64),
    /// No version's.
    Damaged,
}

impl Marker {
    /// Reads the marker of the store in `directory`, which lies at `at` and must be `owner`'s.
    pub(super) fn read(directory: &System, at: &Path, owner: u32) -> Result<Self, StoreError> {
        let path = at.join(MARKER);
        let (file, status) = loop {
            let file = match directory.open(MARKER, Access::Read) {
                Err(Errno::ENOENT) => return Err(StoreError::NotInitialised(at.to_owned())),
                outcome => outcome.map_err(io::Error::from).map_err(io_error("open", &path))?,
            };
            let status = file.metadata().map_err(io_error("examine", &path))?;
            // It has lost its name to another one since it was opened.
            if status.nlink() != 0 {
                break (file, status);
            }
        };
        let too_large = || (status.len() > LARGEST_MARKER).then_some(Unsafe::TooLarge);
        if let Some(why) = wrong_with(&Facts::from(&status), owner).or_else(too_large) {
            let remedy = "restore it from a backup of the store";
            return Err(StoreError::UnsafeStore { path, why, remedy });
        }
        let mut bytes = vec![0; usize::try_from(status.len()).unwrap_or_default()];
        file.read_exact_at(&mut bytes, 0).map_err(io_error("read", &path))?;
        Self::parse(&bytes).map_err(|bad| match bad {
            BadMarker::LaterFormat(found) => StoreError::LaterFormat { path, found },
            BadMarker::Damaged => StoreError::UnsafeStore {
                path,
                why: Unsafe::DamagedMarker,
                remedy: "restore it from a backup of the store",
            },
        })
    }

    /// A new store's. Its index is still to be made.
    pub(super) fn new() -> Result<Self, NoRandomness> {
        Ok(Self { format: LATEST, id: Some(random_id()?), index: Some(random_id()?) })
    }

    /// Of a directory that was not found to be a store.
    pub(super) fn unknown() -> Self {
        Self { format: WITHOUT_INDEX, id: None, index: None }
    }

    /// The same store's, with an index that is still to be made. Earlier versions refuse it.
    pub(super) fn with_index(&self) -> Result<Self, NoRandomness> {
        Ok(Self { format: LATEST, index: Some(random_id()?), ..self.clone() })
    }

    /// The same store's, as earlier versions know it.
    pub(super) fn without_index(&self) -> Self {
        Self { format: WITHOUT_INDEX, index: None, ..self.clone() }
    }

    /// Reads a marker. The format stands in the first line that is no comment.
    fn parse(bytes: &[u8]) -> Result<Self, BadMarker> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadMarker::Damaged)?;
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let format = lines.next().and_then(|line| line.strip_prefix("format = ")?.parse().ok());
        let format = format.ok_or(BadMarker::Damaged)?;
        if !(WITHOUT_INDEX..=LATEST).contains(&format) {
            return Err(BadMarker::LaterFormat(format));
        }
        let (mut id, mut index) = (None, None);
        for line in lines {
            let value = |key| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"');
            id = id.or_else(|| value("id").map(str::to_owned));
            index = index.or_else(|| value("index").map(str::to_owned));
        }
        let index = index.filter(|index| format > WITHOUT_INDEX && is_random_id(index));
        Ok(Self { format, id, index })
    }

    /// The file's content.
    pub(super) fn text(&self) -> String {
        let line = |key, value: &Option<String>| {
            value.as_ref().map(|value| format!("{key} = \"{value}\"\n")).unwrap_or_default()
        };
        format!(
            "# The store of cloud2fa. Without this file nobody gets in.\nformat = {}\n{}{}",
            self.format,
            line("id", &self.id),
            line("index", &self.index)
        )
    }

    /// Puts this marker in the place of the one that is there, in one step. Who makes it holds the
    /// lock of `directory`, which lies at `at`.
    pub(super) fn put(&self, directory: &impl Calls, at: &Path) -> Result<(), StoreError> {
        new_file::replace(directory, MARKER, self.text().as_bytes())
            .map_err(io_error("replace", &at.join(MARKER)))?;
        directory.sync().map_err(io_error("synchronise", at))
    }
}

/// 32 random hexadecimal digits.
fn random_id() -> Result<String, NoRandomness> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(data_encoding::HEXLOWER.encode(&id))
}

fn is_random_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_as_it_was_written() {
        let marker = Marker::new().unwrap();
        for marker in [marker.with_index().unwrap(), marker.without_index(), marker] {
            assert_eq!(Marker::parse(marker.text().as_bytes()), Ok(marker));
        }
    }

    #[test]
    fn the_marker_of_a_version_without_index_is_read_and_written_as_it_was() {
        let text =
            "# The store of cloud2fa. Without this file nobody gets in.\nformat = 1\nid = \"07\"\n";
        let marker = Marker::parse(text.as_bytes()).unwrap();
        assert_eq!(marker.index, None);
        let indexed = marker.with_index().unwrap();
        assert_eq!(indexed.without_index().text(), text);
        let index = indexed.index.clone().unwrap();
        assert_eq!(indexed.text(), text.replace('1', "2") + &format!("index = \"{index}\"\n"));
    }

    #[test]
    fn each_index_that_is_made_is_another_one() {
        let marker = Marker::new().unwrap();
        assert_ne!(marker.with_index().unwrap(), marker.with_index().unwrap());
    }

    #[test]
    fn only_what_is_said_is_complete() {
        let id = "0123456789abcdef0123456789abcdef";
        let index = |line: &str| Marker::parse(line.as_bytes()).unwrap().index;
        assert_eq!(index(&format!("format = 2\nindex = \"{id}\"\n")).as_deref(), Some(id));
        for text in [
            format!("format = 1\nindex = \"{id}\"\n"),
            format!("format = 2\nindex = {id}\n"),
            format!("format = 2\nindex = \"{}\"\n", &id[1..]),
            "format = 2\nindex = \"complete\"\n".to_owned(),
            "format = 2\nindex = \"\"\n".to_owned(),
            "format = 2\n".to_owned(),
        ] {
            assert_eq!(index(&text), None, "{text}");
        }
        for (text, bad) in [
            ("format = 3\nindex = \"07\"\n", BadMarker::LaterFormat(3)),
            ("format = 0\n", BadMarker::LaterFormat(0)),
            ("", BadMarker::Damaged),
            ("id = \"1\"\nformat = 1\n", BadMarker::Damaged),
            ("format = one\n", BadMarker::Damaged),
        ] {
            assert_eq!(Marker::parse(text.as_bytes()), Err(bad), "{text}");
        }
    }
}
