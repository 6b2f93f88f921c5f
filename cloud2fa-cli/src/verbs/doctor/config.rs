//! What the configuration says, where it weakens something.

use super::finding::{Finding, Id, Severity};
use cloud2fa::Config;
use cloud2fa::config::Reauthenticate;
use cloud2fa::throttle::Throttle;

/// Steps either side that a phone with automatic time never needs.
const WIDE_SKEW: u64 = 2;

/// Looks at a configuration that can be used.
pub fn check(config: &Config) -> Vec<Finding> {
    let Throttle { free_failures, first_wait, .. } = config.throttle;
    let usual = Throttle::default();
    let findings = [
        (config.reauthenticate == Reauthenticate::Password).then(password_is_enough),
        (config.skew > WIDE_SKEW).then(|| wide_skew(config.skew)),
        (free_failures > usual.free_failures || first_wait < usual.first_wait).then(weak_throttle),
    ];
    findings.into_iter().flatten().collect()
}

fn password_is_enough() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ReauthenticatePassword,
        "reauthenticate = \"password\": a user's password is enough to replace or turn off the second factor",
        "Who has stolen a password takes the second factor away with it: it protects nobody then whose service is on.",
        "In cloud2fa.toml take the line out, or write:\n    reauthenticate = \"both\"",
    )
}

fn wide_skew(skew: u64) -> Finding {
    let codes = 2 * skew + 1;
    Finding::new(
        Severity::Note,
        Id::WideSkew,
        format!("skew = {skew}: {codes} codes are right at any time"),
        "A guess hits more often, and a code that was looked at over a shoulder lives longer.",
        "If the phones have automatic time, in cloud2fa.toml:\n    skew = 1",
    )
}

fn weak_throttle() -> Finding {
    Finding::new(
        Severity::Note,
        Id::WeakThrottle,
        "[throttle] lets wrong codes follow each other faster than by default",
        "Who has a password can try more codes in a day, and can have the user locked sooner.",
        "If that is not meant, take free_failures and first_wait out of cloud2fa.toml.",
    )
}
