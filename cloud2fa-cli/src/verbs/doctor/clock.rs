//! The clock: codes are made of it, on both sides.

use super::finding::{Finding, Id, Severity, bounded};
use super::programs;
use super::store::Record;
use crate::machine::rfc_3339;
use cloud2fa::UnixTime;
use cloud2fa::totp::STEP_SECONDS;
use std::path::Path;

/// Whether something keeps the clock right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronised {
    Yes,
    No,
    /// Nobody there who could be asked.
    Unknown,
}

/// Asks the kernel, through systemd; else those who keep clocks.
pub fn read() -> Synchronised {
    let timedatectl =
        programs::ask("timedatectl", &["show", "--property=NTPSynchronized", "--value"]);
    match timedatectl.filter(|said| said.success).as_ref().map(|said| said.output.trim()) {
        Some("yes") => return Synchronised::Yes,
        Some("no") => return Synchronised::No,
        _ => {}
    }
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

/// Looks at the clock, and at what the records say that it was.
pub fn check(
    synchronised: Synchronised,
    now: UnixTime,
    skew: u64,
    records: &[Record],
) -> Vec<Finding> {
    let latest = |record: &Record| {
        record.status.as_ref().map(|it| it.last_used.unwrap_or(it.since).max(it.since))
    };
    // What the phone's clock may be ahead is no sign.
    let tolerated = now.plus((skew + 1) * STEP_SECONDS);
    let ahead = records.iter().filter(|record| latest(record) > Some(tolerated));
    let names: Vec<_> = ahead.clone().map(|record| record.user.clone()).collect();
    let last = ahead.filter_map(latest).max();
    let behind = last.map(|last| behind(now, last, &names));
    let state = match synchronised {
        Synchronised::Yes => None,
        Synchronised::No => Some(unsynchronised()),
        Synchronised::Unknown => Some(unknown()),
    };
    behind.into_iter().chain(state).collect()
}

fn behind(now: UnixTime, last: UnixTime, names: &[String]) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::ClockBehind,
        format!(
            "the clock says {}, and codes were accepted until {} (of {})",
            rfc_3339(now),
            rfc_3339(last),
            bounded(names, 5)
        ),
        "No code of the app is accepted from these users until that time is reached again. Backup codes work.",
        "Set the clock right:\n    timedatectl set-ntp true\nIf it is right, it was wrong then: enrol these users anew \
         (`cloud2fa enable --replace --user NAME`).",
    )
}

fn unsynchronised() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ClockUnsynchronised,
        "nothing keeps the clock right",
        "When it is more than a minute off, no code is right any more, and everybody is locked out.",
        "Switch synchronisation on:\n    timedatectl set-ntp true",
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
    use cloud2fa::Status;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn found(state: Synchronised, since: u64, last_used: Option<u64>) -> Vec<&'static str> {
        let status = Status {
            since: UnixTime(since),
            last_used: last_used.map(UnixTime),
            backup_codes_left: 8,
            failures: 0,
            wait_seconds: 0,
            locked: false,
        };
        let user = "anna".to_owned();
        let record =
            Record { user, status: Some(status), unusable: None, is_known: true, renamed_to: None };
        check(state, NOW, 1, &[record]).iter().map(|finding| finding.id.word()).collect()
    }

    #[test]
    fn a_clock_behind_a_code_that_was_accepted_is_found() {
        assert_eq!(found(Synchronised::Yes, NOW.0 - 99, Some(NOW.0 + 60)), [""; 0]);
        assert_eq!(found(Synchronised::Yes, NOW.0 - 99, Some(NOW.0 + 61)), ["clock_behind"]);
        // The code that proved the enrolment is one, too.
        assert_eq!(found(Synchronised::Yes, NOW.0 + 99, None), ["clock_behind"]);
        assert_eq!(found(Synchronised::Yes, NOW.0 + 99, Some(NOW.0 - 5)), ["clock_behind"]);
    }

    #[test]
    fn a_clock_that_nothing_keeps_right_is_found() {
        assert_eq!(found(Synchronised::No, 0, None), ["clock_unsynchronised"]);
        assert_eq!(found(Synchronised::Unknown, 0, None), ["clock_unknown"]);
    }
}
