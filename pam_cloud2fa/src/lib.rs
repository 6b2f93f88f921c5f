//! `pam_cloud2fa.so`: libpam on one side, the library `cloud2fa` on the other.
//!
//! `ffi` is the one file with unsafe code: the entry points, behind one guarded door,
//! and libpam as the trait [`host::Host`]. [`login`] is one login; it knows no C.

#![deny(unsafe_code)]

mod answer;
mod c_line;
mod ffi;
pub mod host;
mod io_class;
pub mod login;
mod outcome;
mod proven_key;
pub mod texts;
#[cfg(test)]
mod untouched;

use pam::constants::PamResultCode;

/// What a panic is answered with, and what it is logged as. Nothing of the panic itself is
/// told to anyone: it may hold what a user typed.
const AFTER_A_PANIC: PamResultCode = PamResultCode::PAM_AUTH_ERR;
