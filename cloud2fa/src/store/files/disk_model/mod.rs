//! A model of the disk under the real store: sectors, a cache, names, and all that can happen to
//! them between two calls of two processes. It looks for a sequence of events after which a code is
//! accepted twice, an answer that was given is forgotten, or a record cannot be used.
//!
//! [`disk`] is the machine, [`calls`] the seam to it, [`run`] a process for one step, [`process`] runs the store's code on it a
//! call at a time, [`explore`] tries all sequences of events, and [`wander`] long ones by chance.

mod calls;
mod disk;
mod explore;
mod process;
mod run;
mod sectors;
mod tests;
mod wander;
