//! What is typed in the properties of `decide`, and when.

#![allow(missing_docs, dead_code)]

use crate::accounts::hash;
use cloud2fa::decide::Claim;
use cloud2fa::{Secret, TimeStep, Token, UnixTime};
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub enum Typed {
    /// What the app shows so many steps from now.
    TokenAt(i64),
    AnyToken(u32),
    BackupCode(usize),
    StrangeBackupCode,
}

pub fn start() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..200, Just(1_764_000_015_u64), 0_u64..1 << 41]
}

pub fn claim(typed: &Typed, secret: &Secret, now: UnixTime) -> Claim {
    match typed {
        Typed::TokenAt(offset) => {
            Claim::Token(secret.token_at(TimeStep((now.0 / 30).saturating_add_signed(*offset))))
        }
        Typed::AnyToken(number) => {
            Claim::Token(Token::from_digits(format!("{number:06}").as_bytes()).unwrap())
        }
        Typed::BackupCode(position) => Claim::BackupCode(hash(*position)),
        Typed::StrangeBackupCode => Claim::BackupCode(hash(99)),
    }
}

/// A token that the app shows nowhere near `now`.
pub fn strange_token(secret: &Secret, now: UnixTime) -> Claim {
    let tokens = (0..).map(Typed::AnyToken).map(|typed| claim(&typed, secret, now));
    let is_strange = |claim: &Claim| match claim {
        Claim::Token(token) => secret.nearest_step_of(token, now, 20).is_none(),
        Claim::BackupCode(_) => false,
    };
    tokens.into_iter().find(is_strange).unwrap()
}

/// Without a file of failures: what fails is to become a test of its own.
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
