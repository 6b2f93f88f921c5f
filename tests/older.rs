//! `tools/at`: an older version is built once, and is never said to be there where it is not.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{must_be_private, workspace};
use cloud2fa_tests::{Code, Fixture, older};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// No commit's hash.
const NOBODYS: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn the_module_of_an_older_version_works_in_the_store_of_its_command() {
    must_be_private();
    let version = older::at("d809075");
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.store_path()).unwrap();
    let module = older::module(&version);
    fixture.set_stack(&[&format!("auth required {} CONFIG", module.display())]);
    assert_eq!(fixture.login("alice", &["123456"]).code, Code::AUTHINFO_UNAVAIL);
    let init = Command::new(older::command(&version))
        .arg("--config")
        .arg(fixture.config_path())
        .arg("init")
        .output()
        .unwrap();
    assert!(init.status.success(), "{init:?}");
    // Nobody is enrolled.
    assert_eq!(fixture.login("alice", &["123456"]).code, Code::AUTH_ERR);
}

#[test]
fn a_commit_that_the_history_lacks_is_refused() {
    is_refused(workspace(), NOBODYS, "There is no commit 0123456");
    let checkout = repository("build:\n");
    is_refused(checkout.path(), NOBODYS, "git fetch --unshallow");
    // Another day it would be another commit.
    for moves in ["HEAD", "main", "d80907", "", "-h"] {
        is_refused(checkout.path(), moves, "");
    }
    // A branch that is called like a hash.
    git(checkout.path(), &["branch", &NOBODYS[..7]]);
    is_refused(checkout.path(), &NOBODYS[..7], "There is no commit 0123456");
}

#[test]
fn without_a_history_of_its_own_a_checkout_has_no_older_version() {
    // As where a source tarball is unpacked within a clone.
    let checkout = tempfile::tempdir_in(workspace().join("target")).unwrap();
    copy_tool(checkout.path());
    is_refused(checkout.path(), "d809075", "has no git history");
}

#[test]
fn calls_at_once_build_once() {
    let checkout = repository("build:\n\t@mkdir -p target; echo built >>target/log; sleep 0.3\n");
    let commit = head(checkout.path());
    let calls: Vec<_> = (0..4)
        .map(|_| older::tool(checkout.path(), &commit).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    let directory = checkout.path().join("target/at").join(&commit);
    for call in calls {
        let ended = call.wait_with_output().unwrap();
        assert!(ended.status.success());
        assert_eq!(said(&ended), format!("{}\n", directory.display()));
    }
    assert_eq!(fs::read_to_string(directory.join("target/log")).unwrap(), "built\n");
    // What was built is there without the history, too.
    fs::remove_dir_all(checkout.path().join(".git")).unwrap();
    assert!(older::tool(checkout.path(), &commit).output().unwrap().status.success());
}

#[test]
fn what_could_not_be_built_is_tried_again() {
    let checkout = repository("build:\n\t@mkdir -p target; test -e ../can-be\n");
    let commit = head(checkout.path());
    for _ in 0..2 {
        is_refused(checkout.path(), &commit, "");
    }
    fs::write(checkout.path().join("target/at/can-be"), "").unwrap();
    assert!(older::tool(checkout.path(), &commit).output().unwrap().status.success());
}

#[test]
fn root_reads_the_history_of_a_users_checkout() {
    must_be_private();
    let checkout = repository("build:\n\t@mkdir target\n");
    let commit = head(checkout.path());
    let chown = Command::new("chown").args(["-R", "alice"]).arg(checkout.path()).output().unwrap();
    assert!(chown.status.success());
    let mut call = older::tool(checkout.path(), &commit);
    let ended = call.env_remove("SUDO_UID").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[track_caller]
fn is_refused(checkout: &Path, commit: &str, why: &str) {
    let ended = older::tool(checkout, commit).output().unwrap();
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && ended.stdout.is_empty(), "{commit}: {ended:?}");
    assert!(!errors.is_empty() && errors.contains(why), "{commit}: {errors}");
}

fn said(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

fn copy_tool(checkout: &Path) {
    fs::create_dir(checkout.join("tools")).unwrap();
    fs::copy(workspace().join("tools/at"), checkout.join("tools/at")).unwrap();
}

/// A repository of one commit, which is built by that Makefile.
fn repository(makefile: &str) -> TempDir {
    let checkout = tempfile::tempdir().unwrap();
    copy_tool(checkout.path());
    fs::write(checkout.path().join("Makefile"), makefile).unwrap();
    git(checkout.path(), &["init", "--quiet"]);
    git(checkout.path(), &["add", "Makefile"]);
    let whose = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"];
    git(checkout.path(), &[&whose[..], &["commit", "--quiet", "--message=one"]].concat());
    checkout
}

fn head(checkout: &Path) -> String {
    git(checkout, &["rev-parse", "HEAD"]).trim().to_owned()
}

fn git(checkout: &Path, words: &[&str]) -> String {
    let ended = Command::new("git").arg("-C").arg(checkout).args(words).output().unwrap();
    assert!(ended.status.success(), "{words:?}: {ended:?}");
    said(&ended)
}
