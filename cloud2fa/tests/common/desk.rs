//! An account on a desk: what is decided on it, one after the other.

#![allow(missing_docs, dead_code)]

use crate::accounts::{hash, new_account};
use cloud2fa::decide::{Claim, Purpose, Verdict, decide};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::{Account, Secret, TimeStep, Token, UnixTime};

/// The first moment of step 58 800 000.
pub const START: UnixTime = UnixTime(1_764_000_000);
pub const STEP: u64 = 58_800_000;

/// An account, and what is decided on it one after the other.
pub struct Desk {
    pub account: Account,
    pub secret: Secret,
    pub rules: Rules,
}

impl Desk {
    pub fn new(key: &[u8]) -> Self {
        let secret = Secret::from_bytes(key).unwrap();
        let account = new_account(secret.clone());
        Self { account, secret, rules: Rules::default() }
    }

    pub fn rfc() -> Self {
        Self::new(b"12345678901234567890")
    }

    pub fn decide(&mut self, claim: &Claim, now: UnixTime, purpose: Purpose) -> Verdict {
        let (verdict, account) =
            decide(&self.account, claim, purpose, &Origin::own(), now, &self.rules);
        self.account = account;
        verdict
    }

    pub fn token_of(&self, step: u64) -> Claim {
        Claim::Token(self.secret.token_at(TimeStep(step)))
    }

    pub fn login_with_step(&mut self, step: u64, now: UnixTime) -> Verdict {
        self.decide(&self.token_of(step), now, Purpose::Login)
    }

    pub fn login_with_code(&mut self, number: usize, now: UnixTime) -> Verdict {
        self.decide(&Claim::BackupCode(hash(number)), now, Purpose::Login)
    }

    /// A token that the app shows nowhere near `now`.
    pub fn wrong_token(&self, now: UnixTime) -> Claim {
        let tokens = (0..).map(|number| Token::from_digits(format!("{number:06}").as_bytes()));
        let mut tokens = tokens.map(Option::unwrap);
        Claim::Token(tokens.find(|it| self.secret.nearest_step_of(it, now, 20).is_none()).unwrap())
    }

    pub fn login_with_wrong_token(&mut self, now: UnixTime) -> Verdict {
        self.decide(&self.wrong_token(now), now, Purpose::Login)
    }

    /// Gives `count` wrong tokens at `now`.
    pub fn guess(&mut self, count: u32, now: UnixTime) {
        for _ in 0..count {
            let verdict = self.login_with_wrong_token(now);
            assert!(matches!(verdict, Verdict::Wrong { .. }), "{verdict:?}");
        }
    }
}

/// Right, and no wait or lock has ended by it.
pub fn right(backup_codes_left: usize, failures_since_login: u32, budget_used: u32) -> Verdict {
    Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened: false }
}

pub fn accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}
