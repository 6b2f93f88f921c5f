//! One process of the model, from its beginning, for one step: what it was answered before it is
//! answered again, and then by the disk.

use super::disk::{Disk, Ino, Pid};
use super::sectors::{Number, Sectors};
use crate::store::StoreError;
use nix::errno::Errno;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::panic::resume_unwind;
use std::rc::Rc;

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

/// Answers a call: again as before, or anew.
pub fn call(run: &Shared, step: Option<Step>, perform: impl FnOnce(&mut Run) -> Answer) -> Answer {
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

pub fn done(answer: &Answer) -> nix::Result<()> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed(errno) => Err(Errno::from_raw(*errno)),
        _ => panic!("another call was answered"),
    }
}

pub fn failed(errno: Errno) -> Answer {
    Answer::Failed(errno as i32)
}

pub fn sync(run: &Shared, step: Step, perform: impl FnOnce(&mut Run)) -> io::Result<()> {
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

pub fn while_locked<T>(
    run: &Shared,
    what: Option<Ino>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let _ = call(run, Some(Step::Lock(what)), |_| Answer::Done);
    let outcome = work();
    unlock(run, what);
    outcome
}

pub fn unlock(run: &Shared, what: Option<Ino>) {
    let _ = call(run, None, |run| {
        run.disk.unlock(what);
        Answer::Done
    });
}

/// The lowest number that nobody has: so that what differs in nothing but chance is the same.
pub fn random_hex(run: &Shared) -> String {
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
pub fn checksum(head: &[u8], text: &[u8]) -> String {
    let hash = head.iter().chain(text).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:064x}")
}
