//! `.ci/run` leaves out only what a change cannot break, and all of it runs where that cannot be told.
#![allow(missing_docs)]

use cloud2fa_tests::machine::workspace;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const ALL: &str = "fresh_debian\nsource_package\nself_service\npackage\nprograms\n";

fn git(checkout: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x", "-C"]).arg(checkout).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn write(checkout: &Path, file: &str) {
    let path = checkout.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "new").unwrap();
}

/// A repository that has the script and one commit.
fn repository() -> TempDir {
    let checkout = tempfile::tempdir().unwrap();
    fs::create_dir(checkout.path().join(".ci")).unwrap();
    fs::copy(workspace().join(".ci/run"), checkout.path().join(".ci/run")).unwrap();
    git(checkout.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(checkout.path());
    checkout
}

fn commit(checkout: &Path) {
    git(checkout, &["add", "."]);
    git(checkout, &["commit", "--quiet", "--message=x"]);
}

fn touched(checkout: &Path, commit: &str) -> String {
    let output = Command::new(checkout.join(".ci/run")).args(["touched", commit]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn where_the_change_cannot_be_told_all_of_it_runs() {
    let checkout = repository();
    let checkout = checkout.path();
    assert_eq!(touched(checkout, ""), ALL, "there is no origin");
    git(checkout, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(touched(checkout, ""), ALL, "main itself");
    assert_eq!(
        touched(checkout, "0123456789abcdef0123456789abcdef01234567"),
        ALL,
        "nobody's commit"
    );
    fs::remove_dir_all(checkout.join(".git")).unwrap();
    assert_eq!(touched(checkout, ""), ALL, "no repository");
}

#[test]
fn what_a_change_cannot_break_is_left_out() {
    let rows = [
        ("docs/ARCHITECTURE.md", ""),
        ("tests/login.rs", ""),
        ("tests/src/bin/bench/main.rs", ""),
        ("tests/fresh_debian", "fresh_debian\n"),
        ("tests/src/bin/self_service/main.rs", "self_service\n"),
        ("tests/src/bin/programs/main.rs", "programs\n"),
        ("tests/programs", "programs\n"),
        ("docs/programs.md", "programs\n"),
        ("docs/ssh-clients.md", "programs\n"),
        ("tests/src/booted.rs", "self_service\npackage\nprograms\n"),
        ("conf/ansible/site.yml", "package\n"),
        ("conf/cloud2fa.toml", ALL),
        ("debian/rules", "source_package\npackage\n"),
        ("debian/new name", "source_package\npackage\n"),
        ("cloud2fa/src/decide.rs", ALL),
        ("cloud2fa/docs/x.md", ALL),
        ("tests/machines/debian", ALL),
        ("Makefile", ALL),
        ("a_new_thing", ALL),
    ];
    for (file, parts) in rows {
        let checkout = repository();
        let checkout = checkout.path();
        git(checkout, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        git(checkout, &["commit", "--quiet", "--allow-empty", "--message=x"]);
        assert_eq!(touched(checkout, ""), "", "an empty change");
        write(checkout, file);
        assert_eq!(touched(checkout, ""), parts, "{file}, not committed");
        commit(checkout);
        assert_eq!(touched(checkout, ""), parts, "{file}");
        assert_eq!(touched(checkout, "HEAD"), "");
        // Gone is touched, too.
        git(checkout, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        git(checkout, &["mv", file, "docs-of-old"]);
        commit(checkout);
        assert_eq!(touched(checkout, ""), ALL, "{file} has moved to a place that is not known");
    }
}
