//! All sequences of events, up to a number of them. What has been seen is remembered by its hash.

use super::disk::{Disk, Pid};
use super::process::{Machine, Outcome, Process, Task, open_to_others, proof, record};
use super::run::{Lack, Step};
use super::sectors::{SECTOR, Sectors};
use crate::store::StoreError;
use crate::totp::TimeStep;
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The tasks of the two processes, each again when it is done. `None` is a login with the next code.
    pub tasks: [Option<Task>; 2],
    /// What is there at the beginning.
    pub begin: Begin,
    pub lack: Lack,
    pub can_exchange: bool,
}

/// The record at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    Nothing,
    Enrolled,
    /// There, but its name is not on the disk: who enrolled was killed.
    Unnamed,
    /// Others than root may open it.
    Unsafe,
}

/// A state of everything.
#[derive(Clone, Hash)]
pub struct World {
    pub disk: Disk,
    pub processes: [Process; 2],
    /// What was answered, and must not be forgotten.
    answered: Answered,
}

#[derive(Clone, Hash, Default)]
struct Answered {
    /// The last step that was accepted.
    step: u64,
    enrolled: bool,
    disabled: bool,
    /// Whether somebody has begun to disable.
    disabling: bool,
    /// How many have begun to enrol, and how many of them were told that it has failed.
    enrolling: u8,
    failed: u8,
}

/// What can happen.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "a path is shown where something is wrong")]
pub enum Event {
    Begin(Pid, Task),
    Step(Pid, Step),
    /// The step is a sync, and fails; which of the outcomes.
    Fails(Pid, usize),
    Kill(Pid),
    PowerCut(usize),
    Forgets(usize),
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A process begins or goes on.
    GoesOn(Pid),
    Fails,
    Kill,
    PowerCut,
    Forgets,
}

impl Kind {
    pub fn is_rare(self) -> bool {
        !matches!(self, Self::GoesOn(_))
    }
}

impl Event {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Begin(pid, _) | Self::Step(pid, _) => Kind::GoesOn(*pid),
            Self::Fails(..) => Kind::Fails,
            Self::Kill(_) => Kind::Kill,
            Self::PowerCut(_) => Kind::PowerCut,
            Self::Forgets(_) => Kind::Forgets,
        }
    }

    /// Whether what is on the disk is all that is left.
    pub fn restarts(&self) -> bool {
        matches!(self, Self::PowerCut(_))
    }
}

/// Why a state must not be.
pub type Wrong = String;

/// A world that came of an event, or what is wrong with it.
pub type Next = (Event, Result<World, Wrong>);

/// What a search has found.
pub struct Found {
    pub states: usize,
    pub accepted: usize,
    pub wrong: Option<(Wrong, Vec<Event>)>,
}

impl Scenario {
    pub fn machine(&self) -> Machine {
        let sectors = Sectors::default();
        assert_eq!(sectors.number(&[0; SECTOR]), 0);
        Machine {
            sectors,
            lack: self.lack,
            can_exchange: self.can_exchange,
            stops_at_open: matches!(self.begin, Begin::Nothing | Begin::Unsafe),
        }
    }

    pub fn begin(&self, machine: &Machine) -> World {
        let (disk, processes) = (Disk::default(), Default::default());
        let mut world = World { disk, processes, answered: Answered::default() };
        if self.begin != Begin::Nothing {
            let mut process = Process::begin(Task::Enrol);
            while process.step(machine, &mut world.disk, 0, BTreeSet::new(), None).is_none() {
                if self.begin == Begin::Unnamed && process.next == Some(Step::SyncNames) {
                    world.disk.unlock_all_of(0);
                    world.answered.step = proof();
                    return world;
                }
            }
            world.disk.sync(0);
            world.answered = Answered { step: proof(), enrolled: true, ..Answered::default() };
        }
        if self.begin == Begin::Unsafe {
            open_to_others(&mut world.disk, 0);
            world.answered.enrolled = false;
        }
        world
    }
}

impl World {
    /// All that can happen next.
    pub fn next(&self, scenario: &Scenario, machine: &Machine) -> Vec<Next> {
        let mut next = Vec::new();
        for pid in 0..2 {
            self.next_of(pid, scenario, machine, &mut next);
        }
        for (number, disk) in self.disk.power_cuts().into_iter().enumerate() {
            let cut = Self { disk, processes: Default::default(), answered: self.answered.clone() };
            next.push((Event::PowerCut(number), Ok(cut)));
        }
        for ino in 0..self.disk.inodes.len() {
            if let Some(disk) = self.disk.forgets(ino) {
                next.push((Event::Forgets(ino), Ok(Self { disk, ..self.clone() })));
            }
        }
        next
    }

    fn next_of(&self, pid: Pid, scenario: &Scenario, machine: &Machine, next: &mut Vec<Next>) {
        let process = &self.processes[pid];
        let Some(step) = process.next else {
            let task =
                scenario.tasks[pid].unwrap_or(Task::Login(self.answered.step.max(proof()) + 1));
            let mut begun = self.clone();
            begun.processes[pid] = Process::begin(task);
            begun.answered.disabling |= task == Task::Disable;
            begun.answered.enrolling += u8::from(task == Task::Enrol);
            next.push((Event::Begin(pid, task), begun.step(pid, None, scenario, machine)));
            return;
        };
        let mut killed = self.clone();
        killed.processes[pid] = Process::default();
        killed.disk.unlock_all_of(pid);
        next.push((Event::Kill(pid), Ok(killed)));
        if let Step::Lock(what) = step
            && scenario.lack != Lack::OfLocks
            && !self.disk.clone().try_lock(what, pid)
        {
            return;
        }
        next.push((Event::Step(pid, step), self.clone().step(pid, None, scenario, machine)));
        let failures = match step {
            Step::Sync(ino) => self.disk.failed_syncs(ino),
            Step::SyncNames => vec![self.disk.clone()],
            _ => Vec::new(),
        };
        for (number, failure) in failures.into_iter().enumerate() {
            let failed = self.clone().step(pid, Some(failure), scenario, machine);
            next.push((Event::Fails(pid, number), failed));
        }
    }

    /// One process takes a step.
    fn step(
        mut self,
        pid: Pid,
        failure: Option<Disk>,
        scenario: &Scenario,
        machine: &Machine,
    ) -> Result<Self, Wrong> {
        let mut nonces = BTreeSet::new();
        self.processes[1 - pid].nonces(&mut nonces);
        let mut process = std::mem::take(&mut self.processes[pid]);
        let task = process.task.expect("it does something");
        let outcome = process.step(machine, &mut self.disk, pid, nonces, failure);
        self.processes[pid] = process;
        let disk_failed = matches!(outcome, Some(Outcome::Failed(StoreError::Io { .. })));
        if let Some(outcome) = outcome {
            self.answer(task, &outcome, scenario)?;
        }
        let is_there = self.disk.names.contains_key("alice.account");
        if matches!(scenario.begin, Begin::Enrolled | Begin::Unsafe) && !is_there {
            return Err("the record's name is free".to_owned());
        }
        // Of those that were killed nobody was told anything; nor does this hold after a power cut,
        // which may bring a name back that a disk without faults would have lost.
        let Answered { enrolling, failed, .. } = self.answered;
        let all_failed = task == Task::Enrol && disk_failed && enrolling == failed;
        let enrols_alone = !scenario.tasks.contains(&Some(Task::Disable));
        if scenario.begin == Begin::Nothing && is_there && all_failed && enrols_alone {
            return Err("an enrolment that was told as failed is there".to_owned());
        }
        Ok(self)
    }

    /// Takes note of an answer, unless it must not be given.
    fn answer(&mut self, task: Task, outcome: &Outcome, scenario: &Scenario) -> Result<(), Wrong> {
        let answered = &mut self.answered;
        match outcome {
            Outcome::Accepted(step) if *step <= answered.step => {
                return Err(format!("step {step} was accepted twice"));
            }
            Outcome::Accepted(_) if answered.disabled => return Err("disabled, and let in".into()),
            Outcome::Accepted(step) => answered.step = *step,
            Outcome::NotEnrolled if answered.enrolled && !answered.disabling => {
                return Err("an enrolled user counts as not enrolled".into());
            }
            Outcome::Changed(Task::Disable) => answered.disabled = true,
            Outcome::Failed(_) if task == Task::Enrol => answered.failed += 1,
            Outcome::Changed(_) => {
                answered.enrolled = true;
                answered.step = answered.step.max(proof());
            }
            Outcome::Failed(StoreError::Damaged { .. }) => return Err("damaged".into()),
            Outcome::Failed(StoreError::UnsafeRecord { .. }) if scenario.begin != Begin::Unsafe => {
                return Err("unsafe".into());
            }
            Outcome::NotEnrolled | Outcome::Refused | Outcome::Failed(_) => {}
        }
        Ok(())
    }

    /// What a restarted machine must not have.
    pub fn wrong(&self, scenario: &Scenario, machine: &Machine) -> Option<Wrong> {
        let Answered { step, enrolled, disabled, disabling, .. } = self.answered;
        match record(machine, &self.disk) {
            Ok(None) if !enrolled && scenario.begin == Begin::Nothing => None,
            // Until it has let somebody in.
            Ok(None) if scenario.begin == Begin::Unnamed && step == proof() => None,
            Ok(None) => Some("the record is gone".to_owned()),
            Ok(Some(account)) if account.enrolment.is_none() => {
                (!disabling).then(|| "the enrolment is gone".to_owned())
            }
            Ok(Some(_)) if disabled => Some("a disabled enrolment is back".to_owned()),
            Ok(Some(account)) => {
                let last = account.usage.last_step_at.map_or(0, |last| TimeStep::of(last).0);
                (last < step).then(|| format!("step {step} was accepted, and {last} is the last"))
            }
            Err(StoreError::UnsafeRecord { .. })
                if scenario.begin == Begin::Unsafe && !enrolled =>
            {
                None
            }
            Err(error) => Some(format!("the record cannot be used: {error}")),
        }
    }

    /// Whether a code was accepted in between.
    pub fn has_accepted_since(&self, before: &Self) -> bool {
        self.answered.step > before.answered.step
    }

    /// 128 bits: among millions of states no two have the same.
    fn key(&self) -> u128 {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, self).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    }
}

/// Tries all sequences of at most `depth` events.
pub fn explore(scenario: &Scenario, depth: usize) -> Found {
    let machine = scenario.machine();
    let first = scenario.begin(&machine);
    let mut seen = HashSet::from([first.key()]);
    let mut found = Found { states: 1, accepted: 0, wrong: None };
    let mut level = vec![(first, Vec::new())];
    for _ in 0..depth {
        let mut following = Vec::new();
        for (world, path) in &level {
            for (event, outcome) in world.next(scenario, &machine) {
                let path = || path.iter().cloned().chain([event.clone()]).collect::<Vec<_>>();
                let wrong = match outcome {
                    Err(wrong) => Some(wrong),
                    Ok(next) if seen.insert(next.key()) => {
                        let wrong = event.restarts().then(|| next.wrong(scenario, &machine));
                        found.accepted += usize::from(next.has_accepted_since(world));
                        following.push((next, path()));
                        wrong.flatten()
                    }
                    Ok(_) => None,
                };
                if let Some(wrong) = wrong {
                    found.wrong = Some((wrong, path()));
                    return found;
                }
            }
        }
        found.states += following.len();
        level = following;
    }
    found
}
