//! Many at once: one code is one login, one basis is one change, and a lock that
//! somebody keeps refuses in time.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::store::{Basis, Failures, Store, StoreError};
use cloud2fa::{Answer, Generation, UnixTime, Verdict};
use house::{Enrolled, House, NOW, accepted, alice, later, user};
use std::fs::File;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 8;

/// Does the same in 8 threads at once.
fn at_once<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let worker = || {
            barrier.wait();
            work()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Each thread has a store of its own, as each login has.
fn logins(house: &House, seen: &Generation, answer: &Answer, now: UnixTime) -> Vec<Verdict> {
    at_once(|| house.login(seen, answer, now).unwrap())
}

#[test]
fn of_eight_logins_with_one_token_one_gets_in() {
    let (house, enrolled) = House::with_alice();
    for round in 1..=20 {
        let now = later(round);
        let verdicts = logins(&house, &enrolled.generation, &enrolled.token(now), now);
        let replays = verdicts.iter().filter(|v| **v == Verdict::Replayed { next_in: 15 }).count();
        assert_eq!(verdicts.iter().filter(|v| accepted(v)).count(), 1, "{verdicts:?}");
        assert_eq!(replays, THREADS - 1, "{verdicts:?}");
    }
    assert_eq!(house.status(later(20)).failures, 0);
}

#[test]
fn of_eight_logins_with_one_backup_code_one_gets_in() {
    let (house, enrolled) = House::with_alice();
    for position in 0..8 {
        let code = enrolled.backup_code(position);
        let verdicts = logins(&house, &enrolled.generation, &code, NOW);
        assert_eq!(verdicts.iter().filter(|v| accepted(v)).count(), 1, "{verdicts:?}");
        assert_eq!(house.status(NOW).backup_codes_left, 7 - position);
    }
}

#[test]
fn of_eight_wrong_codes_at_once_the_free_ones_are_evaluated() {
    let (house, enrolled) = House::with_alice();
    let verdicts = logins(&house, &enrolled.generation, &enrolled.wrong(NOW), NOW);
    let evaluated = verdicts.iter().filter(|v| matches!(v, Verdict::Wrong { .. })).count();
    let waiting = verdicts.iter().filter(|v| **v == Verdict::Wait { seconds: 30 }).count();
    assert_eq!((evaluated, waiting), (5, 3), "{verdicts:?}");
    assert_eq!(house.status(NOW).failures, 5);
}

fn one_of_eight(outcomes: Vec<Result<Enrolled, StoreError>>) -> Enrolled {
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for error in refused.into_iter().filter_map(Result::err) {
        assert!(matches!(error, StoreError::Changed(_)), "{error:?}");
    }
    done.into_iter().find_map(Result::ok).unwrap()
}

#[test]
fn of_eight_enrolments_on_one_basis_one_is_done_and_works() {
    let house = House::new();
    let first = one_of_eight(at_once(|| house.enrol(&Basis::Nothing, NOW)));
    let basis = Basis::Generation(first.generation);
    let second = one_of_eight(at_once(|| house.enrol(&basis, NOW)));
    let now = later(1);
    assert!(accepted(&house.login(&second.generation, &second.token(now), now).unwrap()));
    assert!(accepted(&house.login(&second.generation, &second.backup_code(0), now).unwrap()));
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), 3, "leftovers");
}

#[test]
fn of_eight_hands_that_clear_one_unusable_record_one_does() {
    let (house, _) = House::with_alice();
    house.put(&[0; house::FILE]);
    let enrolled = one_of_eight(at_once(|| house.enrol(&Basis::Unusable, NOW)));
    let now = later(1);
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.token(now), now).unwrap()));
}

#[test]
fn a_reader_never_sees_half_a_commit() {
    let (house, enrolled) = House::with_alice();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut store, mut looks) = (house.store(), 0);
                while !done.load(Ordering::Relaxed) {
                    let status = store.status(&alice(), &|| NOW);
                    assert!(status.as_ref().is_ok_and(|s| s.status().is_some()), "{status:?}");
                    let list = house.list(NOW);
                    assert!(list.len() == 1 && list[0].standing.is_ok(), "{list:?}");
                    looks += 1;
                }
                assert!(looks > 10);
            });
        }
        for round in 1..=400 {
            let now = later(round);
            let verdict = house.login(&enrolled.generation, &enrolled.token(now), now).unwrap();
            assert!(accepted(&verdict), "round {round}: {verdict:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Between the 5 seconds of patience and what a loaded machine may add.
fn in_time(since: Instant) {
    let waited = since.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(15)).contains(&waited), "{waited:?}");
}

#[test]
fn a_lock_that_is_kept_refuses_one_user_after_five_seconds_and_nobody_else() {
    let (house, enrolled) = House::with_alice();
    let lock = File::options().read(true).write(true).open(house.file()).unwrap();
    lock.lock().unwrap();
    // A look needs no lock; nor does anybody else care.
    house.challenge(NOW).unwrap();
    house.status(NOW);
    house
        .store()
        .disable(&user("bob", 1001), &Basis::Nothing, Failures::CarriedOver, &|| NOW)
        .unwrap();
    let (start, now) = (Instant::now(), later(1));
    match house.login(&enrolled.generation, &enrolled.token(now), now) {
        Err(StoreError::Busy { path, holder }) => {
            assert_eq!((path, holder), (house.file(), Some(std::process::id())));
        }
        outcome => panic!("{outcome:?}"),
    }
    in_time(start);
    drop(lock);
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.token(now), now).unwrap()));
}

#[test]
fn a_kept_lock_on_the_directory_stops_first_enrolments_and_no_login() {
    let (house, enrolled) = House::with_alice();
    let lock = File::open(house.path()).unwrap();
    lock.lock().unwrap();
    let now = later(1);
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.token(now), now).unwrap()));
    house.enrol(&Basis::Generation(enrolled.generation), now).unwrap();
    let start = Instant::now();
    let outcome =
        house.store().disable(&user("bob", 1001), &Basis::Nothing, Failures::CarriedOver, &|| NOW);
    assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{outcome:?}");
    in_time(start);
}
