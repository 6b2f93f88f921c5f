//! What a login must not touch: the host is a dummy that panics when it is.

#![forbid(unsafe_code)]

use crate::host::{Host, Tone, Typed};
use crate::login::authenticate;
use argon2::Block;
use cloud2fa::backup_codes::HashMemory;
use cloud2fa::log::Severity;
use cloud2fa::user::BadUserName;
use cloud2fa::{Known, Names, UnixTime, User, UserName};
use pam::constants::PamResultCode;

/// Knows its service, and takes note of log lines and of what the user is told. Everything else panics.
struct Dummy {
    service: &'static str,
    logged: Vec<(Severity, String)>,
    told: Vec<String>,
}

impl Names for Dummy {
    fn uid_of(&self, _: &UserName) -> Known {
        panic!("looked another name up")
    }
}

impl Host for Dummy {
    fn service(&self) -> String {
        self.service.to_owned()
    }
    fn remote_host(&self) -> Option<String> {
        None
    }
    fn proven_by_sshd(&mut self) -> Option<Vec<u8>> {
        panic!("looked for a key")
    }
    fn user_name(&mut self) -> Result<String, PamResultCode> {
        panic!("asked who it is")
    }
    fn find_user(&mut self, _: &str) -> Option<Result<User, BadUserName>> {
        panic!("looked somebody up")
    }
    fn first_pass(&self) -> Option<Typed> {
        panic!("looked at the password")
    }
    fn hand_on(&mut self, _: &[u8]) -> Result<(), PamResultCode> {
        panic!("handed a password on")
    }
    fn ask(&mut self, _: &str) -> Result<Typed, PamResultCode> {
        panic!("asked")
    }
    fn tell(&mut self, _: Tone, text: &str) {
        self.told.push(text.to_owned());
    }
    fn delay_failure(&mut self) {
        panic!("delayed")
    }
    fn log(&mut self, severity: Severity, line: &str) {
        self.logged.push((severity, line.to_owned()));
    }
    fn now(&self) -> UnixTime {
        panic!("read the clock")
    }
}

/// No backup code is hashed.
struct NoMemory;

impl HashMemory for NoMemory {
    fn blocks(&mut self, _: usize) -> Option<&mut [Block]> {
        panic!("took memory")
    }
    fn release(&mut self) {
        panic!("gave memory back")
    }
}

fn login(service: &'static str, arguments: &[&[u8]]) -> (PamResultCode, Dummy) {
    let mut host = Dummy { service, logged: Vec::new(), told: Vec::new() };
    let code = authenticate(&mut host, arguments, Box::new(NoMemory));
    (code, host)
}

/// Of an administrator's mistake the user hears that it is none of theirs, and no more.
fn is_told_little(host: &Dummy) {
    let told = "The code cannot be checked right now. The system log says why.";
    assert_eq!(host.told, [told]);
}

#[test]
fn our_own_password_check_is_left_alone_whatever_else_is_wrong() {
    let (code, host) = login("cloud2fa", &[b"no such argument", b"config=/nonexistent"]);
    assert_eq!((code, host.told.len()), (PamResultCode::PAM_IGNORE, 0));
    let expected = "skipped user=\"\" reason=own_service factor=none service=cloud2fa rhost=- failures=0 wait=0";
    assert_eq!(host.logged, [(Severity::Info, expected.to_owned())]);
}

#[test]
fn a_bad_argument_refuses_before_anybody_is_asked() {
    let (code, host) = login("sshd", &[b"nullok", b"nulok"]);
    assert_eq!(code, PamResultCode::PAM_SERVICE_ERR);
    is_told_little(&host);
    let [(Severity::Error, line)] = &host.logged[..] else { panic!("{:?}", host.logged) };
    assert!(
        line.starts_with("refused user=\"\" reason=bad_argument factor=none service=sshd rhost=- "),
        "{line}"
    );
    assert!(line.contains("nulok"), "{line}");
}

#[test]
fn a_configuration_that_is_named_and_missing_refuses_before_anybody_is_asked() {
    let (code, host) = login("sshd", &[b"config=/nonexistent/cloud2fa.toml"]);
    assert_eq!(code, PamResultCode::PAM_SERVICE_ERR);
    is_told_little(&host);
    assert!(host.logged[0].1.contains("reason=bad_config"), "{:?}", host.logged);
}
