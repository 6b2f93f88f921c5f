//! A login that is killed: at each system call behind its prompt, and at random moments.
//! What it leaves behind is the old state or the new one, lets the next login in at once,
//! and lets no code in twice.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{Call, Strace, after_answer};
use cloud2fa_tests::{Code, Enrolled, Fixture, slots};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// What a killed login has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    OldState,
    NewState,
}

/// A user whose login is to be killed.
struct Victim<'f> {
    fixture: &'f Fixture,
    alice: Enrolled,
    answer: String,
    before: String,
}

/// What a login that answers right may change in a record.
const CHANGED_BY_SUCCESS: [&str; 3] = ["last_step_at = ", "last_used = ", "spent_backup_codes = "];
/// What a login that answers wrong may change in a record.
const CHANGED_BY_FAILURE: [&str; 5] =
    ["failures = ", "failures_since_login = ", "wait_from = ", "wait_seconds = ", "budget = "];

impl<'f> Victim<'f> {
    fn new(fixture: &'f Fixture, name: &str, answer: fn(&Enrolled) -> String) -> Self {
        let alice = fixture.enrol(name);
        let answer = answer(&alice);
        let mut victim = Self { fixture, alice, answer, before: String::new() };
        victim.before = victim.text();
        victim
    }

    fn name(&self) -> &str {
        self.alice.user.name.as_str()
    }

    /// A login of the victim, at its prompt.
    fn at_prompt(&self) -> HostProcess {
        let mut host = HostProcess::start(PAM_HOST, &["--setcred"], self.fixture, self.name());
        host.wait_for_prompt();
        host
    }

    /// A login under strace, killed at `at`. Gives what it said, its calls behind the
    /// prompt, and whether it was killed.
    fn traced(&self, at: Option<&Call>) -> (Vec<String>, Vec<Call>, bool) {
        let mut host = self.at_prompt();
        let strace = Strace::attach(host.id(), at.map(Call::kill).as_deref());
        host.answer(&self.answer);
        let (said, status) = host.finish();
        (
            said,
            after_answer(strace.calls(), &self.answer),
            status.signal() == Some(Signal::SIGKILL as i32),
        )
    }

    /// The text of the record.
    fn text(&self) -> String {
        slots::newest(&self.fixture.record(&self.alice)).1
    }

    /// Whether the record is the old one, or the new one that `changed` keys tell from it.
    fn left(&self, changed: &[&str]) -> Left {
        let text = self.text();
        if text == self.before {
            return Left::OldState;
        }
        let rest = |text: &str| {
            let text = slots::without_decisions(text);
            let kept = text.lines().filter(|line| !changed.iter().any(|key| line.starts_with(key)));
            kept.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(rest(&text), rest(&self.before), "a state between the old and the new one");
        Left::NewState
    }

    /// A login that waits for no lock (5 s): nothing that was left stands in the way.
    fn next_login(&self, answer: &str) -> Code {
        let begun = Instant::now();
        let code = self.fixture.login(self.name(), &[answer]).code;
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "the next login took {:?}",
            begun.elapsed()
        );
        code
    }
}

/// Looks at what is left of a login by a right answer that was killed after it has `said` this.
fn look_after_right(victim: &Victim<'_>, said: &[String]) -> Left {
    let left = victim.left(&CHANGED_BY_SUCCESS);
    if said.iter().any(|line| line == "code PAM_SUCCESS") {
        assert_eq!(left, Left::NewState, "accepted, and not written down");
    }
    let expected = if left == Left::OldState { Code::SUCCESS } else { Code::AUTH_ERR };
    assert_eq!(
        victim.next_login(&victim.answer),
        expected,
        "the same answer again, after {left:?}"
    );
    assert_eq!(victim.next_login(&victim.answer), Code::AUTH_ERR, "and once more");
    assert_eq!(victim.next_login(&victim.alice.code_at(1)), Code::SUCCESS, "the next code");
    assert_eq!(files_of(victim.fixture), [".store", &format!("{}.account", victim.name()), "uid"]);
    left
}

/// All files in the store: a killed login leaves none of its own.
fn files_of(fixture: &Fixture) -> Vec<String> {
    let entries = std::fs::read_dir(fixture.store_path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Kills a login by `answer` at each call that it makes behind the prompt; `look` says what was left.
fn killed_at_each_call(
    answer: fn(&Enrolled) -> String,
    look: impl Fn(&Victim<'_>, &[String]) -> Left,
) {
    let fixture = Fixture::new();
    let (said, calls, killed) = Victim::new(&fixture, "alice", answer).traced(None);
    assert!(!killed && said.iter().any(|line| line.starts_with("code ")), "{said:?}");
    let mut left = Vec::new();
    for call in &calls {
        let victim = Victim::new(&fixture, "alice", answer);
        let (said, _, killed) = victim.traced(Some(call));
        assert!(killed, "it was not killed at {call:?}: {said:?}");
        left.push((look(&victim, &said), call));
    }
    let kills_after = left.iter().filter(|(state, _)| *state == Left::NewState).count();
    eprintln!("{} kills, {kills_after} of them behind the commit", left.len());
    // What was written is there, whether it was synchronised or not: it is the program that dies, not the system.
    let at = |name: &str| {
        left.iter().find(|(_, call)| call.name == name).unwrap_or_else(|| panic!("no {name}")).0
    };
    for before in ["openat", "flock", "pread64", "pwrite64"] {
        assert_eq!(at(before), Left::OldState, "killed at {before}");
    }
    for after in ["fdatasync", "sendto", "exit_group"] {
        assert_eq!(at(after), Left::NewState, "killed at {after}");
    }
}

#[test]
fn a_login_by_the_app_may_be_killed_at_each_system_call() {
    killed_at_each_call(Enrolled::code, look_after_right);
}

#[test]
fn a_login_by_backup_code_may_be_killed_at_each_system_call() {
    killed_at_each_call(|alice| alice.backup_codes[5].clone(), look_after_right);
}

#[test]
fn a_wrong_code_may_be_killed_at_each_system_call_and_is_counted_once_or_not_at_all() {
    killed_at_each_call(Enrolled::wrong_code, |victim, said| {
        let left = victim.left(&CHANGED_BY_FAILURE);
        let failures = victim.fixture.status(&victim.alice).failures;
        assert_eq!(failures, u32::from(left == Left::NewState));
        if said.iter().any(|line| line.starts_with("code ")) {
            assert_eq!(failures, 1, "refused, and not written down");
        }
        assert_eq!(victim.next_login(&victim.answer), Code::AUTH_ERR);
        assert_eq!(victim.fixture.status(&victim.alice).failures, failures + 1);
        assert_eq!(victim.next_login(&victim.alice.code()), Code::SUCCESS);
        left
    });
}

/// Kills `count` logins by `answer` at random moments, of which nearly all lie between
/// the answer and the end of the program.
fn killed_at_random(count: usize, answer: fn(&Enrolled) -> String) {
    let fixture = Fixture::new();
    let mut usual: Vec<_> = (0..9)
        .map(|_| {
            let victim = Victim::new(&fixture, "alice", answer);
            let mut host = victim.at_prompt();
            let begun = Instant::now();
            host.answer(&victim.answer);
            assert_eq!(host.wait_for_code().as_deref(), Some("PAM_SUCCESS"));
            begun.elapsed()
        })
        .collect();
    usual.sort();
    let longest = usual[4] * 2;
    let (mut died, mut died_behind_commit) = (0, 0);
    for _ in 0..count {
        let victim = Victim::new(&fixture, "alice", answer);
        let mut host = victim.at_prompt();
        let part = u128::from(RandomState::new().build_hasher().finish() % 1000);
        let moment = Duration::from_nanos(u64::try_from(longest.as_nanos() * part / 1000).unwrap());
        let begun = Instant::now();
        host.answer(&victim.answer);
        while begun.elapsed() < moment {
            std::hint::spin_loop();
        }
        kill(Pid::from_raw(host.id().cast_signed()), Signal::SIGKILL).unwrap();
        let (said, _) = host.finish();
        let left = look_after_right(&victim, &said);
        if !said.iter().any(|line| line.starts_with("code ")) {
            died += 1;
            died_behind_commit += usize::from(left == Left::NewState);
        }
    }
    eprintln!(
        "{count} kills within {longest:?}: {died} before the verdict was told, {died_behind_commit} of them behind the commit"
    );
    assert!(died >= count / 10, "the kills come too late to show anything");
}

#[test]
fn logins_by_the_app_may_be_killed_at_any_moment() {
    killed_at_random(440, Enrolled::code);
}

#[test]
fn logins_by_backup_code_may_be_killed_at_any_moment() {
    killed_at_random(60, |alice| alice.backup_codes[2].clone());
}
