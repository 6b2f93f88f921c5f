//! Daemons that verify for others: what wrong tokens cost there is of the pair, and a daemon that was taken
//! over locks nobody out.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/house.rs"]
mod house;
#[path = "common/typed.rs"]
mod typed;

use accounts::new_account;
use cloud2fa::account::Usage;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::decide::{Claim, Purpose, Verdict, decide};
use cloud2fa::history::Origin;
use cloud2fa::pair::{EACH_DAY, EACH_MONTH, decide_for_pair, shut};
use cloud2fa::store::files::PairStore;
use cloud2fa::{
    Account, Answer, Challenge, Factor, FileStore, Rules, Secret, Store, UnixTime, UserName,
    Verifier,
};
use house::{Enrolled, House, NOW, accepted, alice, attempt, later, owner, user};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;
use typed::{Typed, cases, claim, start, strange_token};

const DAY: u64 = 86_400;

/// The middle of a UTC day.
const NOON: UnixTime = UnixTime(20_000 * DAY + DAY / 2);

fn secret() -> Secret {
    Secret::from_bytes(&[7; 20]).unwrap()
}

fn at(service: &str) -> Origin {
    Origin::new(service, None)
}

/// A user, and what wrong tokens have cost at some daemons.
struct Ground {
    account: Account,
    pairs: Vec<Usage>,
    rules: Rules,
}

impl Ground {
    fn new(daemons: usize) -> Self {
        let pairs = vec![Usage::default(); daemons];
        Self { account: new_account(secret()), pairs, rules: Rules::default() }
    }

    fn by_daemon(&mut self, daemon: usize, claim: &Claim, now: UnixTime) -> Verdict {
        let pair = &self.pairs[daemon];
        let decided = decide_for_pair(&self.account, pair, claim, &at("vpn"), now, &self.rules);
        (self.account, self.pairs[daemon]) = (decided.1, decided.2);
        decided.0
    }

    fn by_login(&mut self, claim: &Claim, now: UnixTime) -> Verdict {
        let (verdict, account) =
            decide(&self.account, claim, Purpose::Login, &at("sshd"), now, &self.rules);
        self.account = account;
        verdict
    }

    /// Waits as long as the daemon must, and guesses; for so many days. Gives how many were evaluated.
    fn guess(&mut self, daemon: usize, from: UnixTime, days: u64) -> u32 {
        let (mut now, mut evaluated) = (from, 0);
        while now < from.plus(days * DAY) {
            match self.by_daemon(daemon, &strange_token(&secret(), now), now) {
                Verdict::Wrong { wait_seconds, .. } => {
                    evaluated += 1;
                    now = now.plus(wait_seconds.max(1));
                }
                Verdict::Wait { seconds } => now = now.plus(seconds),
                Verdict::Locked => now = now.plus(DAY / 4),
                other => panic!("{other:?}"),
            }
        }
        evaluated
    }
}

fn right(now: UnixTime) -> Claim {
    claim(&Typed::TokenAt(0), &secret(), now)
}

#[test]
fn a_daemon_that_guesses_for_ever_makes_nobody_wait_anywhere_else() {
    let mut ground = Ground::new(2);
    // Never right: its ladder doubles up to an hour, so that the day's bound is not the first.
    assert!(ground.guess(0, NOON, 3) <= 3 * EACH_DAY);
    let later = NOON.plus(3 * DAY);
    assert_eq!(ground.account.usage.wait_left(later), 0);
    assert!(!ground.account.usage.is_locked(later));
    assert!(accepted(&ground.by_login(&right(later), later)));
    let later = later.plus(30);
    assert!(accepted(&ground.by_daemon(1, &right(later), later)), "another daemon");
}

#[test]
fn a_daemon_uses_thirty_a_day_and_a_third_of_the_month_at_most() {
    let mut ground = Ground::new(1);
    // The bounds alone: the ladder's lock is for a hundred in a row.
    ground.rules.throttle.first_wait = 0;
    ground.rules.throttle.lock_after = u32::MAX;
    let midnight = UnixTime(NOON.0 / DAY * DAY);
    assert_eq!(ground.guess(0, midnight, 1), EACH_DAY);
    assert_eq!(ground.guess(0, midnight.plus(DAY), 20), EACH_MONTH - EACH_DAY);
    let shut = shut(&ground.account, &ground.pairs[0], midnight.plus(21 * DAY)).unwrap();
    assert!(shut.locked);
    assert_eq!(ground.account.usage.budget.used(midnight.plus(21 * DAY)), EACH_MONTH);
    // What is 30 days old counts no more.
    assert_eq!(ground.guess(0, midnight.plus(32 * DAY), 1), EACH_DAY);
}

#[test]
fn what_has_shut_the_users_own_logins_does_not_shut_the_daemon_and_stays() {
    let mut ground = Ground::new(1);
    for _ in 0..5 {
        ground.by_login(&strange_token(&secret(), NOON), NOON);
    }
    let wait = ground.account.usage.wait_left(NOON);
    assert!(wait > 0);
    let verdict = ground.by_daemon(0, &right(NOON), NOON);
    let Verdict::Accepted { failures_since_login: 0, budget_used: 0, opened: false, .. } = verdict
    else {
        panic!("{verdict:?}")
    };
    assert_eq!(ground.account.usage.wait_left(NOON), wait);
    assert_eq!(ground.account.usage.failures_since_login, 5, "told where the user reads it");
    assert_eq!(ground.by_login(&right(NOON), NOON), Verdict::Wait { seconds: wait });
}

#[test]
fn three_daemons_together_can_use_the_month_up_and_a_backup_code_opens_it() {
    let mut ground = Ground::new(3);
    ground.rules.throttle.first_wait = 0;
    let midnight = UnixTime(NOON.0 / DAY * DAY);
    for daemon in 0..3 {
        assert_eq!(ground.guess(daemon, midnight, 20), EACH_MONTH);
    }
    let later = midnight.plus(20 * DAY);
    assert_eq!(ground.by_login(&right(later), later), Verdict::Locked);
    assert_eq!(ground.by_daemon(0, &right(later), later), Verdict::Locked);
    let code = claim(&Typed::BackupCode(3), &secret(), later);
    assert!(accepted(&ground.by_daemon(0, &code, later)));
    let next = later.plus(30);
    assert!(accepted(&ground.by_daemon(0, &right(next), next)));
    let next = next.plus(30);
    assert!(accepted(&ground.by_login(&right(next), next)));
    assert_eq!(ground.by_daemon(0, &code, next), Verdict::Replayed { next_in: 0 });
}

/// Who asks: the user's own logins, or a daemon.
#[derive(Debug, Clone, Copy)]
enum By {
    Login,
    Daemon(usize),
}

fn event() -> impl Strategy<Value = (By, Typed, u64)> {
    let by = prop_oneof![2 => Just(By::Login), 3 => (0_usize..2).prop_map(By::Daemon)];
    let typed = prop_oneof![
        3 => (-2_i64..=2).prop_map(Typed::TokenAt),
        4 => (0_u32..1_000_000).prop_map(Typed::AnyToken),
        1 => (0_usize..8).prop_map(Typed::BackupCode),
        1 => Just(Typed::StrangeBackupCode),
    ];
    (by, typed, prop_oneof![5 => 0_u64..40, 1 => 0_u64..90_000])
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn no_code_is_good_twice_and_no_daemon_touches_the_users_own_ladder(
        begin in start(),
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut ground = Ground::new(2);
        let mut now = UnixTime(begin);
        let mut spent = std::collections::BTreeSet::new();
        let mut last_step = None;
        for (by, typed, pause) in events {
            now = now.plus(pause);
            let claim = claim(&typed, &secret(), now);
            let before = ground.account.usage.clone();
            let verdict = match by {
                By::Login => ground.by_login(&claim, now),
                By::Daemon(daemon) => ground.by_daemon(daemon, &claim, now),
            };
            let usage = &ground.account.usage;
            if accepted(&verdict) {
                match claim.factor() {
                    Factor::Token => {
                        prop_assert!(usage.last_step_at > last_step);
                        last_step = usage.last_step_at;
                    }
                    Factor::BackupCode => {
                        let Typed::BackupCode(position) = typed else { panic!("{typed:?}") };
                        prop_assert!(spent.insert(position));
                    }
                }
            }
            let opens = accepted(&verdict) && claim.factor() == Factor::BackupCode;
            if matches!(by, By::Daemon(_)) && !opens {
                prop_assert_eq!((usage.failures, usage.wait), (before.failures, before.wait));
                prop_assert_eq!(usage.locked, before.locked || usage.budget.is_used_up(now));
                prop_assert!(usage.failures_since_login >= before.failures_since_login);
            }
        }
    }
}

// The store.

fn daemon(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn store_of(house: &House, name: &str) -> PairStore {
    let memory = Box::<HeapMemory>::default();
    let store = FileStore::open(&house.path(), owner(), Rules::default(), memory).unwrap();
    PairStore::new(store, daemon(name))
}

fn answer(house: &House, name: &str, whose: &Enrolled, answer: &Answer, now: UnixTime) -> Verdict {
    let alice = alice();
    let attempt = attempt(&alice, &whose.generation, answer, Purpose::Login);
    store_of(house, name).verify(&attempt, &|| now).unwrap()
}

#[test]
fn a_pair_waits_in_a_file_of_its_own_and_everybody_else_goes_on() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    for nth in 1..=5 {
        let verdict = answer(&house, "freerad", &enrolled, &enrolled.wrong(later(1)), later(1));
        let Verdict::Wrong { failures, .. } = verdict else { panic!("{verdict:?}") };
        assert_eq!(failures, nth);
    }
    let right = enrolled.token(later(1));
    let verdict = answer(&house, "freerad", &enrolled, &right, later(1));
    assert_eq!(verdict, Verdict::Wait { seconds: 30 });
    let challenge = store_of(&house, "freerad").challenge(&alice(), &|| later(1)).unwrap();
    assert!(matches!(challenge, Challenge::AskForBackupCode(_, shut) if shut.wait_seconds == 30));
    let path = house.path().join("alice.freerad.pair");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.metadata().unwrap().len(), 8192);
    let status = house.status(later(1));
    assert_eq!((status.wait_seconds, status.failures, status.budget_used), (0, 0, 5));
    assert_eq!(house.list(later(1)).len(), 1, "it is no user's record");
    assert!(accepted(&answer(&house, "openvpn", &enrolled, &right, later(1))));
    assert!(accepted(
        &house.login(&enrolled.generation, &enrolled.token(later(2)), later(2)).unwrap()
    ));
    assert_eq!(
        answer(&house, "openvpn", &enrolled, &enrolled.token(later(2)), later(2)),
        Verdict::Replayed { next_in: 30 - 15 }
    );
    // As what root renews is free of waits.
    let mut store = house.store().with_daemons(vec![daemon("freerad"), daemon("nobody")]);
    store.unlock(&alice(), &|| later(2)).unwrap();
    assert!(!path.exists());
    assert!(accepted(&answer(&house, "freerad", &enrolled, &enrolled.token(later(3)), later(3))));
}

#[test]
fn where_the_pair_cannot_be_kept_a_right_code_fares_as_a_wrong_one() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    // Stands where the record would be made.
    std::fs::create_dir(house.path().join("alice.freerad.pair")).unwrap();
    let alice = alice();
    for typed in [enrolled.token(later(1)), enrolled.wrong(later(1))] {
        let attempt = attempt(&alice, &enrolled.generation, &typed, Purpose::Login);
        let error = store_of(&house, "freerad").verify(&attempt, &|| later(1)).unwrap_err();
        assert!(error.to_string().contains("alice.freerad.pair"), "{error}");
    }
    assert_eq!(house.status(later(1)).budget_used, 0);
    assert!(accepted(
        &house.login(&enrolled.generation, &enrolled.token(later(1)), later(1)).unwrap()
    ));
}

#[test]
fn who_is_not_enrolled_leaves_no_file_and_a_new_uid_none_of_the_old_waits() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let bob = user("bob", 1001);
    let challenge = store_of(&house, "freerad").challenge(&bob, &|| NOW).unwrap();
    assert_eq!(challenge, Challenge::NotEnrolled);
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), 3, "marker, index, alice");
    for _ in 0..5 {
        answer(&house, "freerad", &enrolled, &enrolled.wrong(later(1)), later(1));
    }
    let path = house.path().join("alice.freerad.pair");
    let text = std::fs::read(&path).unwrap();
    let (sequence, account) = house::parse(&text[..4096]);
    let of_another = account.replace("uid = 1000", "uid = 2000");
    std::fs::write(&path, house::file_of(house::FORMAT, sequence + 9, &of_another)).unwrap();
    assert!(accepted(&answer(&house, "freerad", &enrolled, &enrolled.token(later(1)), later(1))));
}
