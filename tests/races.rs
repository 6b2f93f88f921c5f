//! Many logins at once, each a process of its own, all at their prompts before the first is
//! answered: one code is one login, and no more guesses are evaluated than the policy has.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::{another_user, wait_for};
use cloud2fa_tests::{Enrolled, Fixture};
use std::collections::BTreeMap;
use std::fs::File;

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");
const AT_ONCE: usize = 8;

/// `count` logins of `user`, all at their prompts.
fn at_prompts(fixture: &Fixture, user: &str, count: usize) -> Vec<HostProcess> {
    let mut hosts: Vec<_> =
        (0..count).map(|_| HostProcess::start(PAM_HOST, &[], fixture, user)).collect();
    for host in &mut hosts {
        host.wait_for_prompt();
    }
    hosts
}

/// How often each code was given.
fn codes(hosts: impl IntoIterator<Item = HostProcess>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mut host in hosts {
        *counts.entry(host.wait_for_code().expect("a verdict")).or_default() += 1;
    }
    counts
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(code, count)| (code.to_owned(), count)).collect()
}

/// How the processes are let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// By their answers alone, one right after the other.
    Straight,
    /// All stand before the lock, which is then opened.
    AtTheLock,
}

/// Answers `answer` to all of them at once.
fn answer_all(
    fixture: &Fixture,
    whose: &Enrolled,
    hosts: &mut [HostProcess],
    answer: &str,
    start: Start,
) {
    let file = File::open(fixture.account_path(whose.user.name.as_str())).expect("a record");
    if start == Start::AtTheLock {
        file.lock().expect("nobody else has it");
    }
    for host in &mut *hosts {
        host.answer(answer);
    }
    if start == Start::AtTheLock {
        for host in &*hosts {
            wait_for("a login at the lock", || host.waits_for_a_lock().then_some(()));
        }
        file.unlock().expect("it is ours");
    }
}

/// Rounds of fresh users, in each of which `answer` is given by 8 processes at once.
fn one_of_eight(rounds: usize, answer: impl Fn(&Enrolled) -> String) -> Fixture {
    let fixture = Fixture::new();
    for round in 0..rounds {
        let user = fixture.enrol(&another_user());
        let mut hosts = at_prompts(&fixture, user.user.name.as_str(), AT_ONCE);
        let answer = answer(&user);
        let start = if round % 2 == 0 { Start::Straight } else { Start::AtTheLock };
        answer_all(&fixture, &user, &mut hosts, &answer, start);
        let expected = counts([("PAM_SUCCESS", 1), ("PAM_AUTH_ERR", AT_ONCE - 1)]);
        assert_eq!(codes(hosts), expected, "round {round}, {start:?}");
        assert_eq!(fixture.status(&user).failures, 0, "replays are no guesses");
    }
    fixture
}

#[test]
fn of_eight_processes_with_one_code_exactly_one_gets_in() {
    let rounds = 200;
    let fixture = one_of_eight(rounds, Enrolled::code);
    let log = fixture.log();
    let with = |what: &str| log.iter().filter(|line| line.message().contains(what)).count();
    assert_eq!((with("accepted "), with("reason=replayed ")), (rounds, rounds * (AT_ONCE - 1)));
}

#[test]
fn of_eight_processes_with_one_backup_code_exactly_one_gets_in() {
    // Fewer rounds: each process hashes for tens of milliseconds.
    let rounds = 60;
    let fixture = one_of_eight(rounds, |user| user.backup_codes[3].clone());
    let log = fixture.log();
    let with = |what: &str| log.iter().filter(|line| line.message().contains(what)).count();
    assert_eq!((with("accepted "), with("reason=replayed ")), (rounds, rounds * (AT_ONCE - 1)));
}

#[test]
fn eight_users_at_once_all_get_in() {
    let fixture = Fixture::new();
    let names: Vec<_> = (0..AT_ONCE).map(|number| format!("u29{number}")).collect();
    for round in 0..100 {
        let users: Vec<_> = names.iter().map(|name| fixture.enrol(name)).collect();
        let mut hosts: Vec<_> =
            names.iter().map(|name| HostProcess::start(PAM_HOST, &[], &fixture, name)).collect();
        for host in &mut hosts {
            host.wait_for_prompt();
        }
        let answers: Vec<_> = users.iter().map(Enrolled::code).collect();
        for (host, answer) in hosts.iter_mut().zip(&answers) {
            host.answer(answer);
        }
        assert_eq!(codes(hosts), counts([("PAM_SUCCESS", AT_ONCE)]), "round {round}");
    }
}

#[test]
fn of_two_hundred_prompts_answered_together_the_free_failures_are_evaluated() {
    let (fixture, alice) = Fixture::with("alice");
    let mut hosts = at_prompts(&fixture, "alice", 200);
    // Right for as long as all of them take.
    let (right, wrong) = (alice.code_at(1), alice.wrong_code());
    let mut last = hosts.pop().expect("200 of them");
    answer_all(&fixture, &alice, &mut hosts, &wrong, Start::AtTheLock);
    // The right code comes when the fifth wrong one is written down, with most of the others still on their way.
    wait_for("five failures", || (fixture.status(&alice).failures == 5).then_some(()));
    last.answer(&right);
    assert_eq!(last.wait_for_code().as_deref(), Some("PAM_MAXTRIES"));
    assert_eq!(codes(hosts), counts([("PAM_AUTH_ERR", 5), ("PAM_MAXTRIES", 194)]));
    let status = fixture.status(&alice);
    assert_eq!(status.failures, 5);
    assert!((1..=30).contains(&status.wait_seconds), "{status:?}");
    let log = fixture.log();
    let with = |what: &str| log.iter().filter(|line| line.message().contains(what)).count();
    assert_eq!((with("reason=wrong_code "), with("reason=wait ")), (5, 195));
    // What came during the wait was not evaluated, and so is not spent.
    fixture.rewrite(&alice, "wait_from", "1000000");
    assert_eq!(fixture.login("alice", &[&right]).code, cloud2fa_tests::Code::SUCCESS);
}

#[test]
fn where_a_hundred_failures_are_free_eight_at_once_are_eight() {
    let fixture = Fixture::new();
    fixture.set_config("[throttle]\nfree_failures = 100");
    for round in 0..20 {
        let user = fixture.enrol("bob");
        let mut hosts = at_prompts(&fixture, "bob", AT_ONCE);
        let start = if round % 2 == 0 { Start::Straight } else { Start::AtTheLock };
        answer_all(&fixture, &user, &mut hosts, &user.wrong_code(), start);
        assert_eq!(codes(hosts), counts([("PAM_AUTH_ERR", AT_ONCE)]));
        assert_eq!(fixture.status(&user).failures, 8, "round {round}, {start:?}");
    }
}

#[test]
fn a_crowd_before_the_lock_is_served_within_its_patience() {
    // Everybody here has a right to be evaluated: nobody is turned away because others are.
    let fixture = Fixture::new();
    fixture.set_config("[throttle]\nfree_failures = 100");
    let user = fixture.enrol("carol");
    let mut hosts = at_prompts(&fixture, "carol", 64);
    answer_all(&fixture, &user, &mut hosts, &user.wrong_code(), Start::AtTheLock);
    assert_eq!(codes(hosts), counts([("PAM_AUTH_ERR", 64)]));
    assert_eq!(fixture.status(&user).failures, 64);
}
