//! What a process that serves a connection takes from itself before it reads the first byte. All of them
//! are root's in one sandbox; none can reach its parent, or another.

#![forbid(unsafe_code)]

use landlock::{AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, path_beneath_rules};
use nix::sys::prctl::{set_dumpable, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::getpid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

/// If memory runs out this process goes before the one that listens (proc_pid_oom_score_adj(5)).
const OOM_SCORE_ADJ: &str = "500";

/// Takes it.
pub fn confine() -> Result<(), Box<dyn Error>> {
    // Passwords pass through this process; a core dump must not keep them, nor /proc show them.
    set_dumpable(false)?;
    set_pdeathsig(Signal::SIGKILL)?;
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJ);
    enter_a_domain()?;
    filter_calls()
}

/// Landlock keeps a process from reading and writing the memory of those outside of its domain, by /proc
/// as by ptrace(2) (ptrace_may_access in the kernel), and from writing what else is theirs in /proc, such as
/// oom_score_adj: it may write below all that is in the root directory but /proc. Where
/// the kernel has no Landlock, that they are not dumpable keeps their memory apart; then a helper of
/// pam_unix, which is, is open to the other processes.
fn enter_a_domain() -> Result<(), Box<dyn Error>> {
    let write = AccessFs::WriteFile;
    let mut places = Vec::new();
    for entry in std::fs::read_dir("/")? {
        places.push(entry?.path());
    }
    places.retain(|place: &PathBuf| place.as_path() != Path::new("/proc"));
    Ruleset::default()
        .handle_access(write)?
        .create()?
        .add_rules(path_beneath_rules(&places, write))?
        .restrict_self()?;
    Ok(())
}

/// Refuses, with EPERM, what reaches other processes: signals, limits, priorities. seccompiler knows
/// x86-64, ARM64 and RISC-V; elsewhere the unit's filter is all there is.
fn filter_calls() -> Result<(), Box<dyn Error>> {
    let Ok(target) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(()) };
    let eperm = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(refused()?, SeccompAction::Allow, eperm, target)?;
    Ok(seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?)
}

/// Calls by number, and when they are refused: always where there is no rule.
type Refused = BTreeMap<i64, Vec<SeccompRule>>;

fn refused() -> Result<Refused, BackendError> {
    let always = [
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_pidfd_send_signal,
        libc::SYS_pidfd_getfd,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_process_mrelease,
        libc::SYS_kcmp,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        libc::SYS_setpriority,
        libc::SYS_ioprio_set,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
    ];
    let mut refused: Refused = always.into_iter().map(|call| (call, Vec::new())).collect();
    // To others than itself: abort(3) may end this process.
    let own = u64::from(getpid().as_raw().unsigned_abs());
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        refused.insert(call, vec![when(0, SeccompCmpOp::Ne, own)?]);
    }
    let others = [condition(0, SeccompCmpOp::Ne, 0)?, condition(0, SeccompCmpOp::Ne, own)?];
    refused.insert(libc::SYS_prlimit64, vec![SeccompRule::new(others.to_vec())?]);
    // A file that is ready sends its owner a signal, of any number (fcntl(2)).
    let owners = [libc::F_SETOWN, F_SETSIG, F_SETOWN_EX].map(i32::unsigned_abs).map(u64::from);
    let owners = owners.into_iter().map(|command| when(1, SeccompCmpOp::Eq, command));
    refused.insert(libc::SYS_fcntl, owners.collect::<Result<_, _>>()?);
    let owners =
        [FIOSETOWN, SIOCSPGRP].into_iter().map(|request| when(1, SeccompCmpOp::Eq, request));
    refused.insert(libc::SYS_ioctl, owners.collect::<Result<_, _>>()?);
    Ok(refused)
}

/// From the kernel's asm-generic/fcntl.h and sockios.h; libc does not have them.
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
const FIOSETOWN: u64 = 0x8901;
const SIOCSPGRP: u64 = 0x8902;

/// Where one argument is so.
fn when(argument: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, is, value)?])
}

/// All of these are the lower half of the register.
fn condition(argument: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value)
}
