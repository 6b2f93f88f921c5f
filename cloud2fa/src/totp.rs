//! RFC 6238 with what every app supports: HMAC-SHA-1, 6 digits, steps of 30 seconds.

use crate::{NoRandomness, UnixTime};
use std::fmt;
use totp_rs::Totp;
use zeroize::Zeroizing;

/// Seconds in a time step (RFC 6238 section 5.2 recommends 30).
pub const STEP_SECONDS: u64 = 30;

/// Digits of a code.
const DIGITS: usize = 6;

/// Bytes of a new secret: the 160 bits that RFC 4226 requirement R6 recommends.
const SECRET_BYTES: usize = 20;

/// Bytes that a secret may have: RFC 4226 R6 demands 128 bits; 64 bytes are an HMAC-SHA-1 block.
const LEGAL_SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// The number of a time step: UNIX seconds divided by 30.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeStep(pub u64);

impl TimeStep {
    /// The step that `time` lies in.
    pub fn of(time: UnixTime) -> Self {
        Self(time.0 / STEP_SECONDS)
    }

    /// The first moment of the step.
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
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new secret from the system's random numbers.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A secret that exists already; nothing where it has fewer than 16 or more than 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        LEGAL_SECRET_BYTES.contains(&bytes.len()).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Reads what [`Self::to_base32`] wrote.
    pub fn from_base32(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).ok()?;
        Self::from_bytes(&bytes)
    }

    /// Base32 without padding (RFC 4648 section 6): what apps take.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&self.0))
    }

    /// The code that an app shows in `step`.
    pub fn token_at(&self, step: TimeStep) -> Token {
        let shown = Zeroizing::new(self.totp().generate(step.start().0).to_string());
        Token::from_digits(shown.as_bytes()).expect("six digits were asked for")
    }

    /// The latest step, at most `skew` away from the step of `now`, in which an app shows `token`.
    ///
    /// Two steps of one window can show the same six digits; the latest is the one
    /// to be spent, so that the earlier cannot be used afterwards. The whole window
    /// is walked whatever is found, so that the time taken tells nothing.
    pub fn latest_step_of(&self, token: &Token, now: UnixTime, skew: u64) -> Option<TimeStep> {
        let totp = self.totp();
        let mut found = None;
        for step in TimeStep::of(now).window(skew) {
            if totp.check(token.as_str(), step.start().0).is_some() {
                found = Some(step);
            }
        }
        found
    }

    /// The step nearest to `now`, at most `reach` away, in which an app shows `token`.
    pub fn nearest_step_of(&self, token: &Token, now: UnixTime, reach: u64) -> Option<TimeStep> {
        let (totp, here) = (self.totp(), TimeStep::of(now));
        here.window(reach)
            .filter(|step| totp.check(token.as_str(), step.start().0).is_some())
            .min_by_key(|step| step.0.abs_diff(here.0))
    }

    /// totp-rs with this key, and no window of its own: ours must know each step.
    fn totp(&self) -> Totp {
        totp_rs::Builder::new()
            .with_secret(self.0.to_vec())
            .with_skew(0)
            .with_step_duration(STEP_SECONDS)
            .build()
            .expect("a secret of 128 bits or more and RFC 6238's own parameters are legal")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Six ASCII digits. Wiped when dropped, never printed. On the heap, since what is moved about on the
/// stack leaves copies behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<Box<[u8]>>);

impl Token {
    /// Takes exactly six ASCII digits.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        let fits = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_digit);
        fits.then(|| Self(Zeroizing::new(digits.into())))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits were let in")
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
