//! What is said of the ways into a service.

use crate::finding::{Finding, Id, Severity};
use crate::stack::{Action, Code, Control, Handler, Job, Module, Place, is_broad};

/// The line as it should be.
fn required(ours: &Handler) -> String {
    let Some(module) = ours.module() else { return String::new() };
    let quoted = |argument: &String| {
        if argument.contains(char::is_whitespace) {
            format!(" [{}]", argument.replace(']', "\\]"))
        } else {
            format!(" {argument}")
        }
    };
    let arguments: String = module.arguments.iter().map(quoted).collect();
    format!("auth required {}{arguments}", module.path)
}

pub fn wrong_code_lets_in(ours: &Handler) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::WrongCodeLetsIn,
        format!("{}: the control lets in who types a wrong code", ours.at),
        "The second factor does nothing: what the module refuses is passed over.",
        format!("Write the line so:\n    {}", required(ours)),
    )
}

pub fn doubt_lets_in(ours: &Handler) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::DoubtLetsIn,
        format!("{}: the control lets in when the store cannot be asked", ours.at),
        "A user can make the store unavailable to an own su, by limits or by locks, and is asked for nothing then.",
        format!("Write the line so:\n    {}", required(ours)),
    )
}

pub fn nobody_gets_in(stack: &[Handler], at: &Place) -> Finding {
    let is_unread = |it: &&Handler| {
        it.job == Job::Refusal || it.module().is_some() && it.control == Control::refusal()
    };
    let refusals = stack.iter().filter(is_unread);
    let refusals: Vec<_> = refusals.map(|it| it.at.to_string()).collect();
    let fix = if refusals.is_empty() {
        "Look at the jumps (`success=N`) and the included files of this stack; keep a root shell open meanwhile."
            .to_owned()
    } else {
        format!(
            "libpam cannot read {}. Look there for a type that is not auth, account, password or session, for a \
             control or module that is missing, for a file that is not there, for blanks and ends of lines that \
             are none here (from a web page, or another system), and for a `\\` at the file's end; keep a root \
             shell open meanwhile.",
            refusals.join(", ")
        )
    };
    Finding::new(
        Severity::Critical,
        Id::NobodyGetsIn,
        format!("{at}: no way through this stack lets in who types the right code"),
        "Every login of an enrolled user is refused. A jump beyond the last line, a line that libpam cannot read, \
         a file that is included and missing, or pam_deny.so is in the way.",
        fix,
    )
}

pub fn jump_too_far(at: &Place) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::JumpTooFar,
        format!("{at}: the control jumps over more lines than there are behind it"),
        "libpam refuses whoever would jump there. It may have been meant to jump over a line that was taken out.",
        "Take the line out, or correct the number (`success=N`).",
    )
}

pub fn first_pass_is_password(ours: &Handler) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::FirstPassIsPassword,
        format!("{}: use_first_pass takes the password for the code", ours.at),
        "A line before it has asked for the password, and nobody asks for a code: enrolled users cannot log in.",
        "Take use_first_pass out of the line, so that the code is asked for; or let password and code be typed in \
         one field, with a line before the password's in its place:\n    auth required pam_cloud2fa.so forward_pass",
    )
}

pub fn unknown_before_code(unknown: &Handler) -> Finding {
    let name = unknown.module().map_or("", |module| &module.path);
    Finding::new(
        Severity::Note,
        Id::UnknownBeforeCode,
        format!(
            "{}: {}, which doctor does not know, is all that comes before the code",
            unknown.at,
            name.escape_debug()
        ),
        "If it checks nothing, who has the phone needs no password; where users without an enrolment are let in, \
         they need nothing at all.",
        "If it checks neither password, key nor the like, put the password before the code:\n    @include common-auth",
    )
}

pub fn asked_twice(stack: &[Handler]) -> Finding {
    let places: Vec<_> =
        stack.iter().filter(|it| it.is_ours()).map(|it| it.at.to_string()).collect();
    let (first, others) = places.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    Finding::new(
        Severity::Warning,
        Id::AskedTwice,
        format!("{first} and {}: the module is asked twice in one login", others.join(", ")),
        "No code works twice: such a login takes two codes, the second one 30 seconds later.",
        "Take one of the lines out. If common-auth has it, the service's own file need not.",
    )
}

pub fn before_password(at: &Place) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::BeforePassword,
        format!("{at}: the code is asked for before the password"),
        "Who does not know the password can use up a user's guesses, and make that user wait, or locked.",
        "Move the line behind the password's, in Debian's files behind `@include common-auth`.",
    )
}

pub fn no_key_elsewhere(at: &Place) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::NoKeyElsewhere,
        format!("{at}: after_key stands in a stack that is not sshd's"),
        "sshd alone says that a key was proven: for all others the module takes no part, and nobody is asked.",
        "Take the argument out:\n    auth required pam_cloud2fa.so",
    )
}

pub fn no_effect(ours: &Handler) -> Finding {
    let (why, fix) = if ours.control.of(Code::IGNORE) == Action::Ignore {
        (
            "The module says PAM_IGNORE for them, and nothing else in the stack lets anybody in.",
            "Enrol users first (`cloud2fa enable --user NAME`), and set `unenrolled` as it was; or, to let them in by \
             the password, put it before the line:\n    @include common-auth"
                .to_owned(),
        )
    } else {
        (
            "The module says PAM_IGNORE for them, which the control takes for a refusal.",
            format!("Write the line so:\n    {}", required(ours)),
        )
    };
    Finding::new(
        Severity::Warning,
        Id::PolicyWithoutEffect,
        format!("{}: users without an enrolment should be let in, and are refused", ours.at),
        why,
        fix,
    )
}

pub fn code_alone_lets_in(at: &Place) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::CodeAlone,
        format!("{at}: nothing else than the code must be right"),
        "Who has the phone needs no password; where users without an enrolment are let in, they need nothing at all.",
        "Put the password before the line:\n    @include common-auth",
    )
}

pub fn jumped_past(at: &Place, module: &Module) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::JumpedPast,
        format!("{at}: {} leads past pam_cloud2fa.so, and in", module.path.escape_debug()),
        "The password is enough: the module, which stands behind that line, is not asked.",
        "Put the module where every right password leads: at the end of the stack. A jump (`success=N`) must not go \
         further than to it. `sufficient` and `done` end a stack; what is included ends with them only as\n    \
         auth substack FILE",
    )
}

pub fn other_factor(at: &Place, module: &Module) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::OtherWayIn,
        format!("{at}: {} lets in, past pam_cloud2fa.so", module.path.escape_debug()),
        "What this module takes is enough for a login: no code is asked for.",
        "If that is not meant, put pam_cloud2fa.so where this line leads, too.",
    )
}

pub fn second_factor_beside(at: &Place, module: &Module) -> Finding {
    Finding::new(
        Severity::Note,
        Id::SecondFactorBeside,
        format!("{at}: {} can be used instead of pam_cloud2fa.so", module.path.escape_debug()),
        "The password and either second factor are enough to log in.",
        "If this is not meant, remove the line, or write `required` in place of `success=N`.",
    )
}

pub fn exempt(by: &Handler, module: &Module) -> Finding {
    let (severity, why) = if is_broad(&module.path) {
        (
            Severity::Warning,
            "Its condition is met by nearly everybody: they are not asked for a code.",
        )
    } else {
        (Severity::Note, "Whom its condition is about is not asked for a code.")
    };
    Finding::new(
        severity,
        Id::Exempt,
        format!("{}: {} lets some past pam_cloud2fa.so", by.at, module.path.escape_debug()),
        why,
        "If that is not meant, take the line out.",
    )
}

pub fn unclear(at: &Place) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::StackUnclear,
        format!("{at}: the stack has too many ways through it to look at all of them"),
        "Whether each of them asks for a code cannot be said.",
        "Make the stack simpler, or try the service with a wrong code.",
    )
}
