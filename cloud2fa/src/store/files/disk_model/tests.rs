//! What the model finds, and that it would find what the store's care prevents.

use super::explore::{Begin, Scenario, explore};
use super::process::Task;
use super::run::Lack;
use super::wander::wander;
use std::time::Instant;

/// Two processes log in, again and again, each with the next code.
const LOGINS: Scenario = Scenario {
    tasks: [None, None],
    begin: Begin::Enrolled,
    lack: Lack::Nothing,
    can_exchange: true,
};

/// One makes the first enrolment, the other one logs in.
const ENROLMENT: Scenario =
    Scenario { tasks: [Some(Task::Enrol), None], begin: Begin::Nothing, ..LOGINS };

fn holds(scenario: Scenario, depth: usize) {
    let began = Instant::now();
    let found = explore(&scenario, depth);
    println!(
        "{scenario:?}: {} states to depth {depth}, {} accept a code, {:?}",
        found.states,
        found.accepted,
        began.elapsed()
    );
    if let Some((wrong, path)) = found.wrong {
        panic!("{wrong}, after {path:#?}");
    }
    assert!(found.accepted > 0 || scenario.begin == Begin::Unsafe, "nobody logs in");
}

/// Without this care something goes wrong.
fn falls(scenario: Scenario, depth: usize) {
    let Some((wrong, path)) = explore(&scenario, depth).wrong else {
        panic!("nothing is found without the care: {scenario:?}")
    };
    println!("{scenario:?}: {wrong}, after {path:?}");
}

#[test]
fn no_sequence_of_events_takes_a_login_back() {
    holds(LOGINS, 9);
}

#[test]
fn without_the_sync_of_what_was_found_a_login_is_taken_back() {
    falls(Scenario { lack: Lack::OfSyncing, ..LOGINS }, 9);
}

#[test]
fn without_the_write_after_a_failed_sync_a_login_is_taken_back() {
    falls(Scenario { lack: Lack::OfRewriting, ..LOGINS }, 9);
}

#[test]
fn without_the_lock_a_code_is_accepted_twice() {
    falls(Scenario { lack: Lack::OfLocks, ..LOGINS }, 9);
}

#[test]
fn a_first_enrolment_that_was_answered_stays() {
    holds(ENROLMENT, 10);
}

#[test]
fn a_login_stays_whose_enrolment_was_killed_before_its_name_was_on_the_disk() {
    holds(Scenario { begin: Begin::Unnamed, ..LOGINS }, 9);
}

#[test]
fn without_the_sync_of_the_directory_an_enrolment_is_taken_back() {
    falls(Scenario { lack: Lack::OfNames, ..ENROLMENT }, 10);
}

#[test]
fn what_is_disabled_stays_disabled() {
    holds(Scenario { tasks: [Some(Task::Disable), None], ..LOGINS }, 8);
}

#[test]
fn a_record_that_is_replaced_is_there_at_every_moment() {
    for can_exchange in [true, false] {
        let tasks = [Some(Task::Replace), None];
        holds(Scenario { tasks, begin: Begin::Unsafe, can_exchange, ..LOGINS }, 11);
    }
}

/// What two processes do in the long sequences.
const LONG: [Scenario; 6] = [
    LOGINS,
    ENROLMENT,
    Scenario { tasks: [Some(Task::Enrol), Some(Task::Enrol)], ..ENROLMENT },
    Scenario { tasks: [Some(Task::Enrol), Some(Task::Disable)], ..ENROLMENT },
    Scenario { tasks: [Some(Task::Disable), None], ..LOGINS },
    Scenario {
        tasks: [Some(Task::Replace), None],
        begin: Begin::Unsafe,
        can_exchange: false,
        ..LOGINS
    },
];

#[test]
fn no_long_sequence_of_events_takes_an_answer_back() {
    let mut accepted = 0;
    for scenario in LONG {
        accepted += wander(&scenario, 40, 70)
            .unwrap_or_else(|(wrong, path)| panic!("{scenario:?}: {wrong}, after {path:#?}"));
    }
    assert!(accepted > 100, "{accepted}");
}
