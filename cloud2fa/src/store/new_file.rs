//! A new file in the store, whole or not at all. The directory is locked by who makes it.

use super::shield::Shield;
use super::{StoreError, io_error, random_hex};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Begins the name of a file that is not complete yet. No account's name begins so.
const TEMPORARY_PREFIX: &str = ".new-";

/// Whether a file was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Created {
    /// It was.
    Yes,
    /// Somebody else made one of that name first; theirs is untouched.
    ExistsAlready,
}

/// What stands where a new file goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// Nothing.
    Free,
    /// Something, which gets this name.
    Taken {
        /// The name.
        aside: &'a str,
    },
}

/// Makes a file with `content` in `directory`, which lies at `at`: under a temporary name, then
/// it gets its own, if `place` is as it is said to be.
pub(super) fn create(
    directory: &File,
    at: &Path,
    name: &str,
    content: &[u8],
    place: Place<'_>,
) -> Result<Created, StoreError> {
    let path = at.join(name);
    let temporary = format!("{TEMPORARY_PREFIX}{}", random_hex()?);
    let remove = |name: &str| unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
    let named = Shield::without_signal(write(directory, &temporary, content))
        .map_err(io_error("write", &path))
        .and_then(|file| match give_name(directory, &temporary, name, place) {
            Ok(()) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(io_error("name", &path)(error)),
        });
    let file = match named {
        Ok(Some(file)) => file,
        not_named => {
            // What cannot be removed now is a leftover that the next enrolment removes.
            let _ = remove(&temporary);
            return not_named.map(|_| Created::ExistsAlready);
        }
    };
    let synchronised = directory.sync_all();
    if synchronised.is_err() {
        // It will be told as a failure, so it must not come about.
        let _ = match place {
            Place::Free => remove(name),
            Place::Taken { aside } => exchange(directory, aside, name).and_then(|()| remove(aside)),
        };
    }
    // Whoever has found it meanwhile knows only now whether it stays.
    let _ = file.unlock();
    synchronised.map(|()| Created::Yes).map_err(io_error("synchronise", at))
}

/// A file with `content`, on the disk, and locked: nobody else can do anything with it yet.
fn write(directory: &File, name: &str, content: &[u8]) -> io::Result<File> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let file = File::from(openat(directory, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    file.try_lock()?;
    // The umask may have taken bits away.
    file.set_permissions(Permissions::from_mode(0o600))?;
    (&file).write_all(content)?;
    file.sync_all()?;
    Ok(file)
}

/// Gives the new file its name. What stood there is moved aside in the same moment: without any
/// record its user would not be enrolled, and might be let in.
fn give_name(directory: &File, temporary: &str, name: &str, place: Place<'_>) -> io::Result<()> {
    let Place::Taken { aside } = place else { return rename(directory, temporary, name) };
    match exchange(directory, temporary, name) {
        // Not all file systems know the flag (renameat2(2)).
        Err(Errno::EINVAL) => {
            rename(directory, name, aside)?;
            rename(directory, temporary, name).inspect_err(|_| {
                let _ = rename(directory, aside, name);
            })
        }
        outcome => {
            outcome?;
            // The record is whole already. What keeps the temporary name is a leftover.
            let _ = rename(directory, temporary, aside);
            Ok(())
        }
    }
}

/// Two files get each other's names.
fn exchange(directory: &File, one: &str, other: &str) -> nix::Result<()> {
    renameat2(directory, one, directory, other, RenameFlags::RENAME_EXCHANGE)
}

/// Gives a file in `directory` another name, if that is free.
fn rename(directory: &File, from: &str, to: &str) -> io::Result<()> {
    match renameat2(directory, from, directory, to, RenameFlags::RENAME_NOREPLACE) {
        // Not all file systems know the flag (renameat2(2), EINVAL). Only the holder of the
        // directory's lock gives names, so that one that is free stays so. A second name
        // instead (link) would be left behind by a crash, and refuse logins.
        Err(Errno::EINVAL) => match fstatat(directory, to, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(Errno::ENOENT) => Ok(renameat(directory, from, directory, to)?),
            Err(errno) => Err(errno.into()),
        },
        outcome => Ok(outcome?),
    }
}

/// Removes temporary files of enrolments that a crash has ended.
pub(super) fn remove_leftovers(directory: &File, at: &Path) {
    let Ok(entries) = std::fs::read_dir(at) else { return };
    for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        if name.starts_with(TEMPORARY_PREFIX) {
            let _ = unlinkat(directory, name.as_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}
