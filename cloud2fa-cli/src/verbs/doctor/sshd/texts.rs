//! What is said of sshd.

use crate::verbs::doctor::finding::{Finding, Id, Severity, bounded};
use crate::verbs::doctor::pam::Asked;

/// Where settings belong that the administrator adds.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/cloud2fa.conf";

/// sshd goes by its files as they were when it started.
const THEN: &str = "Then:\n    sshd -t && systemctl restart ssh";

/// sshd cannot say how it is set.
pub fn unreadable(why: &str) -> Finding {
    // Where sshd does not run, its directory may not be there yet.
    let severity =
        if why.contains("privilege separation") { Severity::Note } else { Severity::Warning };
    let lines: Vec<_> = why.lines().map(str::to_owned).collect();
    Finding::new(
        severity,
        Id::SshdUnreadable,
        format!("`sshd -T` fails: {}", bounded(&lines, 2)),
        "What sshd would ask for cannot be said, and it may not start again.",
        "Put right what it complains of, and see:\n    sshd -t",
    )
}

pub fn pam_is_off(asked: &Asked) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::SshdPamOff,
        "sshd has UsePAM no",
        format!("The module, which stands at {}, is never asked: logins take no code.", asked.at),
        "In sshd_config, before any Match:\n    UsePAM yes",
    )
}

pub fn no_question(by_password: bool) -> Finding {
    let (severity, why) = if by_password {
        (
            Severity::Critical,
            "The method `password` answers the question for the code with the password again: enrolled users cannot log in.",
        )
    } else {
        (Severity::Warning, "No way to log in asks PAM: the module is never asked.")
    };
    Finding::new(
        severity,
        Id::SshdNoQuestion,
        "sshd lets nobody log in by keyboard-interactive, the method that asks for the code",
        why,
        format!(
            "In {DROP_IN}:\n    KbdInteractiveAuthentication yes\n    PasswordAuthentication no\nIf AuthenticationMethods is \
             set, it must name keyboard-interactive:pam, too.\n{THEN}"
        ),
    )
}

pub fn password_method() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::SshdPasswordMethod,
        "sshd offers the method `password`, which cannot ask for a code",
        "It answers the question for the code with the password again: a client that prefers it cannot log an enrolled user in.",
        format!("In {DROP_IN}:\n    PasswordAuthentication no\n{THEN}"),
    )
}

/// `is_meant`: a line of the administrator's says so.
pub fn key_alone(is_meant: bool) -> Finding {
    let ask = format!(
        "In {DROP_IN}, to ask for key and code (and for the password, where the PAM stack does):\n    \
         AuthenticationMethods publickey,keyboard-interactive:pam"
    );
    let (severity, fix) = if is_meant {
        (Severity::Note, format!("{ask}\n{THEN}"))
    } else {
        let say = "or to say that a key is enough:\n    AuthenticationMethods publickey keyboard-interactive:pam";
        (Severity::Warning, format!("{ask}\n{say}\n{THEN}"))
    };
    Finding::new(
        severity,
        Id::SshdKeyAlone,
        "sshd lets in by a key (or a ticket) alone, and does not ask PAM then",
        "Who has a user's key is not asked for a code.",
        fix,
    )
}

pub fn code_alone(asked: &Asked) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::SshdCodeAlone,
        format!(
            "{}: the PAM stack has no password before the code, and sshd asks for no key",
            asked.at
        ),
        "Who has the phone gets in; where users without an enrolment are let in, everybody does.",
        format!(
            "In {DROP_IN}, so that the key comes first:\n    AuthenticationMethods publickey,keyboard-interactive:pam\n\
             or in the PAM file, before the module:\n    @include common-auth"
        ),
    )
}

pub fn root_without_factor() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::RootWithoutFactor,
        "sshd has PermitRootLogin yes, and root is not enrolled",
        "Users without an enrolment are let in: root's password is all that it takes.",
        format!(
            "In {DROP_IN}:\n    PermitRootLogin prohibit-password\nor enrol root:\n    cloud2fa enable --user root"
        ),
    )
}

pub fn some_differ() -> Finding {
    Finding::new(
        Severity::Note,
        Id::SshdMatch,
        "sshd's configuration has Match blocks; only what holds for all others was looked at",
        "For whom they match, another method may be enough.",
        "Look what holds for a user:\n    sshd -T -C user=NAME,host=HOST,addr=ADDRESS",
    )
}
