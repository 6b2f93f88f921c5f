//! The ways into a service whose stack has the module: which of them there should not be.

use super::control::{Action, Code};
use super::line::Place;
use super::modules::Kind;
use super::stack::{Handler, Module};
use super::walk::{Said, Way, ways};
use super::{Facts, Problems};
use crate::verbs::doctor::finding::{Finding, Id, Severity};

/// Adds what is wrong, and says whether a code is all that it takes. `is_sshd`: then sshd says
/// what else it takes.
pub fn check(
    facts: &Facts,
    service: &str,
    stack: &[Handler],
    is_sshd: bool,
    problems: &mut Problems,
) -> bool {
    let Some(ours) = stack.iter().find(|handler| handler.is_ours()) else { return false };
    let Some(ways) = ways(stack, &|module| facts.lets_in(module)) else {
        problems.add(Some(&ours.at), Some(service), unclear(&ours.at));
        return false;
    };
    let has_bad_argument =
        stack.iter().filter_map(|it| it.module()?.ours()).any(|arguments| arguments.is_err());
    // It refuses whatever else stands there, which is said already.
    if has_bad_argument {
        return false;
    }
    let right = ways.iter().any(|way| way.said == Said::Right);
    let any = |is: &dyn Fn(&Way) -> bool| ways.iter().any(is);
    // Past the module: that is said, too, and more to the point.
    let by_others = any(&|way| way.said == Said::Nothing && !is_by_condition(stack, way));
    let forwards = stack.iter().filter_map(Handler::module).any(forwards);
    let of_line = [
        any(&|way| way.said == Said::Wrong).then(|| wrong_code_lets_in(ours)),
        (!any(&|way| way.said == Said::Wrong) && any(&|way| way.said == Said::Doubt))
            .then(|| doubt_lets_in(ours)),
        (!right && !by_others).then(|| nobody_gets_in(&ours.at)),
        (right && !any(&|way| way.said == Said::Right && way.asked < 2))
            .then(|| asked_twice(stack)),
        (!forwards && any(&|way| way.said == Said::Right && way.code_first && way.password))
            .then(|| before_password(&ours.at)),
    ];
    for finding in of_line.into_iter().flatten() {
        problems.add(Some(&ours.at), Some(service), finding);
    }
    past(stack, &ways, service, problems);
    if right
        && ours.module().is_some_and(|module| facts.lets_in(module))
        && !any(&|way| way.said == Said::Skipped)
    {
        problems.add(Some(&ours.at), Some(service), no_effect(ours));
    }
    let code_alone = any(&|way| matches!(way.said, Said::Right | Said::Skipped) && !way.password);
    if code_alone && !is_sshd {
        problems.add(Some(&ours.at), Some(service), code_alone_lets_in(&ours.at));
    }
    code_alone
}

fn forwards(module: &Module) -> bool {
    module.ours().is_some_and(|arguments| arguments.is_ok_and(|it| it.forward_pass))
}

/// Ways past the module, by the line that leads there.
fn past(stack: &[Handler], ways: &[Way], service: &str, problems: &mut Problems) {
    for way in ways.iter().filter(|way| way.said == Said::Nothing) {
        let Some(by) = way.past_by.and_then(|by| stack.get(by)) else { continue };
        let Some(module) = by.module() else { continue };
        let finding = match module.kind {
            // su and the like: who is root needs no password, either.
            _ if module.path.ends_with("pam_rootok.so") => continue,
            Kind::Condition => exempt(&by.at, module),
            Kind::Unknown if !way.password || is_way_in_itself(stack, by) => {
                other_factor(&by.at, module)
            }
            _ => jumped_past(&by.at, module),
        };
        problems.add(Some(&by.at), Some(service), finding);
    }
}

/// Whether it is a condition that leads past the module: who it is about is another matter.
fn is_by_condition(stack: &[Handler], way: &Way) -> bool {
    let by = way.past_by.and_then(|by| stack.get(by)?.module());
    by.is_some_and(|module| module.kind == Kind::Condition)
}

/// Whether an unknown module comes before every password, so that it is one that counts as a
/// password itself: a fingerprint, a smartcard, a ticket.
fn is_way_in_itself(stack: &[Handler], by: &Handler) -> bool {
    let first = stack.iter().find(|it| it.module().is_some_and(|it| it.kind == Kind::Password));
    first.is_none_or(|first| {
        let position = |of: &Handler| stack.iter().position(|it| it == of);
        position(by) < position(first)
    })
}

/// The line as it should be.
fn required(ours: &Handler) -> String {
    let Some(module) = ours.module() else { return String::new() };
    let quoted = |argument: &String| {
        if argument.contains(char::is_whitespace) {
            format!(" [{argument}]")
        } else {
            format!(" {argument}")
        }
    };
    let arguments: String = module.arguments.iter().map(quoted).collect();
    format!("auth required {}{arguments}", module.path)
}

fn wrong_code_lets_in(ours: &Handler) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::WrongCodeLetsIn,
        format!("{}: the control lets in who types a wrong code", ours.at),
        "The second factor does nothing: what the module refuses is passed over.",
        format!("Write the line so:\n    {}", required(ours)),
    )
}

fn doubt_lets_in(ours: &Handler) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::DoubtLetsIn,
        format!("{}: the control lets in when the store cannot be asked", ours.at),
        "A user can make the store unavailable to an own su, by limits or by locks, and is asked for nothing then.",
        format!("Write the line so:\n    {}", required(ours)),
    )
}

fn nobody_gets_in(at: &Place) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::NobodyGetsIn,
        format!("{at}: no way through this stack lets in who types the right code"),
        "Every login of an enrolled user is refused. A jump beyond the last line, a file that is included and \
         missing, or pam_deny.so is in the way.",
        "Look at the jumps (`success=N`) and the included files of this stack; keep a root shell open meanwhile.",
    )
}

fn asked_twice(stack: &[Handler]) -> Finding {
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

fn before_password(at: &Place) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::BeforePassword,
        format!("{at}: the code is asked for before the password"),
        "Who does not know the password can use up a user's guesses, and make that user wait, or locked.",
        "Move the line behind the password's, in Debian's files behind `@include common-auth`.",
    )
}

fn no_effect(ours: &Handler) -> Finding {
    let (why, fix) = if ours.control.of(Code::IGNORE) == Action::Ignore {
        (
            "The module says PAM_IGNORE for them, and nothing else in the stack lets anybody in.",
            "Put the password before the line:\n    @include common-auth".to_owned(),
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

fn code_alone_lets_in(at: &Place) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::CodeAlone,
        format!("{at}: nothing else than the code must be right"),
        "Who has the phone needs no password; where users without an enrolment are let in, they need nothing at all.",
        "Put the password before the line:\n    @include common-auth",
    )
}

fn jumped_past(at: &Place, module: &Module) -> Finding {
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

fn other_factor(at: &Place, module: &Module) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::OtherWayIn,
        format!("{at}: {} lets in, past pam_cloud2fa.so", module.path.escape_debug()),
        "What this module takes is enough for a login: no code is asked for.",
        "If that is not meant, put pam_cloud2fa.so where this line leads, too.",
    )
}

fn exempt(at: &Place, module: &Module) -> Finding {
    Finding::new(
        Severity::Note,
        Id::Exempt,
        format!("{at}: {} lets some past pam_cloud2fa.so", module.path.escape_debug()),
        "Whom its condition is about is not asked for a code.",
        "If that is not meant, take the line out.",
    )
}

fn unclear(at: &Place) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::StackUnclear,
        format!("{at}: the stack has too many ways through it to look at all of them"),
        "Whether each of them asks for a code cannot be said.",
        "Make the stack simpler, or try the service with a wrong code.",
    )
}
