//! RFC 6238: the secret, its time steps, and the codes that an app shows. New secrets have what every
//! app supports: HMAC-SHA-1, 6 digits, steps of 30 seconds.

mod parameters;
#[cfg(test)]
mod tests;
mod token;

pub use parameters::{Algorithm, Parameters};
pub use token::Token;

use crate::randomness::NoRandomness;
use crate::seal::{Seal, SealError, Sealed};
use crate::time::UnixTime;
use crate::user::UserName;
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
    /// Of a weak one alone.
    replace_by: Option<UnixTime>,
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

    /// A secret that exists already. `None` if it has fewer than 16 or more than 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::of(bytes, None)
    }

    /// An imported secret that is too short by RFC 4226, 10 to 15 bytes, and must be replaced by that time.
    pub fn weak_from_bytes(bytes: &[u8], replace_by: UnixTime) -> Option<Self> {
        Self::of(bytes, Some(replace_by))
    }

    /// A weak one has an end, and no other one has.
    fn of(bytes: &[u8], replace_by: Option<UnixTime>) -> Option<Self> {
        let legal = match replace_by {
            None => LEGAL_SECRET_BYTES.contains(&bytes.len()),
            Some(_) => LEGAL_WEAK_BYTES.contains(&bytes.len()),
        };
        let key = || Zeroizing::new(bytes.to_vec());
        legal.then(|| Self { replace_by, ..Self::plain(key()) })
    }

    /// With the parameters of every app.
    fn plain(key: Zeroizing<Vec<u8>>) -> Self {
        Self { key, parameters: Parameters::USUAL, replace_by: None, sealed: None }
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

    /// By when it must be replaced, where it has less than the 128 bits that RFC 4226 R6 demands.
    pub fn replace_by(&self) -> Option<UnixTime> {
        self.replace_by
    }

    /// The same secret, which lies sealed in `name`'s record from now on, as the sealing `counter`.
    pub fn seal(self, name: &UserName, seal: &dyn Seal, counter: u64) -> Result<Self, SealError> {
        let sealed = Some(seal.seal(name, &self.key, counter)?);
        Ok(Self { sealed, ..self })
    }

    /// The secret that lies sealed in `name`'s record, a weak one if it has to be replaced; an error,
    /// too, where it is none.
    pub fn open(
        name: &UserName,
        sealed: Sealed,
        seal: &dyn Seal,
        replace_by: Option<UnixTime>,
    ) -> Result<Self, SealError> {
        let key = seal.open(name, &sealed)?;
        let secret = Self::of(&key, replace_by).ok_or(SealError::NotOpened)?;
        Ok(Self { sealed: Some(sealed), ..secret })
    }

    /// What lies in the record instead of it, if it is sealed.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.sealed.as_ref()
    }

    /// Reads what [`Self::to_base32`] wrote.
    pub fn from_base32(text: &str) -> Option<Self> {
        Self::of_base32(text, None)
    }

    /// The same, of a weak one if it has to be replaced.
    pub fn of_base32(text: &str, replace_by: Option<UnixTime>) -> Option<Self> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).ok()?;
        Self::of(&bytes, replace_by)
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
