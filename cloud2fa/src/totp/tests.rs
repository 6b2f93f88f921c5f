//! The vectors of RFC 4226 and RFC 6238, and the bounds.

use super::*;

fn rfc() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

#[test]
fn rfc_4226_appendix_d() {
    let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (counter, code) in (0..).zip(codes) {
        assert_eq!(rfc().token_at(TimeStep(counter)).as_str(), code);
    }
}

#[test]
fn rfc_6238_appendix_b() {
    for (time, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(rfc().token_at(TimeStep::of(UnixTime(time))).as_str(), code);
    }
}

#[test]
fn rfc_6238_appendix_b_with_its_other_hashes_and_all_8_digits() {
    // The erratum 2866: each hash has a key of its own length.
    for (algorithm, length, codes) in [
        (Algorithm::Sha1, 20, ["94287082", "07081804", "89005924", "65353130"]),
        (Algorithm::Sha256, 32, ["46119246", "68084774", "91819424", "77737706"]),
        (Algorithm::Sha512, 64, ["90693936", "25091201", "93441116", "47863826"]),
    ] {
        let key: Vec<_> = (b'1'..=b'9').chain([b'0']).cycle().take(length).collect();
        let parameters = Parameters::new(algorithm, 8, 30).unwrap();
        let secret = Secret::from_bytes(&key).unwrap().with_parameters(parameters);
        let times = [59, 1_111_111_109, 1_234_567_890, 20_000_000_000].map(UnixTime);
        for (time, code) in times.into_iter().zip(codes) {
            let token = secret.token_at(secret.step_at(time));
            assert_eq!(token.as_str(), code);
            assert_eq!(secret.latest_step_of(&token, time, 0), Some(secret.step_at(time)));
            let six = Token::from_digits(&code.as_bytes()[2..]).unwrap();
            assert_eq!(secret.latest_step_of(&six, time, 10), None, "6 digits are not 8");
        }
    }
}

#[test]
fn a_code_holds_for_as_long_as_its_period() {
    let minutes = Parameters::new(Algorithm::Sha1, 6, 60).unwrap();
    let secret = rfc().with_parameters(minutes);
    assert_eq!(secret.step_at(UnixTime(119)), TimeStep(1));
    assert_eq!(secret.start_of(TimeStep(2)), UnixTime(120));
    // RFC 4226's counter 1 is the code of the second minute.
    assert_eq!(secret.token_at(TimeStep(1)).as_str(), "287082");
    let token = secret.token_at(TimeStep(1));
    assert_eq!(secret.latest_step_of(&token, UnixTime(60), 0), Some(TimeStep(1)));
    assert_eq!(secret.latest_step_of(&token, UnixTime(119), 0), Some(TimeStep(1)));
    assert_eq!(secret.latest_step_of(&token, UnixTime(120), 0), None);
    assert_eq!(secret.latest_step_of(&token, UnixTime(179), 1), Some(TimeStep(1)));
}

#[test]
fn parameters_outside_their_bounds_are_none() {
    for (digits, period) in [(5, 30), (9, 30), (0, 30), (6, 9), (6, 301), (6, 0)] {
        assert_eq!(Parameters::new(Algorithm::Sha1, digits, period), None);
    }
}

#[test]
fn a_weak_secret_is_taken_by_that_name_alone() {
    let end = UnixTime(1_790_000_000);
    assert_eq!(Secret::from_bytes(&[7; 10]), None);
    let weak = Secret::weak_from_bytes(&[7; 10], end).unwrap();
    assert_eq!((weak.replace_by(), rfc().replace_by()), (Some(end), None));
    let token = weak.token_at(TimeStep(3));
    assert_eq!(weak.latest_step_of(&token, TimeStep(3).start(), 0), Some(TimeStep(3)));
    for length in [0, 9, 16, 64] {
        assert_eq!(Secret::weak_from_bytes(&vec![7; length], end), None);
    }
}

#[test]
fn where_the_digits_fit_two_steps_the_latest_is_found() {
    let key = data_encoding::HEXLOWER.decode(b"4c78ba7d3d8b3da176170e761f0ba6115f45847b").unwrap();
    let secret = Secret::from_bytes(&key).unwrap();
    let token = Token::from_digits(b"012500").unwrap();
    let now = TimeStep(133_866).start();
    assert_eq!(secret.latest_step_of(&token, now, 1), Some(TimeStep(133_867)));
    assert_eq!(
        secret.latest_step_of(&token, TimeStep(133_865).start(), 1),
        Some(TimeStep(133_865))
    );
}

#[test]
fn the_window_does_not_reach_below_the_first_step() {
    let token = rfc().token_at(TimeStep(0));
    assert_eq!(rfc().latest_step_of(&token, UnixTime(0), 10), Some(TimeStep(0)));
}

#[test]
fn a_secret_survives_base32_and_a_short_one_is_none() {
    let secret = Secret::generate().unwrap();
    assert_eq!(Secret::from_base32(&secret.to_base32()), Some(secret));
    assert_eq!(Secret::from_base32("JBSWY3DPEHPK3PXP"), None);
    assert_eq!(Secret::from_base32("gezdgnbvgy3tqojqgezdgnbvgy3tqojq"), None);
}

#[test]
fn debug_output_hides_secret_and_token() {
    let shown = format!("{:?} {:?}", rfc(), rfc().token_at(TimeStep(1)));
    assert_eq!(shown, "Secret(hidden) Token(hidden)");
}
