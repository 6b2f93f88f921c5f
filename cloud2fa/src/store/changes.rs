//! What each operation makes of an account: **the** rules of every store. A store reads the account, under
//! a lock or with the version that it must still have, asks here what it becomes, writes that, and only
//! then says what came of it.

use super::challenge::Challenge;
use super::error::StoreError;
use super::standing::Basis;
use crate::account::{Account, Cleared, Enrolment, Generation, SpentCodes, Usage};
use crate::answer::Answer;
use crate::attempt::Attempt;
use crate::backup_codes::{BackupCode, BackupCodeSet, CodeHash, HashRecipe};
use crate::decide::{Claim, Verdict, decide};
use crate::enrolment::ProvenEnrolment;
use crate::pair::decide_for_pair;
use crate::rules::Rules;
use crate::time::UnixTime;
use crate::user::{User, UserName};
use std::io;

/// What becomes of failures, waits, the lock and the budget at a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failures {
    /// They stay, as at a user's own change: who knows the password must not shed them.
    CarriedOver,
    /// They go, as at root's: it is a new binding.
    Cleared,
}

/// New backup codes, and whether the old copy of the record was overwritten.
#[derive(Debug)]
pub struct Issued {
    /// The new backup codes: shown once, kept nowhere.
    pub backup_codes: Vec<BackupCode>,
    /// Whether the old copy is overwritten, too.
    pub old_copy: OldCopy,
    /// What stood against the user's tokens, and is gone.
    pub cleared: Cleared,
}

/// The second factor is off.
#[derive(Debug)]
pub struct Disabled {
    /// Whether the old copy is overwritten, too.
    pub old_copy: OldCopy,
    /// What stood against the user's tokens, and is gone.
    pub cleared: Cleared,
}

/// What became of the copy that a change made obsolete, and of the secrets in it.
#[derive(Debug)]
pub enum OldCopy {
    /// It is overwritten.
    Wiped,
    /// It could not be, and is until the next change. The change itself is done.
    Left(io::Error),
}

/// What may be known before a code is asked for; and the account as it must be written first, where the
/// clock was set back: the wait begins anew, or it never ends.
pub fn challenge(account: &Account, now: UnixTime) -> (Challenge, Option<Account>) {
    if !account.usage.clone().anchor_wait(now) {
        return (Challenge::of(account, now), None);
    }
    let mut account = account.clone();
    account.usage.anchor_wait(now);
    (Challenge::of(&account, now), Some(account))
}

/// What an attempt claims of `account`. `hash` makes the hash of a backup code, which takes long: before
/// the account is locked. `None` if the account has another enrolment by now.
pub fn claim(
    account: &Account,
    attempt: &Attempt<'_>,
    hash: impl FnOnce(&HashRecipe, &BackupCode) -> Result<CodeHash, StoreError>,
) -> Result<Option<Claim>, StoreError> {
    let seen = account.enrolment.as_ref().filter(|_| account.generation == *attempt.seen);
    let Some(enrolment) = seen else { return Ok(None) };
    Ok(Some(match attempt.answer {
        Answer::Token(token) => Claim::Token(token.clone()),
        Answer::BackupCode(code) => Claim::BackupCode(hash(enrolment.backup_codes.recipe(), code)?),
    }))
}

/// What an attempt is worth; and the account as it must be written before anybody hears of that. What was
/// evaluated is always written, even if nothing has changed: a write that fails must not tell a right code
/// from a wrong one.
pub fn verify(
    account: &Account,
    attempt: &Attempt<'_>,
    claim: &Claim,
    now: UnixTime,
    rules: &Rules,
) -> (Verdict, Option<Account>) {
    written_if_evaluated(account, attempt, || {
        decide(account, claim, attempt.purpose, attempt.origin, now, rules)
    })
}

/// What was decided on an attempt, and the account where it must be written: **the** rule that no verdict tells
/// anything by a write that is left out.
fn written_if_evaluated(
    account: &Account,
    attempt: &Attempt<'_>,
    decide: impl FnOnce() -> (Verdict, Account),
) -> (Verdict, Option<Account>) {
    if account.generation != *attempt.seen {
        return (Verdict::Changed, None);
    }
    let (verdict, decided) = decide();
    let write = verdict.is_of_an_evaluation() || decided != *account;
    (verdict, write.then_some(decided))
}

/// The same as [`challenge`] before `daemon` asks for a code.
pub fn challenge_for_pair(
    account: &Account,
    daemon: &UserName,
    now: UnixTime,
) -> (Challenge, Option<Account>) {
    let before = account.usage.tolls.at(daemon);
    let mut toll = before.clone();
    toll.anchor_wait(now);
    let challenge = Challenge::for_pair(account, &toll, now);
    let anchored = (toll != before).then(|| {
        let mut account = account.clone();
        account.usage.tolls.put(toll, now);
        account
    });
    (challenge, anchored)
}

/// The same as [`verify`] of an attempt that `daemon` has brought.
pub fn verify_for_pair(
    account: &Account,
    daemon: &UserName,
    attempt: &Attempt<'_>,
    claim: &Claim,
    now: UnixTime,
    rules: &Rules,
) -> (Verdict, Option<Account>) {
    written_if_evaluated(account, attempt, || {
        decide_for_pair(account, daemon, claim, attempt.origin, now, rules)
    })
}

/// The usage that a change of `user`'s second factor goes on from, if `before` is what it was begun on.
pub fn usage(before: Option<&Account>, user: &User, basis: &Basis) -> Result<Usage, StoreError> {
    let changed = || StoreError::Changed(user.name.clone());
    match (basis, before) {
        (Basis::Unusable, _) | (Basis::Nothing, None) => Ok(Usage::default()),
        (Basis::Generation(generation), Some(before)) if before.generation == *generation => {
            // A disabled record may be of somebody who had the name before.
            let own = before.user.uid == Some(user.uid);
            Ok(if own { before.usage.clone() } else { Usage::default() })
        }
        (Basis::Nothing | Basis::Generation(_), _) => Err(changed()),
    }
}

/// The account with an enrolment that a code has proven, made by the user of name `by`; and what that has
/// cleared.
pub fn enrol(
    usage: Usage,
    user: &User,
    proven: ProvenEnrolment,
    by: &str,
    codes: BackupCodeSet,
    failures: Failures,
    now: UnixTime,
) -> Result<(Account, Cleared), StoreError> {
    let (usage, cleared) = carry_over(usage, failures, now);
    let proof = proven.secret.start_of(proven.proof);
    let enrolment = Enrolment::new(proven.secret, now, by, codes);
    // The secret is new: no code of it was seen before the one that proved it.
    let usage = Usage { last_step_at: Some(proof), spent: SpentCodes::default(), ..usage };
    Ok((Account { enrolment: Some(enrolment), usage, ..Account::empty(user.clone())? }, cleared))
}

/// The account with other backup codes.
pub fn regenerate(
    account: &Account,
    user: &User,
    basis: &Generation,
    codes: BackupCodeSet,
) -> Result<Account, StoreError> {
    if account.generation != *basis {
        return Err(StoreError::Changed(user.name.clone()));
    }
    let mut account = account.clone();
    let enrolment = account.enrolment.as_mut();
    enrolment.ok_or_else(|| StoreError::NotEnrolled(user.name.clone()))?.backup_codes = codes;
    account.usage.spent = SpentCodes::default();
    account.generation = Generation::generate()?;
    Ok(account)
}

/// The account with the second factor off; and what that has cleared.
pub fn disable(
    usage: Usage,
    user: &User,
    failures: Failures,
    now: UnixTime,
) -> Result<(Account, Cleared), StoreError> {
    let (usage, cleared) = carry_over(usage, failures, now);
    let usage = Usage { spent: SpentCodes::default(), ..usage };
    Ok((Account { usage, ..Account::empty(user.clone())? }, cleared))
}

/// The account without failures, wait, lock and budget; and what there was. The last step stays.
pub fn unlock(account: &Account, now: UnixTime) -> (Account, Cleared) {
    let mut account = account.clone();
    let cleared = account.usage.clear_as_root(now);
    (account, cleared)
}

/// The usage that a change leaves, and what it has cleared.
fn carry_over(mut usage: Usage, failures: Failures, now: UnixTime) -> (Usage, Cleared) {
    let cleared = match failures {
        Failures::CarriedOver => Cleared::default(),
        Failures::Cleared => usage.clear_as_root(now),
    };
    (usage, cleared)
}
