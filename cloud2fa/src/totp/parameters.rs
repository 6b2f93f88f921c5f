//! How an app makes codes of a secret (RFC 6238): hash, digits and length of a step.

/// The hash of the HMAC (RFC 6238 section 1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// What every app supports.
    #[default]
    Sha1,
    /// Many apps take the word and go on with SHA-1.
    Sha256,
    /// Likewise.
    Sha512,
}

impl Algorithm {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Its name, as in a key URI.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// What stands in a key URI beside the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    algorithm: Algorithm,
    digits: u8,
    period: u64,
}

impl Parameters {
    /// Digits that an app can show (RFC 4226 section 5.3: at least 6, possibly 7 or 8).
    const LEGAL_DIGITS: std::ops::RangeInclusive<u8> = 6..=8;
    /// Seconds that a step may take.
    const LEGAL_PERIOD: std::ops::RangeInclusive<u64> = 10..=300;

    /// What every app supports: SHA-1, 6 digits, 30 seconds (RFC 6238 section 5.2 recommends 30).
    pub const USUAL: Self = Self { algorithm: Algorithm::Sha1, digits: 6, period: 30 };

    /// These. `None` if they are outside their bounds: 6 to 8 digits, steps of 10 to 300 seconds.
    pub fn new(algorithm: Algorithm, digits: u8, period: u64) -> Option<Self> {
        let legal = Self::LEGAL_DIGITS.contains(&digits) && Self::LEGAL_PERIOD.contains(&period);
        legal.then_some(Self { algorithm, digits, period })
    }

    /// The hash.
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// How many digits a code has.
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// Seconds in a step.
    pub fn period(self) -> u64 {
        self.period
    }
}
