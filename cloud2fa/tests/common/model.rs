//! An independent model of the decision, written from DESIGN.md section 4 and not from the code.

#![allow(dead_code)]

use crate::accounts::hash;
use cloud2fa::account::{Notices, Usage};
use cloud2fa::backup_codes::CODES;
use cloud2fa::decide::{Claim, Purpose, Verdict};
use cloud2fa::history::{Entry, Origin, Outcome};
use cloud2fa::rules::Rules;
use cloud2fa::throttle::{Throttle, Wait};
use cloud2fa::{Secret, TimeStep, UnixTime};
use std::collections::VecDeque;

/// The length of the wait after `failures`, as DESIGN.md section 4 says it.
pub fn wait_after(failures: u32, throttle: &Throttle) -> u64 {
    if failures < throttle.free_failures {
        return 0;
    }
    let mut wait = throttle.first_wait;
    for _ in throttle.free_failures..failures {
        wait *= 2;
    }
    wait.min(throttle.longest_wait)
}

/// What the budget and the last decisions must be, kept apart from the account.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The day of each wrong token that counts.
    pub wrong_tokens: Vec<u64>,
    /// The newest day that anything was counted on.
    newest: u64,
    accepted: VecDeque<Entry>,
    refused: VecDeque<Entry>,
}

impl Ledger {
    /// Wrong tokens that count at `now`: each until 30 days after the end of its day.
    pub fn used(&self, now: UnixTime) -> usize {
        let today = self.newest.max(now.0 / 86_400);
        self.wrong_tokens.iter().filter(|day| *day + 30 >= today).count()
    }

    /// One more. Counted by a clock that was more than a month ahead, what counts is of today.
    pub fn count(&mut self, now: UnixTime) {
        let today = now.0 / 86_400;
        if self.newest > today + 31 {
            let counting = self.used(now);
            self.wrong_tokens = vec![today; counting];
            self.newest = today;
        }
        let today = self.newest.max(today);
        self.wrong_tokens.retain(|day| day + 30 >= today);
        self.newest = today;
        self.wrong_tokens.push(today);
    }

    /// What `unlock` and a right backup code do.
    pub fn clear(&mut self) {
        self.wrong_tokens.clear();
        self.newest = 0;
    }

    fn add(&mut self, entry: Entry) {
        let list = match entry.outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Wrong | Outcome::Replayed => &mut self.refused,
        };
        if let Some(last) = list.back_mut().filter(|last| {
            entry.outcome != Outcome::Accepted
                && (last.outcome, last.factor) == (entry.outcome, entry.factor)
                && last.origin == entry.origin
        }) {
            (last.at, last.times) = (entry.at, last.times + 1);
            return;
        }
        list.push_back(entry);
        if list.len() > 4 {
            list.pop_front();
        }
    }

    /// The last decisions, as a record has them.
    pub fn decisions(&self) -> Vec<Entry> {
        self.accepted.iter().chain(&self.refused).cloned().collect()
    }
}

/// What a claim must be worth, and what the usage must be afterwards.
pub fn model(
    before: &Usage,
    secret: &Secret,
    (claim, purpose, origin): (&Claim, Purpose, &Origin),
    now: UnixTime,
    rules: &Rules,
    ledger: &mut Ledger,
) -> (&'static str, Usage) {
    let (kind, usage) = worth(before, secret, claim, now, rules, purpose, ledger);
    let outcome = match (kind, purpose) {
        ("wrong", _) => Some(Outcome::Wrong),
        ("accepted", Purpose::Login) => Some(Outcome::Accepted),
        ("replayed", Purpose::Login) => Some(Outcome::Replayed),
        _ => None,
    };
    if let Some(outcome) = outcome {
        let (factor, origin) = (claim.factor(), origin.clone());
        ledger.add(Entry { at: now, outcome, factor, origin, times: 1 });
    }
    (kind, usage)
}

/// The same without the last decisions.
fn worth(
    before: &Usage,
    secret: &Secret,
    claim: &Claim,
    now: UnixTime,
    rules: &Rules,
    purpose: Purpose,
    ledger: &mut Ledger,
) -> (&'static str, Usage) {
    let mut usage = before.clone();
    if let Some(wait) = usage.wait.as_mut().filter(|wait| now < wait.from) {
        wait.from = now;
    }
    let is_token = matches!(claim, Claim::Token(_));
    if is_token && (usage.locked || ledger.used(now) >= 300) {
        return ("locked", usage);
    }
    if is_token && usage.wait.is_some_and(|wait| now.0 < wait.from.0 + wait.seconds) {
        return ("wait", usage);
    }
    let here = now.0 / 30;
    let mut spent = usage.clone();
    // Whether the code is still unused; none where it is wrong.
    let fresh = match claim {
        Claim::Token(token) => {
            if usage.last_step_at.is_some_and(|last| last.0 / 30 > here + rules.skew) {
                return ("clock went back", usage);
            }
            let window = here.saturating_sub(rules.skew)..=here + rules.skew;
            let step = window.map(TimeStep).filter(|step| secret.token_at(*step) == *token).max();
            spent.last_step_at = step.map(|step| UnixTime(30 * step.0));
            step.map(|step| usage.last_step_at.is_none_or(|last| step.0 > last.0 / 30))
        }
        Claim::BackupCode(typed) => {
            let position = (0..CODES).find(|position| hash(*position) == *typed);
            position.map(|position| {
                spent.spent.insert(position);
                !usage.spent.contains(position)
            })
        }
    };
    match fresh {
        Some(true) if purpose == Purpose::Trial => ("accepted", usage),
        Some(true) => {
            (spent.failures, spent.failures_since_login) = (0, 0);
            (spent.wait, spent.locked) = (None, false);
            spent.last_used = Some(now);
            // Nothing else is written among them yet.
            spent.notices = Notices::default();
            if !is_token {
                ledger.clear();
            }
            ("accepted", spent)
        }
        Some(false) => ("replayed", usage),
        None if !is_token => {
            usage.failures_since_login += 1;
            ("wrong", usage)
        }
        None => {
            usage.failures += 1;
            usage.failures_since_login += 1;
            ledger.count(now);
            let seconds = wait_after(usage.failures, &rules.throttle);
            usage.wait = (seconds > 0).then_some(Wait { from: now, seconds });
            usage.locked = usage.failures >= rules.throttle.lock_after || ledger.used(now) >= 300;
            ("wrong", usage)
        }
    }
}

/// The verdict in a word, as [`model`] says it.
pub fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Wrong { .. } => "wrong",
        Verdict::Replayed { .. } => "replayed",
        Verdict::ClockWentBack { .. } => "clock went back",
        Verdict::Wait { .. } => "wait",
        Verdict::Locked => "locked",
        Verdict::Changed => "changed",
    }
}
