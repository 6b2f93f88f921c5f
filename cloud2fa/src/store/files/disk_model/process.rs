//! A process that runs the store's code a step at a time. What it holds in memory follows from what
//! it was answered, so it is run from its beginning each time, with the same answers, and one more.

use super::calls::{ModelDirectory, OWNER};
use super::disk::{Disk, Ino, Pid};
use super::run::{Answer, Lack, Paused, Run, Shared, Step};
use super::sectors::Sectors;
use crate::account::{Account, Enrolment, Generation, SpentCodes, Usage};
use crate::answer::Answer as Typed;
use crate::attempt::Attempt;
use crate::backup_codes::{BackupCodeSet, CodeHash, HashMemory, HashRecipe};
use crate::decide::{Purpose, Verdict};
use crate::history::Origin;
use crate::rules::Rules;
use crate::store::files::FileStore;
use crate::store::{Basis, Challenge, StoreError};
use crate::time::UnixTime;
use crate::totp::{Secret, TimeStep};
use crate::user::{User, UserName};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// Now. Nothing here takes time.
pub const NOW: UnixTime = UnixTime(1_764_000_015);

/// Steps either side: enough codes for as many logins as come up.
pub const SKEW: u64 = 4;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Logs in with the code of this step.
    Login(u64),
    /// Makes the first enrolment.
    Enrol,
    /// Turns the second factor off.
    Disable,
    /// Enrols anew where the record is open to others.
    Replace,
}

/// What became of it.
#[derive(Debug)]
pub enum Outcome {
    Accepted(u64),
    Refused,
    NotEnrolled,
    Changed(Task),
    Failed(StoreError),
}

/// A process.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Process {
    pub task: Option<Task>,
    answers: Vec<Answer>,
    nothing_new: bool,
    /// What it does next.
    pub next: Option<Step>,
}

/// How the machine of a scenario is.
#[derive(Clone)]
pub struct Machine {
    pub sectors: Sectors,
    pub lack: Lack,
    pub can_exchange: bool,
    pub stops_at_open: bool,
}

impl Process {
    /// Begins with a task; the first step is not taken yet.
    pub fn begin(task: Task) -> Self {
        Self { task: Some(task), ..Self::default() }
    }

    /// The nonces that it has drawn and may not have written.
    pub fn nonces(&self, found: &mut BTreeSet<u64>) {
        found.extend(self.answers.iter().filter_map(|answer| match answer {
            Answer::Nonce(nonce) => Some(*nonce),
            _ => None,
        }));
    }

    /// Takes a step. `failure`: what the disk will be if the step is a sync, which fails then.
    /// Gives the outcome if that was the last one.
    pub fn step(
        &mut self,
        machine: &Machine,
        disk: &mut Disk,
        pid: Pid,
        taken_nonces: BTreeSet<u64>,
        failure: Option<Disk>,
    ) -> Option<Outcome> {
        let task = self.task.expect("it does something");
        let run = Run {
            disk: std::mem::take(disk),
            sectors: machine.sectors.clone(),
            pid,
            answers: std::mem::take(&mut self.answers),
            position: 0,
            stepped: false,
            failure,
            next: None,
            lack: machine.lack,
            can_exchange: machine.can_exchange,
            stops_at_open: machine.stops_at_open,
            nothing_new: self.nothing_new,
            taken_nonces,
        };
        let run: Shared = Rc::new(RefCell::new(run));
        let outcome = catch_unwind(AssertUnwindSafe(|| perform(task, &run)));
        let run = Rc::into_inner(run).expect("the store is gone").into_inner();
        *disk = run.disk;
        match outcome {
            Ok(outcome) => {
                *self = Self::default();
                disk.unlock_all_of(pid);
                Some(outcome)
            }
            Err(payload) if payload.is::<Paused>() => {
                (self.answers, self.nothing_new, self.next) =
                    (run.answers, run.nothing_new, run.next);
                None
            }
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// The record of alice as the disk has it now, by the store's own code.
pub fn record(machine: &Machine, disk: &Disk) -> Result<Option<Account>, StoreError> {
    let run = Run {
        disk: disk.clone(),
        sectors: machine.sectors.clone(),
        pid: Pid::MAX,
        answers: Vec::new(),
        position: 0,
        stepped: false,
        failure: None,
        next: None,
        lack: Lack::Nothing,
        can_exchange: true,
        stops_at_open: false,
        nothing_new: false,
        taken_nonces: BTreeSet::new(),
    };
    store(&Rc::new(RefCell::new(run))).record_of(&alice().name)
}

fn store(run: &Shared) -> FileStore<ModelDirectory> {
    let rules = Rules { skew: SKEW, ..Rules::default() };
    FileStore::on(ModelDirectory(run.clone()), OWNER, rules, Box::new(NoMemory))
}

fn perform(task: Task, run: &Shared) -> Outcome {
    let mut store = store(run);
    let done = match task {
        Task::Login(step) => {
            return login(&mut store, step).unwrap_or_else(Outcome::Failed);
        }
        Task::Enrol => store.put(&alice(), &Basis::Nothing, |usage| Ok(enrolled(usage))),
        Task::Disable => store.challenge_here(&alice(), &|| NOW).and_then(|challenge| {
            let seen = challenge.seen().cloned();
            let basis = seen.map_or(Basis::Nothing, Basis::Generation);
            store.put(&alice(), &basis, |usage| Ok(disabled(usage)))
        }),
        Task::Replace => store.put(&alice(), &Basis::Unusable, |usage| Ok(enrolled(usage))),
    };
    done.map_or_else(Outcome::Failed, |_| Outcome::Changed(task))
}

fn login(store: &mut FileStore<ModelDirectory>, step: u64) -> Result<Outcome, StoreError> {
    let Challenge::Ask(seen) = store.challenge_here(&alice(), &|| NOW)? else {
        return Ok(Outcome::NotEnrolled);
    };
    let answer = Typed::Token(secret().token_at(TimeStep(step)));
    let (user, purpose, origin) = (&alice(), Purpose::Login, &Origin::own());
    let attempt = Attempt { user, seen: &seen, answer: &answer, purpose, origin };
    let verdict = store.verify_here(&attempt, &|| NOW)?;
    let accepted = matches!(verdict, Verdict::Accepted { .. });
    Ok(if accepted { Outcome::Accepted(step) } else { Outcome::Refused })
}

fn alice() -> User {
    User { name: UserName::new("alice").unwrap(), uid: 1000 }
}

/// The steps of its window show different codes.
fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

/// The first step of the window: it has proven the enrolment.
pub fn proof() -> u64 {
    TimeStep::of(NOW).0 - SKEW
}

/// With the usage that a new enrolment has.
fn enrolled(usage: Usage) -> Account {
    let recipe = HashRecipe::from_parts(8, 1, &[7; 16]).unwrap();
    let hashes = (0..8).map(|byte| CodeHash::from_bytes(&[byte; 32]).unwrap()).collect();
    let backup_codes = BackupCodeSet::from_parts(recipe, hashes).unwrap();
    let enrolment = Some(Enrolment::new(secret(), NOW, "root", backup_codes));
    let last_step_at = Some(TimeStep(proof()).start());
    let usage = Usage { last_step_at, spent: SpentCodes::default(), ..usage };
    Account { generation: generation('1'), enrolment, usage, ..Account::empty(alice()).unwrap() }
}

fn disabled(usage: Usage) -> Account {
    Account { generation: generation('2'), usage, ..Account::empty(alice()).unwrap() }
}

fn generation(digit: char) -> Generation {
    Generation::from_hex(&digit.to_string().repeat(32)).unwrap()
}

/// No backup code is hashed.
struct NoMemory;

impl HashMemory for NoMemory {
    fn blocks(&mut self, _: usize) -> Option<&mut [argon2::Block]> {
        panic!("took memory")
    }
    fn release(&mut self) {
        panic!("gave memory back")
    }
}

/// A file of the machine's that others may open: an unsafe record.
pub fn open_to_others(disk: &mut Disk, ino: Ino) {
    disk.inodes[ino].is_open_to_others = true;
}
