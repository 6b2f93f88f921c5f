//! The file of a configuration: opened, checked as what is open, read; and what it means where
//! there is none.

use super::error::ConfigError;
use nix::fcntl::OFlag;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A configuration is a page of text; more is a mistake.
const LARGEST_FILE: u64 = 64 * 1024;

/// Opens without waiting for anybody (a FIFO would), then checks what is open; whose it is, too,
/// where there is an `owner`.
pub(super) fn read_checked(path: &Path, owner: Option<u32>) -> Result<String, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ConfigError::Missing(path.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let status = file.metadata().map_err(unreadable)?;
    let unsafe_because = |why| Err(ConfigError::Unsafe(path.to_owned(), why));
    if !status.is_file() {
        return unsafe_because("is not a regular file");
    }
    if owner.is_some_and(|owner| status.uid() != owner) {
        return unsafe_because("does not belong to root; chown it to root");
    }
    if owner.is_some() && status.mode() & 0o022 != 0 {
        return unsafe_because("may be written by others than its owner; chmod it to 0644");
    }
    if status.len() > LARGEST_FILE {
        return unsafe_because("is larger than 64 KiB");
    }
    let mut text = String::with_capacity(usize::try_from(status.len()).unwrap_or_default());
    (&file).take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Refuses where the file at `path`, which was not found, is elsewhere: a symbolic link stands in
/// its place or its directory's, and what that leads to may be on a volume that is not mounted.
pub(super) fn must_not_lead_away(path: &Path) -> Result<(), ConfigError> {
    for place in [Some(path), path.parent()].into_iter().flatten() {
        match place.symlink_metadata() {
            Ok(status) if status.is_symlink() => {
                return Err(ConfigError::LeadsAway(path.to_owned(), place.to_owned()));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(ConfigError::Unreadable(place.to_owned(), error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_that_leads_to_no_file_is_not_no_file() {
        let home = tempfile::tempdir().unwrap();
        let (etc, elsewhere) = (home.path().join("etc"), home.path().join("volume"));
        let path = etc.join("cloud2fa.toml");
        let leads_away = || must_not_lead_away(&path).unwrap_err().to_string();
        assert!(must_not_lead_away(&path).is_ok(), "there is not even a directory");
        std::fs::create_dir(&etc).unwrap();
        assert!(must_not_lead_away(&path).is_ok());
        symlink(elsewhere.join("cloud2fa.toml"), &path).unwrap();
        assert!(leads_away().contains(&format!("{} is a symbolic link", path.display())));
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_dir(&etc).unwrap();
        symlink(&elsewhere, &etc).unwrap();
        assert!(leads_away().contains(&format!("{} is a symbolic link", etc.display())));
        // The place where a volume would be mounted.
        std::fs::create_dir(&elsewhere).unwrap();
        assert!(leads_away().contains(&format!("{} is a symbolic link", etc.display())));
    }
}
