//! The last decisions on a user's codes, kept in the record and written in the same commit: who
//! fills the log with noise hides nothing here.

use crate::answer::Factor;
use crate::pam_service::PAM_SERVICE;
use crate::time::UnixTime;
use std::net::IpAddr;

/// How many of the accepted, and how many of the refused decisions are kept.
pub const KEPT: usize = 4;

/// Bytes of a service's name that are kept.
pub const LONGEST_SERVICE: usize = 24;

/// Where a code was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    service: String,
    /// `PAM_RHOST`, if it is an address: a name is whatever its owner's DNS says.
    address: Option<IpAddr>,
}

impl Origin {
    /// At the PAM service of that name (cut to 24 bytes; what is no plain ASCII becomes `?`), from `remote_host`.
    pub fn new(service: &str, remote_host: Option<&str>) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        let kept = service.bytes().take(LONGEST_SERVICE);
        let service = kept.map(|byte| if plain(byte) { char::from(byte) } else { '?' }).collect();
        let address = remote_host.and_then(|host| host.parse().ok());
        Self { service, address }
    }

    /// At the service and the command of this package, as their log lines have it.
    pub fn own() -> Self {
        Self::new(PAM_SERVICE, None)
    }

    /// The service: at most 24 bytes of plain ASCII, without blanks.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The address it came from, where one is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A right code, spent.
    Accepted,
    /// A code of nobody's.
    Wrong,
    /// A code that was used, or is older than one that was.
    Replayed,
}

/// One decision, or equal refusals in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When; of several the last.
    pub at: UnixTime,
    /// What.
    pub outcome: Outcome,
    /// On which kind of code.
    pub factor: Factor,
    /// Where.
    pub origin: Origin,
    /// How many times in a row; 1 for an accepted one.
    pub times: u32,
}

impl Entry {
    /// Whether the two differ in nothing but when and how often.
    fn is_like(&self, other: &Self) -> bool {
        (self.outcome, self.factor, &self.origin) == (other.outcome, other.factor, &other.origin)
    }
}

/// The last decisions: refused ones do not push accepted ones out, nor the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    accepted: Vec<Entry>,
    refused: Vec<Entry>,
}

impl History {
    /// A history as a record has it, oldest first. `None` if it has more than is kept.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Option<Self> {
        let (accepted, refused): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.outcome == Outcome::Accepted);
        (accepted.len() <= KEPT && refused.len() <= KEPT).then_some(Self { accepted, refused })
    }

    /// The accepted ones, then the refused ones, each oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.accepted.iter().chain(&self.refused)
    }

    /// All of them, the latest first.
    pub fn latest_first(&self) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.entries().collect();
        // Of one second the later stands behind the earlier in its list.
        entries.reverse();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries
    }

    /// Adds a decision that was made now. The oldest of its kind goes where there is no room.
    pub fn add(&mut self, entry: Entry) {
        let list = match entry.outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Wrong | Outcome::Replayed => &mut self.refused,
        };
        match list.last_mut() {
            Some(newest) if entry.outcome != Outcome::Accepted && newest.is_like(&entry) => {
                newest.at = entry.at;
                newest.times = newest.times.saturating_add(entry.times);
            }
            _ => {
                list.push(entry);
                if list.len() > KEPT {
                    list.remove(0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: u64, outcome: Outcome, service: &str) -> Entry {
        let origin = Origin::new(service, Some("192.0.2.1"));
        Entry { at: UnixTime(at), outcome, factor: Factor::Token, origin, times: 1 }
    }

    #[test]
    fn noise_does_not_push_an_accepted_guess_out() {
        let mut history = History::default();
        history.add(entry(1, Outcome::Accepted, "sshd"));
        for at in 2..1000 {
            let service = if at % 2 == 0 { "su" } else { "sshd" };
            history.add(entry(at, Outcome::Wrong, service));
        }
        let kept: Vec<_> = history.entries().map(|entry| entry.at.0).collect();
        assert_eq!(kept, [1, 996, 997, 998, 999]);
    }

    #[test]
    fn equal_refusals_in_a_row_are_one_with_a_count() {
        let mut history = History::default();
        for at in 0..50 {
            history.add(entry(at, Outcome::Wrong, "su"));
        }
        history.add(entry(50, Outcome::Replayed, "su"));
        let kept: Vec<_> = history.entries().map(|entry| (entry.at.0, entry.times)).collect();
        assert_eq!(kept, [(49, 50), (50, 1)]);
        assert_eq!(History::from_entries(history.entries().cloned()), Some(history));
    }

    #[test]
    fn only_an_address_is_kept_of_where_somebody_comes_from() {
        let from = |host| Origin::new("sshd", Some(host)).address().map(|at| at.to_string());
        assert_eq!(from("2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(from("evil.example"), None);
        assert_eq!(from("10"), None);
        let origin = Origin::new("a b\n\"é and a name that is far too long", None);
        assert_eq!(origin.service(), "a?b?????and?a?name?that?");
        assert_eq!(origin.service().len(), LONGEST_SERVICE);
    }
}
