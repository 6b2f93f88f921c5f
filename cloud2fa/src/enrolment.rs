//! An enrolment on its way: a new secret that is not saved before one code has proven it.

use crate::randomness::NoRandomness;
use crate::time::UnixTime;
use crate::totp::{Secret, TimeStep, Token};

/// How far off a clock may be to be told about it, in steps either side.
const CLOCK_SEARCH: u64 = 20;

/// A secret that was shown to the user, and is in nobody's file yet.
#[derive(Debug)]
pub struct PendingEnrolment {
    secret: Secret,
}

/// Why a code proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotProven {
    /// It is not the secret's.
    WrongCode,
    /// It is, at another time: one of the two clocks is off.
    ClockOff {
        /// The phone's clock minus this system's, in seconds, to within a step.
        seconds: i64,
    },
}

impl PendingEnrolment {
    /// With a new secret.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self { secret: Secret::generate()? })
    }

    /// The secret, to be shown.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Looks whether an app shows `token` about now. The window is the one of logins.
    pub fn prove(
        &self,
        token: &Token,
        now: UnixTime,
        skew: u64,
    ) -> Result<ProvenEnrolment, NotProven> {
        if let Some(step) = self.secret.latest_step_of(token, now, skew) {
            return Ok(ProvenEnrolment { secret: self.secret.clone(), proof: step });
        }
        let Some(step) = self.secret.nearest_step_of(token, now, CLOCK_SEARCH.max(skew)) else {
            return Err(NotProven::WrongCode);
        };
        // The middle of the step is the best guess at what the phone's clock shows.
        let half = self.secret.parameters().period() / 2;
        let phone = i128::from(self.secret.start_of(step).0 + half);
        let seconds = i64::try_from(phone - i128::from(now.0)).unwrap_or(i64::MAX);
        Err(NotProven::ClockOff { seconds })
    }
}

/// A secret that an app has proven to have. Only [`PendingEnrolment::prove`] makes one.
#[derive(Debug, Clone)]
pub struct ProvenEnrolment {
    pub(crate) secret: Secret,
    /// The step of the proof: spent from the start.
    pub(crate) proof: TimeStep,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_764_000_015);

    #[test]
    fn a_code_of_now_proves_and_is_spent() {
        let pending = PendingEnrolment::generate().unwrap();
        let token = pending.secret().token_at(TimeStep::of(NOW));
        let proven = pending.prove(&token, NOW, 1).unwrap();
        assert_eq!(proven.proof, TimeStep::of(NOW));
    }

    #[test]
    fn a_phone_that_is_off_is_told_by_how_much() {
        let pending = PendingEnrolment::generate().unwrap();
        for (steps, seconds) in [(-3, -90), (3, 90), (20, 600), (-20, -600)] {
            let step = TimeStep(TimeStep::of(NOW).0.checked_add_signed(steps).unwrap());
            let outcome = pending.prove(&pending.secret().token_at(step), NOW, 1);
            assert_eq!(outcome.unwrap_err(), NotProven::ClockOff { seconds });
        }
        let far = pending.secret().token_at(TimeStep(TimeStep::of(NOW).0 + 21));
        assert_eq!(pending.prove(&far, NOW, 1).unwrap_err(), NotProven::WrongCode);
    }
}
