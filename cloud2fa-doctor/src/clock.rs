//! The clock: codes are made of it, on both sides.

use crate::finding::{Finding, Id, Severity, listed};
use crate::named::NamedStore;
use crate::programs;
use crate::record::Record;
use cloud2fa::UnixTime;
use cloud2fa::totp::STEP_SECONDS;
use std::path::Path;

/// Whether something keeps the clock right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronised {
    Yes,
    No,
    /// There is no program to ask.
    Unknown,
}

/// All that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub synchronised: Synchronised,
    /// Whether systemd knows a program that would keep it right. `None` if there is no systemd.
    pub has_keeper: Option<bool>,
    /// True in a container: the clock is the host's.
    pub is_hosts: bool,
}

impl Clock {
    /// Whether it is kept right, as far as that can be said.
    pub fn is_kept(self) -> bool {
        self.synchronised == Synchronised::Yes
    }
}

/// Asks the kernel through systemd or, if there is no systemd, the programs that keep clocks.
pub fn read() -> Clock {
    let synchronised = timedatectl("NTPSynchronized")
        .map(|it| if it { Synchronised::Yes } else { Synchronised::No });
    Clock {
        synchronised: synchronised.unwrap_or_else(without_systemd),
        has_keeper: timedatectl("CanNTP"),
        is_hosts: programs::ask("systemd-detect-virt", &["--quiet", "--container"])
            .is_some_and(|said| said.success),
    }
}

fn timedatectl(property: &str) -> Option<bool> {
    let said = programs::ask("timedatectl", &["show", "--value", "--property", property])?;
    match said.output.trim() {
        "yes" if said.success => Some(true),
        "no" if said.success => Some(false),
        _ => None,
    }
}

fn without_systemd() -> Synchronised {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Synchronised::Yes;
    }
    let chrony = programs::ask("chronyc", &["-n", "tracking"]).filter(|said| said.success);
    chrony.map_or(Synchronised::Unknown, |said| {
        let leap = said.output.lines().find(|line| line.starts_with("Leap status"));
        if leap.is_some_and(|line| line.contains("Not synchronised")) {
            Synchronised::No
        } else {
            Synchronised::Yes
        }
    })
}

/// The finding for a clock that nothing keeps right. `None` if something does.
pub fn check(clock: Clock) -> Option<Finding> {
    match clock.synchronised {
        Synchronised::Yes => None,
        Synchronised::No => Some(unsynchronised(clock)),
        Synchronised::Unknown => Some(unknown()),
    }
}

/// The finding for a clock that is behind what the records say that it was. `None` if it is not.
pub fn against(
    clock: Clock,
    now: UnixTime,
    written: &dyn Fn(UnixTime) -> String,
    store: &NamedStore,
    records: &[Record],
) -> Option<Finding> {
    let latest = |record: &Record| {
        record.status.as_ref().map(|it| it.last_used.unwrap_or(it.since).max(it.since))
    };
    let ahead = records
        .iter()
        .filter(|it| latest(it).is_some_and(|at| is_ahead(at, now, store.config.skew)));
    let names: Vec<_> = ahead.clone().map(|record| record.user.clone()).collect();
    let last = written(ahead.filter_map(latest).max()?);
    let anew = format!("{} enable --replace --user NAME", store.command());
    let finding = if clock.is_kept() {
        was_ahead(&last, &names, &anew)
    } else {
        is_behind(&written(now), &last, &names, &anew, how_to_keep(clock))
    };
    Some(finding.about_users(&names))
}

/// Whether a code that was accepted then keeps those of now out. A phone whose clock is ahead by no more than
/// this is let in.
pub fn is_ahead(accepted: UnixTime, now: UnixTime, skew: u64) -> bool {
    accepted > now.plus((skew + 1) * STEP_SECONDS)
}

/// No code is good twice, so that the last time step cannot be taken back: a new key begins a new count.
fn was_ahead(last: &str, names: &[String], anew: &str) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::ClockBehind,
        format!(
            "the clock was ahead when codes were accepted, until {last} (of {})",
            listed(names)
        ),
        "The clock is right now. Until that time comes, these users' app codes are refused. Backup codes work.",
        format!("Give each of them a new key, which works at once:\n    {anew}"),
    )
}

fn is_behind(now: &str, last: &str, names: &[String], anew: &str, keep: &str) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::ClockBehind,
        format!(
            "the clock says {now}, and codes were accepted until {last} (of {})",
            listed(names)
        ),
        "Until that time comes, these users' app codes are refused. Backup codes work.",
        format!(
            "Set the clock right. {keep}\nIf it is right already, it was ahead then: give each of these users a new \
             key, which works at once:\n    {anew}"
        ),
    )
}

/// What to do so that the clock is kept right. systemd switches on only a program that it knows.
fn how_to_keep(clock: Clock) -> &'static str {
    if clock.is_hosts {
        return "This is a container, whose clock is that of its host. See there:\n    timedatectl";
    }
    match clock.has_keeper {
        Some(true) => "Switch synchronisation on:\n    timedatectl set-ntp true",
        Some(false) => {
            "Install a program that keeps it right, chrony or on Debian:\n    apt install systemd-timesyncd"
        }
        None => {
            "See whether the program that keeps clocks here does its work, with chrony:\n    chronyc tracking"
        }
    }
}

fn unsynchronised(clock: Clock) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ClockUnsynchronised,
        "nothing keeps the clock right",
        "When it is more than a minute off, no code is right any more, and everybody is locked out.",
        how_to_keep(clock),
    )
}

fn unknown() -> Finding {
    Finding::new(
        Severity::Note,
        Id::ClockUnknown,
        "whether something keeps the clock right cannot be said: neither systemd nor chrony answers",
        "When it is more than a minute off, no code is right any more.",
        "Compare it with your phone's, or with a server's:\n    date",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::{Config, Status};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    const KEPT: Clock =
        Clock { synchronised: Synchronised::Yes, has_keeper: Some(true), is_hosts: false };

    #[test]
    fn of_a_clock_that_is_kept_right_it_is_said_that_it_was_ahead() {
        let fix =
            |synchronised| behind(Clock { synchronised, ..KEPT }, NOW.0 + 99, None).unwrap().fix;
        let anew = "\n    cloud2fa enable --replace --user NAME";
        assert_eq!(
            fix(Synchronised::Yes),
            format!("Give each of them a new key, which works at once:{anew}")
        );
        for unsure in [Synchronised::No, Synchronised::Unknown] {
            let fix = fix(unsure);
            assert!(fix.starts_with("Set the clock right. ") && fix.ends_with(anew), "{fix}");
        }
    }

    fn found(since: u64, last_used: Option<u64>) -> Option<&'static str> {
        behind(KEPT, since, last_used).map(|finding| finding.id.word())
    }

    fn behind(clock: Clock, since: u64, last_used: Option<u64>) -> Option<Finding> {
        let status = Status {
            since: UnixTime(since),
            last_used: last_used.map(UnixTime),
            backup_codes_left: 8,
            failures: 0,
            wait_seconds: 0,
            locked: false,
            budget_used: 0,
            history: cloud2fa::history::History::default(),
        };
        let user = "anna".to_owned();
        let record = Record {
            user,
            uid: None,
            status: Some(status),
            unusable: None,
            is_known: true,
            renamed_to: None,
        };
        let written = |time: UnixTime| time.0.to_string();
        against(clock, NOW, &written, &NamedStore::usual(&Config::default()), &[record])
    }

    #[test]
    fn a_clock_behind_a_code_that_was_accepted_is_found() {
        assert_eq!(found(NOW.0 - 99, Some(NOW.0 + 60)), None);
        assert_eq!(found(NOW.0 - 99, Some(NOW.0 + 61)), Some("clock_behind"));
        // The code that proved the enrolment is one, too.
        assert_eq!(found(NOW.0 + 99, None), Some("clock_behind"));
        assert_eq!(found(NOW.0 + 99, Some(NOW.0 - 5)), Some("clock_behind"));
    }

    #[test]
    fn a_clock_that_nothing_keeps_right_is_found() {
        let found = |synchronised| check(Clock { synchronised, ..KEPT }).map(|it| it.id.word());
        assert_eq!(found(Synchronised::No), Some("clock_unsynchronised"));
        assert_eq!(found(Synchronised::Unknown), Some("clock_unknown"));
        assert_eq!(found(Synchronised::Yes), None);
    }

    #[test]
    fn what_keeps_the_clock_is_switched_on_where_it_is_there_and_installed_where_it_is_not() {
        for (has_keeper, command) in [
            (Some(true), "\n    timedatectl set-ntp true"),
            (Some(false), "\n    apt install systemd-timesyncd"),
            (None, "\n    chronyc tracking"),
        ] {
            let clock = Clock { synchronised: Synchronised::No, has_keeper, ..KEPT };
            assert!(check(clock).unwrap().fix.ends_with(command));
            let fix = behind(clock, NOW.0 + 99, None).unwrap().fix;
            assert!(fix.contains(command), "{fix}");
            // In a container nothing that is typed there helps.
            let clock = Clock { is_hosts: true, ..clock };
            assert!(check(clock).unwrap().fix.ends_with("See there:\n    timedatectl"));
        }
    }
}
