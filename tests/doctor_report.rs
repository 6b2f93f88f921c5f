//! What `cloud2fa doctor` tells people and monitors of a finding, beside its sentences.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{CONFIG, Checkup, doctor, look, set_mode, shell};
use cloud2fa_tests::command::{self, ended};
use cloud2fa_tests::machine::{program, workspace};
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn what_is_accepted_is_shown_and_does_not_count() {
    let _checkup = Checkup::healthy();
    fs::write(CONFIG, "reauthenticate = 'password'\n").unwrap();
    assert_eq!((look(&[]).status, doctor(&["--monitor"]).status), (1, 1));
    let before = doctor(&[]).output;
    fs::write(CONFIG, "reauthenticate = 'password'\naccept = ['reauthenticate_password']\n")
        .unwrap();
    let found = look(&[]);
    assert_eq!((found.status, doctor(&["--monitor"]).status), (0, 0), "{found:?}");
    assert_eq!((&found.last["warnings"], &found.last["accepted"]), (&json!(0), &json!(1)));
    let last = found.findings.last().unwrap();
    assert_eq!((last.0.as_str(), last.1.as_str()), ("warning", "reauthenticate_password"));
    let listed = doctor(&[]).output;
    let line = "accepted reauthenticate_password: ";
    assert!(listed.contains(line) && listed.contains(", 1 accepted.\n"), "{before}{listed}");
    let explained = doctor(&["reauthenticate_password"]).output;
    assert!(explained.contains("[reauthenticate_password] (accepted)"), "{explained}");
}

#[test]
fn what_is_critical_is_not_accepted_and_the_report_says_so() {
    let _checkup = Checkup::healthy();
    fs::write(CONFIG, "accept = ['pam_file_unsafe', 'wide_skwe', 'weak_throttle']\n").unwrap();
    set_mode("/etc/pam.d/sshd", 0o666);
    let found = look(&[]);
    assert_eq!((found.status, &found.last["critical"]), (1, &json!(1)), "{found:?}");
    let listed = doctor(&[]).output.replace("\n         ", " ");
    for line in [
        "note     accept_without_effect: accept lists pam_file_unsafe, which is critical and cannot be accepted",
        "note     accept_without_effect: accept lists wide_skwe, which is not the id of any finding",
        "note     accept_without_effect: accept lists weak_throttle, but nothing like it is found any more",
    ] {
        assert!(listed.contains(line), "{listed}");
    }
}

#[test]
fn a_list_that_is_none_accepts_nothing() {
    let _checkup = Checkup::healthy();
    fs::write(CONFIG, "reauthenticate = 'password'\naccept = 'reauthenticate_password'\n").unwrap();
    let found = look(&[]);
    let warnings: Vec<_> = found.findings.iter().filter(|it| it.0 == "warning").collect();
    assert_eq!((warnings.len(), found.status), (2, 1), "{found:?}");
}

/// What a program is told of a finding.
fn told(id: &str) -> Value {
    let ended = doctor(&["--json"]);
    let lines = ended.output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.into_iter().find(|line| line["id"] == id).unwrap_or_else(|| panic!("no {id}: {ended:?}"))
}

#[test]
fn whom_and_what_a_finding_is_about_stands_in_arrays_and_is_complete() {
    let _checkup = Checkup::healthy();
    assert_eq!(told("unenrolled_allowed")["services"], json!(["sshd"]));
    // Users who can log in, and are refused: more than any sentence should name.
    shell(
        "for number in $(seq 100 299); do usermod -p x -s /bin/sh u$number; done
         echo 'unenrolled = \"refuse\"' >/etc/cloud2fa/cloud2fa.toml",
    );
    let found = told("not_enrolled");
    let users: Vec<_> = found["users"].as_array().unwrap().iter().collect();
    assert!(users.len() >= 200 && !users.contains(&&json!("alice")), "{found}");
    assert_eq!(found["services"], json!(["sshd"]));
    set_mode("/etc/pam.d/sshd", 0o666);
    assert_eq!(told("pam_file_unsafe")["files"], json!(["/etc/pam.d/sshd"]));
}

#[test]
fn who_has_read_enough_is_told_nothing() {
    let _checkup = Checkup::healthy();
    for arguments in [&["doctor"][..], &["doctor", "--json"], &["list"], &["list", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(command::path());
        let said = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let errors = String::from_utf8_lossy(&said.stderr);
        assert_eq!((errors.as_ref(), said.status.code()), ("", Some(1)), "{arguments:?}");
    }
    // What was done is another matter: somebody must know of it.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(command::path());
    let said = command.args(["unlock", "alice"]).stdout(writer).stderr(Stdio::piped()).output();
    assert!(!said.unwrap().stderr.is_empty());
}

#[test]
fn the_manual_s_examples_for_jq_say_what_they_are_there_for() {
    let _checkup = Checkup::healthy();
    let mut man = Command::new(program("man", "man-db"));
    man.args(["-E", "UTF-8", "-l"]).arg(workspace().join("man/cloud2fa.1"));
    man.env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "200")
        .env("MANROFFOPT", "-c")
        .env("PAGER", "col -b");
    let page = ended(man.env("MANPAGER", "cat")).output;
    let page = page.split("\nEXAMPLES").nth(1).unwrap_or_else(|| panic!("{page}"));
    let examples: Vec<_> =
        page.lines().map(str::trim).filter(|line| line.contains("jq ")).collect();
    let [wrong, locked] = &examples[..] else { panic!("{page}") };
    let jq = program("jq", "jq");
    let typed = |line: &str| {
        let (command, jq) = (command::path(), jq.display());
        let line = line.replace("cloud2fa ", &format!("{} ", command.display()));
        let line = line.replace("jq ", &format!("{jq} "));
        let said = ended(Command::new("/bin/sh").args(["-ec", &line]));
        assert_eq!((said.status, said.errors.as_str()), (0, ""), "{line}");
        said.output
    };
    assert_eq!((typed(wrong), typed(locked)), (String::new(), String::new()));
    // One that counts, one that is accepted, and a note.
    fs::write(CONFIG, "reauthenticate = 'password'\nskew = 9\naccept = ['sshd_use_dns']\n")
        .unwrap();
    assert_eq!(typed(wrong).lines().count(), 1, "{}", typed(wrong));
    assert!(typed(wrong).starts_with("reauthenticate = "));
}
