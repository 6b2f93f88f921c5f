//! A cache of names that answers a uid with the name that was asked for last: nscd, as Debian ships it
//! (nscd.conf(5), auto-propagate). A second name is asked for the first one's code all the same.
#![allow(missing_docs)]

use cloud2fa_tests::command::run;
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::{Fixture, machine, user};
use std::process::{Child, Command, Stdio};

/// nscd, until this is dropped.
struct Nscd(Child);

impl Nscd {
    /// Starts it with the package's configuration. Only its files in /var/cache are the real machine's.
    fn start() -> Self {
        machine::must_be_private();
        let program = machine::program("nscd", "nscd");
        let shipped = std::fs::read_to_string("/etc/nscd.conf").expect("the package's");
        let propagates = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            words == ["auto-propagate", "passwd", "no"]
        };
        assert!(!shipped.lines().any(propagates), "as it is shipped it propagates");
        let in_memory: String = shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("persistent"))
            .flat_map(|line| [line, "\n"])
            .collect();
        std::fs::write("/etc/nscd.conf", in_memory).unwrap();
        std::fs::create_dir_all("/run/nscd").unwrap();
        let mut command = Command::new(program);
        let child = command.arg("-F").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("nscd", || std::path::Path::new("/run/nscd/socket").exists().then_some(()));
        Self(child)
    }
}

/// Has nscd forget all names: who is asked for next is the first again.
fn forget() {
    let mut command = Command::new(machine::program("nscd", "nscd"));
    assert!(command.args(["--invalidate", "passwd"]).status().unwrap().success());
}

impl Drop for Nscd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The name that the system gives for something.
fn getent(key: &str) -> String {
    let mut command = Command::new(machine::program("getent", "libc-bin"));
    let output = command.args(["passwd", key]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(':').next().unwrap().to_owned()
}

#[test]
fn what_a_cache_says_of_a_uid_makes_no_difference() {
    let (fixture, alice) = Fixture::with("alice");
    user::add_alias(&alice.user, "alice2");
    let _nscd = Nscd::start();
    let uid = alice.user.uid.to_string();
    // A program of its own for each login: libc asks nscd only where it was there from the start.
    let login = |code: &str| {
        // What this test is about.
        wait_for("the second name for the uid", || {
            forget();
            (getent("alice2") == "alice2" && getent(&uid) == "alice2").then_some(())
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_pam_host"));
        let mut host =
            HostProcess::run(command.arg(fixture.services()).args([&fixture.service, "alice2"]));
        host.answer(code);
        host.finish().0
    };
    // As an earlier version has left the store, and with the index.
    user::write_private(&fixture.store_path().join(".store"), b"format = 1\nid = \"00\"\n");
    for is_indexed in [false, true] {
        if is_indexed {
            assert_eq!(run(&fixture, &["init"]).status, 0);
        }
        for arguments in ["CONFIG nullok", "CONFIG"] {
            let about = format!("{arguments}, indexed: {is_indexed}");
            let line = format!("auth sufficient MODULE {arguments}");
            fixture.set_stack(&[&line, "auth required pam_deny.so"]);
            let said = login(&alice.wrong_code());
            let first = said.first().map(String::as_str);
            assert_eq!(first, Some("ask Verification code: "), "{about}: {said:?}");
            assert_eq!(said.last().map(String::as_str), Some("code PAM_AUTH_ERR"), "{about}");
            let line = fixture.last_log_line().1;
            assert!(line.ends_with(" detail=\"the enrolment is alice's\""), "{about}: {line}");
        }
    }
    let said = login(&alice.code());
    assert_eq!(said.last().map(String::as_str), Some("code PAM_SUCCESS"), "{said:?}");
}
