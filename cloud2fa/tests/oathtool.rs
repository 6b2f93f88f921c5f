//! oathtool as an independent second opinion on codes of random keys at random times.

#![allow(missing_docs)]

use cloud2fa::{Secret, TimeStep, UnixTime};
use std::ops::Range;
use std::process::Command;

/// A few bytes of the system's random numbers.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn random_time(range: &Range<u64>) -> UnixTime {
    UnixTime(range.start + u64::from_le_bytes(random()) % (range.end - range.start))
}

/// What oathtool says are the codes of `time` and of the `more` steps after it.
fn second_opinion(secret: &Secret, time: UnixTime, more: u64) -> Vec<String> {
    let output = Command::new("oathtool")
        .args(["--totp", "--base32", &*secret.to_base32()])
        .arg(format!("--now=@{}", time.0))
        .arg(format!("--window={more}"))
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot run oathtool ({error}); install the package oathtool (Debian, Fedora: oathtool; Arch: oath-toolkit)")
        });
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "oathtool at {}: {complaint}", time.0);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn agree(secret: &Secret, time: UnixTime) {
    let codes = second_opinion(secret, time, 9);
    assert_eq!(codes.len(), 10);
    for (step, code) in (TimeStep::of(time).0..).zip(codes) {
        let ours = secret.token_at(TimeStep(step));
        assert_eq!(ours.as_str(), code, "secret {}, step {step}", *secret.to_base32());
    }
}

#[test]
fn oathtool_shows_the_same_codes_for_every_key_length_at_every_time() {
    let times = [
        0..1_000,
        1_700_000_000..1_900_000_000,
        // Around 2038, the year 2106, the year 9999 and far beyond.
        (1 << 31) - 600..(1 << 31) + 600,
        (1 << 32) - 600..(1 << 32) + 600,
        253_402_300_000..253_402_400_000,
        1 << 33..1 << 60,
    ];
    for length in [20, 20, 20].into_iter().chain(16..=64) {
        for range in &times {
            let secret = Secret::from_bytes(&random::<64>()[..length]).unwrap();
            agree(&secret, random_time(range));
        }
    }
}

#[test]
fn oathtool_shows_the_same_codes_for_new_secrets() {
    for _ in 0..50 {
        agree(&Secret::generate().unwrap(), random_time(&(1_700_000_000..2_000_000_000)));
    }
}
