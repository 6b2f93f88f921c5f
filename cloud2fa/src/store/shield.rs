//! While an account is locked, its user must not be able to stop or kill the holder.
//!
//! su and sudo run with the caller's real uid, and kill(2) lets a process signal
//! whatever has its real uid. So the real uid is root's for as long as the lock is
//! held, and signals of the terminal (Ctrl-C, Ctrl-Z, hang-up) and of limits
//! (`ulimit -f`: SIGXFSZ) wait until it is released.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::unistd::{Uid, getresuid, setresuid};
use std::io;

/// Lowered when dropped.
#[must_use]
pub(super) struct Shield {
    mask_before: SigSet,
    real_uid_before: Option<Uid>,
}

/// Leaves an id as it is (setresuid(2)).
const UNCHANGED: Uid = Uid::from_raw(u32::MAX);

impl Shield {
    /// Blocks what can be blocked, and makes the real uid root's where that is allowed.
    pub(super) fn raise() -> io::Result<Self> {
        let mask_before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let mut shield = Self { mask_before, real_uid_before: None };
        let ids = getresuid()?;
        if ids.effective.is_root() && !ids.real.is_root() {
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
    pub(super) fn lower(mut self) -> io::Result<()> {
        self.restore()
    }

    fn restore(&mut self) -> io::Result<()> {
        let restored = match self.real_uid_before {
            Some(uid) => setresuid(uid, UNCHANGED, UNCHANGED).map_err(io::Error::from),
            None => Ok(()),
        };
        if restored.is_ok() {
            self.real_uid_before = None;
        }
        // Setting a mask that the kernel itself gave cannot fail (pthread_sigmask(3)).
        let _ = self.mask_before.thread_set_mask();
        restored
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        let _ = self.restore();
    }
}
