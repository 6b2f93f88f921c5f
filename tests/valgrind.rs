//! No wrong access to memory, and nothing lost, in logins by token and by backup code.
#![allow(missing_docs)]

use cloud2fa_tests::{Fixture, machine};
use std::io::Write;
use std::process::{Command, Stdio};

/// valgrind's exit status where it has found an error.
const FOUND_ERRORS: i32 = 99;

/// Runs logins under valgrind, all in one process. Gives what pam_host said.
fn login(fixture: &Fixture, name: &str, answers: &[&str]) -> String {
    let report = fixture.path().join("valgrind");
    let mut child = Command::new(machine::program("valgrind", "valgrind"))
        // Each possibility counts but "still reachable": libc and libpam keep what they need until the end.
        .args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible"])
        .args([
            "--errors-for-leak-kinds=definite,indirect,possible",
            &format!("--error-exitcode={FOUND_ERRORS}"),
        ])
        // libpam unloads the module before the end: its names are needed in the report even so.
        .args([
            "--keep-debuginfo=yes",
            "--num-callers=30",
            &format!("--log-file={}", report.display()),
        ])
        .arg(env!("CARGO_BIN_EXE_pam_host"))
        .args(["--setcred", "--loop", &answers.len().to_string()])
        .arg(fixture.services())
        .args([&fixture.service, name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    let report = std::fs::read_to_string(report).unwrap();
    assert_ne!(output.status.code(), Some(FOUND_ERRORS), "{report}");
    assert!(output.status.code().is_some(), "pam_host died: {report}");
    assert_eq!(report, "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_login_by_token_is_clean() {
    let (fixture, alice) = Fixture::with("alice");
    // That of the next step is right for a minute yet: it is slow.
    let code = alice.code_at(1);
    let said = login(&fixture, "alice", &[&alice.wrong_code(), &code, &code, "not a code", ""]);
    let codes: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("code ")).collect();
    let refused = "PAM_AUTH_ERR";
    assert_eq!(codes, [refused, "PAM_SUCCESS", refused, refused, refused]);
}

#[test]
fn a_login_by_backup_code_is_clean() {
    let (fixture, alice) = Fixture::with("alice");
    let said = login(&fixture, "alice", &[&alice.backup_codes[0], &alice.backup_codes[0]]);
    assert!(
        said.contains("code PAM_SUCCESS\nsetcred PAM_SUCCESS\n")
            && said.contains("code PAM_AUTH_ERR\n"),
        "{said}"
    );
}

#[test]
fn what_refuses_early_is_clean() {
    let (fixture, _) = Fixture::with("alice");
    assert!(login(&fixture, "nobody-of-that-name", &["123456"]).contains("code PAM_AUTH_ERR\n"));
    std::fs::write(fixture.config_path(), "x = ").unwrap();
    assert!(login(&fixture, "alice", &["123456"]).contains("code PAM_SERVICE_ERR\n"));
    fixture.set_config("");
    std::fs::remove_file(fixture.store_path().join(".store")).unwrap();
    assert!(login(&fixture, "alice", &["123456"]).contains("code PAM_AUTHINFO_UNAVAIL\n"));
}
