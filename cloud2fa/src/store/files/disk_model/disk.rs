//! The machine: files of sectors in a cache and on a disk, names, locks, and what befalls them.

use super::sectors::{Number, SECTOR, Sectors};
use std::collections::{BTreeMap, BTreeSet};

/// Which process.
pub type Pid = usize;

/// A file.
pub type Ino = usize;

/// A file's sectors.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Inode {
    /// As processes see them.
    pub cache: Vec<Number>,
    /// As they are after a power cut.
    pub disk: Vec<Number>,
    /// Which of the cache are to be written still.
    dirty: BTreeSet<usize>,
    lock: Option<Pid>,
    /// Whether others than root may open it.
    pub is_open_to_others: bool,
}

impl Inode {
    /// The dirty sectors that differ from what is on the disk: the others are there already.
    fn pending(&self) -> Vec<usize> {
        let differs = |at: &usize| self.disk.get(*at) != self.cache.get(*at);
        self.dirty.iter().copied().filter(differs).collect()
    }

    fn bring_to_disk(&mut self, sectors: &[usize]) {
        for at in sectors {
            if self.disk.len() <= *at {
                // A hole reads as zeros; number 0 is the sector of zeros.
                self.disk.resize(at + 1, 0);
            }
            self.disk[*at] = self.cache[*at];
        }
    }
}

/// A change of names that may be lost in a power cut.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum NameChange {
    Set(String, Ino),
    Gone(String),
}

/// The machine's state.
#[derive(Clone, Default)]
pub struct Disk {
    pub inodes: Vec<Inode>,
    pub names: BTreeMap<String, Ino>,
    durable_names: BTreeMap<String, Ino>,
    /// In order: a journal keeps the beginning of it, whatever it loses.
    unsynced: Vec<Vec<NameChange>>,
    directory_lock: Option<Pid>,
}

impl std::hash::Hash for Disk {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.inodes, &self.names, &self.durable_names).hash(state);
        (&self.unsynced, self.directory_lock).hash(state);
    }
}

impl Disk {
    /// How many names a file has.
    pub fn links(&self, ino: Ino) -> u64 {
        self.names.values().filter(|named| **named == ino).count() as u64
    }

    /// Changes names, all in one moment.
    pub fn rename(&mut self, changes: Vec<NameChange>) {
        apply(&mut self.names, &changes);
        self.unsynced.push(changes);
    }

    /// A new file of that name.
    pub fn create(&mut self, name: &str, pid: Pid) -> Ino {
        self.inodes.push(Inode { lock: Some(pid), ..Inode::default() });
        let ino = self.inodes.len() - 1;
        self.rename(vec![NameChange::Set(name.to_owned(), ino)]);
        ino
    }

    /// Brings all names to the disk.
    pub fn sync_names(&mut self) {
        self.durable_names.clone_from(&self.names);
        self.unsynced.clear();
    }

    /// Writes into the cache. Says whether that changed anything.
    pub fn write(&mut self, sectors: &Sectors, ino: Ino, bytes: &[u8], offset: usize) -> bool {
        let inode = &mut self.inodes[ino];
        let length = (offset + bytes.len()).div_ceil(SECTOR).max(inode.cache.len());
        inode.cache.resize(length, 0);
        let before = inode.cache.clone();
        let mut content = vec![0; length * SECTOR];
        sectors.copy(&inode.cache, &mut content);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        let touched = offset / SECTOR..(offset + bytes.len()).div_ceil(SECTOR);
        for at in touched {
            inode.cache[at] = sectors.number(&content[at * SECTOR..][..SECTOR]);
            inode.dirty.insert(at);
        }
        inode.cache != before
    }

    /// Brings a file's content to the disk.
    pub fn sync(&mut self, ino: Ino) {
        let inode = &mut self.inodes[ino];
        inode.bring_to_disk(&inode.pending());
        inode.dirty.clear();
    }

    /// All that can be left where the disk fails in the middle of that: some sectors are there, and
    /// the kernel counts all of them as clean.
    pub fn failed_syncs(&self, ino: Ino) -> Vec<Self> {
        let written = subsets(&self.inodes[ino].pending());
        let failed = written.into_iter().map(|written| {
            let mut failed = self.clone();
            failed.inodes[ino].bring_to_disk(&written);
            failed.inodes[ino].dirty.clear();
            failed
        });
        failed.collect()
    }

    /// All that can be left after the power was cut.
    pub fn power_cuts(&self) -> Vec<Self> {
        let mut machines = vec![self.clone()];
        for (ino, inode) in self.inodes.iter().enumerate() {
            let written = subsets(&inode.pending());
            let grown = machines.into_iter().flat_map(|machine| {
                written.iter().map(move |written| {
                    let mut machine = machine.clone();
                    machine.inodes[ino].bring_to_disk(written);
                    machine
                })
            });
            machines = grown.collect();
        }
        let kept = machines.into_iter().flat_map(|machine| {
            (0..=machine.unsynced.len()).map(move |kept| machine.clone().restarted(kept))
        });
        kept.collect()
    }

    /// The machine after a restart, with the first `kept` changes of names.
    fn restarted(mut self, kept: usize) -> Self {
        self.unsynced[..kept].iter().for_each(|changes| apply(&mut self.durable_names, changes));
        self.names.clone_from(&self.durable_names);
        self.unsynced.clear();
        self.directory_lock = None;
        for inode in &mut self.inodes {
            inode.cache.clone_from(&inode.disk);
            inode.dirty.clear();
            inode.lock = None;
        }
        self
    }

    /// What the cache holds of a file and the kernel counts as clean is read from the disk again.
    pub fn forgets(&self, ino: Ino) -> Option<Self> {
        let inode = &self.inodes[ino];
        let clean = |at: &usize| !inode.dirty.contains(at);
        let gone: Vec<_> = (0..inode.cache.len())
            .filter(|at| inode.disk.get(*at) != inode.cache.get(*at))
            .filter(clean)
            .collect();
        if gone.is_empty() {
            return None;
        }
        let mut forgetful = self.clone();
        for at in gone {
            forgetful.inodes[ino].cache[at] = inode.disk.get(at).copied().unwrap_or(0);
        }
        Some(forgetful)
    }

    /// Takes the lock on a file, or on the directory, if nobody else has it.
    pub fn try_lock(&mut self, what: Option<Ino>, pid: Pid) -> bool {
        let lock = self.lock_of(what);
        let is_free = lock.is_none_or(|holder| holder == pid);
        if is_free {
            *lock = Some(pid);
        }
        is_free
    }

    pub fn unlock(&mut self, what: Option<Ino>) {
        *self.lock_of(what) = None;
    }

    /// The kernel does that when a process ends.
    pub fn unlock_all_of(&mut self, pid: Pid) {
        let locks = self.inodes.iter_mut().map(|inode| &mut inode.lock);
        for lock in locks.chain([&mut self.directory_lock]) {
            *lock = lock.filter(|holder| *holder != pid);
        }
    }

    fn lock_of(&mut self, what: Option<Ino>) -> &mut Option<Pid> {
        match what {
            Some(ino) => &mut self.inodes[ino].lock,
            None => &mut self.directory_lock,
        }
    }

    /// The nonces in all sectors.
    pub fn nonces(&self, sectors: &Sectors, found: &mut BTreeSet<u64>) {
        for inode in &self.inodes {
            sectors.nonces(&inode.cache, found);
            sectors.nonces(&inode.disk, found);
        }
    }
}

fn apply(names: &mut BTreeMap<String, Ino>, changes: &[NameChange]) {
    for change in changes {
        match change {
            NameChange::Set(name, ino) => names.insert(name.clone(), *ino),
            NameChange::Gone(name) => names.remove(name),
        };
    }
}

/// All subsets; of a new file's many sectors those that a write from the beginning leaves.
fn subsets(of: &[usize]) -> Vec<Vec<usize>> {
    const MANY: usize = 10;
    if of.len() > MANY {
        return (0..=of.len()).map(|written| of[..written].to_vec()).collect();
    }
    let chosen = |bits: u32| {
        let members = of.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0);
        members.map(|(_, member)| *member).collect()
    };
    (0..1_u32 << of.len()).map(chosen).collect()
}
