//! Whose password and code sudo asks for: not always those of who calls it (sudoers(5), `rootpw` and the like).

use crate::finding::{Finding, Id, Severity};
use crate::pam::{AskingService, Unenrolled};
use crate::programs;
use crate::regular::text;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The services of sudo.
const SERVICES: [&str; 2] = ["sudo", "sudo-i"];

const SUDOERS: &str = "/etc/sudoers";
const MORE_SUDOERS: &str = "/etc/sudoers.d";

/// Whose password it is, by the option that says so. The first one that is set counts.
const OPTIONS: [(&str, &str); 3] = [
    ("rootpw", "root's"),
    ("runaspw", "the default target user's (usually root's)"),
    ("targetpw", "the target user's (usually root's)"),
];

/// One setting of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    option: String,
    is_on: bool,
    /// Whether it is for some users, hosts or commands.
    is_for_some: bool,
}

/// An option that is set, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sudo {
    option: (&'static str, &'static str),
    is_for_some: bool,
}

/// Looks. `None` if sudo asks people for what is their own.
pub fn read() -> Option<Sudo> {
    Path::new(SUDOERS).exists().then_some(())?;
    let arguments = ["-c", "/dev/null", "-f", "json", "-o", "-", SUDOERS];
    let said = programs::ask("cvtsudoers", &arguments).filter(|said| said.success);
    let said = said.and_then(|said| serde_json::from_str(&said.output).ok());
    what_counts(&said.map_or_else(|| in_files(&files()), |json| in_json(&json)))
}

/// What sudo's own program makes of the files.
fn in_json(json: &Value) -> Vec<Setting> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut settings = Vec::new();
    for entry in list(&json["Defaults"]) {
        let is_for_some = !entry["Binding"].is_null();
        for option in list(&entry["Options"]) {
            let options = option.as_object().into_iter().flatten();
            let flags = options.filter_map(|(name, value)| Some((name.clone(), value.as_bool()?)));
            settings.extend(flags.map(|(option, is_on)| Setting { option, is_on, is_for_some }));
        }
    }
    settings
}

/// The files in the order in which sudo reads them, for a sudo without that program.
fn files() -> Vec<String> {
    let entries = fs::read_dir(MORE_SUDOERS).into_iter().flatten().flatten();
    let mut more: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    more.sort();
    let has_dot = |path: &&PathBuf| {
        path.to_string_lossy().trim_start_matches(MORE_SUDOERS).contains(['.', '~'])
    };
    let more = more.iter().filter(|path| !has_dot(path));
    [PathBuf::from(SUDOERS)].iter().chain(more).filter_map(|path| text(path)).collect()
}

/// What the lines `Defaults` say: flags alone.
fn in_files(texts: &[String]) -> Vec<Setting> {
    let mut settings = Vec::new();
    for line in texts
        .iter()
        .flat_map(|text| text.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let Some(rest) = line.trim_start().strip_prefix("Defaults") else { continue };
        let is_for_some = rest.starts_with([':', '@', '!', '>']);
        let options = if is_for_some {
            rest.split_once(char::is_whitespace).map_or("", |(_, options)| options)
        } else {
            rest
        };
        for option in options.split(',').map(str::trim) {
            let name = option.trim_start_matches('!').trim();
            let is_on = option.len() == name.len();
            settings.push(Setting { option: name.to_owned(), is_on, is_for_some });
        }
    }
    settings
}

/// Of settings for everybody the last one counts; one that is for some counts for these.
fn what_counts(settings: &[Setting]) -> Option<Sudo> {
    OPTIONS.into_iter().find_map(|option| {
        let of_it = || settings.iter().filter(|it| it.option == option.0);
        let for_all = of_it().rfind(|it| !it.is_for_some).is_some_and(|it| it.is_on);
        let for_some = of_it().any(|it| it.is_for_some && it.is_on);
        (for_all || for_some).then_some(Sudo { option, is_for_some: !for_all })
    })
}

/// The finding, where sudo asks for a code.
pub fn check(
    sudo: Option<Sudo>,
    asked: &[AskingService],
    root_is_enrolled: bool,
) -> Option<Finding> {
    let Sudo { option: (option, whose), is_for_some } = sudo?;
    let asked = asked.iter().filter(|it| SERVICES.contains(&it.service.as_str()));
    let asked: Vec<_> = asked.collect();
    asked.first()?;
    let lets_in = asked.iter().any(|it| it.unenrolled == Some(Unenrolled::LetIn));
    let (severity, why) = match (root_is_enrolled, lets_in) {
        (true, _) => (Severity::Note, "People who use sudo need that code, and not their own."),
        (false, true) => {
            (Severity::Warning, "root is not enrolled, so sudo asks nobody for a code.")
        }
        (false, false) => (Severity::Warning, "root is not enrolled, so sudo refuses everybody."),
    };
    let some = if is_for_some { ", for some" } else { "" };
    let services: Vec<_> = asked.iter().map(|it| it.service.clone()).collect();
    let finding = Finding::new(
        severity,
        Id::SudoAsksForAnother,
        format!(
            "sudo asks for {whose} password and code, not the caller's (`Defaults {option}`{some})"
        ),
        why,
        format!(
            "To ask people for their own, remove `{option}`:\n    visudo\n\
             or use root's code, and share it with everybody who may use sudo:\n    cloud2fa enable --user root"
        ),
    );
    Some(finding.about_services(&services).about_file(SUDOERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of sudoers, and the option that counts.
    const LINES: &[(&str, Option<(&str, bool)>)] = &[
        ("Defaults env_reset, secure_path=\"/a:/b\"\n", None),
        ("Defaults rootpw\n", Some(("rootpw", false))),
        ("Defaults env_reset, \\\n  targetpw\n", Some(("targetpw", false))),
        ("Defaults rootpw\nDefaults !rootpw\n", None),
        ("Defaults targetpw, rootpw\n", Some(("rootpw", false))),
        ("Defaults:anna runaspw\n", Some(("runaspw", true))),
        ("Defaults rootpw\nDefaults:anna !rootpw\n", Some(("rootpw", false))),
        ("# Defaults rootpw\nanna ALL=(ALL) ALL\n", None),
        ("Defaults passprompt=\"rootpw\"\n", None),
    ];

    #[test]
    fn whose_password_sudo_asks_for_is_read_from_its_files() {
        for (text, expected) in LINES {
            let found = what_counts(&in_files(&[(*text).to_owned()]));
            let found = found.map(|it| (it.option.0, it.is_for_some));
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn what_it_is_about_is_root_s_enrolment() {
        let asking = |unenrolled| AskingService {
            service: "sudo".to_owned(),
            unenrolled,
            code_alone: false,
            after_key: false,
            one_field: false,
            at: String::new(),
        };
        let sudo = what_counts(&in_files(&["Defaults rootpw\n".to_owned()]));
        let severity = |unenrolled, is_enrolled| {
            check(sudo, &[asking(unenrolled)], is_enrolled).map(|it| it.severity)
        };
        assert_eq!(severity(Some(Unenrolled::LetIn), false), Some(Severity::Warning));
        assert_eq!(severity(Some(Unenrolled::LetIn), true), Some(Severity::Note));
        assert_eq!(severity(Some(Unenrolled::Refused), false), Some(Severity::Warning));
        assert_eq!(check(sudo, &[], false), None);
        assert_eq!(check(None, &[asking(None)], false), None);
    }
}
