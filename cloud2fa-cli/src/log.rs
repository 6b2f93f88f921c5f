//! The log: what root's command does on the store itself, in the form of the service's lines. What
//! goes through the service is logged there.

use crate::machine::ROOT;
use cloud2fa::enrolment::NotProven;
use cloud2fa::log::{Call, Decision, Event, LogLine, Reason, Severity};
use cloud2fa::store::OldCopy;
use cloud2fa::{Cleared, Factor, PAM_SERVICE, User, Verdict};
use nix::unistd::getuid;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Where the system's log listens.
const SOCKET: &str = "/dev/log";

/// The facility, as it stands in a line's number (syslog(3); nix does not know it).
const AUTHPRIV: i32 = 10 << 3;

/// How long a log that is busy is waited for. syslog(3) would wait for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// Logs a change of `whose` second factor, where `user` was asked for. A method is named as the service's
/// is that does the same.
pub fn change(
    method: &str,
    user: &User,
    whose: &User,
    change: Decision,
    old_copy: &OldCopy,
    cleared: Cleared,
) {
    let event = match change {
        Decision::Enrolled => Event::done(change, Reason::RightCode, Some(Factor::Token)),
        _ => Event::done(change, Reason::ByRoot, None),
    };
    let event = event.with_old_copy(old_copy).with_cleared(cleared);
    log(method, whose, &if user == whose { event } else { event.asked_for(&user.name) });
}

/// Logs what a code of `whose` enrolment is worth that was tried for `user`.
pub fn trial(user: &User, whose: &User, verdict: &Verdict, factor: Factor) {
    let event = Event::of_trial(verdict, factor);
    log("Verify", user, &if user == whose { event } else { event.about_another(&whose.name) });
}

/// Logs that a code does not prove `user`'s new key.
pub fn not_proven(user: &User, why: NotProven) {
    log("ConfirmEnrolment", user, &Event::of_not_proven(why));
}

fn log(method: &str, user: &User, event: &Event) {
    if !getuid().is_root() {
        return;
    }
    let line = LogLine {
        event,
        user: Some(user.name.as_str()),
        service: PAM_SERVICE,
        remote_host: None,
        call: Some(Call { uid: Some(ROOT), method: Some(method) }),
    };
    write(event.severity, &line.to_string());
}

/// Logs what became of a change of the machine's files. What sshd says against them has several lines.
pub fn setup(severity: Severity, text: &str) {
    write(severity, &in_one_line(text));
}

/// Each run of blanks and what else is not shown as one blank.
fn in_one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One line, as syslog(3) sends them, but for the time: each receiver sets its own where there is
/// none. If it fails there is nobody to tell, and what was done is done.
fn write(severity: Severity, line: &str) {
    let priority = AUTHPRIV | severity as i32;
    let datagram = format!("<{priority}>cloud2fa[{}]: {line}", std::process::id());
    let _ = UnixDatagram::unbound().and_then(|socket| {
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.send_to(datagram.as_bytes(), SOCKET)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_several_lines_is_logged_as_one() {
        let said = "it fails (sshd -t: a: line 1: Bad\r\nb: terminating, \x1b[1m1 bad)\n";
        let logged = "it fails (sshd -t: a: line 1: Bad b: terminating, [1m1 bad)";
        assert_eq!(in_one_line(said), logged);
    }
}
