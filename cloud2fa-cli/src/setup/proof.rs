//! The proof that a change may stay: an administrator who was enrolled when it was made has logged in
//! through it since, with an accepted code.

use cloud2fa::history::{Entry, History, Outcome};
use cloud2fa::{Factor, Standing};
use serde::{Deserialize, Serialize};

/// What stood in an administrator's record before a change was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Who.
    pub user: String,
    /// The enrolment: another one, made since, proves nothing.
    generation: String,
    /// The accepted logins that the record had, oldest first.
    accepted: Vec<Login>,
}

/// An accepted login. No two of a record are alike: each took a code of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Login {
    service: String,
    from: Option<String>,
    by_backup_code: bool,
    at: u64,
}

impl Before {
    /// Of an administrator. `None` if there is no enrolment.
    pub fn of(user: &str, standing: &Standing) -> Option<Self> {
        let Standing::Enrolled(generation, status) = standing else { return None };
        let (user, generation) = (user.to_owned(), generation.to_hex());
        Some(Self { user, generation, accepted: accepted(&status.history) })
    }

    /// Whether the record has an accepted login at one of these PAM services that it had not before.
    /// That is seen by the order of the list and not by a clock, which may be set meanwhile.
    pub fn is_proven_by(&self, standing: &Standing, services: &[&str]) -> bool {
        let Standing::Enrolled(generation, status) = standing else { return false };
        let now = accepted(&status.history);
        let is_new = new_ones(&self.accepted, &now);
        generation.to_hex() == self.generation
            && is_new.iter().any(|login| services.contains(&&*login.service))
    }
}

fn accepted(history: &History) -> Vec<Login> {
    let accepted = history.entries().filter(|entry| entry.outcome == Outcome::Accepted);
    accepted.map(Login::of).collect()
}

impl Login {
    fn of(entry: &Entry) -> Self {
        Self {
            service: entry.origin.service().to_owned(),
            from: entry.origin.address().map(|address| address.to_string()),
            by_backup_code: entry.factor == Factor::BackupCode,
            at: entry.at.0,
        }
    }
}

/// Those of `now` that come behind all of `before` that is still there. The oldest fall out of the list.
fn new_ones<'a>(before: &[Login], now: &'a [Login]) -> &'a [Login] {
    let kept = (0..=before.len()).map(|gone| &before[gone..]).find(|kept| now.starts_with(kept));
    &now[kept.map_or(0, <[Login]>::len)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::UnixTime;
    use cloud2fa::history::{KEPT, Origin};
    use proptest::prelude::*;

    fn login(number: u64, service: &str) -> Entry {
        let (outcome, factor, times) = (Outcome::Accepted, Factor::Token, 1);
        let origin = Origin::new(service, None);
        Entry { at: UnixTime(1_000 - number), outcome, factor, origin, times }
    }

    proptest! {
        /// Also where the clock goes back with each login, and whatever has fallen out of the list.
        #[test]
        fn the_logins_since_are_told_from_those_before(count in 0..9_u64, since in 0..9_u64) {
            let mut history = History::default();
            (0..count).for_each(|number| history.add(login(number, "sshd")));
            let before = accepted(&history);
            (count..count + since).for_each(|number| history.add(login(number, "su")));
            let now = accepted(&history);
            let expected = usize::try_from(since).unwrap().min(KEPT);
            prop_assert_eq!(new_ones(&before, &now).len(), expected);
            prop_assert!(new_ones(&before, &now).iter().all(|login| login.service == "su"));
        }
    }
}
