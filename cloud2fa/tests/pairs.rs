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
use cloud2fa::account::{DAEMONS, Toll};
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

fn numbered(number: usize) -> UserName {
    UserName::new(&format!("daemon{number}")).unwrap()
}

/// A user.
struct Ground {
    account: Account,
    rules: Rules,
}

impl Ground {
    fn new() -> Self {
        Self { account: new_account(secret()), rules: Rules::default() }
    }

    fn by_daemon(&mut self, number: usize, claim: &Claim, now: UnixTime) -> Verdict {
        let name = numbered(number);
        let decided = decide_for_pair(&self.account, &name, claim, &at("vpn"), now, &self.rules);
        self.account = decided.1;
        decided.0
    }

    fn toll(&self, number: usize) -> Toll {
        self.account.usage.tolls.at(&numbered(number))
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
    let mut ground = Ground::new();
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
    let mut ground = Ground::new();
    // The bounds alone: the ladder's lock is for a hundred in a row.
    ground.rules.throttle.first_wait = 0;
    ground.rules.throttle.lock_after = u32::MAX;
    let midnight = UnixTime(NOON.0 / DAY * DAY);
    assert_eq!(ground.guess(0, midnight, 1), EACH_DAY);
    assert_eq!(ground.guess(0, midnight.plus(DAY), 20), EACH_MONTH - EACH_DAY);
    let toll = ground.toll(0);
    let shut = shut(&ground.account.usage, &toll, midnight.plus(21 * DAY)).unwrap();
    assert!(shut.locked);
    assert_eq!(ground.account.usage.budget.used(midnight.plus(21 * DAY)), EACH_MONTH);
    // What is 30 days old counts no more.
    assert_eq!(ground.guess(0, midnight.plus(32 * DAY), 1), EACH_DAY);
}

#[test]
fn what_has_shut_the_users_own_logins_does_not_shut_the_daemon_and_stays() {
    let mut ground = Ground::new();
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
    let mut ground = Ground::new();
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
        let mut ground = Ground::new();
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

#[test]
fn a_backup_code_at_a_daemon_takes_no_word_from_the_user() {
    let mut ground = Ground::new();
    for _ in 0..5 {
        ground.by_login(&strange_token(&secret(), NOON), NOON);
    }
    let code = claim(&Typed::BackupCode(0), &secret(), NOON);
    assert!(accepted(&ground.by_daemon(0, &code, NOON)));
    let later = NOON.plus(30);
    let verdict = ground.by_login(&right(later), later);
    let Verdict::Accepted { failures_since_login: 5, opened: true, .. } = verdict else {
        panic!("{verdict:?}")
    };
}

#[test]
fn a_clock_that_was_ahead_shuts_nobody_for_as_long_as_it_was() {
    for ahead in [3, 20, 3650] {
        let mut ground = Ground::new();
        ground.rules.throttle.first_wait = 0;
        ground.rules.throttle.lock_after = u32::MAX;
        let midnight = UnixTime((NOON.0 / DAY + ahead) * DAY);
        assert_eq!(ground.guess(0, midnight, 1), EACH_DAY);
        assert!(accepted(&ground.by_daemon(0, &right(NOON), NOON)), "{ahead}");
    }
}

#[test]
fn the_daemons_that_a_configuration_can_name_have_room_in_a_record() {
    let mut ground = Ground::new();
    for number in 0..DAEMONS {
        ground.by_daemon(number, &strange_token(&secret(), NOON), NOON);
    }
    assert_eq!((0..DAEMONS).map(|number| ground.toll(number).failures).collect::<Vec<_>>(), [1; 4]);
    let later = NOON.plus(32 * DAY);
    for number in 0..DAEMONS {
        let now = later.plus(30 * number as u64);
        assert!(accepted(&ground.by_daemon(number, &right(now), now)));
    }
    assert_eq!(ground.account.usage.tolls.entries(), [], "what is nothing any more is not kept");
}

// The store.

fn store_of(house: &House, name: &str) -> PairStore {
    let memory = Box::<HeapMemory>::default();
    let store = FileStore::open(&house.path(), owner(), Rules::default(), memory).unwrap();
    PairStore::new(store, user(name, 114))
}

fn answer(house: &House, name: &str, whose: &Enrolled, answer: &Answer, now: UnixTime) -> Verdict {
    let alice = alice();
    let attempt = attempt(&alice, &whose.generation, answer, Purpose::Login);
    store_of(house, name).verify(&attempt, &|| now).unwrap()
}

#[test]
fn a_daemon_waits_by_itself_and_everybody_else_goes_on() {
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
    let status = house.status(later(1));
    assert_eq!((status.wait_seconds, status.failures, status.budget_used), (0, 0, 5));
    assert!(accepted(&answer(&house, "openvpn", &enrolled, &right, later(1))));
    let next = enrolled.token(later(2));
    assert!(accepted(&house.login(&enrolled.generation, &next, later(2)).unwrap()));
    let verdict = answer(&house, "openvpn", &enrolled, &next, later(2));
    assert_eq!(verdict, Verdict::Replayed { next_in: 15 });
    // What root renews is free of waits.
    let shut = answer(&house, "freerad", &enrolled, &enrolled.wrong(later(2)), later(2));
    assert!(matches!(shut, Verdict::Wrong { wait_seconds: 60, .. }), "{shut:?}");
    house.store().unlock(&alice(), &|| later(3)).unwrap();
    assert!(accepted(&answer(&house, "freerad", &enrolled, &enrolled.token(later(3)), later(3))));
}

#[test]
fn a_clock_that_goes_back_does_not_stretch_a_wait_at_a_daemon() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    for _ in 0..5 {
        answer(&house, "freerad", &enrolled, &enrolled.wrong(later(4)), later(4));
    }
    for (at, waits) in [(later(2), true), (later(3), false)] {
        let challenge = store_of(&house, "freerad").challenge(&alice(), &|| at).unwrap();
        assert_eq!(matches!(challenge, Challenge::AskForBackupCode(..)), waits, "{challenge:?}");
    }
}

#[test]
fn whoever_is_not_enrolled_leaves_nothing() {
    let house = House::new();
    let before = std::fs::read_dir(house.path()).unwrap().count();
    let challenge = store_of(&house, "freerad").challenge(&alice(), &|| NOW).unwrap();
    assert_eq!(challenge, Challenge::NotEnrolled);
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), before);
}
