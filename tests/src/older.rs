//! Older versions of this repository, as `tools/at` builds them: what tests of upgrade begin with.

use crate::machine::workspace;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the version at `commit`: its files, and what is built of them below
/// `target/release`. Built now, unless that was done before, as tests/all does it for each commit
/// that stands in a test like this: `older::at("d809075")`.
pub fn at(commit: &str) -> PathBuf {
    let built = tool(workspace(), commit).output().expect("bash starts");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "no version of {commit}: {errors}");
    let directory = PathBuf::from(OsStr::from_bytes(built.stdout.trim_ascii_end()));
    assert!(directory.is_absolute(), "{}: {errors}", directory.display());
    directory
}

/// The module of the version in that directory.
pub fn module(directory: &Path) -> PathBuf {
    directory.join("target/release/libpam_cloud2fa.so")
}

/// The command of the version in that directory.
pub fn command(directory: &Path) -> PathBuf {
    directory.join("target/release/cloud2fa")
}

/// `tools/at` of a checkout.
pub fn tool(checkout: &Path, commit: &str) -> Command {
    let mut command = Command::new(checkout.join("tools/at"));
    command.arg(commit);
    command
}
