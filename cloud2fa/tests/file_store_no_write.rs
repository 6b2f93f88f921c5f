//! Where nothing can be written (`ulimit -f 0`, as a caller of su or sudo may set it): the
//! outcome tells nothing of the answer, nothing is spent, and nothing becomes healthy.
//!
//! A limit is the whole process's, so each case runs in a child: this program again, with
//! one of the tests, under the limit.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::Purpose;
use cloud2fa::store::{Basis, Failures, Store, StoreError, Verifier};
use cloud2fa::{Answer, FileStore, Generation};
use house::{House, NOW, accepted, alice, attempt, later, open};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Says to a child where the store is. Only these tests read it.
const STORE: &str = "CLOUD2FA_TEST_STORE";
/// Likewise: generation and answer of a login.
const LOGIN: &str = "CLOUD2FA_TEST_LOGIN";

/// Runs the test `name` of this program under the limit, on the store at `path`.
fn without_writing(name: &str, path: &Path, login: &str) {
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 0 && exec \"$0\" --exact --nocapture \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(STORE, path)
        .env(LOGIN, login)
        .output()
        .unwrap();
    let shown = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8_lossy(&shown);
    assert!(output.status.success() && shown.contains("1 passed"), "{}: {shown}", output.status);
}

/// In the child: the store, and generation and answer of a login.
fn child() -> Option<(FileStore, Option<(Generation, Answer)>)> {
    let path = PathBuf::from(std::env::var_os(STORE)?);
    let login = std::env::var(LOGIN).unwrap();
    let login = login.split_once(' ').map(|(generation, answer)| {
        (Generation::from_hex(generation).unwrap(), Answer::parse(answer.as_bytes()).unwrap())
    });
    Some((open(&path).unwrap(), login))
}

fn is_write_error(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { doing: "write", .. })
}

#[test]
fn a_right_a_wrong_and_a_replayed_code_fail_alike_and_nothing_is_spent() {
    if let Some((mut store, login)) = child() {
        let (seen, answer) = login.unwrap();
        let now = || later(1);
        let error =
            store.verify(&attempt(&alice(), &seen, &answer, Purpose::Login), &now).unwrap_err();
        assert!(is_write_error(&error), "{error:?}");
        // The signal of the limit is not left pending: this process would end here.
        return;
    }
    let name = "a_right_a_wrong_and_a_replayed_code_fail_alike_and_nothing_is_spent";
    let (house, enrolled) = House::with_alice();
    let code = enrolled.backup_code(0);
    let spent = enrolled.backup_code(1);
    assert!(accepted(&house.login(&enrolled.generation, &spent, NOW).unwrap()));
    let before = house.bytes();
    let right = enrolled.token(later(1));
    let answers = [&right, &enrolled.wrong(later(1)), &enrolled.token(NOW), &code, &spent];
    for answer in answers {
        let typed = match answer {
            Answer::Token(token) => token.as_str().to_owned(),
            Answer::BackupCode(code) => code.printed().to_string(),
        };
        let login = format!("{} {typed}", enrolled.generation.to_hex());
        without_writing(name, &house.path(), &login);
        assert!(house.bytes() == before, "something was written");
    }
    let verdict = house.login(&enrolled.generation, &right, later(1)).unwrap();
    assert_eq!(verdict, house::right(7, 0, 0));
}

#[test]
fn a_change_that_cannot_be_written_changes_nothing() {
    if let Some((mut store, login)) = child() {
        let (seen, _) = login.unwrap();
        let basis = Basis::Generation(seen.clone());
        let errors = [
            store.disable(&alice(), &basis, Failures::CarriedOver, &|| NOW).unwrap_err(),
            store.regenerate_backup_codes(&alice(), &seen, &|| NOW).unwrap_err(),
            store.unlock(&alice(), &|| NOW).unwrap_err(),
        ];
        assert!(errors.iter().all(is_write_error), "{errors:?}");
        return;
    }
    let (house, enrolled) = House::with_alice();
    let before = house.bytes();
    let login = format!("{} 123456", enrolled.generation.to_hex());
    without_writing("a_change_that_cannot_be_written_changes_nothing", &house.path(), &login);
    assert!(house.bytes() == before, "something was written");
}

#[test]
fn a_first_enrolment_that_cannot_be_written_is_an_error_and_not_the_programs_end() {
    if let Some((mut store, _)) = child() {
        let error =
            store.disable(&alice(), &Basis::Nothing, Failures::CarriedOver, &|| NOW).unwrap_err();
        assert!(is_write_error(&error), "{error:?}");
        return;
    }
    let name = "a_first_enrolment_that_cannot_be_written_is_an_error_and_not_the_programs_end";
    let house = House::new();
    without_writing(name, &house.path(), "");
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), 2, "a leftover");
    house.enrol(&Basis::Nothing, NOW).unwrap();
}

#[test]
fn a_truncated_record_that_cannot_be_written_over_is_an_error_and_not_the_programs_end() {
    if let Some((mut store, _)) = child() {
        let error =
            store.disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
        return;
    }
    let name =
        "a_truncated_record_that_cannot_be_written_over_is_an_error_and_not_the_programs_end";
    let (house, _) = House::with_alice();
    house.put(b"");
    without_writing(name, &house.path(), "");
    assert!(matches!(house.challenge(NOW), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_record_that_others_could_change_is_not_made_healthy_where_it_cannot_be_written_over() {
    if let Some((mut store, _)) = child() {
        let error =
            store.disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
        return;
    }
    let name =
        "a_record_that_others_could_change_is_not_made_healthy_where_it_cannot_be_written_over";
    // What stands in it may be anybody's: if it served afterwards, it would be trusted.
    let (house, enrolled) = House::with_alice();
    std::fs::set_permissions(house.file(), Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(house.challenge(NOW), Err(StoreError::UnsafeRecord { .. })));
    without_writing(name, &house.path(), "");
    let challenge = house.challenge(NOW);
    assert!(matches!(challenge, Err(StoreError::UnsafeRecord { .. })), "{challenge:?}");
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), 3, "a leftover, or moved aside");
    let answer = enrolled.token(later(1));
    house.login(&enrolled.generation, &answer, later(1)).expect_err("its content is trusted");
}
