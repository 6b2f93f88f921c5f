//! A panic in the module: the login is refused, the program lives, and nobody sees anything of it.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::{Fixture, machine};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A module that panics at the prompt: named, or built here into a place of its own.
fn panicking_module() -> PathBuf {
    if let Some(named) = std::env::var_os("CLOUD2FA_PANICKING_MODULE") {
        let named = PathBuf::from(named);
        assert!(
            named.is_absolute() && named.is_file(),
            "there is no module at {}",
            named.display()
        );
        return named;
    }
    let directory = machine::workspace().join("target/deliberate-panic");
    // Profile and flags are those of the shipped module: it is its door that is tested.
    let built = Command::new(machine::workspace().join("tools/cargo"))
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "pam_cloud2fa",
            "--features",
            "deliberate-panic",
        ])
        .current_dir(machine::workspace())
        .env("CARGO_TARGET_DIR", &directory)
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    directory.join("release/libpam_cloud2fa.so")
}

#[test]
fn a_panic_refuses_and_nothing_of_it_is_seen() {
    let module = panicking_module();
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    let config = fixture.config_path();
    fixture.set_stack(&[&format!(
        "auth required {} config={}",
        module.display(),
        config.display()
    )]);
    // Three times, since the module is loaded anew for each login, and a panic in one must not spoil the next.
    let program = env!("CARGO_BIN_EXE_pam_host");
    let mut command = Command::new(program);
    command.args(["--loop", "3"]).arg(fixture.services()).args([&fixture.service, "alice"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "code PAM_AUTH_ERR\n".repeat(3));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1), "the program has ended by itself");
    assert_eq!(fixture.record(&alice), before);

    let log = fixture.log();
    assert_eq!(log.len(), 3);
    for line in log {
        assert_eq!(line.severity(), "alert");
        assert!(line.message().starts_with("refused user=\"\" reason=panic"), "{}", line.text);
        assert!(!line.text.contains("with a secret"), "{}", line.text);
    }
}

#[test]
fn the_shipped_module_does_not_panic_there() {
    let (fixture, alice) = Fixture::with("alice");
    let mut host =
        HostProcess::start(env!("CARGO_BIN_EXE_pam_host"), &["--setcred"], &fixture, "alice");
    assert_eq!(host.wait_for_prompt(), "Verification code: ");
    host.answer(&alice.code());
    assert_eq!(host.wait_for_code().as_deref(), Some("PAM_SUCCESS"));
    let (rest, status) = host.finish();
    assert_eq!(rest, ["setcred PAM_SUCCESS"]);
    assert!(status.success());
}
