//! Nothing that was secret stays anywhere: not in a log line, not on the terminal, not in the store.
#![allow(missing_docs)]

use cloud2fa::Store;
use cloud2fa::store::Failures;
use cloud2fa_tests::{Enrolled, Fixture, index, syslog, user};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const PASSWORD: &str = "pw";
const OTHER_PASSWORD: &str = "correct horse battery staple";

/// Runs a login in a process of its own. Gives all that it wrote to its terminal.
fn login(fixture: &Fixture, options: &[&str], name: &str, answers: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pam_host"))
        .args(options)
        .arg(fixture.services())
        .args([&fixture.service, name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.stderr.is_empty(),
        "on standard error: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("code PAM_"), "{said}");
    said
}

/// All forms in which a secret of the user could be written, with the bytes of the secret.
fn secrets_of(whose: &Enrolled) -> Vec<Vec<u8>> {
    let base32 = whose.secret.to_base32().to_string();
    let bytes = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    let mut secrets = vec![base32.to_lowercase().into_bytes(), base32.into_bytes()];
    secrets.push(data_encoding::HEXLOWER.encode(&bytes).into_bytes());
    secrets.push(bytes);
    for code in &whose.backup_codes {
        secrets.extend(
            [code.clone(), code.replace('-', ""), code.to_lowercase()].map(String::into_bytes),
        );
    }
    secrets
}

fn holds(text: &[u8], secret: &[u8]) -> bool {
    text.windows(secret.len()).any(|window| window == secret)
}

#[test]
fn no_secret_is_logged_or_shown() {
    let (fixture, alice) = Fixture::with("alice");
    let (code, wrong, later) = (alice.code(), alice.wrong_code(), alice.code_at(1));
    let mut secrets = secrets_of(&alice);
    let strange_backup_code = "7777-7777-7777X";
    let typed = [&*code, &wrong, &later, strange_backup_code, OTHER_PASSWORD];
    secrets.extend(typed.map(|typed| typed.as_bytes().to_vec()));

    let mut shown = String::new();
    let earlier = "auth [default=ignore] pam_unix.so nodelay";
    let both = "pam_unix.so use_first_pass nodelay";
    for (stack, logins) in [
        (
            &["auth required MODULE CONFIG debug"][..],
            &[
                &["alice", &wrong][..],
                &["alice", strange_backup_code],
                &["alice", &code],
                &["alice", &code],
                &["alice", &alice.backup_codes[0]],
                &["alice", &alice.backup_codes[0]],
                &["alice", OTHER_PASSWORD],
                &["alice"],
                &["bob", &code],
                &["nobody-of-that-name", &code],
                // A user who types the secret where the name is asked for is beyond help, and logged.
            ][..],
        ),
        (
            &[earlier, "auth required MODULE CONFIG debug"],
            &[
                &["alice", OTHER_PASSWORD, OTHER_PASSWORD],
                &["alice", OTHER_PASSWORD, &wrong],
                &["alice", PASSWORD, &later],
            ],
        ),
        (
            &["auth required MODULE CONFIG debug forward_pass", &format!("auth required {both}")],
            &[
                &["alice", &format!("{OTHER_PASSWORD}{wrong}")],
                &["alice", &format!("{OTHER_PASSWORD}{}", alice.backup_codes[1])],
                &["alice", OTHER_PASSWORD],
            ],
        ),
        (
            &[earlier, "auth required MODULE CONFIG debug use_first_pass"],
            &[&["alice", &wrong], &["alice", OTHER_PASSWORD], &["alice", &alice.backup_codes[2]]],
        ),
    ] {
        fixture.set_stack(stack);
        for words in logins {
            for options in [&["--setcred"][..], &["--setcred", "--silent"]] {
                shown += &login(&fixture, options, words[0], &words[1..]);
            }
        }
    }
    std::fs::remove_file(fixture.store_path().join(".store")).unwrap();
    shown += &login(&fixture, &[], "alice", &[&code]);

    let log = syslog::lines();
    assert!(log.len() > 30 && shown.lines().count() > 60, "something was logged and shown");
    for secret in &secrets {
        let secret_text = String::from_utf8_lossy(secret);
        for line in &log {
            assert!(!holds(line.text.as_bytes(), secret), "{secret_text} is logged: {}", line.text);
        }
        assert!(!holds(shown.as_bytes(), secret), "{secret_text} is shown: {shown}");
    }
}

/// Names and content of all files of the store.
fn all_bytes(store: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in index::files(store) {
        bytes.extend(path.to_string_lossy().as_bytes());
        bytes.extend(std::fs::read(path).unwrap());
    }
    bytes
}

/// Hashes of backup codes as the store has them.
fn hashes(store: &Path) -> Vec<Vec<u8>> {
    let text = String::from_utf8(std::fs::read(store.join("alice.account")).unwrap()).unwrap();
    // Base64 of 32 bytes. The last decisions are lists of lines, too.
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix("\","));
    let quoted = quoted.filter(|hash| hash.len() == 43);
    quoted.map(|hash| hash.as_bytes().to_vec()).collect()
}

#[test]
fn a_disabled_or_replaced_enrolment_leaves_nothing_in_the_store() {
    let (fixture, alice) = Fixture::with("alice");
    let store_path = fixture.store_path();
    login(&fixture, &[], "alice", &[&alice.code()]);
    login(&fixture, &[], "alice", &[&alice.backup_codes[0]]);
    let mut old = secrets_of(&alice);
    old.extend(hashes(&store_path));
    assert!(
        holds(&all_bytes(&store_path), alice.secret.to_base32().as_bytes()),
        "the store holds the secret"
    );

    // Backup codes made anew: the secret stays, the old hashes go.
    let mut store = fixture.store();
    let old_hashes = hashes(&store_path);
    assert_eq!(old_hashes.len(), 16, "eight in each slot");
    let cloud2fa::Standing::Enrolled(generation, _) =
        store.status(&alice.user, &user::now).unwrap()
    else {
        panic!("alice is enrolled")
    };
    store.regenerate_backup_codes(&alice.user, &generation, &user::now).unwrap();
    let bytes = all_bytes(&store_path);
    assert!(old_hashes.iter().all(|hash| !holds(&bytes, hash)), "old hashes stay behind");

    // Enrolled anew.
    let basis = store.status(&alice.user, &user::now).unwrap().basis();
    let pending = cloud2fa::PendingEnrolment::generate().unwrap();
    let now = user::now();
    let proof = pending.secret().token_at(cloud2fa::TimeStep::of(now));
    let proven = pending.prove(&proof, now, 1).unwrap();
    store.enrol(&alice.user, proven, "root", &basis, Failures::CarriedOver, &user::now).unwrap();
    let bytes = all_bytes(&store_path);
    assert!(old.iter().all(|secret| !holds(&bytes, secret)), "the old enrolment stays behind");

    // Disabled.
    old.push(pending.secret().to_base32().as_bytes().to_vec());
    old.extend(hashes(&store_path));
    let basis = store.status(&alice.user, &user::now).unwrap().basis();
    store.disable(&alice.user, &basis, Failures::CarriedOver, &user::now).unwrap();
    let bytes = all_bytes(&store_path);
    assert!(old.iter().all(|secret| !holds(&bytes, secret)), "the disabled enrolment stays behind");
    assert!(!holds(&bytes, b"secret") && !holds(&bytes, b"hashes") && !holds(&bytes, b"salt"));
}
