//! What `cloud2fa doctor` knows: looks at a machine as it is, and says what would go wrong before it
//! does. No arguments, no dialogue, no exit statuses: the command has these.
//!
//! Each area has a file, or a folder: `read` looks at the machine, `check` is a pure function of what was
//! read and gives findings. [`examine`] is where to begin reading; `stack` is libpam's model, at the
//! ground, and takes nothing of the rest.

#![forbid(unsafe_code)]

mod accepted;
mod clock;
mod config;
mod daemons;
mod examination;
mod finding;
mod id;
mod listeners;
mod named;
mod network;
mod pam;
#[cfg(test)]
mod pam_lines;
mod processes;
mod programs;
mod programs_of_pam;
mod record;
mod regular;
mod service;
mod setup;
pub mod ssh;
mod sshd;
mod stack;
mod store;
mod stores;
mod sudo;
mod tools;
mod unopened;
mod users;

pub use clock::is_ahead;
pub use examination::{Asking, candidate, examine, services_that_ask};
pub use finding::{About, Finding, Report, Severity};
pub use id::Id;
pub use programs::command;
pub use setup::JOURNAL;
pub use store::write_in_place;
pub use tools::Tools;

/// Whether something keeps this machine's clock right, as far as that can be said.
pub fn clock_is_kept() -> bool {
    clock::read().is_kept()
}
