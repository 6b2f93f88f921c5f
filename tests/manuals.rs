//! The manual pages are well formed, for both programs that format them.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{program, workspace};
use std::path::PathBuf;
use std::process::{Command, Output};

fn pages() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("man")).expect("man/");
    let pages: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    assert!(pages.len() >= 3, "{pages:?}");
    pages
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A page as it is read, and what groff says to it; as lintian does it.
fn formatted(page: &PathBuf) -> Output {
    let mut man = Command::new(program("man", "man-db"));
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(page);
    man.env("LC_ALL", "C.UTF-8").env("MANROFFSEQ", "").env("MANWIDTH", "80");
    man.output().expect("it runs")
}

#[test]
fn groff_has_no_warning() {
    for page in pages() {
        let man = formatted(&page);
        assert!(man.status.success() && !man.stdout.is_empty(), "{}", page.display());
        assert_eq!(text(&man.stderr), "", "{}", page.display());
    }
}

#[test]
fn mandoc_has_no_warning() {
    for page in pages() {
        let mut mandoc = Command::new(program("mandoc", "mandoc"));
        let lint = mandoc.args(["-T", "lint", "-W", "warning"]).arg(&page).output().expect("runs");
        assert!(lint.status.success(), "{}", text(&lint.stdout));
    }
}
