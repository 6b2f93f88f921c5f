//! Nobody is locked out by somebody else: in a wait and under a lock a backup code lets in, root's
//! new enrolment is free of both, and a budget that success does not clear stops who keeps guessing.
#![allow(missing_docs)]

use cloud2fa::{Secret, TimeStep, Token, UnixTime, Verdict};
use cloud2fa_tests::command::{Dialogue, Ended, run};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::libpam::SILENT;
use cloud2fa_tests::processes::status_field;
use cloud2fa_tests::user::{self, Enrolled};
use cloud2fa_tests::{Code, Fixture, Reply};
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

const LOCKED: &str = "Too many wrong codes. Locked: use a backup code, or ask an administrator.";
const BACKUP_PROMPT: &str = "Backup code: ";

/// Shaped like a backup code, and nobody's.
const STRANGE: &str = "0000-0000-0000Z";

const WRONG: &str = "That code is wrong. A backup code works, too.";

/// What somebody in a wait of so many seconds, or a few less, is told.
fn is_told_to_wait(text: &str, seconds: u64) -> bool {
    let left = text.strip_prefix("Too many wrong codes. Try again in ");
    let left = left.and_then(|rest| rest.strip_suffix(" s, or use a backup code."));
    let left = left.and_then(|left| left.parse().ok());
    left.is_some_and(|left| (1..=seconds).contains(&left))
}

/// Six digits that the app shows nowhere near `at`.
fn wrong_code_at(whose: &Enrolled, at: UnixTime) -> Token {
    let tokens = (0..1000).map(|number| Token::from_digits(format!("{number:06}").as_bytes()));
    let is_free = |token: &Token| whose.secret.nearest_step_of(token, at, 20).is_none();
    tokens.map(Option::unwrap).find(is_free).unwrap()
}

/// Turns the second factor on by the command, in place of an old one. Gives the new secret's holder.
fn replace(fixture: &Fixture, old: &Enrolled) -> (Enrolled, Ended) {
    let name = old.user.name.as_str();
    let mut dialogue = Dialogue::start(fixture, &["enable", "--replace", "--user", name]);
    let secret = Secret::from_base32(dialogue.line()["secret"].as_str().unwrap()).unwrap();
    assert_eq!(dialogue.line()["ask"], "code");
    let new = Enrolled { secret, ..old.clone() };
    dialogue.answer(&new.code());
    (new, dialogue.end())
}

#[test]
fn who_is_locked_by_somebody_else_gets_in_by_a_backup_code_and_is_told() {
    for flags in [0, SILENT] {
        let (fixture, alice) = Fixture::with("alice");
        fixture.fail(&alice, 100);
        assert!(fixture.status(&alice).locked);
        let reply = Reply::from(&alice.backup_codes[0]);
        let opened = fixture.login_with("alice", vec![reply], flags);
        assert_eq!((opened.code, opened.asked()), (Code::SUCCESS, vec![BACKUP_PROMPT]));
        let told = opened.texts().into_iter().find(|text| text.contains("change it"));
        assert!(told.unwrap().starts_with("100 wrong codes since your last login."), "{opened:?}");
        assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
    }
}

#[test]
fn whose_lock_root_has_opened_is_told_once_how_many_wrong_codes_there_were() {
    for flags in [0, SILENT] {
        let (fixture, alice) = Fixture::with("alice");
        fixture.fail(&alice, 100);
        assert_eq!(run(&fixture, &["unlock", "alice"]).status, 0);
        // A code that is only tried takes nothing away.
        let mut trial = Dialogue::start(&fixture, &["verify", "--user", "alice"]);
        assert_eq!(trial.line()["ask"], "code");
        trial.answer(&alice.code_at(0));
        assert_eq!(trial.end().status, 0);
        let reply = |offset| vec![Reply::from(&alice.code_at(offset))];
        let told = fixture.login_with("alice", reply(0), flags);
        assert_eq!(told.code, Code::SUCCESS);
        let texts = told.texts();
        assert!(texts[0].starts_with("100 wrong codes since your last login."), "{told:?}");
        assert!(texts[0].contains("change it") && texts.len() == 1, "{told:?}");
        let next = fixture.login_with("alice", reply(1), flags);
        assert_eq!((next.code, next.texts()), (Code::SUCCESS, vec![]));
    }
}

#[test]
fn in_a_wait_a_wrong_backup_code_is_told_and_costs_nothing_and_a_right_one_lets_in() {
    for flags in [0, SILENT] {
        let (fixture, alice) = Fixture::with("alice");
        fixture.fail(&alice, 4);
        fixture.login("alice", &[&alice.wrong_code()]);
        for number in 1..=3 {
            let reply = Reply::from(STRANGE);
            let wrong = fixture.login_with("alice", vec![reply], flags);
            assert_eq!(wrong.code, Code::AUTH_ERR);
            let [wait, told] = &wrong.texts()[..] else { panic!("{wrong:?}") };
            assert!(is_told_to_wait(wait, 30), "{wrong:?}");
            assert_eq!(*told, "That backup code is wrong.");
            let (_, line) = fixture.last_log_line();
            let expected = "refused user=\"alice\" reason=wrong_code factor=backup_code ";
            assert!(line.starts_with(expected) && line.contains(" failures=5 wait=0"), "{line}");
            assert_eq!(fixture.status(&alice).failures, 5, "after {number}");
        }
        let reply = Reply::from(&alice.backup_codes[0]);
        let right = fixture.login_with("alice", vec![reply], flags);
        assert_eq!(right.code, Code::SUCCESS);
        // What was wrong is a reason to act: silent programs (sudo) say it, too.
        let told = |text: &&str| text.starts_with("8 wrong codes since your last login. ");
        let said = right.texts();
        assert!(said.iter().any(|text| told(text) && text.contains("change it")), "{right:?}");
        assert_eq!(said.contains(&"7 backup codes left."), flags == 0, "{right:?}");
        let (severity, line) = fixture.last_log_line();
        let detail = "detail=\"a wait or lock is over; wrong codes since the last login: 8, of the app in 30 days: ";
        assert!(severity == "info" && line.contains(detail), "{line}");
        let status = fixture.status(&alice);
        assert_eq!((status.failures, status.wait_seconds, status.budget_used), (0, 0, 0));
        assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS, "the app's, too");
    }
}

#[test]
fn without_a_wait_a_wrong_backup_code_neither_costs_one_nor_shows_that_somebody_is_enrolled() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.fail(&alice, 4);
    for _ in 0..10 {
        let wrong = fixture.login("alice", &[STRANGE]);
        let told = vec!["That backup code is wrong."];
        assert_eq!((wrong.code, wrong.texts()), (Code::AUTH_ERR, told));
    }
    let status = fixture.status(&alice);
    assert_eq!((status.failures, status.wait_seconds), (4, 0));
    let outcome = fixture.login("alice", &[&alice.code()]);
    assert_eq!(outcome.texts(), ["14 wrong codes since your last login."]);
}

#[test]
fn an_answer_that_is_there_already_is_looked_at_and_nobody_is_asked_twice() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("[throttle]\nfree_failures = 1\nfirst_wait = \"1h\"");
    let shut = |number: usize, stack: &[&str], typed: &str| {
        fixture.login("alice", &[&alice.wrong_code()]);
        fixture.set_stack(stack);
        let outcome = fixture.login("alice", &[typed]);
        fixture.set_stack(&["auth required MODULE CONFIG"]);
        let asked: Vec<String> = outcome.asked().iter().map(ToString::to_string).collect();
        assert_eq!(asked.len(), 1, "{number}: {outcome:?}");
        (outcome.code, asked[0].clone())
    };
    let first = |mode: &str| {
        ["auth optional pam_unix.so".to_owned(), format!("auth required MODULE CONFIG {mode}")]
    };
    for (number, mode) in ["use_first_pass", "try_first_pass"].into_iter().enumerate() {
        let stack = first(mode);
        let stack: Vec<_> = stack.iter().map(String::as_str).collect();
        let (code, asked) = shut(number, &stack, &alice.code());
        assert_eq!((code, &asked[..]), (Code::MAXTRIES, "Password: "), "{mode}");
        let (code, asked) = shut(number, &stack, STRANGE);
        assert_eq!((code, &asked[..]), (Code::AUTH_ERR, "Password: "), "{mode}");
        let (code, asked) = shut(number, &stack, &alice.backup_codes[number]);
        assert_eq!((code, &asked[..]), (Code::SUCCESS, "Password: "), "{mode}");
    }
    let one_field =
        ["auth required MODULE CONFIG forward_pass", "auth required pam_unix.so use_first_pass"];
    let with_password = |code: &str| format!("pw{code}");
    let (code, asked) = shut(2, &one_field, &with_password(&alice.code()));
    assert_eq!((code, &asked[..]), (Code::MAXTRIES, "Password & backup code: "));
    let (code, _) = shut(2, &one_field, &with_password(&alice.backup_codes[2]));
    assert_eq!(code, Code::SUCCESS);
    // A program that looks for its own prompt is asked by it.
    let (code, asked) =
        shut(3, &["auth required MODULE CONFIG prompt=OTP"], &alice.backup_codes[3]);
    assert_eq!((code, &asked[..]), (Code::SUCCESS, "OTP"));
}

#[test]
fn a_conversation_that_fails_in_a_wait_is_passed_on() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.fail(&alice, 4);
    fixture.login("alice", &[&alice.wrong_code()]);
    for (code, expected) in [(Code::CONV_ERR, Code::CONV_ERR), (Code::CONV_AGAIN, Code::INCOMPLETE)]
    {
        let outcome = fixture.login_with("alice", vec![Reply::Fails(code)], 0);
        assert_eq!(outcome.code, expected);
        let (_, line) = fixture.last_log_line();
        assert!(line.contains(" reason=wait "), "{line}");
    }
}

#[test]
fn four_wrong_codes_behind_each_right_login_are_locked_at_three_hundred() {
    let (fixture, alice) = Fixture::with("alice");
    // As 74 logins with four wrong codes before each leave it, in a month's first days.
    let begin = user::now().0 - 20 * 86_400;
    for round in 0..74 {
        let at = UnixTime(begin + round * 3600);
        let wrong = wrong_code_at(&alice, at);
        for _ in 0..4 {
            fixture.verify_at(&alice, wrong.as_str(), at);
        }
        let right = alice.secret.token_at(TimeStep::of(at));
        let verdict = fixture.verify_at(&alice, right.as_str(), at);
        assert!(matches!(verdict, Verdict::Accepted { .. }), "{round}: {verdict:?}");
    }
    assert_eq!(fixture.status(&alice).budget_used, 296);
    let shown = |arguments: &[&str]| run(&fixture, arguments).output;
    let status = shown(&["status", "--user", "alice"]);
    assert!(status.contains("\nWrong in 30 days:     296 of 300\n"), "{status}");
    assert!(shown(&["list"]).contains("  ok; wrong in 30 days: 296 of 300\n"));
    // The owner is told at each login from the 150th on, by silent programs, too.
    let told = fixture.login_with("alice", vec![Reply::from(&alice.code())], SILENT);
    assert_eq!(told.code, Code::SUCCESS);
    assert!(
        told.texts()[0].starts_with("296 wrong codes in the last 30 days; at 300, "),
        "{told:?}"
    );
    let (_, line) = fixture.last_log_line();
    assert!(line.ends_with("detail=\"wrong codes of the app in 30 days: 296 of 300\""), "{line}");
    for number in 297..=300 {
        let outcome = fixture.login("alice", &[&alice.wrong_code()]);
        let expected = if number == 300 { LOCKED } else { WRONG };
        assert_eq!((outcome.code, outcome.texts()), (Code::AUTH_ERR, vec![expected]), "{number}");
    }
    let right = fixture.login("alice", &[&alice.code_at(1)]);
    assert_eq!((right.code, right.texts()), (Code::MAXTRIES, vec![LOCKED, LOCKED]));
    let (_, line) = fixture.last_log_line();
    assert!(line.contains(" reason=locked factor=token "), "{line}");
    // The flag alone does not let in: the budget is used up.
    fixture.rewrite(&alice, "locked", "false");
    assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::MAXTRIES);
    let opened = fixture.login_with("alice", vec![Reply::from(&alice.backup_codes[0])], SILENT);
    assert_eq!(opened.code, Code::SUCCESS);
    let said = opened.texts().join("\n");
    assert!(said.contains("300 wrong codes in the last 30 days;"), "{said}");
    assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::SUCCESS);
    assert_eq!(fixture.status(&alice).budget_used, 0);
}

#[test]
fn who_is_locked_and_is_enrolled_anew_by_root_logs_in_with_the_new_code() {
    for by_way_of_off in [false, true] {
        let (fixture, alice) = Fixture::with("alice");
        fixture.set_config("[throttle]\nlock_after = 3");
        for _ in 0..3 {
            fixture.login("alice", &[&alice.wrong_code()]);
        }
        assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::MAXTRIES);
        let off =
            by_way_of_off.then(|| run(&fixture, &["disable", "--user", "alice", "--json"]).last());
        let (new, ended) = replace(&fixture, &alice);
        assert_eq!(fixture.login("alice", &[&new.code_at(1)]).code, Code::SUCCESS);
        assert_eq!(ended.last().get("cleared").is_none(), by_way_of_off, "{ended:?}");
        assert!(off.is_none_or(|off| off["cleared"]["opened"] == true));
    }
}

#[test]
fn of_eight_processes_with_one_backup_code_under_a_lock_one_gets_in() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.fail(&alice, 100);
    let mut hosts: Vec<_> =
        (0..8).map(|_| HostProcess::start(PAM_HOST, &[], &fixture, "alice")).collect();
    for host in &mut hosts {
        host.wait_for_prompt();
    }
    for host in &mut hosts {
        host.answer(&alice.backup_codes[0]);
    }
    let ended: Vec<_> = hosts.into_iter().map(HostProcess::finish).collect();
    let in_now = ended.iter().filter(|(_, status)| status.success()).count();
    assert_eq!(in_now, 1, "{ended:?}");
    assert_eq!(fixture.status(&alice).backup_codes_left, 7);
}

/// Processes that try backup codes at once.
const FLOOD: usize = 200;

#[test]
fn a_flood_of_backup_codes_is_hashed_one_at_a_time_and_nobody_else_waits_for_it() {
    let (fixture, alice) = Fixture::with("alice");
    let bob = fixture.enrol("bob");
    let mut hosts: Vec<_> =
        (0..FLOOD).map(|_| HostProcess::start(PAM_HOST, &[], &fixture, "alice")).collect();
    for host in &mut hosts {
        host.wait_for_prompt();
    }
    for host in &mut hosts {
        host.answer(STRANGE);
    }
    // Meanwhile: others, and the app of the very user.
    let mut longest = Duration::ZERO;
    for (name, code) in [("bob", bob.code()), ("alice", alice.code())] {
        let begun = Instant::now();
        assert_eq!(fixture.login(name, &[&code]).code, Code::SUCCESS, "{name}");
        longest = longest.max(begun.elapsed());
    }
    let hashing = hosts.iter().filter(|host| memory_of(host.id()) > HASH_MEMORY).count();
    eprintln!(
        "a login beside {FLOOD} backup codes took {longest:?}; {hashing} were hashed at once"
    );
    assert!(hashing <= 1, "{hashing} at once");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    let told = hosts.into_iter().map(|host| host.finish().0).collect::<Vec<_>>();
    let evaluated = u32::try_from(told.len()).unwrap();
    let status = fixture.status(&alice);
    assert_eq!((status.failures, status.wait_seconds), (0, 0), "{evaluated}");
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[0]]).code, Code::SUCCESS);
}

/// What one hash takes, and nothing else of a login comes near: 9 MiB, in kB.
const HASH_MEMORY: u64 = 8 * 1024;

/// Anonymous memory of a process that is in use, in kB.
fn memory_of(pid: u32) -> u64 {
    let field = status_field(pid, "RssAnon").unwrap_or_default();
    field.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
