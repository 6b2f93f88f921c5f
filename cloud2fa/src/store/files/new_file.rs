//! A new file in the store, whole or not at all. The directory is locked by who makes it.

use super::calls::{Calls, FileCalls, Naming};
use crate::store::StoreError;
use crate::store::error::io_error;
use nix::errno::Errno;
use std::io;
use std::path::Path;

/// The name of a file that is not complete yet. Earlier versions had something random behind it. No
/// account's name begins so.
const TEMPORARY: &str = ".new";

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
/// it gets its own, if `place` is as it is said to be. When it is on the disk with its name, it is
/// handed to `afterwards`, still locked.
pub(super) fn create<C: Calls>(
    directory: &C,
    at: &Path,
    name: &str,
    content: &[u8],
    place: Place<'_>,
    afterwards: impl FnOnce(&C::File),
) -> Result<Created, StoreError> {
    let path = at.join(name);
    let temporary = temporary_name(directory).map_err(io_error("write", &path))?;
    let named =
        write(directory, &temporary, content).map_err(io_error("write", &path)).and_then(|file| {
            match give_name(directory, &temporary, name, place) {
                Ok(()) => Ok(Some(file)),
                Err(Errno::EEXIST) => Ok(None),
                Err(errno) => Err(io_error("name", &path)(errno.into())),
            }
        });
    let file = match named {
        Ok(Some(file)) => file,
        not_named => {
            // What cannot be removed now is a leftover that the next enrolment removes.
            let _ = directory.unlink(&temporary);
            return not_named.map(|_| Created::ExistsAlready);
        }
    };
    let synchronised = directory.sync();
    match &synchronised {
        Ok(()) => afterwards(&file),
        Err(_) => take_back(directory, name, place),
    }
    // Whoever has found it meanwhile knows only now whether it stays.
    file.unlock();
    synchronised.map(|()| Created::Yes).map_err(io_error("synchronise", at))
}

/// Puts a file with `content` in the place of the one of that name, in one step.
pub(super) fn replace<C: Calls>(directory: &C, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_name(directory)?;
    let replaced = write(directory, &temporary, content)
        .and_then(|_| Ok(directory.rename(&temporary, name, Naming::Over)?));
    if replaced.is_err() {
        let _ = directory.unlink(&temporary);
    }
    replaced
}

/// A name that is free: always the same, since only the holder of the directory's lock makes a new file.
/// So what a crash has left is found without a look at all names. What nobody can remove, a directory say,
/// stands in nobody's way.
fn temporary_name<C: Calls>(directory: &C) -> io::Result<String> {
    match directory.unlink(TEMPORARY) {
        Ok(()) | Err(Errno::ENOENT) => Ok(TEMPORARY.to_owned()),
        Err(_) => {
            let random = directory.random_hex().map_err(io::Error::other)?;
            Ok(format!("{TEMPORARY}-{random}"))
        }
    }
}

/// A file with `content`, on the disk, and locked: nobody else can do anything with it yet.
fn write<C: Calls>(directory: &C, name: &str, content: &[u8]) -> io::Result<C::File> {
    let file = directory.create(name)?;
    file.write_at(content, 0)?;
    file.sync_whole()?;
    Ok(file)
}

/// Gives the new file its name. What stood there is moved aside in the same moment: without any
/// record its user would not be enrolled, and might be let in.
fn give_name<C: Calls>(
    directory: &C,
    temporary: &str,
    name: &str,
    place: Place<'_>,
) -> nix::Result<()> {
    let Place::Taken { aside } = place else { return take_free_name(directory, temporary, name) };
    match directory.rename(temporary, name, Naming::Exchange) {
        // Not all file systems know the flag (renameat2(2)). A second name for the old file, and the
        // new one over its first, leave no moment in between.
        Err(Errno::EINVAL) => {
            directory.link(name, aside)?;
            directory.rename(temporary, name, Naming::Over).inspect_err(|_| {
                let _ = directory.unlink(aside);
            })
        }
        outcome => {
            outcome?;
            // The record is whole already. What keeps the temporary name is a leftover.
            let _ = directory.rename(temporary, aside, Naming::Free);
            Ok(())
        }
    }
}

/// Gives a file in `directory` a name that is free.
fn take_free_name<C: Calls>(directory: &C, from: &str, to: &str) -> nix::Result<()> {
    match directory.rename(from, to, Naming::Free) {
        // Not all file systems know the flag (renameat2(2), EINVAL). Only the holder of the
        // directory's lock gives names, so that one that is free stays so. A second name
        // instead (link) would be left behind by a crash, and refuse logins.
        Err(Errno::EINVAL) if directory.exists(to)? => Err(Errno::EEXIST),
        Err(Errno::EINVAL) => directory.rename(from, to, Naming::Over),
        outcome => outcome,
    }
}

/// Undoes [`give_name`]: it will be told as a failure, so it must not come about.
fn take_back<C: Calls>(directory: &C, name: &str, place: Place<'_>) {
    let _ = match place {
        Place::Free => directory.unlink(name),
        // The name is never free.
        Place::Taken { aside } => directory.rename(aside, name, Naming::Over),
    };
}

/// Removes what crashes have left, of earlier versions, too.
pub(super) fn remove_leftovers<C: Calls>(directory: &C) {
    let mut leftovers = Vec::new();
    let listed = directory.each_name(&mut |name| {
        if name.starts_with(TEMPORARY) {
            leftovers.push(name.to_owned());
        }
    });
    // What is not listed now is found the next time.
    let _ = listed;
    for name in leftovers {
        let _ = directory.unlink(&name);
    }
}
