//! All of cloud2fa that is two-factor authentication.
//!
//! Nothing here knows PAM, a terminal or a clock: the binaries bring those. The
//! centre is [`decide()`], a pure function of an account, an answer and the time;
//! [`store::Store`] is the seam behind which an account is read, decided on and
//! written back in one operation.

#![forbid(unsafe_code)]

pub mod account;
pub mod answer;
pub mod attempt;
pub mod backup_codes;
pub mod budget;
pub mod ceremony;
pub mod client;
pub mod config;
pub mod decide;
pub mod enrolment;
pub mod history;
pub mod log;
pub mod manage;
pub mod module_arguments;
pub mod names;
pub mod otpauth;
pub mod pair;
mod pam_service;
pub mod qr;
pub mod randomness;
pub mod reach;
pub mod roster;
pub mod rules;
pub mod seal;
pub mod store;
pub mod throttle;
pub mod time;
pub mod totp;
pub mod user;
pub mod words;

pub use account::{Account, Cleared, Generation, Holder};
pub use answer::{Answer, Factor};
pub use attempt::Attempt;
pub use backup_codes::BackupCode;
pub use config::Config;
pub use decide::{Purpose, Verdict, decide};
pub use enrolment::{PendingEnrolment, ProvenEnrolment};
pub use names::{Known, Names};
pub use pam_service::PAM_SERVICE;
pub use randomness::NoRandomness;
pub use reach::Reach;
pub use rules::Rules;
pub use store::files::FileStore;
pub use store::{Challenge, Challenged, Found, Standing, Status, Store, StoreError, Verifier};
pub use time::UnixTime;
pub use totp::{Secret, TimeStep, Token};
pub use user::{User, UserName};
