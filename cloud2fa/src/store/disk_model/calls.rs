//! The seam, on the side of the model: calls of a process, answered from what it was answered
//! before, then by the disk.

use super::disk::{Disk, Ino, NameChange, Pid};
use super::sectors::{Number, SECTOR, Sectors};
use crate::NoRandomness;
use crate::store::StoreError;
use crate::store::calls::{Access, Calls, Facts, FileCalls, Lockable, Naming, Sealing};
use crate::store::hash_lock::HashLock;
use nix::errno::Errno;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::rc::Rc;

/// Whose all files are.
pub const OWNER: u32 = 0;

/// What a process was answered.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    Failed(i32),
    File(Ino),
    Facts { links: u64, size: u64, is_open_to_others: bool },
    Sectors(Vec<Number>),
    Names(Vec<String>),
    Nonce(u64),
    Exists(bool),
}

/// What a process is about to do: between two of these others may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Opens a file.
    Open,
    /// Takes a lock.
    Lock(Option<Ino>),
    /// Changes the cache or names.
    Change,
    /// Synchronises a file.
    Sync(Ino),
    /// Synchronises the directory.
    SyncNames,
}

/// The care that is taken out, to see that its lack is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    Nothing,
    /// What is in the cache already is not written again.
    OfRewriting,
    /// Nor synchronised.
    OfSyncing,
    /// Locks hold nobody back.
    OfLocks,
    /// Names are not synchronised.
    OfNames,
}

/// The process stops here, for now.
pub struct Paused;

/// One process, from its beginning, for one step.
pub struct Run {
    pub disk: Disk,
    pub sectors: Sectors,
    pub pid: Pid,
    pub answers: Vec<Answer>,
    pub position: usize,
    /// Whether the new step was taken.
    pub stepped: bool,
    /// What the disk will be if the step is a sync that fails.
    pub failure: Option<Disk>,
    /// What comes next.
    pub next: Option<Step>,
    pub lack: Lack,
    /// Whether files can get each other's names.
    pub can_exchange: bool,
    /// Whether a process stops where it opens a file, too.
    pub stops_at_open: bool,
    /// Whether the last write changed nothing.
    pub nothing_new: bool,
    /// Nonces that other processes have.
    pub taken_nonces: BTreeSet<u64>,
}

impl Run {
    /// Whether nobody else has the lock, if the step is one; then this process has it.
    fn gets(&mut self, step: Step) -> bool {
        match step {
            Step::Lock(what) if self.lack != Lack::OfLocks => self.disk.try_lock(what, self.pid),
            _ => true,
        }
    }
}

/// The run, shared by the directory and its files.
pub type Shared = Rc<RefCell<Run>>;

/// The directory.
pub struct ModelDirectory(pub Shared);

/// A file in it.
pub struct ModelFile(Shared, Ino);

/// Answers a call: again as before, or anew.
fn call(run: &Shared, step: Option<Step>, perform: impl FnOnce(&mut Run) -> Answer) -> Answer {
    let mut now = run.borrow_mut();
    let position = now.position;
    now.position += 1;
    if let Some(answer) = now.answers.get(position) {
        return answer.clone();
    }
    if let Some(step) = step {
        if now.stepped || !now.gets(step) {
            now.next = Some(step);
            drop(now);
            resume_unwind(Box::new(Paused));
        }
        now.stepped = true;
    }
    let answer = perform(&mut now);
    now.answers.push(answer.clone());
    answer
}

fn done(answer: &Answer) -> nix::Result<()> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed(errno) => Err(Errno::from_raw(*errno)),
        _ => panic!("another call was answered"),
    }
}

fn failed(errno: Errno) -> Answer {
    Answer::Failed(errno as i32)
}

fn sync(run: &Shared, step: Step, perform: impl FnOnce(&mut Run)) -> io::Result<()> {
    let answer = call(run, Some(step), |run| {
        if let Some(disk) = run.failure.take() {
            run.disk = disk;
            return failed(Errno::EIO);
        }
        perform(run);
        Answer::Done
    });
    Ok(done(&answer)?)
}

fn while_locked<T>(
    run: &Shared,
    what: Option<Ino>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let _ = call(run, Some(Step::Lock(what)), |_| Answer::Done);
    let outcome = work();
    unlock(run, what);
    outcome
}

fn unlock(run: &Shared, what: Option<Ino>) {
    let _ = call(run, None, |run| {
        run.disk.unlock(what);
        Answer::Done
    });
}

/// The lowest number that nobody has: so that what differs in nothing but chance is the same.
fn random_hex(run: &Shared) -> String {
    let answer = call(run, None, |run| {
        let mut taken = run.taken_nonces.clone();
        run.disk.nonces(&run.sectors, &mut taken);
        taken.extend(run.answers.iter().filter_map(|answer| match answer {
            Answer::Nonce(nonce) => Some(*nonce),
            _ => None,
        }));
        let in_name = |name: &String| {
            name.rsplit('-').next().and_then(|hex| u64::from_str_radix(hex, 16).ok())
        };
        taken.extend(run.disk.names.keys().filter_map(in_name));
        let free = (0x1000_0000_0000_0000..).step_by(17).find(|nonce| !taken.contains(nonce));
        Answer::Nonce(free.expect("few are taken"))
    });
    let Answer::Nonce(nonce) = answer else { panic!("another call was answered") };
    format!("{nonce:016x}")
}

/// FNV-1a: cheap, and different for each content that comes up.
fn checksum(head: &[u8], text: &[u8]) -> String {
    let hash = head.iter().chain(text).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:064x}")
}

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
            assert!(!run.disk.names.contains_key(name));
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

    fn names(&self) -> io::Result<Vec<String>> {
        match call(&self.0, None, |run| Answer::Names(run.disk.names.keys().cloned().collect())) {
            Answer::Names(names) => Ok(names),
            _ => panic!("another call was answered"),
        }
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
