//! Each system call behind the prompt of a login fails, one at a time. What concerns the
//! store refuses, the same way whatever the answer was worth; all else refuses nobody; and
//! nothing lets a wrong or a spent code in, or harms the record.
#![allow(missing_docs)]

use cloud2fa::{Factor, Verdict};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{Call, Strace, after_answer};
use cloud2fa_tests::{Code, Enrolled, Fixture, user};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");
const UNAVAILABLE: [&str; 2] = [
    "reason The code cannot be checked right now. The system log says why.",
    "code PAM_AUTHINFO_UNAVAIL",
];

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Right,
    Wrong,
    Spent,
}

const WORTHS: [Worth; 3] = [Worth::Right, Worth::Wrong, Worth::Spent];

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    said: Vec<String>,
    accepted: bool,
    log: Vec<String>,
}

/// Answers of each worth, for a user who has just been enrolled and has logged in once by each factor.
fn answers(fixture: &Fixture, alice: &Enrolled, factor: Factor) -> [String; 3] {
    let (spent, right) = (alice.code(), alice.code_at(1));
    let (spent, right, wrong) = match factor {
        Factor::Token => (spent, right, alice.wrong_code()),
        Factor::BackupCode => (
            alice.backup_codes[0].clone(),
            alice.backup_codes[1].clone(),
            "0000-0000-0000Z".to_owned(),
        ),
    };
    match factor {
        Factor::Token => {
            let verdict = fixture.verify_at(alice, &spent, user::now());
            assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
        }
        Factor::BackupCode => fixture.rewrite(alice, "spent_backup_codes", "[0]"),
    }
    [right, wrong, spent]
}

/// A login of `worth`, in which `inject` fails behind the prompt. Gives its calls, too.
fn login(
    fixture: &Fixture,
    factor: Factor,
    worth: Worth,
    inject: Option<&str>,
) -> (End, Vec<Call>) {
    let alice = fixture.enrol("alice");
    let answers = answers(fixture, &alice, factor);
    let answer = &answers[worth as usize];
    let lines_before = fixture.log().len();
    let mut host = HostProcess::start(PAM_HOST, &[], fixture, "alice");
    host.wait_for_prompt();
    let strace = Strace::attach(host.id(), inject);
    host.answer(answer);
    let (said, status) = host.finish();
    let about = format!("{inject:?}, {factor:?}, {worth:?}");
    assert!(status.code().is_some(), "{about}: the host program has died: {status}");
    let calls = after_answer(strace.calls(), answer);
    let log = fixture
        .log()
        .split_off(lines_before)
        .iter()
        .map(|line| line.message().to_owned())
        .collect();
    let end = End { said, accepted: status.success(), log };

    // Whatever happened: no wrong or spent code, no code twice, and the next one lets in.
    assert!(!end.accepted || worth == Worth::Right, "{about}: {end:?}");
    let failures = fixture.status(&alice).failures;
    assert!(failures <= u32::from(worth == Worth::Wrong), "{about}: {failures} failures");
    if worth == Worth::Spent || end.accepted {
        assert_eq!(fixture.login("alice", &[answer]).code, Code::AUTH_ERR, "{about}: once more");
    }
    assert_eq!(
        fixture.login("alice", &[&alice.backup_codes[7]]).code,
        Code::SUCCESS,
        "{about}: the next one"
    );
    (end, calls)
}

/// The calls behind the prompt that are the module's: not libpam's own for the kernel's
/// audit, and what comes after it.
fn calls_of_the_module(fixture: &Fixture, factor: Factor) -> Vec<Call> {
    let (end, calls) = login(fixture, factor, Worth::Right, None);
    assert!(end.accepted, "{end:?}");
    let is_audit = |call: &Call| call.name == "socket" && call.text.contains("NETLINK_AUDIT");
    let module = calls.into_iter().take_while(|call| !is_audit(call)).collect::<Vec<_>>();
    for name in [
        "openat",
        "statx",
        "flock",
        "pread64",
        "pwrite64",
        "fdatasync",
        "close",
        "connect",
        "sendto",
    ] {
        assert!(module.iter().any(|call| call.name == name), "no {name} in {module:#?}");
    }
    module
}

/// Whether a login cannot do without this call, wherever it stands.
fn is_needed(fixture: &Fixture, call: &Call) -> bool {
    let store = fixture.store_path().to_string_lossy().into_owned();
    let of_store = call.text.contains(&store) && !is_release(call) && !is_mark(call);
    let working_memory = call.name == "mmap" && call.text.contains(", 9437184, ");
    // Each write has some of its own. No bytes are asked for to learn whether the call is there.
    let randomness = call.name == "getrandom" && !call.text.contains("(\"\", 0, ");
    of_store || working_memory || randomness
}

/// Whether a call raises the shield: whose rights to look after, and what must not interrupt. To put it
/// back cannot fail. Behind the commit it is for the log line's sake alone, which is written anyway.
fn is_shield(call: &Call) -> bool {
    call.name == "getresuid" || call.text.contains("SIG_BLOCK")
}

/// Which calls a login cannot do without.
fn needed<'c>(fixture: &Fixture, calls: &'c [Call]) -> Vec<&'c Call> {
    let commit = calls.iter().position(|call| call.name == "fdatasync").expect("a commit");
    let (before, behind) = calls.split_at(commit);
    let shields = before.iter().filter(|call| is_shield(call));
    let others = before.iter().chain(behind).filter(|call| is_needed(fixture, call));
    shields.chain(others).collect()
}

/// Whether a call only gives back what the kernel takes back anyway.
fn is_release(call: &Call) -> bool {
    call.name == "close" || ["LOCK_UN", "F_UNLCK"].iter().any(|it| call.text.contains(it))
}

/// Whether a call notes that what was written is on the disk: only the next login saves by it.
fn is_mark(call: &Call) -> bool {
    call.name == "pwrite64" && call.text.contains(", 16, ")
}

/// All three answers end in the same way: refused, with one text and one line in the log.
fn all_refused_alike(ends: &[End], about: &str) {
    for end in ends {
        assert_eq!(end.said, UNAVAILABLE, "{about}");
        assert!(!end.accepted, "{about}");
        let [line] = &end.log[..] else { panic!("{about}: {end:?}") };
        assert!(
            line.contains(" reason=store_unavailable ") && line.contains("detail=\"cannot "),
            "{about}: {line}"
        );
        assert_eq!(end.log, ends[0].log, "{about}");
    }
}

/// Lets each call fail with EIO, for each worth of an answer.
fn each_call_fails(factor: Factor) {
    let fixture = Fixture::new();
    let calls = calls_of_the_module(&fixture, factor);
    let needed = needed(&fixture, &calls);
    eprintln!(
        "{factor:?}: {} calls, {} of them needed; each for {} answers",
        calls.len(),
        needed.len(),
        WORTHS.len()
    );
    if factor == Factor::BackupCode {
        for name in ["mmap", "madvise", "munmap"] {
            assert!(calls.iter().any(|call| call.name == name), "no {name} in {calls:#?}");
        }
    }
    for call in &calls {
        let inject = call.fail("EIO");
        let ends = WORTHS.map(|worth| login(&fixture, factor, worth, Some(&inject)).0);
        let about = format!("{factor:?}, {call:?}");
        if !needed.contains(&call) {
            assert!(ends[0].accepted, "{about}: {ends:?}");
            assert_eq!(
                ends[0].said.last().map(String::as_str),
                Some("code PAM_SUCCESS"),
                "{about}"
            );
        } else if let "mmap" | "getrandom" = call.name.as_str() {
            let alike = ends.iter().all(|end| end.said == UNAVAILABLE && end.log == ends[0].log);
            let detail = match call.name.as_str() {
                "mmap" => "detail=\"not enough memory",
                _ => "detail=\"the system gave no random numbers",
            };
            assert!(alike && ends[0].log[0].contains(detail), "{about}: {ends:?}");
        } else {
            all_refused_alike(&ends, &about);
        }
    }
}

#[test]
fn each_call_of_a_login_by_the_app_may_fail() {
    each_call_fails(Factor::Token);
}

#[test]
fn each_call_of_a_login_by_backup_code_may_fail() {
    each_call_fails(Factor::BackupCode);
}

#[test]
fn other_failures_of_the_store_refuse_alike_whatever_the_code_was_worth() {
    let fixture = Fixture::new();
    let store = fixture.store_path().to_string_lossy().into_owned();
    let calls = calls_of_the_module(&fixture, Factor::Token);
    let mut runs = 0;
    let of_store = |call: &&Call| call.text.contains(&store) && !is_release(call) && !is_mark(call);
    for call in calls.iter().filter(of_store) {
        let errors: &[&str] = match call.name.as_str() {
            "openat" => &["EMFILE", "ENFILE", "EACCES", "ENOMEM", "EROFS"],
            "statx" => &["ENOMEM", "ESTALE"],
            "flock" => &["ENOLCK", "EINTR"],
            "pread64" => &["ESTALE"],
            "pwrite64" => &["ENOSPC", "EDQUOT", "EFBIG", "EROFS"],
            "fdatasync" => &["ENOSPC", "EDQUOT"],
            _ => &[],
        };
        for error in errors {
            let inject = call.fail(error);
            let ends = WORTHS.map(|worth| login(&fixture, Factor::Token, worth, Some(&inject)).0);
            all_refused_alike(&ends, &format!("{error} at {call:?}"));
            runs += ends.len();
        }
    }
    eprintln!("{runs} logins");
}

#[test]
fn a_write_that_is_cut_short_or_interrupted_is_finished() {
    let fixture = Fixture::new();
    // The kernel may write less than it was asked to: here nothing is written, and a part is claimed or an interruption.
    for (inject, accepted) in
        [("inject=pwrite64:error=EINTR:when=1", true), ("inject=pwrite64:retval=0:when=1", false)]
    {
        let ends = WORTHS.map(|worth| login(&fixture, Factor::Token, worth, Some(inject)).0);
        assert_eq!(ends[0].accepted, accepted, "{inject}: {ends:?}");
        if !accepted {
            all_refused_alike(&ends, inject);
        }
    }
}

#[test]
fn a_log_that_is_never_heard_refuses_nobody() {
    let fixture = Fixture::new();
    for inject in [
        "inject=connect:error=ECONNREFUSED:when=1+",
        "inject=socket:error=EMFILE:when=1",
        "inject=sendto:error=EAGAIN:when=1",
    ] {
        for factor in [Factor::Token, Factor::BackupCode] {
            let ends = WORTHS.map(|worth| login(&fixture, factor, worth, Some(inject)).0);
            assert!(ends[0].accepted, "{inject}: {ends:?}");
            assert_eq!(
                ends[1].said.last().map(String::as_str),
                Some("code PAM_AUTH_ERR"),
                "{inject}"
            );
        }
    }
}
