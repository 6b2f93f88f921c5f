//! The seam, on the side of the model: the directory and its files, as a process calls them.

use super::disk::{Ino, NameChange};
use super::run::{
    Answer, Lack, Run, Shared, Step, call, checksum, done, failed, random_hex, sync, unlock,
    while_locked,
};
use super::sectors::SECTOR;
use crate::randomness::NoRandomness;
use crate::store::StoreError;
use crate::store::files::calls::{Access, Calls, Facts, FileCalls, Lockable, Naming, Sealing};
use crate::store::files::hash_lock::HashLock;
use nix::errno::Errno;
use std::io;
use std::path::Path;

/// Whose all files are.
pub const OWNER: u32 = 0;

/// The directory.
pub struct ModelDirectory(pub Shared);

/// A file in it.
pub struct ModelFile(Shared, Ino);

impl Lockable for ModelDirectory {
    fn while_locked<T>(
        &self,
        _: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        while_locked(&self.0, None, work)
    }
}

impl Sealing for ModelDirectory {
    fn random_hex(&self) -> Result<String, NoRandomness> {
        Ok(random_hex(&self.0))
    }

    fn checksum(&self, head: &[u8], text: &[u8]) -> String {
        checksum(head, text)
    }
}

impl ModelDirectory {
    fn change(&self, perform: impl FnOnce(&mut Run) -> Result<(), Errno>) -> nix::Result<()> {
        done(&call(&self.0, Some(Step::Change), |run| match perform(run) {
            Ok(()) => Answer::Done,
            Err(errno) => failed(errno),
        }))
    }

    fn file(&self, answer: &Answer) -> nix::Result<ModelFile> {
        match answer {
            Answer::File(ino) => Ok(ModelFile(self.0.clone(), *ino)),
            other => Err(done(other).expect_err("it was not opened")),
        }
    }
}

impl Calls for ModelDirectory {
    type File = ModelFile;

    fn open(&self, name: &str, _: Access) -> nix::Result<ModelFile> {
        let step = self.0.borrow().stops_at_open.then_some(Step::Open);
        let answer = call(&self.0, step, |run| match run.disk.names.get(name) {
            Some(ino) => Answer::File(*ino),
            None => failed(Errno::ENOENT),
        });
        self.file(&answer)
    }

    fn create(&self, name: &str) -> io::Result<ModelFile> {
        let answer = call(&self.0, Some(Step::Change), |run| {
            assert!(!run.disk.names.contains_key(name), "the name was made free before");
            Answer::File(run.disk.create(name, run.pid))
        });
        Ok(self.file(&answer)?)
    }

    fn rename(&self, from: &str, to: &str, naming: Naming) -> nix::Result<()> {
        self.change(|run| {
            let names = &run.disk.names;
            let this = *names.get(from).ok_or(Errno::ENOENT)?;
            let other = names.get(to).copied();
            let moved = NameChange::Set(to.to_owned(), this);
            let rest = match (naming, other) {
                (Naming::Free, Some(_)) => return Err(Errno::EEXIST),
                (Naming::Exchange, _) if !run.can_exchange => return Err(Errno::EINVAL),
                (Naming::Exchange, None) => return Err(Errno::ENOENT),
                (Naming::Exchange, Some(other)) => NameChange::Set(from.to_owned(), other),
                (Naming::Free | Naming::Over, _) => NameChange::Gone(from.to_owned()),
            };
            run.disk.rename(vec![rest, moved]);
            Ok(())
        })
    }

    fn link(&self, from: &str, to: &str) -> nix::Result<()> {
        self.change(|run| {
            let ino = *run.disk.names.get(from).ok_or(Errno::ENOENT)?;
            if run.disk.names.contains_key(to) {
                return Err(Errno::EEXIST);
            }
            run.disk.rename(vec![NameChange::Set(to.to_owned(), ino)]);
            Ok(())
        })
    }

    fn unlink(&self, name: &str) -> nix::Result<()> {
        self.change(|run| {
            run.disk.names.get(name).ok_or(Errno::ENOENT)?;
            run.disk.rename(vec![NameChange::Gone(name.to_owned())]);
            Ok(())
        })
    }

    fn exists(&self, name: &str) -> nix::Result<bool> {
        match call(&self.0, None, |run| Answer::Exists(run.disk.names.contains_key(name))) {
            Answer::Exists(exists) => Ok(exists),
            _ => panic!("another call was answered"),
        }
    }

    fn each_name(&self, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        match call(&self.0, None, |run| Answer::Names(run.disk.names.keys().cloned().collect())) {
            Answer::Names(names) => names.iter().for_each(|name| each(name)),
            _ => panic!("another call was answered"),
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        sync(&self.0, Step::SyncNames, |run| {
            if run.lack != Lack::OfNames {
                run.disk.sync_names();
            }
        })
    }
}

impl Lockable for ModelFile {
    fn while_locked<T>(
        &self,
        _: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        while_locked(&self.0, Some(self.1), work)
    }
}

impl Sealing for ModelFile {
    fn random_hex(&self) -> Result<String, NoRandomness> {
        Ok(random_hex(&self.0))
    }

    fn checksum(&self, head: &[u8], text: &[u8]) -> String {
        checksum(head, text)
    }
}

impl FileCalls for ModelFile {
    fn facts(&self) -> io::Result<Facts> {
        let answer = call(&self.0, None, |run| {
            let inode = &run.disk.inodes[self.1];
            let size = (inode.cache.len() * SECTOR) as u64;
            let is_open_to_others = inode.is_open_to_others;
            Answer::Facts { links: run.disk.links(self.1), size, is_open_to_others }
        });
        let Answer::Facts { links, size, is_open_to_others } = answer else {
            panic!("another call was answered")
        };
        let mode = if is_open_to_others { 0o644 } else { 0o600 };
        Ok(Facts { is_regular: true, owner: OWNER, mode, links, size })
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        assert_eq!((offset, buffer.len() % SECTOR), (0, 0), "a file is read whole");
        let answer = call(&self.0, None, |run| {
            let cache = &run.disk.inodes[self.1].cache;
            Answer::Sectors(cache[..cache.len().min(buffer.len() / SECTOR)].to_vec())
        });
        let Answer::Sectors(numbers) = answer else { panic!("another call was answered") };
        let read = numbers.len() * SECTOR;
        let sectors = self.0.borrow().sectors.clone();
        sectors.copy(&numbers, &mut buffer[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let answer = call(&self.0, Some(Step::Change), |run| {
            let offset = usize::try_from(offset).unwrap();
            let sectors = run.sectors.clone();
            let mut written = run.disk.clone();
            run.nothing_new = !written.write(&sectors, self.1, bytes, offset);
            let is_left_out =
                matches!(run.lack, Lack::OfRewriting | Lack::OfSyncing) && run.nothing_new;
            if !is_left_out {
                run.disk = written;
            }
            Answer::Done
        });
        Ok(done(&answer)?)
    }

    fn sync(&self) -> io::Result<()> {
        sync(&self.0, Step::Sync(self.1), |run| {
            if !(run.nothing_new && run.lack == Lack::OfSyncing) {
                run.disk.sync(self.1);
            }
        })
    }

    fn sync_whole(&self) -> io::Result<()> {
        FileCalls::sync(self)
    }

    fn set_size(&self, _: u64) -> io::Result<()> {
        panic!("no file of the model has a wrong size")
    }

    fn unlock(&self) {
        unlock(&self.0, Some(self.1));
    }

    fn while_hashing<T>(
        &self,
        _: HashLock,
        _: &Path,
        _: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        panic!("no backup code is typed in the model")
    }
}
