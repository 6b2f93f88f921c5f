//! su and sudo under limits that their caller has set (`ulimit`): a store that cannot be
//! written must not tell a right code from a wrong one, and nothing is let in unwritten.
#![allow(missing_docs)]

use cloud2fa::Store;
use cloud2fa_tests::processes::{another_user, at_terminal};
use cloud2fa_tests::pty::Ended;
use cloud2fa_tests::{Enrolled, Fixture, slots, user};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use std::sync::{Mutex, Once};
use std::thread;

/// Who starts the program. Each attempt has a store of its own, so that all can be by the same two.
const CALLER: &str = "alice";
/// Whom su makes of the caller.
const TARGET: &str = "bob";
const PROMPT: &str = "Verification code: ";
const IN: &str = "now in";
const UNAVAILABLE: &str = "The code cannot be checked right now. The system log says why.";
/// SIGXFSZ ends a program that does not block it, with this exit status of the shell's.
const KILLED_BY_A_FILE_SIZE_LIMIT: i32 = 128 + 25;

#[derive(Debug, Clone, Copy)]
enum Program {
    Su,
    Sudo,
}

/// What is typed.
#[derive(Debug, Clone, Copy)]
enum Typed {
    Token,
    BackupCode,
}

/// A code of a user's.
type Code = fn(&Enrolled) -> String;

/// One login under a limit: how it ended, and whether anything was written down.
#[derive(Debug)]
struct Try {
    ended: Ended,
    written: bool,
}

impl Try {
    fn is_in(&self) -> bool {
        self.ended.shown.contains(IN)
    }
}

/// A right code, a wrong one, and one that is used already.
#[derive(Debug)]
struct Three {
    right: Try,
    wrong: Try,
    replayed: Try,
}

/// The module stands alone, so that no other one is what the limit stops.
fn fixture() -> Fixture {
    static SUDOERS: Once = Once::new();
    let fixture = Fixture::new();
    // With something to remember, sudo would write files itself.
    let sudoers =
        "Defaults passwd_tries=1, lecture=never, timestamp_timeout=0\nALL ALL=(ALL:ALL) ALL\n";
    SUDOERS.call_once(|| std::fs::write("/etc/sudoers", sudoers).expect("a private /etc"));
    for service in ["su", "sudo"] {
        let rest = ["account required pam_permit.so", "session required pam_permit.so"];
        fixture.set_service(service, &[&["auth required MODULE CONFIG"], &rest[..]].concat());
    }
    fixture
}

/// The number of the last commit that a record holds whole; what a limit has torn does not count.
fn committed(record: &[u8]) -> u64 {
    let whole = record.chunks(slots::SLOT).filter(|slot| slots::is_whole(slot));
    whole.map(|slot| slots::newest(slot).0).max().expect("a record is never without a copy")
}

/// Types a code at a program under `limit`; if it asks at all. `used` codes are spent before.
fn attempt(program: Program, limit: &str, code: Code, used: bool) -> Try {
    let fixture = fixture();
    let (command, asked) = match program {
        Program::Su => (format!("su {TARGET} -c 'echo now $(echo in)'"), TARGET),
        Program::Sudo => ("sudo /bin/sh -c 'echo now $(echo in)'".to_owned(), CALLER),
    };
    let enrolled = fixture.enrol(asked);
    let code = code(&enrolled);
    // One commit in either case: the next one goes to the same place of the record.
    if used {
        fixture.verify_at(&enrolled, &code, user::now());
    } else {
        fixture.store().unlock(&enrolled.user, &user::now).expect("a good record");
    }
    let before = committed(&fixture.record(&enrolled));
    // By exec: nothing else runs under the limit.
    let script = format!("ulimit {limit} && exec {command}");
    let mut terminal = at_terminal(&fixture, CALLER, &["/bin/sh", "-c", &script]);
    if terminal.shows(PROMPT) {
        terminal.type_line(&code);
    }
    let ended = terminal.finish();
    Try { ended, written: committed(&fixture.record(&enrolled)) != before }
}

/// The three of them under one limit.
fn try_three(program: Program, limit: &str, typed: Typed) -> Three {
    let (right, wrong): (Code, Code) = match typed {
        Typed::Token => (Enrolled::code, Enrolled::wrong_code),
        Typed::BackupCode => {
            (|whose| whose.backup_codes[0].clone(), |_| "0000-0000-0000Z".to_owned())
        }
    };
    thread::scope(|scope| {
        let wrong = scope.spawn(move || attempt(program, limit, wrong, false));
        let replayed = scope.spawn(move || attempt(program, limit, right, true));
        let right = attempt(program, limit, right, false);
        Three {
            right,
            wrong: wrong.join().expect("no panic"),
            replayed: replayed.join().expect("no panic"),
        }
    })
}

/// Tries all `limits`, some at a time, since libpam waits after each refusal. Says for
/// which of them the right code let in.
fn try_all(program: Program, limits: &[String], typed: Typed) -> Vec<(String, bool)> {
    let (left, done) = (Mutex::new(limits.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some(limit) = { left.lock().expect("no panic").next() } {
                    let is_in = try_three(program, limit, typed)
                        .check(&format!("{program:?} {typed:?} {limit}"));
                    done.lock().expect("no panic").push((limit.clone(), is_in));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no panic");
    done.sort_by_key(|(limit, _)| limits.iter().position(|it| it == limit));
    done
}

impl Three {
    /// What must hold under any limit. Says whether the right code let in.
    fn check(&self, about: &str) -> bool {
        assert!(!self.wrong.is_in() && !self.replayed.is_in(), "{about}: {self:?}");
        assert!(
            self.right.written || !self.right.is_in(),
            "{about}, accepted and not written: {self:?}"
        );
        for other in [&self.wrong, &self.replayed] {
            assert_eq!(self.right.written, other.written, "{about}: {self:?}");
            if !self.right.written {
                assert_eq!(self.right.ended, other.ended, "{about}, told apart");
                assert_ne!(self.right.ended.status, 0, "{about}");
            }
            assert_ne!(other.ended.status, KILLED_BY_A_FILE_SIZE_LIMIT, "{about}: {self:?}");
        }
        self.right.is_in()
    }
}

#[test]
fn su_that_may_not_write_files_refuses_all_codes_alike_and_is_not_killed() {
    for typed in [Typed::Token, Typed::BackupCode] {
        for limit in ["-f 0", "-f 1"] {
            let three = try_three(Program::Su, limit, typed);
            assert!(!three.check(limit));
            assert!(!three.right.written, "{limit}: {three:?}");
            assert_eq!(
                (three.right.ended.count(PROMPT), three.right.ended.count(UNAVAILABLE)),
                (1, 1),
                "{limit}: {three:?}"
            );
            assert_eq!(three.right.ended.status, 1, "{limit}: it ends by itself: {three:?}");
        }
        // A record takes 8 KiB; the shell counts in 512 bytes.
        assert!(try_three(Program::Su, "-f 16", typed).check("-f 16"));
    }
}

#[test]
fn sudo_that_may_not_write_files_refuses_all_codes_alike_and_is_not_killed() {
    for typed in [Typed::Token, Typed::BackupCode] {
        let three = try_three(Program::Sudo, "-f 0", typed);
        assert!(!three.check("-f 0"));
        assert!(!three.right.written, "{three:?}");
        assert_eq!(
            (three.right.ended.count(PROMPT), three.right.ended.count(UNAVAILABLE)),
            (1, 1),
            "{three:?}"
        );
    }
}

/// The first of the limits lets nobody in, the last one everybody who knows a code; in
/// between lies what the test is about.
fn reaches_both_ends(done: &[(String, bool)]) {
    assert!(!done[0].1 && done[done.len() - 1].1, "{done:?}");
}

#[test]
fn su_and_sudo_with_few_file_descriptors_let_in_nothing_unwritten() {
    for program in [Program::Su, Program::Sudo] {
        // The terminal takes three. sudo needs about ten.
        let limits: Vec<_> = (3..=10).chain([30]).map(|number| format!("-n {number}")).collect();
        reaches_both_ends(&try_all(program, &limits, Typed::Token));
    }
}

#[test]
fn su_and_sudo_with_little_memory_let_in_nothing_unwritten() {
    // su with the module takes about 4 MiB, sudo 18. Below that something fails to load or to be allocated.
    let fine = || (3800..4400).step_by(50);
    let coarse = || (2000..20_000).step_by(2000);
    // Hashing a backup code takes 9 MiB at once.
    for (program, typed) in [
        (Program::Su, Typed::Token),
        (Program::Su, Typed::BackupCode),
        (Program::Sudo, Typed::Token),
    ] {
        let kib: Vec<u32> = match (program, typed) {
            (Program::Su, Typed::Token) => fine().chain([100_000]).collect(),
            (Program::Su, Typed::BackupCode) => {
                (4000..20_000).step_by(2000).chain([100_000]).collect()
            }
            (Program::Sudo, _) => coarse().chain([100_000]).collect(),
        };
        let limits: Vec<_> = kib.iter().map(|kib| format!("-v {kib}")).collect();
        reaches_both_ends(&try_all(program, &limits, typed));
    }
}

/// A caller who has more processes than `limit` (prlimit(1)) allows types a code of the
/// target's at su, in a stack with `hook` behind the module. Where it lets in, the
/// session's limits are shown.
fn with_too_many_processes(limit: &str, hook: &[&str], code: Code) -> Try {
    let (fixture, caller, target) = (fixture(), another_user(), another_user());
    let rest = ["account required pam_permit.so", "session required pam_permit.so"];
    fixture.set_service("su", &[&["auth required MODULE CONFIG"], hook, &rest].concat());
    let enrolled = fixture.enrol(&target);
    let code = code(&enrolled);
    let before = fixture.record(&enrolled);
    // They end with the terminal's session, which is that of su.
    let script = format!(
        "for number in 1 2 3 4 5; do sleep 60 </dev/null >/dev/null 2>&1 & done
         exec prlimit --nproc={limit} su {target} -c 'echo now $(echo in); exec cat /proc/self/limits'"
    );
    let mut terminal = at_terminal(&fixture, &caller, &["/bin/sh", "-c", &script]);
    terminal.answer(PROMPT, &code);
    let ended = terminal.finish();
    Try { ended, written: fixture.record(&enrolled) != before }
}

/// A right code lets in and a wrong one does not; the session has the `soft` and `hard` limit.
fn decides_as_ever(limit: &str, hook: &[&str], soft: &str, hard: &str) {
    let right = with_too_many_processes(limit, hook, Enrolled::code);
    assert!(right.is_in() && right.written, "{right:?}");
    let limits = right.ended.shown.lines().find_map(|line| line.strip_prefix("Max processes "));
    let limits: Vec<_> = limits.expect("the limits").split_whitespace().collect();
    assert_eq!(limits, [soft, hard, "processes"], "{right:?}");
    let wrong = with_too_many_processes(limit, hook, Enrolled::wrong_code);
    assert!(!wrong.is_in() && wrong.written, "{wrong:?}");
    assert_eq!(wrong.ended.status, 1, "{wrong:?}");
}

#[test]
fn su_of_a_caller_with_too_many_processes_decides_as_ever_and_keeps_the_limit() {
    decides_as_ever("3:3", &[], "3", "3");
}

#[test]
fn su_of_a_caller_with_too_many_processes_still_runs_what_the_stack_runs() {
    let hard = match getrlimit(Resource::RLIMIT_NPROC).expect("a limit").1 {
        RLIM_INFINITY => "unlimited".to_owned(),
        hard => hard.to_string(),
    };
    decides_as_ever("3:", &["auth required pam_exec.so /bin/true"], "3", &hard);
}
