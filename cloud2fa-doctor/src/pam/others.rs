//! What is others' in the stacks that ask for a code, or could: the modules beside ours, and who may write
//! PAM's files.

use super::{Facts, Problems};
use crate::finding::{Finding, Id, Severity, shell};
use crate::stack::{Action, Code, Fault, Handler, Kind, Module, Unloadable};
use std::path::Path;

/// Looks at the modules of others in a stack that has ours.
pub fn check(facts: &Facts, service: &str, stack: &[Handler], problems: &mut Problems) {
    for (handler, finding) in findings(facts, stack) {
        problems.add(Some(&handler.at), Some(service), finding);
    }
}

/// The same for a stack that has not: whether one refuses everybody, which a misspelt name of ours does, too.
pub fn check_what_refuses(
    facts: &Facts,
    service: &str,
    stack: &[Handler],
    problems: &mut Problems,
) {
    for (handler, finding) in findings(facts, stack) {
        if finding.severity == Severity::Critical {
            problems.add(Some(&handler.at), Some(service), finding);
        }
    }
}

fn findings<'s>(
    facts: &'s Facts,
    stack: &'s [Handler],
) -> impl Iterator<Item = (&'s Handler, Finding)> {
    stack.iter().filter_map(|handler| {
        let module = handler.module().filter(|module| module.kind != Kind::Ours)?;
        let finding = match facts.modules.get(&module.path)? {
            Fault::NotLoaded(why) => not_loaded(facts, handler, module, why)?,
            Fault::Unsafe(path) => unsafe_module(handler, path),
        };
        Some((handler, finding))
    })
}

/// A module that cannot be loaded is for libpam one that has said `PAM_MODULE_UNKNOWN`, whether
/// the line begins with `-` or not.
fn not_loaded(
    facts: &Facts,
    handler: &Handler,
    module: &Module,
    why: &Unloadable,
) -> Option<Finding> {
    let refuses = match handler.control.of(Code::MODULE_UNKNOWN) {
        Action::Ignore | Action::Reset | Action::Jump(_) => false,
        Action::Ok | Action::Done | Action::Bad | Action::Die => true,
    };
    let may_be_missing =
        facts.files.all_lines().any(|line| line.at == handler.at && line.words[0].starts_with('-'));
    if may_be_missing && !refuses {
        return None;
    }
    let (severity, what_comes) = if refuses {
        (
            Severity::Critical,
            "Whoever comes to this line is refused: it is as if the module refused.",
        )
    } else {
        (
            Severity::Note,
            "The control passes over it: what the module is there for does not happen.",
        )
    };
    Some(Finding::new(
        severity,
        Id::OtherModuleUnusable,
        format!("{}: the module {} {why}", handler.at, module.path),
        what_comes,
        format!(
            "Install the package that has it, or take line {} out of {}.",
            handler.at.line,
            handler.at.file.display()
        ),
    ))
}

fn unsafe_module(handler: &Handler, path: &Path) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::OtherModuleUnusable,
        format!("{}: others than root may write to {}", handler.at, path.display()),
        "Who can write to a module is root at the next login.",
        made_root_s(path),
    )
}

/// A file of PAM's, or a directory of them.
pub fn unsafe_file(path: &Path) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::PamFileUnsafe,
        format!("others than root may write to {}", path.display()),
        "Who can write there decides what a login takes: no code, no password, and what root runs.",
        made_root_s(path),
    )
    .about_file(path)
}

/// How to make a path root's again.
pub fn made_root_s(path: &Path) -> String {
    format!(
        "Look whether all is there as it should be. Then:\n    chown root:root {0}\n    chmod go-w {0}",
        shell(path)
    )
}
