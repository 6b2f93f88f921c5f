//! The module among others in a stack: what a login comes to.
#![allow(missing_docs)]

use cloud2fa_tests::libpam::{Call, ESTABLISH_CRED};
use cloud2fa_tests::loaded_module::{EntryPoint, LoadedModule};
use cloud2fa_tests::{Code, Enrolled, Fixture, Reply, machine};
use std::io::Write;
use std::process::{Command, Stdio};

/// How somebody comes to the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Right,
    Wrong,
    Replayed,
    NotACode,
    NoAnswer,
    Locked,
    Unenrolled,
    Unknown,
    BrokenStore,
    BadArgument,
}

impl Case {
    const REFUSALS: [Self; 9] = [
        Self::Wrong,
        Self::Replayed,
        Self::NotACode,
        Self::NoAnswer,
        Self::Locked,
        Self::Unenrolled,
        Self::Unknown,
        Self::BrokenStore,
        Self::BadArgument,
    ];

    /// The module's own code and how often it asks, without `nullok`.
    fn expected(self) -> (Code, usize) {
        match self {
            Self::Right => (Code::SUCCESS, 1),
            Self::Wrong | Self::Replayed | Self::NotACode | Self::Unenrolled | Self::Unknown => {
                (Code::AUTH_ERR, 1)
            }
            Self::NoAnswer => (Code::CONV_ERR, 1),
            // For a backup code, which opens the lock.
            Self::Locked => (Code::MAXTRIES, 1),
            Self::BrokenStore => (Code::AUTHINFO_UNAVAIL, 0),
            Self::BadArgument => (Code::SERVICE_ERR, 0),
        }
    }

    /// Makes this case of a fixture with alice in it. Gives the user and the reply.
    fn prepare(self, fixture: &Fixture, alice: &Enrolled) -> (&'static str, Reply) {
        let code = alice.code();
        match self {
            Self::Wrong => return ("alice", Reply::from(&alice.wrong_code())),
            Self::Replayed => fixture.rewrite(
                alice,
                "last_step_at",
                &(cloud2fa_tests::user::now().0 / 30 * 30).to_string(),
            ),
            Self::NotACode => return ("alice", Reply::from("secret")),
            Self::NoAnswer => return ("alice", Reply::NoAnswer),
            Self::Locked => fixture.rewrite(alice, "locked", "true"),
            Self::Unenrolled => return ("bob", Reply::from(&code)),
            Self::Unknown => return ("nobody-of-that-name", Reply::from(&code)),
            Self::BrokenStore => std::fs::remove_file(fixture.store_path().join(".store")).unwrap(),
            Self::BadArgument => std::fs::write(fixture.config_path(), "x").unwrap(),
            Self::Right => {}
        }
        ("alice", Reply::from(&code))
    }
}

/// Runs one case at a stack. Gives libpam's code and how many codes were asked for.
fn run(case: Case, stack: &[&str]) -> (Code, usize) {
    let (fixture, alice) = Fixture::with("alice");
    let (name, reply) = case.prepare(&fixture, &alice);
    fixture.set_stack(stack);
    let outcome = fixture.login_with(name, vec![reply.clone(), reply], 0);
    (outcome.code, outcome.asked().len())
}

#[test]
fn alone_and_before_others_the_modules_own_code_is_the_logins() {
    for stack in [
        &["auth required MODULE CONFIG"][..],
        &["auth requisite MODULE CONFIG"],
        &["auth required MODULE CONFIG", "auth required pam_permit.so"],
        &["auth requisite MODULE CONFIG", "auth required pam_permit.so"],
        &["auth required pam_permit.so", "auth required MODULE CONFIG"],
        &[
            "auth optional pam_permit.so",
            "auth required MODULE CONFIG",
            "auth sufficient pam_permit.so",
        ],
        &["auth required pam_faillock.so preauth silent", "auth required MODULE CONFIG"],
        &[
            "auth required pam_faildelay.so delay=1",
            "auth requisite MODULE CONFIG",
            "auth optional pam_permit.so",
        ],
    ] {
        assert_eq!(run(Case::Right, stack), (Code::SUCCESS, 1), "{stack:?}");
        for case in Case::REFUSALS {
            assert_eq!(run(case, stack), case.expected(), "{case:?} at {stack:?}");
        }
    }
}

#[test]
fn what_stands_behind_a_requisite_refusal_is_not_run() {
    let stack = ["auth requisite MODULE CONFIG", "auth required MODULE CONFIG"];
    assert_eq!(run(Case::Wrong, &stack), (Code::AUTH_ERR, 1));
    let stack = ["auth required MODULE CONFIG", "auth required MODULE CONFIG"];
    assert_eq!(run(Case::Wrong, &stack), (Code::AUTH_ERR, 2));
}

#[test]
fn an_error_is_no_success_at_any_control() {
    for control in [
        "required",
        "requisite",
        "sufficient",
        "[success=ok default=bad]",
        "[success=done default=die]",
    ] {
        for with_nullok in ["", " nullok"] {
            let stack = [
                &*format!("auth {control} MODULE CONFIG{with_nullok}"),
                "auth required pam_deny.so",
            ];
            // Denied by what follows in any case, unless the module says success and that ends the stack.
            for case in Case::REFUSALS {
                let (code, _) = run(case, &stack);
                assert_ne!(code, Code::SUCCESS, "{case:?} at {stack:?}");
            }
            let stack = [&*format!("auth {control} MODULE CONFIG{with_nullok}")];
            for case in Case::REFUSALS {
                let (code, _) = run(case, &stack);
                assert_ne!(code, Code::SUCCESS, "{case:?} at {stack:?}");
            }
        }
    }
}

#[test]
fn nullok_alone_lets_nobody_in_and_behind_a_password_it_skips() {
    // libpam makes a refusal of a stack in which nobody has said yes.
    assert_eq!(
        run(Case::Unenrolled, &["auth required MODULE CONFIG nullok"]),
        (Code::PERM_DENIED, 0)
    );
    for control in ["required", "requisite"] {
        let module = format!("auth {control} MODULE CONFIG nullok");
        for stack in
            [[&*module, "auth required pam_permit.so"], ["auth required pam_permit.so", &*module]]
        {
            assert_eq!(run(Case::Unenrolled, &stack), (Code::SUCCESS, 0), "{stack:?}");
            for case in Case::REFUSALS.into_iter().filter(|case| *case != Case::Unenrolled) {
                assert_eq!(run(case, &stack), case.expected(), "{case:?} at {stack:?}");
            }
        }
    }
}

/// A fixture whose service is Debian's password block, as pam-auth-update writes it,
/// with the module behind it.
fn behind_debians_password(module: &str) -> (Fixture, Enrolled) {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_service(
        "common-auth",
        &[
            "auth [success=1 default=ignore] pam_unix.so nullok nodelay",
            "auth requisite pam_deny.so",
            "auth required pam_permit.so",
        ],
    );
    fixture.set_stack(&["@include common-auth", module]);
    (fixture, alice)
}

#[test]
fn behind_debians_password_both_are_asked_for_and_both_must_be_right() {
    let prompts = ["Password: ", "Verification code: "];
    for module in ["auth required MODULE CONFIG", "auth requisite MODULE CONFIG nullok"] {
        let (fixture, alice) = behind_debians_password(module);
        let code = alice.code();
        let right = fixture.login("alice", &["pw", &code]);
        assert_eq!((right.code, right.asked()), (Code::SUCCESS, prompts.to_vec()));
        let wrong_password = fixture.login("alice", &["wrong", &alice.code_at(1)]);
        assert_eq!(
            (wrong_password.code, wrong_password.asked()),
            (Code::AUTH_ERR, vec!["Password: "])
        );
        let wrong_code = fixture.login("alice", &["pw", &alice.wrong_code()]);
        assert_eq!((wrong_code.code, wrong_code.asked()), (Code::AUTH_ERR, prompts.to_vec()));
        let replayed = fixture.login("alice", &["pw", &code]);
        assert_eq!(replayed.code, Code::AUTH_ERR);
    }
    let (fixture, _) = behind_debians_password("auth required MODULE CONFIG nullok");
    let bob = fixture.login("bob", &["pw"]);
    assert_eq!((bob.code, bob.asked()), (Code::SUCCESS, vec!["Password: "]));
    assert_eq!(fixture.login("bob", &["wrong"]).code, Code::AUTH_ERR);
    let (fixture, _) = behind_debians_password("auth required MODULE CONFIG");
    let bob = fixture.login("bob", &["pw", "123456"]);
    assert_eq!((bob.code, bob.asked()), (Code::AUTH_ERR, prompts.to_vec()));
}

#[test]
fn credentials_are_no_obstacle_and_the_other_stages_pass_it_over() {
    let (fixture, alice) = Fixture::with("alice");
    let module = LoadedModule::open();
    let application = fixture.application("alice", vec![]);
    for entry_point in
        EntryPoint::ALL.into_iter().filter(|point| *point != EntryPoint::Authenticate)
    {
        let expected =
            if entry_point == EntryPoint::SetCredentials { Code::SUCCESS } else { Code::IGNORE };
        for arguments in [&[][..], &["nonsense"]] {
            assert_eq!(
                module.call(entry_point, Some(&application), arguments),
                expected,
                "{entry_point:?}"
            );
        }
    }
    assert!(application.messages().is_empty());
    // In a stack, as programs call it: after a success, and after the factor was skipped.
    fixture.set_stack(&[
        "auth required pam_permit.so",
        "auth required MODULE CONFIG nullok",
        "account required MODULE CONFIG",
        "account required pam_permit.so",
        "password required MODULE CONFIG",
        "password required pam_permit.so",
        "session required MODULE CONFIG",
        "session required pam_permit.so",
    ]);
    for (name, replies) in [("alice", vec![Reply::from(&alice.code())]), ("bob", vec![])] {
        let mut application = fixture.application(name, replies);
        assert_eq!(application.authenticate(0), Code::SUCCESS);
        assert_eq!(application.call(Call::SetCredentials, ESTABLISH_CRED), Code::SUCCESS);
        for call in [Call::Account, Call::OpenSession, Call::CloseSession, Call::ChangePassword] {
            assert_eq!(application.call(call, 0), Code::SUCCESS, "{call:?}");
        }
    }
}

#[test]
fn pamtester_can_drive_it() {
    let (fixture, alice) = Fixture::with("alice");
    // The machine is private, so /etc/pam.d is.
    let service = "cloud2fa-pamtester";
    let line = format!(
        "auth required {} config={}\n",
        machine::module().display(),
        fixture.config_path().display()
    );
    std::fs::write(format!("/etc/pam.d/{service}"), line).unwrap();
    let pamtester = machine::program("pamtester", "pamtester");
    let code = alice.code();
    for (says, succeeds) in
        [("pamtester: successfully authenticated", true), ("Authentication failure", false)]
    {
        let mut child = Command::new(&pamtester)
            .args([service, "alice", "authenticate"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), succeeds, "{said}");
        assert!(said.contains("Verification code: ") && said.contains(says), "{said}");
    }
}
