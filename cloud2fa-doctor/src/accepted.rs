//! Findings that the administrator knows: `accept` in the configuration. They are shown, and count no longer.

use crate::finding::{Finding, Id, Severity};
use std::collections::BTreeSet;

/// What was looked at. Of a configuration alone, most ids find nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Machine,
    Configuration,
}

/// Marks the findings with these ids as accepted, and adds one for each id that does nothing, so that the
/// list does not outlive its reasons.
pub fn apply(accept: &[String], mut findings: Vec<Finding>, scope: Scope) -> Vec<Finding> {
    let ids: BTreeSet<_> = accept.iter().map(String::as_str).collect();
    for finding in &mut findings {
        let is_known = ids.contains(finding.id.word());
        finding.is_accepted = is_known && finding.severity != Severity::Critical;
    }
    let without_effect: Vec<_> =
        ids.iter().filter_map(|id| without_effect(id, &findings, scope)).collect();
    findings.extend(without_effect);
    findings
}

/// Why this id in the list does nothing. `None` if it does.
fn without_effect(id: &str, findings: &[Finding], scope: Scope) -> Option<Finding> {
    let is_one = Id::ALL.iter().any(|known| known.word() == id);
    let mut found = findings.iter().filter(|finding| finding.id.word() == id).peekable();
    let id = id.escape_debug();
    let (what, why, fix) = if !is_one {
        (
            format!("accept lists {id}, which is not the id of any finding"),
            "It may be misspelt. What was meant still counts.",
            "Write the id as the report does. All ids are in cloud2fa(1), FINDINGS.",
        )
    } else if found.peek().is_some() {
        if found.all(|finding| finding.severity != Severity::Critical) {
            return None;
        }
        (
            format!("accept lists {id}, which is critical and cannot be accepted"),
            "People get in without a code, or nobody can log in. This still counts.",
            "Fix the finding, and take the id out of accept.",
        )
    } else if scope == Scope::Configuration {
        return None;
    } else {
        (
            format!("accept lists {id}, but nothing like it is found any more"),
            "If it comes back one day, nobody is warned.",
            "Take the id out of accept in cloud2fa.toml.",
        )
    };
    Some(Finding::new(Severity::Note, Id::AcceptWithoutEffect, what, why, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(severity: Severity, id: Id) -> Finding {
        Finding::new(severity, id, "what", "why", "fix")
    }

    fn after(accept: &[&str], findings: Vec<Finding>, scope: Scope) -> Vec<(&'static str, bool)> {
        let accept: Vec<_> = accept.iter().map(|id| (*id).to_owned()).collect();
        let findings = apply(&accept, findings, scope).into_iter();
        findings.map(|it| (it.id.word(), it.is_accepted)).collect()
    }

    #[test]
    fn a_warning_and_a_note_are_accepted_and_nothing_that_is_critical() {
        let findings = vec![
            found(Severity::Warning, Id::WideSkew),
            found(Severity::Note, Id::Exempt),
            found(Severity::Critical, Id::BadConfig),
            found(Severity::Note, Id::SshdMatch),
        ];
        assert_eq!(
            after(&["bad_config", "exempt", "wide_skew"], findings, Scope::Machine),
            [
                ("wide_skew", true),
                ("exempt", true),
                ("bad_config", false),
                ("sshd_match", false),
                ("accept_without_effect", false)
            ]
        );
    }

    #[test]
    fn an_id_that_does_nothing_is_a_finding() {
        let is_said = [("accept_without_effect", false)];
        for (id, scope, expected) in [
            ("wide_skew", Scope::Machine, &is_said[..]),
            ("wide_skew", Scope::Configuration, &[]),
            ("wide_skwe", Scope::Machine, &is_said),
            ("wide_skwe", Scope::Configuration, &is_said),
            // It cannot be silenced by itself.
            ("accept_without_effect", Scope::Machine, &is_said),
        ] {
            assert_eq!(after(&[id], Vec::new(), scope), expected, "{id} {scope:?}");
        }
    }

    #[test]
    fn of_one_id_what_is_critical_counts_and_the_rest_is_accepted() {
        let both =
            vec![found(Severity::Critical, Id::BadConfig), found(Severity::Warning, Id::BadConfig)];
        let expected =
            [("bad_config", false), ("bad_config", true), ("accept_without_effect", false)];
        assert_eq!(after(&["bad_config"], both, Scope::Machine), expected);
    }
}
