//! `setup ssh` where ssh takes keys alone: for whom all stays as it is, and whom the change would shut out.

use crate::caller;
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::machine;
use crate::setup::{Before, First, Plan, key_logins};
use std::collections::BTreeSet;

const ROOT: &str = "root";

/// Users by the names that the system has for them. In a list of sshd's, some characters mean other users.
pub fn users(names: &[String]) -> Result<Vec<String>, Failure> {
    let find = |name: &String| match caller::find(name)?.name.as_str() {
        name if is_plain(name) => Ok(name.to_owned()),
        name => Err(Failure::new(Kind::Usage, (WORDS.setup_failures.not_for_sshd)(name))),
    };
    names.iter().map(find).collect()
}

/// Whether a name is itself in a list of patterns (sshd_config(5), PATTERNS).
fn is_plain(name: &str) -> bool {
    let means_more = |character: char| {
        character.is_whitespace() || character.is_control() || "*?!,\"'\\#".contains(character)
    };
    !name.contains(means_more)
}

/// Whom the change would shut out.
pub struct ShutOut {
    /// Those who log in by a key alone and are not enrolled; and root, if sshd lets root answer no questions.
    pub names: BTreeSet<String>,
    /// Why there may be more of them. `None` if there are not.
    more: Option<String>,
}

impl ShutOut {
    /// Fails where somebody would be shut out.
    pub fn must_be_nobody(self) -> Result<(), Failure> {
        let words = &WORDS.setup_failures;
        let names: Vec<_> = self.names.into_iter().collect();
        let known =
            (!names.is_empty()).then(|| (words.shuts_out)(&names.join(", "), &names.join(",")));
        let all: Vec<_> = known.into_iter().chain(self.more).collect();
        if all.is_empty() {
            return Ok(());
        }
        let message = format!("{}\n{}", WORDS.failures.left_as_it_was, all.join("\n"));
        Err(Failure::new(Kind::Unavailable, message))
    }
}

/// Looks who that is. `before`: how a user stands; nothing where there is no enrolment.
pub fn shut_out(
    plan: &Plan,
    before: &dyn Fn(&str) -> Result<Option<Before>, Failure>,
) -> Result<ShutOut, Failure> {
    let First::Key { enough_for, root_cannot_answer, .. } = &plan.first else {
        return Ok(ShutOut { names: BTreeSet::new(), more: None });
    };
    let words = &WORDS.setup_failures;
    let (logins, more) = match key_logins::of_the_last_30_days(machine::now().0) {
        Ok(logins) if logins.is_whole => (logins.names, None),
        Ok(logins) => (logins.names, Some(words.key_logins_partly.to_owned())),
        Err(error) => (BTreeSet::new(), Some((words.key_logins_unknown)(&error))),
    };
    let mut names = BTreeSet::new();
    for name in logins {
        // Who is not there any more logs in no more, either.
        let user = match caller::find(&name) {
            Err(failure) if failure.kind == Kind::UnknownUser => continue,
            user => user?,
        };
        if before(user.name.as_str())?.is_none() {
            names.insert(user.name.to_string());
        }
    }
    if *root_cannot_answer {
        names.insert(ROOT.to_owned());
    }
    names.retain(|name| !enough_for.contains(name));
    Ok(ShutOut { names, more })
}

/// Whether a login of this user is asked for a code, so that it proves something.
pub fn is_asked(plan: &Plan, name: &str) -> bool {
    let First::Key { enough_for, root_cannot_answer, .. } = &plan.first else { return true };
    let cannot_answer = name == ROOT && *root_cannot_answer;
    !cannot_answer && !enough_for.iter().any(|it| it == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_mean_others_is_none_for_sshd() {
        for name in ["anna", "anna.b-c_d$", "anna@corp", "j\u{f6}rg"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["*", "a?", "!anna", "anna,bob", "anna bob", "anna\"", "#anna", "a\\"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
