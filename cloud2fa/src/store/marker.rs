//! The file `.store`: what makes a directory a store, in which format it is, and whether the index
//! of uids is complete.

use super::calls::{Calls, Naming};
use super::new_file::{self, TEMPORARY_PREFIX};
use super::{StoreError, io_error};
use crate::NoRandomness;
use std::path::Path;

/// The file's name.
pub(super) const MARKER: &str = ".store";

/// The largest that is read. It has five lines.
pub(super) const LARGEST_MARKER: u64 = 4096;

/// The format of stores without an index, which earlier versions know.
pub(super) const WITHOUT_INDEX: u64 = 1;

/// The latest format that this version knows.
const LATEST: u64 = 2;

/// What is said where the index is complete.
const COMPLETE: &str = "index = \"complete\"\n";

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) format: u64,
    /// Random, of the store's making; for people.
    id: Option<String>,
    /// Whether each enrolled record's uid is in the index, so that a uid that is not in it is no
    /// enrolled user's.
    pub(super) index_is_complete: bool,
}

/// Why a marker is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadMarker {
    /// A later version's.
    LaterFormat(u64),
    /// No version's.
    Damaged,
}

impl Marker {
    /// A new store's.
    pub(super) fn new(index_is_complete: bool) -> Result<Self, NoRandomness> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = Some(data_encoding::HEXLOWER.encode(&id));
        Ok(Self { format: LATEST, id, index_is_complete })
    }

    /// Of a directory that was not found to be a store.
    pub(super) fn unknown() -> Self {
        Self { format: WITHOUT_INDEX, id: None, index_is_complete: false }
    }

    /// The same store's, with a complete index.
    pub(super) fn completed(&self) -> Self {
        Self { format: LATEST, index_is_complete: true, ..self.clone() }
    }

    /// The same store's, with an index that does not count yet. Earlier versions refuse it.
    pub(super) fn incomplete(&self) -> Self {
        Self { format: LATEST, index_is_complete: false, ..self.clone() }
    }

    /// The same store's, as earlier versions know it.
    pub(super) fn without_index(&self) -> Self {
        Self { format: WITHOUT_INDEX, index_is_complete: false, ..self.clone() }
    }

    /// Reads a marker. The format stands in the first line that is no comment.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadMarker> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadMarker::Damaged)?;
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let format = lines.next().and_then(|line| line.strip_prefix("format = ")?.parse().ok());
        let format = format.ok_or(BadMarker::Damaged)?;
        if !(WITHOUT_INDEX..=LATEST).contains(&format) {
            return Err(BadMarker::LaterFormat(format));
        }
        let (mut id, mut index_is_complete) = (None, false);
        for line in lines {
            let quoted = line.strip_prefix("id = \"").and_then(|rest| rest.strip_suffix('"'));
            id = id.or_else(|| quoted.map(str::to_owned));
            index_is_complete |= format > WITHOUT_INDEX && line == COMPLETE.trim_end();
        }
        Ok(Self { format, id, index_is_complete })
    }

    /// The file's content.
    pub(super) fn text(&self) -> String {
        let id = self.id.as_ref().map(|id| format!("id = \"{id}\"\n")).unwrap_or_default();
        let complete = if self.index_is_complete { COMPLETE } else { "" };
        format!(
            "# The store of cloud2fa. Without this file nobody gets in.\nformat = {}\n{id}{complete}",
            self.format
        )
    }

    /// Puts this marker in the place of the one that is there, in one step. Who makes it holds the
    /// lock of `directory`, which lies at `at`.
    pub(super) fn put(&self, directory: &impl Calls, at: &Path) -> Result<(), StoreError> {
        // What a crash leaves, an enrolment removes.
        let temporary = format!("{TEMPORARY_PREFIX}{}", directory.random_hex()?);
        let put = new_file::write(directory, &temporary, self.text().as_bytes())
            .and_then(|_| Ok(directory.rename(&temporary, MARKER, Naming::Over)?));
        if let Err(error) = put {
            let _ = directory.unlink(&temporary);
            return Err(io_error("replace", &at.join(MARKER))(error));
        }
        directory.sync().map_err(io_error("synchronise", at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_as_it_was_written() {
        for complete in [false, true] {
            let marker = Marker::new(complete).unwrap();
            for marker in [marker.clone(), marker.completed(), marker.without_index()] {
                assert_eq!(Marker::parse(marker.text().as_bytes()), Ok(marker));
            }
        }
    }

    #[test]
    fn the_marker_of_a_version_without_index_is_read_and_written_as_it_was() {
        let text =
            "# The store of cloud2fa. Without this file nobody gets in.\nformat = 1\nid = \"07\"\n";
        let marker = Marker::parse(text.as_bytes()).unwrap();
        assert!(!marker.index_is_complete);
        assert_eq!(marker.completed().without_index().text(), text);
        let completed = text.replace('1', "2") + "index = \"complete\"\n";
        assert_eq!(marker.completed().text(), completed);
    }

    #[test]
    fn only_what_is_said_is_complete() {
        for text in [
            "format = 1\nindex = \"complete\"\n",
            "format = 2\nindex = \"building\"\n",
            "format = 2\n",
        ] {
            assert!(!Marker::parse(text.as_bytes()).unwrap().index_is_complete, "{text}");
        }
        for (text, bad) in [
            ("format = 3\nindex = \"complete\"\n", BadMarker::LaterFormat(3)),
            ("format = 0\n", BadMarker::LaterFormat(0)),
            ("", BadMarker::Damaged),
            ("id = \"1\"\nformat = 1\n", BadMarker::Damaged),
            ("format = one\n", BadMarker::Damaged),
        ] {
            assert_eq!(Marker::parse(text.as_bytes()), Err(bad), "{text}");
        }
    }
}
