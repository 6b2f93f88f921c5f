//! Nobody is locked out by somebody else: backup codes and root open what wrong tokens have shut,
//! a flood of backup codes is hashed one at a time, and the record remembers what was tried.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::{Purpose, Verdict};
use cloud2fa::history::Outcome;
use cloud2fa::rules::Rules;
use cloud2fa::store::{Basis, Failures, Store, StoreError, Verifier};
use cloud2fa::throttle::Throttle;
use cloud2fa::{Answer, BackupCode, Cleared, Factor, FileStore, UnixTime};
use house::{Enrolled, House, NOW, accepted, alice, attempt, later, owner};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::File;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// A store in which the third wrong token locks.
fn strict(house: &House) -> FileStore {
    let throttle = Throttle { free_failures: 2, lock_after: 3, ..Throttle::default() };
    let rules = Rules { throttle, ..Rules::default() };
    let memory = Box::<cloud2fa::backup_codes::HeapMemory>::default();
    FileStore::open(&house.path(), owner(), rules, memory).unwrap()
}

fn login(store: &mut FileStore, whose: &Enrolled, answer: &Answer, now: UnixTime) -> Verdict {
    let answer = &attempt(&ALICE, &whose.generation, answer, Purpose::Login);
    store.verify(answer, &|| now).unwrap()
}

static ALICE: std::sync::LazyLock<cloud2fa::User> = std::sync::LazyLock::new(alice);

/// Alice, locked at the fifth step from now.
fn locked() -> (House, Enrolled) {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let mut store = strict(&house);
    for now in [later(1), later(2), later(4)] {
        let verdict = login(&mut store, &enrolled, &enrolled.wrong(now), now);
        assert!(matches!(verdict, Verdict::Wrong { .. }), "{verdict:?}");
    }
    assert!(house.status(later(5)).locked);
    (house, enrolled)
}

#[test]
fn a_backup_code_opens_the_lock_and_the_app_works_again() {
    let (house, enrolled) = locked();
    let mut store = strict(&house);
    let token = enrolled.token(later(5));
    assert_eq!(login(&mut store, &enrolled, &token, later(5)), Verdict::Locked);
    let verdict = login(&mut store, &enrolled, &enrolled.backup_code(0), later(5));
    let Verdict::Accepted { failures_since_login: 3, opened: true, .. } = verdict else {
        panic!("{verdict:?}")
    };
    assert!(accepted(&login(&mut store, &enrolled, &token, later(5))));
}

#[test]
fn of_eight_with_one_backup_code_under_a_lock_one_gets_in() {
    let (house, enrolled) = locked();
    let (code, barrier) = (enrolled.backup_code(4), Barrier::new(8));
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            let mut store = strict(&house);
            barrier.wait();
            login(&mut store, &enrolled, &code, later(5))
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let opened = |verdict: &&Verdict| matches!(verdict, Verdict::Accepted { opened: true, .. });
    assert_eq!(verdicts.iter().filter(opened).count(), 1, "{verdicts:?}");
    let replayed = verdicts.iter().filter(|it| **it == Verdict::Replayed { next_in: 0 }).count();
    assert_eq!(replayed, 7, "{verdicts:?}");
}

#[test]
fn what_root_renews_is_free_of_waits_and_locks_and_a_users_own_change_is_not() {
    for (failures, stays_locked) in [(Failures::Cleared, false), (Failures::CarriedOver, true)] {
        let now = later(5);
        // In one step, and off and on again.
        for by_way_of_off in [false, true] {
            let (house, _) = locked();
            let mut store = strict(&house);
            let mut cleared = Cleared::default();
            if by_way_of_off {
                let basis = house.standing(now).basis();
                cleared = store.disable(&ALICE, &basis, failures, &|| now).unwrap().cleared;
            }
            let basis = house.standing(now).basis();
            let (new, issued) = house.enrol_as(&basis, failures, now).unwrap();
            assert!([cleared.opened, issued.opened].contains(&!stays_locked));
            assert_eq!(house.status(now).locked, stays_locked);
            let verdict = login(&mut store, &new, &new.token(later(6)), later(6));
            assert_eq!(accepted(&verdict), !stays_locked, "{verdict:?}");
            // A code of the new list in any case.
            let verdict = login(&mut store, &new, &new.backup_code(0), later(6));
            assert!(accepted(&verdict), "{verdict:?}");
        }
    }
}

#[test]
fn what_root_turns_off_and_on_again_takes_no_code_twice() {
    let (house, old) = House::with_a_copy_of_alice();
    let now = later(1);
    assert!(accepted(&house.login(&old.generation, &old.token(now), now).unwrap()));
    house.store().unlock(&ALICE, &|| now).unwrap();
    let verdict = house.login(&old.generation, &old.token(now), now).unwrap();
    assert!(matches!(verdict, Verdict::Replayed { .. }), "{verdict:?}");
    // The code that proved a new key is spent, whoever made it.
    let basis = house.standing(now).basis();
    let (new, _) = house.enrol_as(&basis, Failures::Cleared, now).unwrap();
    let verdict = house.login(&new.generation, &new.token(now), now).unwrap();
    assert!(matches!(verdict, Verdict::Replayed { .. }), "{verdict:?}");
}

#[test]
fn while_a_backup_code_is_hashed_others_of_the_user_wait_and_tokens_do_not() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let hashing = File::options().read(true).write(true).open(house.file()).unwrap();
    let byte = libc::off_t::from((1 << 16) + nix::unistd::getuid().as_raw());
    let lock = |kind: libc::c_int| libc::flock {
        l_type: kind.try_into().unwrap(),
        l_whence: libc::SEEK_SET.try_into().unwrap(),
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&hashing, FcntlArg::F_OFD_SETLK(&lock(libc::F_WRLCK))).unwrap();
    let begun = Instant::now();
    let token = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &token, later(1)).unwrap()));
    assert!(begun.elapsed() < Duration::from_secs(1), "a token has waited {:?}", begun.elapsed());

    let code = enrolled.backup_code(0);
    let outcome = house.login(&enrolled.generation, &code, later(1));
    assert!(matches!(outcome, Err(StoreError::Hashing(_))), "{outcome:?}");
    assert!((5..7).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    // Whoever hashes has died: the kernel lets go.
    drop(hashing);
    assert!(accepted(&house.login(&enrolled.generation, &code, later(1)).unwrap()));
}

#[test]
fn the_record_keeps_the_last_decisions_and_the_budget_through_everything_but_unlock() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let seen = &enrolled.generation;
    house.guess(&enrolled, 3, later(1));
    assert!(accepted(&house.login(seen, &enrolled.token(later(2)), later(2)).unwrap()));
    let strange = Answer::BackupCode(BackupCode::generate().unwrap());
    house.login(seen, &strange, later(3)).unwrap();
    let kept = |house: &House| {
        let status = house.status(later(3));
        let of =
            |entry: &cloud2fa::history::Entry| (entry.at, entry.outcome, entry.factor, entry.times);
        let entries: Vec<_> = status.history.latest_first().into_iter().map(of).collect();
        (status.budget_used, entries)
    };
    let entries = [
        (later(3), Outcome::Wrong, Factor::BackupCode, 1),
        (later(2), Outcome::Accepted, Factor::Token, 1),
        (later(1), Outcome::Wrong, Factor::Token, 3),
    ];
    assert_eq!(kept(&house), (3, entries.to_vec()));
    house.enrol(&Basis::Generation(seen.clone()), later(3)).unwrap();
    assert_eq!(kept(&house), (3, entries.to_vec()));
    house.store().unlock(&ALICE, &|| later(3)).unwrap();
    assert_eq!(kept(&house), (0, entries.to_vec()));
    assert_eq!(house.status(NOW).failures, 0);
}
