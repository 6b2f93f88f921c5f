//! The command, killed at each system call that changes something: `enable` and `enable
//! --replace` behind the proof, `regenerate` and `disable` from where they open the store.
//! The user has the old second factor or the new one, whole, and the same verb can be run again.
#![allow(missing_docs)]

use cloud2fa::{Secret, Standing, Store};
use cloud2fa_tests::command::{self, Dialogue, Ended};
use cloud2fa_tests::strace::{self, Call, Strace, after_answer};
use cloud2fa_tests::{Code, Enrolled, Fixture, index, user};

/// What a shell shows for a program that SIGKILL has ended.
const KILLED: i32 = 128 + 9;

/// What a run of `enable` has shown and said.
struct Run {
    ended: Ended,
    calls: Vec<Call>,
    /// The new enrolment, as far as it was shown.
    new: Enrolled,
    proof: String,
}

/// Runs `enable` for alice; from its proof on it is traced, with strace's options `inject`.
fn enable(fixture: &Fixture, options: &[&str], inject: &[&str]) -> Run {
    let mut dialogue =
        Dialogue::start(fixture, &[&["enable", "--user", "alice"], options].concat());
    let key = dialogue.line();
    let secret = Secret::from_base32(key["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    let mut new =
        Enrolled { user: user::of_this_machine("alice"), secret, backup_codes: Vec::new() };
    let proof = new.code();
    let strace = Strace::attach(dialogue.pid(), inject.iter().copied());
    dialogue.answer(&proof);
    let ended = dialogue.end();
    new.backup_codes = backup_codes(&ended);
    Run { calls: after_answer(strace.calls(), &proof), ended, new, proof }
}

/// The one with fewer calls of two whole runs. A backup code that ends in six digits, one
/// of a thousand, is drawn again, which is a call that other runs do not make.
fn recorded<T>(run: impl Fn() -> T, calls: impl Fn(&T) -> usize) -> T {
    [run(), run()].into_iter().min_by_key(calls).expect("two")
}

/// The backup codes that a run has told; none where it was killed before.
fn backup_codes(ended: &Ended) -> Vec<String> {
    if !ended.output.contains("backup_codes") {
        return Vec::new();
    }
    let codes = ended.last()["backup_codes"].as_array().expect("an array").clone();
    codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
}

/// Runs another verb for alice, traced from its start, and killed at `at`. Gives its calls
/// from where it opens the store.
fn run(fixture: &Fixture, verb: &str, at: Option<&Call>) -> (Ended, Vec<Call>) {
    let mut plain = command::of(fixture);
    plain.args([verb, "--user", "alice", "--json"]);
    let (mut traced, output) = strace::around(&plain, at.map(Call::kill).as_deref());
    let ended = command::ended(traced.stdin(std::process::Stdio::null()));
    let store = fixture.store_path().to_string_lossy().into_owned();
    let calls =
        strace::read(&output).into_iter().skip_while(|call| !call.text.contains(&store)).collect();
    (ended, calls)
}

fn standing(fixture: &Fixture) -> Standing {
    fixture.store().status(&user::of_this_machine("alice"), &user::now).expect("a healthy record")
}

/// Files of an enrolment that was not finished.
fn leftovers(fixture: &Fixture) -> usize {
    let files = index::files(&fixture.store_path()).into_iter();
    files.filter(|path| !path.ends_with(".store") && !path.ends_with("alice.account")).count()
}

/// That the login counts as it must where the enrolment `new` is the one that holds.
fn holds(fixture: &Fixture, new: &Enrolled, proof: &str) {
    assert_eq!(fixture.login("alice", &[proof]).code, Code::AUTH_ERR, "the proof is spent");
    assert_eq!(fixture.login("alice", &[&new.code_at(1)]).code, Code::SUCCESS);
    if let Some(code) = new.backup_codes.first() {
        assert_eq!(fixture.login("alice", &[code]).code, Code::SUCCESS);
    }
}

/// That both states were left: the old one up to the call `last_before`, the new one from then on.
fn both_were_left(verb: &str, news: &[(bool, Call)], last_before: &str) {
    let behind = news.iter().filter(|(new, _)| *new).count();
    eprintln!("{verb}: {} kills, {behind} of them behind the commit", news.len());
    let first_new =
        news.iter().position(|(new, _)| *new).expect("some kills come behind the commit");
    assert!(news[first_new..].iter().all(|(new, _)| *new), "{news:#?}");
    assert_eq!(news[first_new - 1].1.name, last_before, "the commit");
}

/// Kills a first `enable` at each of its calls, all of them under strace's options `inject`.
/// The call `commit` is where the enrolment comes about.
fn a_first_enable_is_killed(inject: &[&str], commit: &str) {
    let whole = recorded(|| enable(&Fixture::new(), &[], inject), |run| run.calls.len());
    assert_eq!((whole.ended.status, whole.new.backup_codes.len()), (0, 8), "{:?}", whole.ended);
    let mut news = Vec::new();
    let mut most_leftovers = 0;
    for call in whole.calls {
        let fixture = Fixture::new();
        let killed = enable(&fixture, &[], &[inject, &[&call.kill()]].concat());
        assert_eq!(killed.ended.status, KILLED, "{call:?}: {:?}", killed.ended);
        let enrolled = match standing(&fixture) {
            Standing::Enrolled(..) => true,
            Standing::NeverEnrolled => false,
            other @ Standing::Disabled(_) => panic!("{call:?}: {other:?}"),
        };
        most_leftovers = most_leftovers.max(leftovers(&fixture));
        if enrolled {
            assert_eq!(leftovers(&fixture), 0, "{call:?}");
            holds(&fixture, &killed.new, &killed.proof);
        } else {
            assert!(killed.new.backup_codes.is_empty(), "{call:?}: told, and not saved");
            assert_eq!(fixture.login("alice", &[&killed.proof]).code, Code::AUTH_ERR);
            let again = enable_untraced(&fixture);
            assert_eq!(leftovers(&fixture), 0, "{call:?}");
            assert_eq!(
                fixture.login("alice", &[&again.code_at(1)]).code,
                Code::SUCCESS,
                "{call:?}"
            );
        }
        news.push((enrolled, call));
    }
    assert_eq!(most_leftovers, 1, "some kills leave a file behind, or nothing was shown");
    both_were_left("enable", &news, commit);
}

#[test]
fn a_first_enable_may_be_killed_at_each_system_call() {
    a_first_enable_is_killed(&[], "renameat2");
}

#[test]
fn so_it_may_where_the_file_system_cannot_leave_a_name_that_is_taken() {
    // As renameat2(2) does on file systems that do not know RENAME_NOREPLACE.
    a_first_enable_is_killed(&["inject=renameat2:error=EINVAL"], "renameat");
}

/// A whole `enable` of alice.
fn enable_untraced(fixture: &Fixture) -> Enrolled {
    let mut dialogue = Dialogue::start(fixture, &["enable", "--user", "alice"]);
    let secret =
        Secret::from_base32(dialogue.line()["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    let mut new =
        Enrolled { user: user::of_this_machine("alice"), secret, backup_codes: Vec::new() };
    dialogue.answer(&new.code());
    let ended = dialogue.end();
    assert_eq!(ended.status, 0, "{ended:?}");
    new.backup_codes = backup_codes(&ended);
    new
}

#[test]
fn a_replacement_may_be_killed_at_each_system_call() {
    let whole =
        recorded(|| enable(&Fixture::with("alice").0, &["--replace"], &[]), |run| run.calls.len());
    assert_eq!((whole.ended.status, whole.new.backup_codes.len()), (0, 8), "{:?}", whole.ended);
    let mut news = Vec::new();
    for call in whole.calls {
        let (fixture, old) = Fixture::with("alice");
        let before = fixture.record(&old);
        let killed = enable(&fixture, &["--replace"], &[&call.kill()]);
        assert_eq!(killed.ended.status, KILLED, "{call:?}: {:?}", killed.ended);
        let replaced = fixture.record(&old) != before;
        if replaced {
            holds(&fixture, &killed.new, &killed.proof);
            assert_eq!(fixture.login("alice", &[&old.code_at(1)]).code, Code::AUTH_ERR, "{call:?}");
        } else {
            assert!(killed.new.backup_codes.is_empty(), "{call:?}: told, and not saved");
            assert_eq!(
                fixture.login("alice", &[&old.backup_codes[0]]).code,
                Code::SUCCESS,
                "{call:?}"
            );
            assert_eq!(fixture.login("alice", &[&old.code()]).code, Code::SUCCESS, "{call:?}");
        }
        assert_eq!(leftovers(&fixture), 0, "{call:?}");
        news.push((replaced, call));
    }
    both_were_left("enable --replace", &news, "pwrite64");
}

#[test]
fn a_regeneration_may_be_killed_at_each_system_call() {
    let (whole, calls) =
        recorded(|| run(&Fixture::with("alice").0, "regenerate", None), |(_, calls)| calls.len());
    assert_eq!((whole.status, backup_codes(&whole).len()), (0, 8), "{whole:?}");
    let mut news = Vec::new();
    for call in calls {
        let (fixture, alice) = Fixture::with("alice");
        let before = fixture.record(&alice);
        let (ended, _) = run(&fixture, "regenerate", Some(&call));
        assert_eq!(ended.status, KILLED, "{call:?}: {ended:?}");
        let renewed = fixture.record(&alice) != before;
        let told = backup_codes(&ended);
        assert!(renewed || told.is_empty(), "{call:?}: told, and not saved");
        let old_code = fixture.login("alice", &[&alice.backup_codes[0]]).code;
        assert_eq!(old_code, if renewed { Code::AUTH_ERR } else { Code::SUCCESS }, "{call:?}");
        if let Some(code) = told.first() {
            assert_eq!(fixture.login("alice", &[code]).code, Code::SUCCESS, "{call:?}");
        }
        assert_eq!(
            fixture.login("alice", &[&alice.code()]).code,
            Code::SUCCESS,
            "{call:?}: the app goes on"
        );
        news.push((renewed, call));
    }
    both_were_left("regenerate", &news, "pwrite64");
}

#[test]
fn a_disable_may_be_killed_at_each_system_call() {
    let (fixture, _) = Fixture::with("alice");
    let (whole, calls) = run(&fixture, "disable", None);
    assert_eq!(whole.status, 0, "{whole:?}");
    let mut news = Vec::new();
    for call in calls {
        let (fixture, alice) = Fixture::with("alice");
        let (ended, _) = run(&fixture, "disable", Some(&call));
        assert_eq!(ended.status, KILLED, "{call:?}: {ended:?}");
        let disabled = match standing(&fixture) {
            Standing::Enrolled(..) => false,
            Standing::Disabled(_) => true,
            other @ Standing::NeverEnrolled => panic!("{call:?}: {other:?}"),
        };
        assert!(disabled || ended.output.is_empty(), "{call:?}: told, and not done");
        let code = fixture.login("alice", &[&alice.code()]).code;
        assert_eq!(code, if disabled { Code::AUTH_ERR } else { Code::SUCCESS }, "{call:?}");
        let (again, _) = run(&fixture, "disable", None);
        assert_eq!(again.status, if disabled { 4 } else { 0 }, "{call:?}: {again:?}");
        assert!(matches!(standing(&fixture), Standing::Disabled(_)), "{call:?}");
        if disabled && call.name == "pwrite64" {
            let new = enable_untraced(&fixture);
            assert_eq!(fixture.login("alice", &[&new.code_at(1)]).code, Code::SUCCESS, "{call:?}");
        }
        news.push((disabled, call));
    }
    both_were_left("disable", &news, "pwrite64");
}
