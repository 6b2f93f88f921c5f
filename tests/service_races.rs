//! Two changes of one second factor at once, each by a process of the service of its own: one
//! wins, the other is told, and what holds afterwards is the winner's alone.
#![allow(missing_docs)]

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{
    Answer, FileStore, Rules, Secret, Standing, Store, TimeStep, Token, User, Verdict, Verifier,
};
use cloud2fa_tests::processes::another_user;
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{
    self, A_WHILE, Enrolled, at_login, now, of_this_machine, step_with_time_left,
};
use cloud2fa_tests::visitor::{authenticated, error_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

const STORE: &str = "/var/lib/cloud2fa";
const ROUNDS: usize = 30;

fn store() -> FileStore {
    let memory = Box::new(HeapMemory::default());
    FileStore::open(Path::new(STORE), 0, Rules::default(), memory).expect("a healthy store")
}

fn standing(user: &User) -> Standing {
    store().status(user, &now).expect("a healthy record")
}

/// What a code is worth now; a right one is spent. `None` if there is no enrolment.
fn worth(user: &User, code: &str) -> Option<Verdict> {
    let Standing::Enrolled(seen, _) = standing(user) else { return None };
    let answer = Answer::parse(code.as_bytes()).expect("shaped like a code");
    let verdict = store().verify(&at_login(user, &seen, &answer), &now);
    Some(verdict.expect("it can be written down"))
}

fn is_right(user: &User, code: &str) -> bool {
    matches!(worth(user, code), Some(Verdict::Accepted { .. }))
}

/// Makes calls at once, and gives their answers.
fn at_once<const N: usize>(calls: [(&mut Raw, &str, Value); N]) -> [Value; N] {
    let barrier = Barrier::new(N);
    let together = |(connection, method, parameters): (&mut Raw, &str, Value)| {
        barrier.wait();
        connection.call(method, &parameters)
    };
    thread::scope(|scope| {
        let threads = calls.map(|call| scope.spawn(|| together(call)));
        threads.map(|thread| thread.join().expect("an answer"))
    })
}

/// How two calls have ended, in words; what a refused code was comes behind the error.
fn outcome(answer: &Value) -> String {
    let verdict = answer["parameters"]["verdict"]["verdict"].as_str();
    let words = [error_of(answer), verdict].into_iter().flatten().collect::<Vec<_>>();
    if words.is_empty() { "ok".to_owned() } else { words.join(" ") }
}

fn codes(answer: &Value) -> Vec<String> {
    let codes = answer["parameters"]["backup_codes"].as_array().into_iter().flatten();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

fn tally(outcomes: &mut BTreeMap<String, usize>, answers: &[Value; 2]) {
    let mut words = answers.each_ref().map(outcome);
    words.sort();
    *outcomes.entry(words.join(" + ")).or_default() += 1;
}

/// The key that BeginEnrolment shows.
fn begin(connection: &mut Raw, call: &Value) -> Secret {
    let key = connection.call("BeginEnrolment", call);
    Secret::from_base32(key["parameters"]["secret"].as_str().unwrap_or_else(|| panic!("{key}")))
        .expect("base32")
}

/// Two connections prove two keys for one user at once. What holds is the winner's.
fn two_proofs(user: &User, connections: &mut [Raw; 2], secrets: &[Secret; 2]) {
    let step = step_with_time_left(A_WHILE);
    let proofs = secrets.each_ref().map(|secret| secret.token_at(step));
    let [one, other] = connections;
    let call = |proof: &Token| json!({ "code": proof.as_str() });
    let answers = at_once([
        (one, "ConfirmEnrolment", call(&proofs[0])),
        (other, "ConfirmEnrolment", call(&proofs[1])),
    ]);
    let winner = answers.iter().position(|answer| error_of(answer).is_none()).expect("one wins");
    let loser = 1 - winner;
    assert_eq!(error_of(&answers[loser]), Some("EnrolmentChanged"), "the other is told");
    let next = TimeStep(step.0 + 1);
    assert!(!is_right(user, proofs[winner].as_str()), "what proved it is spent");
    assert!(!is_right(user, secrets[loser].token_at(next).as_str()), "the loser's is nothing");
    assert!(is_right(user, secrets[winner].token_at(next).as_str()), "the winner's logs in");
    assert!(is_right(user, &codes(&answers[winner])[7]), "and so do its backup codes");
}

#[test]
fn of_two_first_enrolments_one_wins() {
    service::start();
    for _ in 0..ROUNDS {
        let name = another_user();
        let user = of_this_machine(&name);
        let mut connections = [(); 2].map(|()| authenticated(user.uid, &name));
        let call = json!({ "user": name, "replace": false });
        let secrets = connections.each_mut().map(|connection| begin(connection, &call));
        two_proofs(&user, &mut connections, &secrets);
        let files = std::fs::read_dir(STORE).unwrap().map(|entry| entry.unwrap().file_name());
        let own = files.filter(|file| file.to_string_lossy().contains(&name)).count();
        assert_eq!(own, 1, "{name}: nothing is left of the loser's");
    }
}

#[test]
fn of_two_replacements_one_wins() {
    service::start();
    for _ in 0..ROUNDS / 4 {
        let alice = enrolled();
        let name = alice.user.name.as_str();
        let mut connections = [(); 2].map(|()| authenticated(alice.user.uid, name));
        let mut number = 0;
        let secrets = connections.each_mut().map(|connection| {
            number += 1;
            let code = &alice.backup_codes[number];
            begin(connection, &json!({ "user": name, "replace": true, "current_code": code }))
        });
        two_proofs(&alice.user, &mut connections, &secrets);
        assert!(!is_right(&alice.user, &alice.backup_codes[0]), "the old ones are dead");
        assert!(!is_right(&alice.user, &alice.code_at(1)), "and so is the old app");
    }
}

fn enrolled() -> Enrolled {
    let user = of_this_machine(&another_user());
    user::enrol(Path::new(STORE), user, Secret::generate().unwrap())
}

/// Somebody who is enrolled, with two connections on which the password was checked, and what a
/// change is called with on each: a code of its own.
fn about_to_change() -> (Enrolled, [Raw; 2], [Value; 2]) {
    let alice = enrolled();
    let name = alice.user.name.as_str();
    let connections = [(); 2].map(|()| authenticated(alice.user.uid, name));
    let calls = alice.codes_at([0, 1]).map(|code| json!({ "user": name, "current_code": code }));
    (alice, connections, calls)
}

#[test]
fn of_two_regenerations_the_last_ones_codes_hold() {
    service::start();
    let mut outcomes = BTreeMap::<String, usize>::new();
    for _ in 0..ROUNDS {
        let (alice, [mut one, mut other], [first, second]) = about_to_change();
        let method = "RegenerateBackupCodes";
        let answers = at_once([(&mut one, method, first), (&mut other, method, second)]);
        tally(&mut outcomes, &answers);
        let holding: Vec<_> = answers
            .iter()
            .filter(|answer| codes(answer).first().is_some_and(|code| is_right(&alice.user, code)))
            .collect();
        assert_eq!(holding.len(), 1, "{}: one set holds: {answers:?}", alice.user.name);
        assert!(
            !is_right(&alice.user, &alice.backup_codes[0]),
            "{}: the old ones are dead",
            alice.user.name
        );
    }
    eprintln!("two regenerations: {outcomes:?}");
    let expected = ["EnrolmentChanged + ok", "CurrentCodeRefused replayed + ok", "ok + ok"];
    assert!(outcomes.keys().all(|words| expected.contains(&words.as_str())), "{outcomes:?}");
}

#[test]
fn of_disable_and_regenerate_one_wins() {
    service::start();
    let mut outcomes = BTreeMap::<String, usize>::new();
    for _ in 0..ROUNDS {
        let (alice, [mut one, mut other], [first, second]) = about_to_change();
        let answers =
            at_once([(&mut one, "RegenerateBackupCodes", first), (&mut other, "Disable", second)]);
        tally(&mut outcomes, &answers);
        let [regenerated, disabled] = answers.each_ref().map(|answer| error_of(answer).is_none());
        assert_eq!(matches!(standing(&alice.user), Standing::Disabled(_)), disabled, "{answers:?}");
        assert!(regenerated || disabled, "{answers:?}");
        assert!(!is_right(&alice.user, &alice.backup_codes[0]), "the old ones are dead");
        if !disabled {
            assert!(is_right(&alice.user, &codes(&answers[0])[0]), "the new ones are not");
        }
    }
    eprintln!("disable and regenerate: {outcomes:?}");
    let expected = [
        "EnrolmentChanged + ok",
        "CurrentCodeRefused replayed + ok",
        "NotEnrolled + ok",
        "ok + ok",
    ];
    assert!(outcomes.keys().all(|words| expected.contains(&words.as_str())), "{outcomes:?}");
}
