//! Whose code sudo asks for, as `cloud2fa doctor` says, and as sudo does.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::checkup::{Checkup, MODULE, STORE, look, set_service, shell};
use cloud2fa_tests::service::as_uid;
use cloud2fa_tests::user::{self, uid};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// The severity of what is said of sudo.
fn said() -> Option<String> {
    let found = look(&[]).findings.into_iter();
    found.filter(|(_, id)| id == "sudo_asks_for_another").map(|(severity, _)| severity).next()
}

/// Whether sudo makes alice root who answers so.
fn lets_in(answers: &[&str]) -> bool {
    let mut sudo = as_uid(uid("alice"), Path::new("/usr/bin/sudo"));
    sudo.args(["-S", "-k", "/usr/bin/id", "-u"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut sudo = sudo.stderr(Stdio::null()).spawn().unwrap();
    let _ = sudo.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes());
    sudo.wait_with_output().unwrap().stdout == b"0\n"
}

fn set_sudoers(defaults: &str) {
    let usual = "Defaults passwd_tries=1, lecture=never\nALL ALL=(ALL:ALL) ALL\n";
    fs::write("/etc/sudoers", format!("{defaults}\n{usual}")).unwrap();
}

#[test]
fn whose_code_sudo_asks_for_is_said() {
    let checkup = Checkup::healthy();
    let code = format!("auth required {MODULE} nullok");
    set_service("sudo", &["@include common-auth", &code, "account required pam_unix.so"]);
    // root has alice's password.
    shell("usermod -p \"$(awk -F: '$1 == \"alice\" { print $2 }' /etc/shadow)\" root");
    set_sudoers("");
    assert_eq!((said(), lets_in(&["pw"])), (None, false));
    assert!(lets_in(&["pw", &checkup.alice.code()]));
    for option in ["rootpw", "targetpw", "runaspw"] {
        set_sudoers(&format!("Defaults {option}"));
        assert_eq!(said().as_deref(), Some("warning"), "{option}");
        assert!(lets_in(&["pw"]), "{option}: root is not enrolled");
    }
    let secret = Secret::generate().unwrap();
    let root = user::enrol(Path::new(STORE), user::of_this_machine("root"), secret);
    assert_eq!(said().as_deref(), Some("note"));
    assert!(!lets_in(&["pw", &checkup.alice.code_at(1)]), "root's code is what it takes");
    assert!(lets_in(&["pw", &root.code_at(1)]));
    set_sudoers("Defaults:bob rootpw");
    assert_eq!(said().as_deref(), Some("note"));
    set_sudoers("Defaults rootpw\nDefaults !rootpw");
    assert_eq!(said(), None);
}
