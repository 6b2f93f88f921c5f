//! Switching on without fear: a service is made to ask for a code, and the change takes itself back unless
//! an administrator has logged in through it.
//!
//! `plan` says which files get which lines, and `block` puts them in and takes them out again. `journal` is
//! written before anything is changed; `watch` waits for the proof (`proof`), or takes back.

mod block;
mod copy;
mod engine;
mod files;
mod found;
mod journal;
pub mod key_logins;
mod look;
mod plan;
mod proof;
mod service;
mod system;
mod watch;

pub use copy::new_dangers;
pub use engine::{Engine, Left, NotMade};
pub use journal::{JOURNAL, Journal, Unconfirmed};
pub use look::Machine;
pub use plan::{Edit, First, Impossible, Plan};
pub use proof::Before;
pub use service::Service;
pub use system::{
    System, boot, boot_time, has_sessions, has_systemd, has_watch, own_session, sessions,
    start_watch,
};
pub use watch::{take_back_unconfirmed, watch};

/// What a block of ours adds to a file, for people.
pub fn added(edit: &Edit) -> String {
    block::added(edit.before.as_deref().unwrap_or_default(), &edit.after)
}
