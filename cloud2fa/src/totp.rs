//! RFC 6238: the secret, its time steps, and the codes that an app shows. New secrets have what every
//! app supports: HMAC-SHA-1, 6 digits, steps of 30 seconds.

use crate::parameters::{Algorithm, Parameters};
use crate::seal::{Seal, SealError, Sealed};
use crate::{NoRandomness, UnixTime, UserName};
use std::fmt;
use totp_rs::Totp;
use zeroize::Zeroizing;

/// Seconds in a usual time step (RFC 6238 section 5.2 recommends 30).
pub const STEP_SECONDS: u64 = 30;

/// Bytes of a new secret: the 160 bits that RFC 4226 requirement R6 recommends.
const SECRET_BYTES: usize = 20;

/// Bytes that a secret may have: RFC 4226 R6 demands 128 bits; 64 bytes are an HMAC-SHA-1 block.
const LEGAL_SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Bytes that an imported secret may have: the 80 bits of old pam_google_authenticator.
const LEGAL_WEAK_BYTES: std::ops::Range<usize> = 10..16;

/// The number of a time step: UNIX seconds divided by the length of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeStep(pub u64);

impl TimeStep {
    /// The usual step, of 30 seconds, that `time` lies in. Of any secret: [`Secret::step_at`].
    pub fn of(time: UnixTime) -> Self {
        Self(time.0 / STEP_SECONDS)
    }

    /// The first moment of the step, where it is a usual one. Of any secret: [`Secret::start_of`].
    pub fn start(self) -> UnixTime {
        UnixTime(self.0.saturating_mul(STEP_SECONDS))
    }

    /// The steps from `reach` before this one to `reach` after it.
    fn window(self, reach: u64) -> impl Iterator<Item = Self> {
        (self.0.saturating_sub(reach)..=self.0.saturating_add(reach)).map(Self)
    }
}

/// The key that an app and this system share. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    key: Zeroizing<Vec<u8>>,
    parameters: Parameters,
    /// The same, where it lies sealed in the record.
    sealed: Option<Sealed>,
}

impl Secret {
    /// A new secret from the system's random numbers.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        getrandom::fill(&mut bytes)?;
        Ok(Self::plain(bytes))
    }

    /// A secret that exists already; nothing where it has fewer than 16 or more than 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let legal = LEGAL_SECRET_BYTES.contains(&bytes.len());
        legal.then(|| Self::plain(Zeroizing::new(bytes.to_vec())))
    }

    /// The same of an imported secret that is too short by RFC 4226, and must be replaced: 10 to 15 bytes.
    pub fn weak_from_bytes(bytes: &[u8]) -> Option<Self> {
        let weak = LEGAL_WEAK_BYTES.contains(&bytes.len());
        weak.then(|| Self::plain(Zeroizing::new(bytes.to_vec())))
    }

    /// With the parameters of every app.
    fn plain(key: Zeroizing<Vec<u8>>) -> Self {
        Self { key, parameters: Parameters::USUAL, sealed: None }
    }

    /// The same secret in an app that makes codes by `parameters`.
    #[must_use]
    pub fn with_parameters(self, parameters: Parameters) -> Self {
        Self { parameters, ..self }
    }

    /// How an app makes codes of it.
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Whether it has less than the 128 bits that RFC 4226 R6 demands.
    pub fn is_weak(&self) -> bool {
        LEGAL_WEAK_BYTES.contains(&self.key.len())
    }

    /// The same secret, which lies sealed in `name`'s record from now on, as the sealing `counter`.
    pub fn seal(self, name: &UserName, seal: &dyn Seal, counter: u64) -> Result<Self, SealError> {
        let sealed = Some(seal.seal(name, &self.key, counter)?);
        Ok(Self { sealed, ..self })
    }

    /// The secret that lies sealed in `name`'s record; an error, too, where it is none.
    pub fn open(name: &UserName, sealed: Sealed, seal: &dyn Seal) -> Result<Self, SealError> {
        let key = seal.open(name, &sealed)?;
        let secret = Self::from_bytes(&key).or_else(|| Self::weak_from_bytes(&key));
        Ok(Self { sealed: Some(sealed), ..secret.ok_or(SealError::NotOpened)? })
    }

    /// What lies in the record instead of it, if it is sealed.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.sealed.as_ref()
    }

    /// Reads what [`Self::to_base32`] wrote.
    pub fn from_base32(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).ok()?;
        Self::from_bytes(&bytes)
    }

    /// The same of a weak one ([`Self::weak_from_bytes`]).
    pub fn weak_from_base32(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).ok()?;
        Self::weak_from_bytes(&bytes)
    }

    /// Base32 without padding (RFC 4648 section 6): what apps take.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&self.key))
    }

    /// The step of this secret that `time` lies in.
    pub fn step_at(&self, time: UnixTime) -> TimeStep {
        TimeStep(time.0 / self.parameters.period())
    }

    /// The first moment of a step of this secret.
    pub fn start_of(&self, step: TimeStep) -> UnixTime {
        UnixTime(step.0.saturating_mul(self.parameters.period()))
    }

    /// The code that an app shows in `step`.
    pub fn token_at(&self, step: TimeStep) -> Token {
        let shown = Zeroizing::new(self.totp().generate(self.start_of(step).0).to_string());
        Token::shown(shown.as_bytes()).expect("6 to 8 digits were asked for")
    }

    /// The latest step, at most `skew` away from the step of `now`, in which an app shows `token`.
    ///
    /// Two steps of one window can show the same six digits; the latest is the one
    /// to be spent, so that the earlier cannot be used afterwards. The whole window
    /// is walked whatever is found, so that the time taken tells nothing.
    pub fn latest_step_of(&self, token: &Token, now: UnixTime, skew: u64) -> Option<TimeStep> {
        let totp = self.totp();
        let mut found = None;
        for step in self.step_at(now).window(skew) {
            if totp.check(token.as_str(), self.start_of(step).0).is_some() {
                found = Some(step);
            }
        }
        found
    }

    /// The step nearest to `now`, at most `reach` away, in which an app shows `token`.
    pub fn nearest_step_of(&self, token: &Token, now: UnixTime, reach: u64) -> Option<TimeStep> {
        let (totp, here) = (self.totp(), self.step_at(now));
        here.window(reach)
            .filter(|step| totp.check(token.as_str(), self.start_of(*step).0).is_some())
            .min_by_key(|step| step.0.abs_diff(here.0))
    }

    /// totp-rs with this key, and no window of its own: ours must know each step.
    fn totp(&self) -> Totp {
        totp_rs::Builder::new()
            .with_secret(self.key.to_vec())
            .with_algorithm(match self.parameters.algorithm() {
                Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
                Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
                Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
            })
            .with_digits(self.parameters.digits())
            .with_skew(0)
            .with_step_duration(self.parameters.period())
            // It would refuse a weak secret; all else that it looks at is bounded by our types.
            .build_noncompliant()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The digits that an app shows: what people type are six. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Blanks behind the last one.
    digits: Zeroizing<[u8; 8]>,
    length: usize,
}

impl Token {
    /// Takes exactly six ASCII digits.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        if digits.len() == 6 { Self::shown(digits) } else { None }
    }

    /// Takes what an app can show: 6 to 8 ASCII digits.
    fn shown(digits: &[u8]) -> Option<Self> {
        let legal = (6..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let mut token = Self { digits: Zeroizing::new([b' '; 8]), length: digits.len() };
        token.digits.get_mut(..digits.len()).filter(|_| legal)?.copy_from_slice(digits);
        Some(token)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).expect("only ASCII digits were let in")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Secret {
        Secret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
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
        assert_eq!(Secret::from_bytes(&[7; 10]), None);
        let weak = Secret::weak_from_bytes(&[7; 10]).unwrap();
        assert!(weak.is_weak() && !rfc().is_weak());
        let token = weak.token_at(TimeStep(3));
        assert_eq!(weak.latest_step_of(&token, TimeStep(3).start(), 0), Some(TimeStep(3)));
        for length in [0, 9, 16, 64] {
            assert_eq!(Secret::weak_from_bytes(&vec![7; length]), None);
        }
    }

    #[test]
    fn where_the_digits_fit_two_steps_the_latest_is_found() {
        let key =
            data_encoding::HEXLOWER.decode(b"4c78ba7d3d8b3da176170e761f0ba6115f45847b").unwrap();
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
}
