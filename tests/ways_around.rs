//! Ways around the second factor, its count or its log that a hostile review has found.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::libpam::Application;
use cloud2fa_tests::messages::{Message, Reply};
use cloud2fa_tests::processes::real_uid;
use cloud2fa_tests::slots::SLOT;
use cloud2fa_tests::{Code, Enrolled, Fixture, machine, syslog, user};
use std::process::Command;
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// A login under `ulimit -f`, to the byte; gives the code's name.
fn login_with_limit(fixture: &Fixture, limit: usize, answer: &str) -> String {
    let mut command = Command::new(machine::program("prlimit", "util-linux"));
    command.arg(format!("--fsize={limit}:{limit}")).arg(PAM_HOST).arg(fixture.services());
    let mut host = HostProcess::run(command.args([&fixture.service, "alice"]));
    host.wait_for_prompt();
    host.answer(answer);
    host.wait_for_code().expect("not killed by a signal")
}

/// Five failures, the wait over, and the next commit going into the second slot.
fn before_the_sixth_failure() -> (Fixture, Enrolled) {
    let (fixture, alice) = Fixture::with("alice");
    fixture.rewrite(&alice, "failures", "5");
    (fixture, alice)
}

#[test]
fn no_limit_on_file_sizes_lets_a_part_of_a_commit_count() {
    let (fixture, alice) = before_the_sixth_failure();
    let (right, wrong) = (alice.code(), alice.wrong_code());
    let record = fixture.record(&alice);
    // Where the texts of right and wrong end, and at the slot's end; 4096 is its start.
    let limits = (SLOT + 900..SLOT + 1300).step_by(23).chain(2 * SLOT - 25..2 * SLOT);
    for limit in limits {
        for answer in [&right, &wrong] {
            user::write_private(&fixture.account_path("alice"), &record);
            let before = fixture.status(&alice);
            assert_eq!(login_with_limit(&fixture, limit, answer), "PAM_AUTHINFO_UNAVAIL");
            assert_eq!(fixture.status(&alice), before, "limit {limit}");
        }
    }
    user::write_private(&fixture.account_path("alice"), &record);
    assert_eq!(login_with_limit(&fixture, 2 * SLOT, &right), "PAM_SUCCESS", "the limit that fits");
}

#[test]
fn the_log_has_its_line_before_the_user_is_told_anything() {
    let (fixture, alice) = before_the_sixth_failure();
    let code = alice.code();
    for answer in [code.as_str(), &code, &alice.wrong_code()] {
        let lines_before = fixture.log().len();
        let logged_first = |message: &Message| {
            if message.is_prompt() {
                return Reply::from(answer);
            }
            // The line is on its way through a socket; nothing else could bring it meanwhile.
            let deadline = Instant::now() + Duration::from_secs(60);
            while syslog::lines_of(&fixture.service).len() == lines_before {
                assert!(Instant::now() < deadline, "told before logged: {}", message.text);
                std::thread::sleep(Duration::from_millis(5));
            }
            Reply::NoAnswer
        };
        let mut application = Application::start(
            &fixture.services(),
            &fixture.service,
            Some("alice"),
            Box::new(logged_first),
        );
        application.authenticate(0);
    }
    assert!(fixture.log().len() >= 3);
}

/// Whether `pid` may be signalled by bob's real uid now.
fn bob_may_signal(pid: u32) -> bool {
    real_uid(pid) == Some(user::of_this_machine("bob").uid)
}

#[test]
fn the_caller_may_not_end_the_program_between_the_commit_and_the_log_line() {
    let (fixture, alice) = Fixture::with("alice");
    let bob = user::of_this_machine("bob").uid.to_string();
    for round in 1..=10 {
        let mut command = Command::new(machine::program("setpriv", "util-linux"));
        command.args(["--ruid", &bob, "--", PAM_HOST]).arg(fixture.services());
        let mut host = HostProcess::run(command.args([&fixture.service, "alice"]));
        host.wait_for_prompt();
        let lines_before = fixture.log().len();
        host.answer(&alice.wrong_code());
        // Shielded, then not any more: from then on the caller may end it.
        let deadline = Instant::now() + Duration::from_secs(5);
        while bob_may_signal(host.id()) && Instant::now() < deadline {}
        while !bob_may_signal(host.id()) && Instant::now() < deadline {}
        let pid = nix::unistd::Pid::from_raw(i32::try_from(host.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        host.finish();
        assert_eq!(fixture.log().len(), lines_before + 1, "round {round}");
        fixture.rewrite(&alice, "failures", "0");
    }
}

#[test]
fn a_second_name_for_an_enrolled_uid_is_asked() {
    let (fixture, bob) = Fixture::with("bob");
    user::add_alias(&bob.user, "robert");
    let with_code = fixture.raw("robert", "CONFIG nullok", vec![bob.code().as_str().into()]);
    let without = fixture.raw("robert", "CONFIG nullok", vec!["123".into()]);
    let other = fixture.raw("carol", "CONFIG nullok", Vec::new());
    assert_eq!((with_code.code, with_code.asked().len()), (Code::SUCCESS, 1));
    assert_eq!(without.code, Code::AUTH_ERR);
    assert_eq!((other.code, other.asked().len()), (Code::IGNORE, 0));
}

#[test]
fn a_password_of_thirteen_letters_is_not_taken_for_a_backup_code() {
    let (fixture, alice) = Fixture::with("alice");
    for password in ["horsebattery1", "HORSEBATTERY1"] {
        let stack = [
            "auth [default=ignore] pam_unix.so nodelay",
            "auth required MODULE CONFIG try_first_pass",
        ];
        fixture.set_stack(&stack);
        let outcome = fixture.login("alice", &[password, "123"]);
        assert_eq!(outcome.asked().last(), Some(&"Verification code: "), "{password}");
    }
    assert_eq!(fixture.status(&alice).failures, 0);
}

#[test]
fn no_code_of_a_conversation_reads_as_a_success() {
    let (fixture, _) = Fixture::with("alice");
    for number in (0..40).map(Code) {
        let outcome = fixture.login_with("alice", vec![Reply::Fails(number)], 0);
        assert!(
            ![Code::SUCCESS, Code::IGNORE, Code(12)].contains(&outcome.code),
            "{number:?}: {:?}",
            outcome.code
        );
    }
}

#[test]
fn root_that_may_not_change_its_ids_keeps_them_and_logs_in() {
    let (fixture, alice) = Fixture::with("alice");
    let bob = user::of_this_machine("bob").uid;
    let mut command = Command::new(machine::program("setpriv", "util-linux"));
    command.args(["--ruid", &bob.to_string(), "--bounding-set=-setuid", "--"]).arg(PAM_HOST);
    command.args(["--loop", "2"]).arg(fixture.services()).args([&fixture.service, "alice"]);
    let mut host = HostProcess::run(&mut command);
    host.wait_for_prompt();
    host.answer(&alice.code());
    assert_eq!(host.wait_for_code().as_deref(), Some("PAM_SUCCESS"));
    host.wait_for_prompt();
    assert_eq!(real_uid(host.id()), Some(bob));
    host.answer("");
    host.finish();
}
