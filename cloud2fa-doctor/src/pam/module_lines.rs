//! Lines that name the module, each by itself: type, arguments, configuration, the module's file.

use super::arguments::arguments_of;
use super::others::made_root_s;
use super::{Facts, Problems};
use crate::finding::{Finding, Id, Severity};
use crate::stack::{Fault, Line, Module, module};

pub fn check(facts: &Facts, problems: &mut Problems) {
    for line in facts.files.all_lines() {
        let Some(module) = module(&line) else { continue };
        let Some(arguments) = arguments_of(&module) else { continue };
        for finding in [wrong_type(&line), file(facts, &line, &module)].into_iter().flatten() {
            problems.add(Some(&line.at), None, finding);
        }
        let wrong = match arguments {
            Err(bad) => Some(Finding::new(
                Severity::Critical,
                Id::BadArgument,
                format!("{}: {bad}", line.at),
                "The module refuses every login there.",
                "Correct or take out the argument; pam_cloud2fa(8) explains each.",
            )),
            Ok(arguments) if arguments.config.is_some() => {
                let config = facts.configs.get(&arguments.config);
                let why = config.and_then(|config| config.as_ref().err());
                why.map(|why| bad_config(why))
            }
            Ok(_) => None,
        };
        if let Some(finding) = wrong {
            problems.add(Some(&line.at), None, finding);
        }
    }
    for line in facts.files.lines_of_pam_conf() {
        problems.add(Some(&line.at), None, ignored(&line));
    }
}

/// A configuration that cannot be used.
pub fn bad_config(why: &str) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::BadConfig,
        why,
        "Every login at which the module goes by this file is refused.",
        "Put it right, and see whether it is:\n    cloud2fa doctor --config FILE",
    )
}

fn wrong_type(line: &Line) -> Option<Finding> {
    let kind = line.words[0].trim_start_matches('-');
    (!kind.eq_ignore_ascii_case("auth")).then(|| {
        Finding::new(
            Severity::Critical,
            Id::WrongType,
            format!("{}: the module stands there as `{}`", line.at, kind.escape_debug()),
            "It is made for `auth` alone: libpam refuses every login there.",
            format!("Take line {} out of {}.", line.at.line, line.at.file.display()),
        )
    })
}

fn file(facts: &Facts, line: &Line, module: &Module) -> Option<Finding> {
    let (what, why, fix) = match facts.modules.get(&module.path)? {
        Fault::NotLoaded(why) => (
            format!("the module {} {why}", module.path),
            "libpam refuses every login where a module cannot be loaded.",
            format!(
                "Install cloud2fa again and write the module as pam_cloud2fa.so, or take line {} out of {} before \
                 you log out.",
                line.at.line,
                line.at.file.display()
            ),
        ),
        Fault::Unsafe(path) => (
            format!("others than root may write to {}", path.display()),
            "Who can write to a module is root at the next login.",
            format!("{}\nand install cloud2fa again.", made_root_s(path)),
        ),
    };
    let what = format!("{}: {what}", line.at);
    Some(Finding::new(Severity::Critical, Id::ModuleUnusable, what, why, fix))
}

fn ignored(line: &Line) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::PamConfIgnored,
        format!("{}: the module stands where libpam does not read", line.at),
        "Where there is a directory /etc/pam.d, /etc/pam.conf does not count: nobody is asked for a code because of it.",
        "Write the line, without its first word, into the file of that name in /etc/pam.d.",
    )
}
