//! What the relatives test, as far as it applies here: google-authenticator-libpam's
//! `pam_google_authenticator_unittest.c` (G1..G22), `pam_oath`'s `tst_root.sh` (O1..O9)
//! and liboath's `tst_totp_validate` and `tst_usersfile`. Where the rules differ, ours stand.
//!
//! Not here, and why:
//! - G2 (HMAC samples of FIPS 198): HMAC is a dependency; RFC 4226 appendix D goes through it.
//! - G4 (nullok), O1/O4/O6 (password and code in one field): the module's business.
//! - G9 (`STEP_SIZE`): there is one step size.
//! - G12 (reuse allowed by default): no code is ever accepted twice; see G13.
//! - G16 (a broken line in the file): `file_store_hostile.rs`.
//! - G20, G21, G22, O2, O3 (HOTP): out of scope.
//! - O9 (the file is as expected): `file_store.rs`, which reads the file that is left behind.
//! - liboath's several lines a user, `+` and passwords of a token: there are none of these.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;

use accounts::{code_set, hash, new_account};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::decide::{Claim, Purpose, Verdict, decide};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::{
    Account, Answer, Attempt, Challenge, FileStore, Generation, Secret, TimeStep, Token, UnixTime,
    User, UserName, Verifier,
};

/// google-authenticator's 10 bytes `2SH3V3GDW7ZNMGYE` and 10 zero bytes: HMAC pads a key
/// with zero bytes, so that the codes are the same.
const GOOGLE: &str = "2SH3V3GDW7ZNMGYEAAAAAAAAAAAAAAAA";

/// `pam_oath`'s key `00`, likewise.
const OATH: [u8; 20] = [0; 20];

/// 2006-12-07 in Sweden, where `pam_oath`'s clock stands: 2006-12-06 23:00 UTC.
const OATH_STEP: u64 = 1_165_446_000 / 30;

struct Desk {
    account: Account,
    rules: Rules,
}

impl Desk {
    fn new(secret: Secret, skew: u64) -> Self {
        Self { account: new_account(secret), rules: Rules { skew, ..Rules::default() } }
    }

    fn google(skew: u64) -> Self {
        Self::new(Secret::from_base32(GOOGLE).unwrap(), skew)
    }

    fn oath() -> Self {
        Self::new(Secret::from_bytes(&OATH).unwrap(), 10)
    }

    fn login(&mut self, claim: &Claim, step: u64) -> Verdict {
        let now = TimeStep(step).start();
        let (verdict, account) =
            decide(&self.account, claim, Purpose::Login, &Origin::own(), now, &self.rules);
        self.account = account;
        verdict
    }

    /// Whether `code` lets in at `step`.
    fn takes(&mut self, code: &str, step: u64) -> bool {
        let Some(Answer::Token(token)) = Answer::parse(code.as_bytes()) else { return false };
        matches!(self.login(&Claim::Token(token), step), Verdict::Accepted { .. })
    }
}

#[test]
fn g1_base32_is_the_one_of_rfc_4648() {
    // "Hello world..." with its NUL has 15 bytes; a secret has 16 or more.
    let secret = Secret::from_bytes(b"Hello world...\0Hello").unwrap();
    assert_eq!(*secret.to_base32(), "JBSWY3DPEB3W64TMMQXC4LQAJBSWY3DP");
    assert_eq!(Secret::from_base32("JBSWY3DPEB3W64TMMQXC4LQA"), None);
    for length in 16..=64 {
        let bytes: Vec<u8> =
            (0..length).map(|at| u8::try_from(at * 37 % 256).unwrap() ^ 0xa5).collect();
        let secret = Secret::from_bytes(&bytes).unwrap();
        assert_eq!(Secret::from_base32(&secret.to_base32()), Some(secret), "{length}");
    }
}

#[test]
fn g3_who_has_no_file_is_not_enrolled_and_no_code_lets_in() {
    let directory = tempfile::tempdir().unwrap();
    let (path, owner) = (directory.path().join("store"), nix::unistd::geteuid().as_raw());
    FileStore::init(&path, owner).unwrap();
    let memory = Box::<HeapMemory>::default();
    let mut store = FileStore::open(&path, owner, Rules::default(), memory).unwrap();
    let alice = User { name: UserName::new("alice").unwrap(), uid: 1000 };
    let now = TimeStep(10_000).start();
    assert_eq!(store.challenge(&alice, &|| now).unwrap(), Challenge::NotEnrolled);
    let (seen, answer) = (Generation::generate().unwrap(), Answer::parse(b"050548").unwrap());
    let (user, purpose, origin) = (&alice, Purpose::Login, &Origin::own());
    let attempt = Attempt { user, seen: &seen, answer: &answer, purpose, origin };
    let verdict = store.verify(&attempt, &|| now).unwrap();
    assert_eq!(verdict, Verdict::Changed);
}

#[test]
fn g5_to_g8_only_the_right_code_of_the_right_length_lets_in() {
    for code in ["123456", "50548", "0050548", "00050548", "", "12345678"] {
        assert!(!Desk::google(1).takes(code, 10_000), "{code:?}");
    }
    for code in ["50548", "0050548", "00050548", "", "12345678"] {
        assert_eq!(Answer::parse(code.as_bytes()), None, "{code:?} is no guess");
    }
    assert!(Desk::google(1).takes("050548", 10_000));
}

#[test]
fn g10_the_default_window_is_one_step_either_side() {
    for (code, right) in
        [("374875", false), ("692344", true), ("478726", true), ("646986", false), ("050548", true)]
    {
        assert_eq!(Desk::google(1).takes(code, 10_000), right, "{code}");
    }
}

#[test]
fn g11_a_wider_window() {
    // google-authenticator's 6 is three back and two ahead; ours is the same on either
    // side, so that 10003 is in as well.
    for (code, right) in
        [("316007", false), ("719291", true), ("646986", true), ("842639", true), ("050548", true)]
    {
        assert_eq!(Desk::google(3).takes(code, 10_000), right, "{code}");
    }
}

#[test]
fn g12_g13_a_code_is_refused_the_second_time() {
    let mut desk = Desk::google(1);
    assert!(desk.takes("050548", 10_000));
    assert!(!desk.takes("050548", 10_000));
}

#[test]
fn g14_codes_at_their_own_times_are_all_taken_and_the_last_is_remembered() {
    let mut desk = Desk::google(1);
    let secret = Secret::from_base32(GOOGLE).unwrap();
    for step in 10_001..=10_007 {
        assert!(desk.takes(secret.token_at(TimeStep(step)).as_str(), step));
    }
    assert_eq!(desk.account.usage.last_step_at, Some(TimeStep(10_007).start()));
    for step in 10_001..=10_007 {
        assert!(!desk.takes(secret.token_at(TimeStep(step)).as_str(), 10_007));
    }
}

#[test]
fn g15_right_codes_are_never_made_to_wait() {
    // `RATE_LIMIT 4 120` would refuse the fifth; ours counts wrong codes only.
    let mut desk = Desk::google(1);
    for (code, step) in [
        ("178844", 20_000),
        ("246264", 20_001),
        ("425737", 20_002),
        ("949587", 20_003),
        ("676949", 20_004),
        ("152533", 20_006),
    ] {
        assert!(desk.takes(code, step), "{step}");
    }
}

#[test]
fn g17_g18_a_skew_is_never_learned() {
    let mut desk = Desk::google(1);
    desk.rules.throttle.first_wait = 0;
    for (code, step) in
        [("229713", 12_000), ("099452", 12_001), ("175332", 12_002), ("339128", 12_003)]
    {
        assert!(!desk.takes(code, step));
    }
    assert!(!Desk::google(1).takes("059380", 12_020));
    assert_eq!(desk.account.usage.failures, 4);
}

#[test]
fn g19_a_backup_code_is_unknown_until_it_is_in_the_set_and_works_once() {
    let code = Claim::BackupCode(hash(42));
    let mut desk = Desk::google(1);
    assert!(matches!(desk.login(&code, 10_000), Verdict::Wrong { .. }));
    let hashes = [vec![hash(0); 7], vec![hash(42)]].concat();
    desk.account.enrolment.as_mut().unwrap().backup_codes = code_set(hashes);
    assert!(matches!(desk.login(&code, 10_000), Verdict::Accepted { backup_codes_left: 7, .. }));
    assert_eq!(desk.login(&code, 10_000), Verdict::Replayed { next_in: 0 });
}

#[test]
fn g20_codes_of_a_counter_are_wrong() {
    let mut desk = Desk::google(1);
    assert!(!desk.takes("293240", 10_000));
    assert!(!desk.takes("932068", 10_000));
}

#[test]
fn o7_a_code_within_a_wide_window_works_once() {
    let mut desk = Desk::oath();
    assert!(!desk.takes("incorrectpassword", OATH_STEP));
    assert!(desk.takes("299833", OATH_STEP));
    assert_eq!(desk.account.usage.last_step_at, Some(TimeStep(OATH_STEP + 1).start()));
    assert!(!desk.takes("299833", OATH_STEP));
}

#[test]
fn o8_older_codes_are_refused_and_later_ones_taken() {
    let mut desk = Desk::oath();
    assert!(desk.takes("299833", OATH_STEP));
    for (code, right) in [("140852", false), ("936706", true), ("512368", false), ("787399", true)]
    {
        assert_eq!(desk.takes(code, OATH_STEP), right, "{code}");
    }
    assert_eq!(desk.account.usage.last_step_at, Some(TimeStep(OATH_STEP + 10).start()));
    assert_eq!(desk.account.usage.failures, 0);
}

#[test]
fn liboath_codes_of_the_key_00_on_2006_12_07() {
    let secret = Secret::from_bytes(&OATH).unwrap();
    let codes = [
        "963013", "068866", "734019", "038980", "630208", "533058", "042289", "046988", "047407",
        "892423", "619507",
    ];
    for (step, code) in (1_165_449_600 / 30..).zip(codes) {
        assert_eq!(secret.token_at(TimeStep(step)).as_str(), code);
    }
}

#[test]
fn liboath_totp_validate_finds_the_step_of_a_code() {
    // Theirs have 8 digits; the last 6 are the same.
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    for (now, window, code, offset) in [
        (0, 10, "287082", 1),
        (1_111_111_109, 10, "081804", 0),
        (1_111_111_000, 10, "081804", 3),
        (1_111_112_000, 99, "081804", -30),
    ] {
        let token = Token::from_digits(code.as_bytes()).unwrap();
        let now = UnixTime(now);
        let step = TimeStep(TimeStep::of(now).0.checked_add_signed(offset).unwrap());
        assert_eq!(secret.latest_step_of(&token, now, window), Some(step));
        assert_eq!(secret.nearest_step_of(&token, now, window), Some(step));
        let short = offset.unsigned_abs().saturating_sub(1);
        let found = secret.latest_step_of(&token, now, short);
        assert_eq!(found, (offset == 0).then_some(step), "outside of the window");
    }
}
