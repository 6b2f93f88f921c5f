//! What the tests of the built product stand on: a libpam application, a store with
//! users in it, a reader of the system's log. Nothing here knows the module's insides.
//! What cannot go on panics: that is how a test fails.

#![allow(clippy::missing_panics_doc)]

pub mod attack;
pub mod booted;
pub mod checks;
pub mod checkup;
pub mod command;
pub mod disk;
pub mod doctor;
pub mod fixture;
pub mod host_process;
pub mod index;
pub mod journal;
pub mod killer;
pub mod libpam;
pub mod loaded_module;
pub mod logins;
pub mod machine;
pub mod memory;
pub mod messages;
pub mod older;
pub mod people;
pub mod power;
pub mod processes;
pub mod pty;
pub mod recipe;
pub mod records;
pub mod service;
pub mod setup;
pub mod slots;
pub mod sources;
pub mod sshd;
pub mod strace;
pub mod syslog;
pub mod terminal;
pub mod user;
pub mod victim;
pub mod view;
pub mod visitor;
pub mod watchdog;

pub use fixture::Fixture;
pub use messages::{Code, Message, Reply, Style};
pub use user::Enrolled;
