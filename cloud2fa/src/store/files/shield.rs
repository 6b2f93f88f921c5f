//! While an account is locked, its user must not be able to stop or kill the holder.
//!
//! su and sudo run with the caller's real uid, and kill(2) lets a process signal
//! whatever has its real uid. So the real uid is root's for as long as the lock is
//! held, and signals of the terminal (Ctrl-C, Ctrl-Z, hang-up) and of limits
//! (`ulimit -f`: SIGXFSZ) wait until it is released. The limit of processor time
//! (`ulimit -t`) sends SIGKILL, which waits for nothing; it is lifted for that long.

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise, sigprocmask};
use nix::unistd::{Uid, getresuid, setresuid};
use std::io;

/// Leaves an id as it is (setresuid(2)).
const UNCHANGED: Uid = Uid::from_raw(u32::MAX);

/// The bit of CAP_SETUID in a capability set (linux/capability.h).
const CAP_SETUID: u32 = 7;

/// All signals that can be blocked, blocked until this is dropped.
struct HeldSignals(SigSet);

impl HeldSignals {
    /// Blocks them.
    fn hold() -> io::Result<Self> {
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut before))?;
        Ok(Self(before))
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // Setting a mask that the kernel itself gave cannot fail (sigprocmask(2)).
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}

/// A limit of this process, lifted until this is dropped.
struct LiftedLimit {
    resource: Resource,
    soft: rlim_t,
    hard: rlim_t,
}

impl LiftedLimit {
    /// Lifts it, where there is one, as far as that is allowed.
    fn lift(resource: Resource) -> Option<Self> {
        let (soft, hard) = getrlimit(resource).ok()?;
        // In a container root may lift no hard limit (CAP_SYS_RESOURCE), but the soft one up to it.
        let lifted = soft != RLIM_INFINITY
            && [RLIM_INFINITY, hard]
                .into_iter()
                .any(|limit| setrlimit(resource, limit, limit).is_ok());
        // What is made is dropped in the end, and sets the limits: none may be made for nothing.
        lifted.then(|| Self { resource, soft, hard })
    }
}

impl Drop for LiftedLimit {
    fn drop(&mut self) {
        // To lower limits takes no right (setrlimit(2)).
        let _ = setrlimit(self.resource, self.soft, self.hard);
    }
}

/// Lowered when dropped: first the real uid, then the limit, then the signals. May be nested: a
/// login holds one until its log line is written, so that a caller who is evaluated is logged.
#[must_use]
pub struct Shield {
    real_uid_before: Option<Uid>,
    _processor_time: Option<LiftedLimit>,
    _signals: HeldSignals,
}

impl Shield {
    /// Blocks what can be blocked, and makes the real uid root's where there is a way back.
    pub fn raise() -> io::Result<Self> {
        let signals = HeldSignals::hold()?;
        let time = LiftedLimit::lift(Resource::RLIMIT_CPU);
        let mut shield = Self { real_uid_before: None, _processor_time: time, _signals: signals };
        let ids = getresuid()?;
        let is_callers = ids.effective.is_root() && !ids.real.is_root();
        if is_callers && may_set_uids()? && is_way_back(ids.real)? {
            setresuid(Uid::from_raw(0), UNCHANGED, UNCHANGED)?;
            shield.real_uid_before = Some(ids.real);
        }
        Ok(shield)
    }

    /// Gives `outcome` of a write or truncation as it is. Where it was refused by
    /// `ulimit -f`, takes back the SIGXFSZ that is pending now: it would end the host
    /// program as soon as it is unblocked.
    pub(super) fn without_signal<T>(outcome: io::Result<T>) -> io::Result<T> {
        if outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::FileTooLarge) {
            // Raised once more, since only then sigwait(3) is sure to return. Signals that are
            // pending twice are delivered once (signal(7), "Queueing and delivery semantics").
            if raise(Signal::SIGXFSZ).is_ok() {
                let _ = SigSet::from(Signal::SIGXFSZ).wait();
            }
        }
        outcome
    }

    /// Puts everything back. An error means that the real uid could not be taken back at
    /// once; dropping tries again.
    pub fn lower(mut self) -> io::Result<()> {
        self.take_back_real_uid()
    }

    fn take_back_real_uid(&mut self) -> io::Result<()> {
        let Some(uid) = self.real_uid_before else { return Ok(()) };
        // A process whose real uid becomes one that has more processes than the limit allows may
        // execute nothing any more (execve(2), EAGAIN), and the host's hooks would fail.
        let _processes = LiftedLimit::lift(Resource::RLIMIT_NPROC);
        setresuid(uid, UNCHANGED, UNCHANGED)?;
        self.real_uid_before = None;
        Ok(())
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        if self.take_back_real_uid().is_err() {
            // A program that goes on with a real uid that is not its caller's may let the
            // caller do what is root's. Its end refuses the login.
            std::process::abort();
        }
    }
}

/// Whether this process may set its ids as it likes, and so come back from root's. Root
/// without CAP_SETUID may not; a setuid program in a container may be such.
fn may_set_uids() -> io::Result<bool> {
    let status = match std::fs::read_to_string("/proc/thread-self/status") {
        // Without /proc nobody can tell, and the lock is as good as that of others.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        outcome => outcome?,
    };
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    Ok(effective.is_some_and(|set| set & (1 << CAP_SETUID) != 0))
}

/// Whether this process could take its real uid `uid` back. It could not where the user
/// namespace has no number for it; getresuid(2) shows the overflow uid then.
fn is_way_back(uid: Uid) -> io::Result<bool> {
    if uid.as_raw() == overflow_uid() && !all_uids_have_numbers()? {
        // It may be another one's number, and to go back would be to become that one.
        return Ok(false);
    }
    // Changes nothing, and fails as the way back would.
    match setresuid(uid, UNCHANGED, UNCHANGED) {
        Ok(()) => Ok(true),
        // No such number; or a filter (seccomp(2)) that lets nobody change ids.
        Err(Errno::EINVAL | Errno::EPERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What stands for uids without a number (user_namespaces(7), "Unmapped user and group IDs").
fn overflow_uid() -> u32 {
    let text = std::fs::read_to_string("/proc/sys/kernel/overflowuid");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(65534)
}

/// Whether the user namespace has a number for every uid, as the first one has.
fn all_uids_have_numbers() -> io::Result<bool> {
    let map = match std::fs::read_to_string("/proc/thread-self/uid_map") {
        // A kernel without user namespaces.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        outcome => outcome?,
    };
    let counts = map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    // The highest one, -1, is no uid.
    Ok(counts.sum::<u64>() == u64::from(u32::MAX))
}
