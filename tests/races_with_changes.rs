//! The enrolment changes while a login is on its way: at its prompt, or before the lock. An
//! answer to what is no more is refused and not counted; a change is made on what it began with.
#![allow(missing_docs)]

use cloud2fa::{Secret, Standing, Store, TimeStep};
use cloud2fa_tests::command::{self, Dialogue, Ended};
use cloud2fa_tests::host_process::{HostProcess, waits_for_a_lock};
use cloud2fa_tests::processes::{is_stopped, wait_for};
use cloud2fa_tests::{Code, Enrolled, Fixture, index, user};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");
const CHANGED: &str = "reason Your second factor was just changed. Please log in again.";

/// What is changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Disable,
    Regenerate,
    Replace,
}

const CHANGES: [Change; 3] = [Change::Disable, Change::Regenerate, Change::Replace];

/// What alice has after a change.
type After = Option<Enrolled>;

impl Change {
    /// Makes the change by the real command.
    fn make(self, fixture: &Fixture, alice: &Enrolled) -> After {
        match self {
            Self::Disable => {
                let ended = command::run(fixture, &["disable", "--user", "alice", "--json"]);
                assert_eq!(ended.status, 0, "{ended:?}");
                None
            }
            Self::Regenerate => {
                let ended = command::run(fixture, &["regenerate", "--user", "alice", "--json"]);
                assert_eq!(ended.status, 0, "{ended:?}");
                Some(Enrolled { backup_codes: backup_codes(&ended), ..alice.clone() })
            }
            Self::Replace => {
                let (mut dialogue, new) = begin_enable(fixture, &["--replace"]);
                dialogue.answer(&new.code_at(-1));
                let ended = dialogue.end();
                assert_eq!(ended.status, 0, "{ended:?}");
                Some(Enrolled { backup_codes: backup_codes(&ended), ..new })
            }
        }
    }
}

fn backup_codes(ended: &Ended) -> Vec<String> {
    let codes = ended.last()["backup_codes"].as_array().expect("an array").clone();
    codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
}

/// `enable` for alice, up to where it asks for the proof.
fn begin_enable(fixture: &Fixture, options: &[&str]) -> (Dialogue, Enrolled) {
    let mut dialogue =
        Dialogue::start(fixture, &[&["enable", "--user", "alice"], options].concat());
    let secret =
        Secret::from_base32(dialogue.line()["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    (dialogue, Enrolled { user: user::of_this_machine("alice"), secret, backup_codes: Vec::new() })
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).expect("a process of ours");
}

fn at_prompt(fixture: &Fixture) -> HostProcess {
    let mut host = HostProcess::start(PAM_HOST, &[], fixture, "alice");
    host.wait_for_prompt();
    host
}

fn standing(fixture: &Fixture) -> Standing {
    fixture.store().status(&user::of_this_machine("alice"), &user::now).expect("a healthy record")
}

/// The answer was refused as one to an older enrolment, left no trace, and what is there now works.
fn refused_as_changed(fixture: &Fixture, host: HostProcess, after: Option<&Enrolled>, about: &str) {
    let record = std::fs::read(fixture.account_path("alice")).unwrap();
    let (said, status) = host.finish();
    assert_eq!(said, [CHANGED, "code PAM_AUTH_ERR"], "{about}");
    assert!(!status.success());
    assert!(
        std::fs::read(fixture.account_path("alice")).unwrap() == record,
        "{about}: something was written"
    );
    let (severity, line) = fixture.last_log_line();
    assert!(severity == "notice" && line.contains(" reason=enrolment_changed "), "{about}: {line}");
    let Some(after) = after else {
        assert!(matches!(standing(fixture), Standing::Disabled(_)), "{about}");
        return;
    };
    let status = fixture.status(after);
    assert_eq!((status.failures, status.backup_codes_left), (0, 8), "{about}");
    assert_eq!(fixture.login("alice", &[&after.backup_codes[0]]).code, Code::SUCCESS, "{about}");
    assert_eq!(fixture.login("alice", &[&after.code()]).code, Code::SUCCESS, "{about}");
}

/// What alice may answer: her code, a backup code, nonsense. With the name of each.
fn answers(alice: &Enrolled) -> [(&'static str, String); 3] {
    [
        ("the app", alice.code()),
        ("a backup code", alice.backup_codes[0].clone()),
        ("a wrong code", alice.wrong_code()),
    ]
}

#[test]
fn an_answer_to_a_prompt_from_before_a_change_is_refused_and_not_counted() {
    for change in CHANGES {
        for kind in 0..3 {
            let (fixture, alice) = Fixture::with("alice");
            let mut host = at_prompt(&fixture);
            let after = change.make(&fixture, &alice);
            let (name, answer) = &answers(&alice)[kind];
            host.answer(answer);
            refused_as_changed(&fixture, host, after.as_ref(), &format!("{change:?}, {name}"));
        }
    }
}

#[test]
fn a_code_of_the_new_enrolment_at_a_prompt_of_the_old_one_is_refused_and_not_spent() {
    let (fixture, alice) = Fixture::with("alice");
    let mut host = at_prompt(&fixture);
    let after = Change::Replace.make(&fixture, &alice).expect("enrolled");
    host.answer(&after.code());
    refused_as_changed(&fixture, host, Some(&after), "the new secret's code");
}

#[test]
fn a_change_while_a_login_stands_before_the_lock_refuses_the_login() {
    for change in CHANGES {
        for kind in 0..3 {
            let (fixture, alice) = Fixture::with("alice");
            let mut host = at_prompt(&fixture);
            let lock = File::open(fixture.account_path("alice")).unwrap();
            lock.lock().unwrap();
            let (name, answer) = &answers(&alice)[kind];
            host.answer(answer);
            // It has read the old enrolment, and hashed under its salt. Stopped, it lets the
            // change be first at the lock that both need.
            wait_for("the login at the lock", || host.waits_for_a_lock().then_some(()));
            send(host.id(), Signal::SIGSTOP);
            wait_for("the login to be stopped", || is_stopped(host.id()).then_some(()));
            lock.unlock().unwrap();
            let after = change.make(&fixture, &alice);
            send(host.id(), Signal::SIGCONT);
            refused_as_changed(&fixture, host, after.as_ref(), &format!("{change:?}, {name}"));
        }
    }
}

#[test]
fn a_change_that_stands_before_the_lock_carries_on_what_a_login_has_spent() {
    for replace in [false, true] {
        let (fixture, alice) = Fixture::with("alice");
        let (mut dialogue, new) = if replace {
            begin_enable(&fixture, &["--replace"])
        } else {
            (Dialogue::start(&fixture, &["regenerate", "--user", "alice"]), alice.clone())
        };
        let lock = File::open(fixture.account_path("alice")).unwrap();
        lock.lock().unwrap();
        if replace {
            dialogue.answer(&new.code_at(-1));
        }
        wait_for("the change at the lock", || waits_for_a_lock(dialogue.pid()).then_some(()));
        send(dialogue.pid(), Signal::SIGSTOP);
        wait_for("the change to be stopped", || is_stopped(dialogue.pid()).then_some(()));
        lock.unlock().unwrap();
        // All of one time step, whenever they are used.
        let now = user::step_with_time_left(user::A_MOMENT);
        let (code, same_step) = (alice.code_in(now), new.code_in(now));
        let next_step = new.code_in(TimeStep(now.0 + 1));
        let backup_code = &alice.backup_codes[0];
        assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS, "nobody has the lock");
        assert_eq!(fixture.login("alice", &[backup_code]).code, Code::SUCCESS);
        assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::AUTH_ERR);
        send(dialogue.pid(), Signal::SIGCONT);
        let ended = dialogue.end();
        assert_eq!(ended.status, 0, "{ended:?}");
        // The wrong code that came between is known to the change, too: root's new enrolment
        // clears it and says so, new backup codes leave it.
        let status = fixture.status(&alice);
        let left = (status.failures, status.budget_used, status.backup_codes_left);
        assert_eq!(left, if replace { (0, 0, 8) } else { (1, 1, 8) }, "replace: {replace}");
        let cleared = &ended.last()["cleared"];
        assert_eq!(cleared["budget_used"].as_u64(), replace.then_some(1), "{ended:?}");
        // The used step is used with the secret that goes on. Of a new one nobody has seen a
        // code but the one that proved it.
        let expected = if replace { Code::SUCCESS } else { Code::AUTH_ERR };
        let same_step = fixture.login("alice", &[&same_step]).code;
        assert_eq!(same_step, expected, "replace: {replace}");
        assert_eq!(fixture.login("alice", &[backup_code]).code, Code::AUTH_ERR);
        assert_eq!(fixture.login("alice", &[&next_step]).code, Code::SUCCESS, "replace: {replace}");
    }
}

#[test]
fn a_change_that_began_before_another_one_is_not_made() {
    for change in CHANGES {
        // Where it was stopped for longer than it waits for a lock it says that instead.
        let is_told = (0..5).any(|_| is_not_made(change));
        assert!(is_told, "{change:?}: stopped for too long each time");
    }
}

/// Whether the change is refused since another one was made. If not, it was no more than late.
fn is_not_made(change: Change) -> bool {
    let (fixture, alice) = Fixture::with("alice");
    let lock = File::open(fixture.account_path("alice")).unwrap();
    lock.lock().unwrap();
    let dialogue = Dialogue::start(&fixture, &["regenerate", "--user", "alice"]);
    wait_for("the change at the lock", || waits_for_a_lock(dialogue.pid()).then_some(()));
    send(dialogue.pid(), Signal::SIGSTOP);
    wait_for("the change to be stopped", || is_stopped(dialogue.pid()).then_some(()));
    lock.unlock().unwrap();
    let after = change.make(&fixture, &alice);
    let record = fixture.record(&alice);
    send(dialogue.pid(), Signal::SIGCONT);
    let ended = dialogue.end();
    assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()), "{ended:?}");
    assert!(fixture.record(&alice) == record, "after {change:?}");
    if ended.output.contains(" is locked by ") {
        return false;
    }
    assert!(ended.output.contains("was changed in the meantime"), "{ended:?}");
    if let Some(after) = after {
        assert_eq!(fixture.login("alice", &[&after.backup_codes[0]]).code, Code::SUCCESS);
    }
    true
}

#[test]
fn a_lock_that_somebody_keeps_refuses_in_time_and_names_the_holder() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let mut host = at_prompt(&fixture);
    let lock = File::open(fixture.account_path("alice")).unwrap();
    lock.lock().unwrap();
    let record = fixture.record(&alice);
    let begun = Instant::now();
    host.answer(&code);
    let (said, _) = host.finish();
    let took = begun.elapsed();
    let text = "reason The code cannot be checked right now. The system log says why.";
    assert_eq!(said, [text, "code PAM_AUTHINFO_UNAVAIL"]);
    assert!((Duration::from_secs(5)..Duration::from_secs(25)).contains(&took), "{took:?}");
    let (severity, line) = fixture.last_log_line();
    let holder = format!("is locked by process {}; if it is frozen", std::process::id());
    assert!(severity == "notice" && line.contains(" reason=store_unavailable "), "{line}");
    assert!(line.contains(&holder), "{line}");
    // The command gives up likewise, and somebody else's login is not concerned.
    let bob = fixture.enrol("bob");
    assert_eq!(fixture.login("bob", &[&bob.code()]).code, Code::SUCCESS);
    let ended = command::run(&fixture, &["disable", "--user", "alice", "--json"]);
    assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()), "{ended:?}");
    assert!(ended.output.contains(&holder), "{ended:?}");
    assert!(fixture.record(&alice) == record, "nothing was written");
    lock.unlock().unwrap();
    assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::SUCCESS);
}

#[test]
fn of_two_first_enrolments_at_once_one_is_made() {
    for round in 0..12 {
        let fixture = Fixture::new();
        let mut runs = [begin_enable(&fixture, &[]), begin_enable(&fixture, &[])];
        let proofs = [runs[0].1.code(), runs[1].1.code()];
        for ((dialogue, _), proof) in runs.iter_mut().zip(&proofs) {
            dialogue.answer(proof);
        }
        let ended = runs.map(|(dialogue, new)| (dialogue.end(), new));
        let (made, refused): (Vec<_>, Vec<_>) =
            ended.into_iter().partition(|(ended, _)| ended.status == 0);
        let ([(_, winner)], [(ended, loser)]) = (&made[..], &refused[..]) else {
            panic!("round {round}: {made:?} {refused:?}")
        };
        assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()), "{ended:?}");
        assert!(ended.output.contains("was changed in the meantime"), "{ended:?}");
        assert_eq!(
            fixture.login("alice", &[&loser.code_at(1)]).code,
            Code::AUTH_ERR,
            "round {round}"
        );
        assert_eq!(
            fixture.login("alice", &[&winner.code_at(1)]).code,
            Code::SUCCESS,
            "round {round}"
        );
        let files = index::files(&fixture.store_path()).len();
        assert_eq!(files, 2, "round {round}: .store and alice.account, no leftover");
    }
}
