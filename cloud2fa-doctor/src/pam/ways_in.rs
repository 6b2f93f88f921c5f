//! The ways into a service whose stack has the module: which of them there should not be.

use super::arguments::arguments_of;
use super::{Facts, Problems, Unenrolled, texts};
use crate::finding::Finding;
use crate::stack::{Handler, Kind, Module, Said, Way, ways};

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
        problems.add(Some(&ours.at), Some(service), texts::unclear(&ours.at));
        return false;
    };
    let has_bad_argument = stack
        .iter()
        .filter_map(|it| arguments_of(it.module()?))
        .any(|arguments| arguments.is_err());
    // It refuses whatever else stands there, which is said already.
    if has_bad_argument {
        return false;
    }
    for finding in of_line(facts, stack, ours, &ways) {
        problems.add(Some(&ours.at), Some(service), finding);
    }
    past(stack, &ways, service, problems);
    if let Some(unknown) = unknown_before_code(stack, &ways) {
        problems.add(Some(&unknown.at), Some(service), texts::unknown_before_code(unknown));
    }
    let code_alone = ways.iter().any(|way| is_with_code(way) && !way.password);
    if code_alone && !is_sshd {
        problems.add(Some(&ours.at), Some(service), texts::code_alone_lets_in(&ours.at));
    }
    code_alone
}

/// What becomes of users without an enrolment. `None` if everybody is refused, or if it cannot be said.
pub fn unenrolled(facts: &Facts, stack: &[Handler]) -> Option<Unenrolled> {
    let lets_in = facts.stack_lets_in(stack)?;
    let ways = ways(stack, &|_| true)?;
    let said = |said| ways.iter().any(|way| way.said == said);
    match (said(Said::Skipped), lets_in) {
        _ if !said(Said::Right) => None,
        (false, _) => Some(Unenrolled::NeverLetIn),
        (true, false) => Some(Unenrolled::Refused),
        (true, true) => Some(Unenrolled::LetIn),
    }
}

/// Whether a service lets in by a password, and does not have the module.
pub fn takes_password_alone(facts: &Facts, service: &str) -> bool {
    let stack = facts.files.stack(service, "auth");
    let has_ours = stack.iter().any(Handler::is_ours);
    let ways = || ways(&stack, &|_| true).unwrap_or_default();
    !has_ours && ways().iter().any(|way| way.password && way.unknown.is_none())
}

/// What is wrong with the line of ours, where it stands.
fn of_line(facts: &Facts, stack: &[Handler], ours: &Handler, ways: &[Way]) -> Vec<Finding> {
    let any = |is: &dyn Fn(&Way) -> bool| ways.iter().any(is);
    let said = |said| any(&|way| way.said == said);
    // Past the module: that is said, too, and more to the point.
    let by_others = any(&|way| way.said == Said::Nothing && !is_by_condition(stack, way));
    let forwards = stack.iter().filter_map(Handler::module).any(forwards);
    let should_let_in = ours.module().is_some_and(|module| facts.lets_in(module));
    let findings = [
        said(Said::Wrong).then(|| texts::wrong_code_lets_in(ours)),
        (!said(Said::Wrong) && said(Said::Doubt)).then(|| texts::doubt_lets_in(ours)),
        (!said(Said::Right) && !by_others).then(|| texts::nobody_gets_in(stack, &ours.at)),
        password_for_a_code(stack).map(texts::first_pass_is_password),
        (said(Said::Right) && !any(&|way| way.said == Said::Right && way.asked < 2))
            .then(|| texts::asked_twice(stack)),
        (!forwards && any(&|way| way.said == Said::Right && way.code_first && way.password))
            .then(|| texts::before_password(&ours.at)),
        (said(Said::Right) && should_let_in && !said(Said::Skipped))
            .then(|| texts::no_effect(ours)),
    ];
    findings.into_iter().flatten().collect()
}

/// Whether a way leads in by the module's word.
fn is_with_code(way: &Way) -> bool {
    matches!(way.said, Said::Right | Said::Skipped)
}

/// A module that nobody here knows, where on no way in a password is checked for certain.
fn unknown_before_code<'s>(stack: &'s [Handler], ways: &[Way]) -> Option<&'s Handler> {
    let mut with_code = ways.iter().filter(|way| is_with_code(way));
    if with_code.clone().any(|way| way.password && way.unknown.is_none()) {
        return None;
    }
    stack.get(with_code.find_map(|way| way.unknown)?)
}

fn forwards(module: &Module) -> bool {
    arguments_of(module).is_some_and(|arguments| arguments.is_ok_and(|it| it.forward_pass))
}

/// A line of ours that takes for the code what a line before it has asked for, the password.
fn password_for_a_code(stack: &[Handler]) -> Option<&Handler> {
    let is_password = |it: &Handler| it.module().is_some_and(|it| it.kind == Kind::Password);
    let mut behind = stack.iter().skip_while(|it| !is_password(it));
    behind.find(|it| {
        it.module().and_then(arguments_of).is_some_and(|it| it.is_ok_and(|it| it.use_first_pass))
    })
}

/// Ways past the module, by the line that leads there.
fn past(stack: &[Handler], ways: &[Way], service: &str, problems: &mut Problems) {
    for way in ways.iter().filter(|way| way.said == Said::Nothing) {
        let Some(by) = way.past_by.and_then(|by| stack.get(by)) else { continue };
        let Some(module) = by.module() else { continue };
        let finding = match module.kind {
            // su and the like: who is root needs no password, either.
            _ if module.path.ends_with("pam_rootok.so") => continue,
            Kind::Condition => texts::exempt(by, module),
            Kind::SecondFactor if way.password && way.unknown.is_none() => {
                texts::second_factor_beside(&by.at, module)
            }
            Kind::SecondFactor => texts::other_factor(&by.at, module),
            Kind::Unknown if !way.password || is_way_in_itself(stack, by) => {
                texts::other_factor(&by.at, module)
            }
            _ => texts::jumped_past(&by.at, module),
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
