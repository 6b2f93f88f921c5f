//! The life of an enrolment in the embedded store: enrol, log in, regenerate, replace,
//! disable, unlock, and what each of them leaves behind.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::{Purpose, Verdict};
use cloud2fa::rules::Rules;
use cloud2fa::store::{Basis, Challenge, Failures, OldCopy, Standing, Store, StoreError, Verifier};
use cloud2fa::throttle::Throttle;
use cloud2fa::{Answer, BackupCode, FileStore, Generation, UnixTime};
use house::{
    House, NOW, SLOT, accepted, alice, attempt, later, newest, owner, right, unmarked, user,
};

#[test]
fn a_user_without_a_record_was_never_enrolled_and_gets_in_with_no_code() {
    let (house, enrolled) = House::with_alice();
    let bob = user("bob", 1001);
    let mut store = house.store();
    assert_eq!(store.challenge(&bob, &|| NOW).unwrap(), Challenge::NotEnrolled);
    assert_eq!(store.status(&bob, &|| NOW).unwrap(), Standing::NeverEnrolled);
    assert_eq!(store.status(&bob, &|| NOW).unwrap(), Standing::NeverEnrolled);
    let (seen, answer) = (&enrolled.generation, &enrolled.token(later(1)));
    let verdict = store.verify(&attempt(&bob, seen, answer, Purpose::Login), &|| later(1)).unwrap();
    assert_eq!(verdict, Verdict::Changed);
    assert!(
        matches!(store.unlock(&bob, &|| NOW), Err(StoreError::NotEnrolled(name)) if name == bob.name)
    );
    let regenerated = store.regenerate_backup_codes(&bob, seen, &|| NOW);
    assert!(matches!(regenerated, Err(StoreError::NotEnrolled(_))));
}

#[test]
fn the_code_that_proved_an_enrolment_is_spent_and_the_next_one_works_once() {
    let (house, enrolled) = House::with_alice();
    let seen = &enrolled.generation;
    assert_eq!(house.challenge(NOW).unwrap().basis(), Basis::Generation(seen.clone()));
    let verdict = house.login(seen, &enrolled.token(NOW), NOW).unwrap();
    assert_eq!(verdict, Verdict::Replayed { next_in: 15 });
    let verdict = house.login(seen, &enrolled.token(later(1)), later(1)).unwrap();
    assert_eq!(verdict, right(8, 0, 0));
    let verdict = house.login(seen, &enrolled.token(later(1)), later(1)).unwrap();
    assert_eq!(verdict, Verdict::Replayed { next_in: 15 });
    assert_eq!(house.status(later(1)).last_used, Some(later(1)));
    assert_eq!(house.status(later(1)).since, NOW);
}

#[test]
fn a_printed_backup_code_works_once_however_it_is_typed() {
    let (house, enrolled) = House::with_alice();
    for (position, code) in enrolled.codes.iter().enumerate() {
        let typed =
            code.printed().to_lowercase().replace('-', if position == 0 { " " } else { "" });
        let answer = Answer::parse(typed.as_bytes()).unwrap();
        let verdict = house.login(&enrolled.generation, &answer, NOW).unwrap();
        let left = 7 - position;
        assert_eq!(verdict, right(left, 0, 0));
        assert_eq!(house.status(NOW).backup_codes_left, left);
    }
    for position in [0, 7] {
        let verdict = house.login(&enrolled.generation, &enrolled.backup_code(position), NOW);
        assert_eq!(verdict.unwrap(), Verdict::Replayed { next_in: 0 });
    }
    assert_eq!(house.status(NOW).failures, 0);
}

#[test]
fn every_evaluated_answer_is_written_down_and_no_other() {
    let (house, enrolled) = House::with_alice();
    let now = later(1);
    let (seen, right, wrong) = (&enrolled.generation, enrolled.token(now), enrolled.wrong(now));
    let mut sequence = newest(&house.bytes()).1;
    let answers = [(&right, Purpose::Trial), (&right, Purpose::Login), (&right, Purpose::Login)];
    for (answer, purpose) in answers.into_iter().chain([(&wrong, Purpose::Login); 5]) {
        house.store().verify(&attempt(&alice(), seen, answer, purpose), &|| now).unwrap();
        let after = newest(&house.bytes()).1;
        assert_eq!(after, sequence + 1);
        sequence = after;
    }
    let before = house.bytes();
    for answer in [&right, &wrong] {
        assert_eq!(house.login(seen, answer, now).unwrap(), Verdict::Wait { seconds: 30 });
    }
    house.challenge(now).unwrap();
    house.status(now);
    house.list(now);
    assert!(house.bytes() == before, "something was written");
    let strange = Answer::BackupCode(BackupCode::generate().unwrap());
    for answer in [&strange, &enrolled.backup_code(0), &enrolled.backup_code(0)] {
        house.login(seen, answer, now).unwrap();
        assert_eq!(newest(&house.bytes()).1, sequence + 1);
        sequence += 1;
    }
}

#[test]
fn a_trial_spends_nothing_and_its_wrong_codes_count() {
    let (house, enrolled) = House::with_alice();
    let now = later(1);
    let attempt = |answer: &Answer| {
        house
            .store()
            .verify(&attempt(&alice(), &enrolled.generation, answer, Purpose::Trial), &|| now)
    };
    assert!(matches!(attempt(&enrolled.wrong(now)).unwrap(), Verdict::Wrong { failures: 1, .. }));
    for _ in 0..2 {
        assert!(accepted(&attempt(&enrolled.token(now)).unwrap()));
        assert!(accepted(&attempt(&enrolled.backup_code(0)).unwrap()));
    }
    assert_eq!((house.status(now).failures, house.status(now).last_used), (1, None));
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.token(now), now).unwrap()));
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.backup_code(0), now).unwrap()));
}

#[test]
fn an_answer_to_an_enrolment_that_has_changed_is_refused_and_not_counted() {
    let (house, enrolled) = House::with_alice();
    let Standing::Enrolled(seen, _) = house.challenge(later(1)).unwrap() else { panic!() };
    house.store().regenerate_backup_codes(&alice(), &seen, &|| later(1)).unwrap();
    refuses_as_changed(&house, &enrolled, &seen);
    house
        .store()
        .disable(&alice(), &house.standing(NOW).basis(), Failures::CarriedOver, &|| later(1))
        .unwrap();
    refuses_as_changed(&house, &enrolled, &seen);
    // Nor does an answer to a disabled enrolment count, were it asked for.
    let Standing::Disabled(disabled) = house.challenge(later(1)).unwrap() else { panic!() };
    refuses_as_changed(&house, &enrolled, &disabled);
    house.enrol(&Basis::Generation(disabled), later(1)).unwrap();
    refuses_as_changed(&house, &enrolled, &seen);
    assert_eq!(house.status(later(1)).failures, 0);
}

fn refuses_as_changed(house: &House, enrolled: &house::Enrolled, seen: &Generation) {
    let before = house.bytes();
    let answers = [enrolled.token(later(1)), enrolled.wrong(later(1)), enrolled.backup_code(0)];
    for answer in answers {
        assert_eq!(house.login(seen, &answer, later(1)).unwrap(), Verdict::Changed);
    }
    assert!(house.bytes() == before, "something was written");
}

#[test]
fn new_backup_codes_end_the_old_ones_and_the_app_goes_on() {
    let (house, old) = House::with_alice();
    let now = later(1);
    assert!(accepted(&house.login(&old.generation, &old.backup_code(0), now).unwrap()));
    assert!(accepted(&house.login(&old.generation, &old.token(now), now).unwrap()));
    let issued = house.store().regenerate_backup_codes(&alice(), &old.generation, &|| now).unwrap();
    assert!(matches!(issued.old_copy, OldCopy::Wiped));
    assert_eq!(issued.backup_codes.len(), 8);

    let Standing::Enrolled(seen, status) = house.standing(now) else { panic!() };
    assert_ne!(seen, old.generation);
    assert_eq!((status.backup_codes_left, status.since), (8, NOW));
    // The last step is kept: what was used before does not work again.
    assert!(matches!(house.login(&seen, &old.token(now), now).unwrap(), Verdict::Replayed { .. }));
    for position in 0..2 {
        let verdict = house.login(&seen, &old.backup_code(position), now).unwrap();
        assert!(matches!(verdict, Verdict::Wrong { .. }), "an old code: {verdict:?}");
    }
    let new = Answer::BackupCode(issued.backup_codes[0].clone());
    assert!(accepted(&house.login(&seen, &new, now).unwrap()));
    assert!(accepted(&house.login(&seen, &old.token(later(2)), later(2)).unwrap()));

    let again = house.store().regenerate_backup_codes(&alice(), &old.generation, &|| now);
    assert!(matches!(again, Err(StoreError::Changed(_))));
}

#[test]
fn disabling_leaves_no_secret_anywhere_and_failures_and_waits_live_on() {
    let (house, first) = House::with_alice();
    house.guess(&first, 5, NOW);
    let replaced = house.enrol(&Basis::Generation(first.generation.clone()), NOW).unwrap();
    let hashes = hashes_in(&newest(&house.bytes()).2);
    assert_eq!(hashes.len(), 8);
    let basis = house.standing(NOW).basis();
    assert!(matches!(
        house.store().disable(&alice(), &basis, Failures::CarriedOver, &|| NOW).unwrap().old_copy,
        OldCopy::Wiped
    ));

    for secret in [&first.secret, &replaced.secret] {
        assert!(!house.holds(&secret.to_base32()));
    }
    assert!(!house.holds("secret") && !hashes.iter().any(|hash| house.holds(hash)));
    let bytes = house.bytes();
    assert!(unmarked(&bytes[..SLOT]) == unmarked(&bytes[SLOT..]), "both slots say the same");
    let Standing::Disabled(generation) = house.challenge(NOW).unwrap() else { panic!() };
    let regenerated = house.store().regenerate_backup_codes(&alice(), &generation, &|| NOW);
    assert!(matches!(regenerated, Err(StoreError::NotEnrolled(_))));

    let again = house.enrol(&Basis::Generation(generation), NOW).unwrap();
    let status = house.status(NOW);
    assert_eq!((status.failures, status.wait_seconds), (5, 30));
    let verdict = house.login(&again.generation, &again.token(NOW), NOW).unwrap();
    assert_eq!(verdict, Verdict::Wait { seconds: 30 });
    assert!(accepted(&house.login(&again.generation, &again.token(later(1)), later(1)).unwrap()));
}

fn hashes_in(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| Some(line.strip_prefix('"')?.strip_suffix("\",")?.to_owned()))
        // Base64 of 32 bytes: no other line of a list has that length.
        .filter(|hash: &String| hash.len() == 43 && !hash.contains(' '))
        .collect()
}

#[test]
fn a_replacement_carries_failures_and_no_old_secret_and_begins_at_its_proof() {
    let (house, old) = House::with_alice();
    house.guess(&old, 2, later(1));
    let new = house.enrol(&Basis::Generation(old.generation.clone()), later(1)).unwrap();
    assert!(!house.holds(&old.secret.to_base32()));
    assert_eq!(house.status(later(1)).failures, 2);
    let verdict = house.login(&new.generation, &new.token(later(1)), later(1)).unwrap();
    assert!(matches!(verdict, Verdict::Replayed { .. }), "the proof: {verdict:?}");
    let verdict = house.login(&new.generation, &old.token(later(2)), later(2)).unwrap();
    assert!(matches!(verdict, Verdict::Wrong { failures: 3, .. }), "the old app: {verdict:?}");
    assert!(accepted(&house.login(&new.generation, &new.token(later(2)), later(2)).unwrap()));
}

#[test]
fn a_new_secret_ends_what_a_login_under_a_clock_far_ahead_has_begun() {
    let (house, old) = House::with_alice();
    let month_ahead = NOW.plus(30 * 86_400);
    assert!(accepted(&house.login(&old.generation, &old.token(month_ahead), month_ahead).unwrap()));
    let verdict = house.login(&old.generation, &old.token(later(1)), later(1)).unwrap();
    assert!(matches!(verdict, Verdict::ClockWentBack { .. }), "{verdict:?}");
    let new = house.enrol(&Basis::Generation(old.generation.clone()), later(1)).unwrap();
    assert!(accepted(&house.login(&new.generation, &new.token(later(2)), later(2)).unwrap()));
}

#[test]
fn of_two_changes_begun_on_the_same_state_one_is_told_so() {
    let house = House::new();
    let first = house.enrol(&Basis::Nothing, NOW).unwrap();
    assert!(matches!(house.enrol(&Basis::Nothing, NOW), Err(StoreError::Changed(_))));
    let basis = Basis::Generation(first.generation.clone());
    let second = house.enrol(&basis, NOW).unwrap();
    assert!(matches!(house.enrol(&basis, NOW), Err(StoreError::Changed(_))));
    assert!(matches!(
        house.store().disable(&alice(), &basis, Failures::CarriedOver, &|| NOW),
        Err(StoreError::Changed(_))
    ));
    let nothing = house.store().disable(&alice(), &Basis::Nothing, Failures::CarriedOver, &|| NOW);
    assert!(matches!(nothing, Err(StoreError::Changed(_))));
    let gone = Basis::Generation(Generation::generate().unwrap());
    let bob = house.store().disable(&user("bob", 1001), &gone, Failures::CarriedOver, &|| NOW);
    assert!(matches!(bob, Err(StoreError::Changed(_))));
    assert!(accepted(&house.login(&second.generation, &second.token(later(1)), later(1)).unwrap()));
}

#[test]
fn an_unlock_clears_failures_wait_and_lock_and_never_the_last_step() {
    let (house, enrolled) = House::with_alice();
    let throttle = Throttle { lock_after: 6, ..Throttle::default() };
    let rules = Rules { throttle, ..Rules::default() };
    let memory = Box::<cloud2fa::backup_codes::HeapMemory>::default();
    let mut store = FileStore::open(&house.path(), owner(), rules, memory).unwrap();
    let mut login = |answer: &Answer, now: UnixTime| {
        store
            .verify(&attempt(&alice(), &enrolled.generation, answer, Purpose::Login), &|| now)
            .unwrap()
    };
    assert!(accepted(&login(&enrolled.token(later(1)), later(1))));
    for _ in 0..5 {
        login(&enrolled.wrong(later(1)), later(1));
    }
    let verdict = login(&enrolled.wrong(later(2)), later(2));
    assert_eq!(verdict, Verdict::Wrong { failures: 6, wait_seconds: 60, locked: true });
    assert_eq!(login(&enrolled.token(later(9)), later(9)), Verdict::Locked);
    assert!(house.status(later(2)).locked);

    let cleared = house.store().unlock(&alice(), &|| later(2)).unwrap();
    assert_eq!((cleared.failures_since_login, cleared.opened), (6, true));
    let status = house.status(later(2));
    assert_eq!((status.failures, status.wait_seconds, status.locked), (0, 0, false));
    assert_eq!(login(&enrolled.token(later(1)), later(2)), Verdict::Replayed { next_in: 0 });
    // The next login hears of it, and no other.
    let verdict = login(&enrolled.token(later(3)), later(3));
    let told = Verdict::Accepted {
        backup_codes_left: 8,
        failures_since_login: 6,
        budget_used: 0,
        opened: true,
    };
    assert_eq!(verdict, told);
    assert_eq!(login(&enrolled.token(later(4)), later(4)), right(8, 0, 0));
}

#[test]
fn a_wait_ends_although_the_clock_was_set_back() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 5, NOW);
    let back = UnixTime(NOW.0 - 1_000_000);
    let wait = |now: UnixTime| house.challenge(now).unwrap().status().unwrap().wait_seconds;
    assert_eq!(wait(back), 30);
    assert_eq!(wait(back.plus(29)), 1);
    assert_eq!(wait(back.plus(30)), 0);
    let code = enrolled.backup_code(0);
    assert!(accepted(&house.login(&enrolled.generation, &code, back.plus(30)).unwrap()));
    let verdict = house.login(&enrolled.generation, &enrolled.token(back), back).unwrap();
    assert!(matches!(verdict, Verdict::ClockWentBack { .. }));
}

#[test]
fn a_list_has_all_records_by_name_and_nothing_else() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let mut store = house.store();
    store
        .disable(&user("DOM\\zoe", 1002), &Basis::Nothing, Failures::CarriedOver, &|| NOW)
        .unwrap();
    for strange in [".new-0123", "README", "%61lice.account", ".aside-bob.account-01", "x.account~"]
    {
        std::fs::write(house.path().join(strange), "x").unwrap();
    }
    std::fs::create_dir(house.path().join("lost+found")).unwrap();
    let list = house.list(NOW);
    let names: Vec<_> = list.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names, ["DOM\\zoe", "alice"]);
    assert!(matches!(list[0].standing, Ok(Standing::Disabled(_))));
    assert_eq!(*list[1].standing.as_ref().unwrap(), house.standing(NOW));
}
