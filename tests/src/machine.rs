//! The machine that tests run on: see `private-machine`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

/// Fails, unless this process runs on a machine of its own.
pub fn must_be_private() {
    static CHECKED: Once = Once::new();
    CHECKED.call_once(|| {
        let is_private =
            std::env::var_os("CLOUD2FA_PRIVATE_MACHINE").is_some_and(|value| value == "1");
        assert!(
            is_private,
            "this test changes /etc and /dev, so it runs on a machine of its own: make check T=NAME"
        );
    });
}

/// The workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// The built module.
pub fn module() -> PathBuf {
    built("CLOUD2FA_MODULE", "libpam_cloud2fa.so")
}

/// What `make build` has built, or what the environment names instead.
///
/// What is older than its sources is refused: a test of it would say nothing about them. Who names a
/// file says what is to be tested, such as an older version on purpose; and where there are no sources
/// nothing can be older.
pub fn built(variable: &str, file: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| workspace().join("target/release").join(file));
    assert!(
        path.is_absolute() && path.is_file(),
        "there is no {}: build it (make build), or name another one in {variable}",
        path.display()
    );
    if named.is_none() {
        must_be_fresh(&path);
    }
    path
}

/// Looks once at each file: what is written while a test runs is not what it is of.
fn must_be_fresh(built: &Path) {
    static FRESH: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if FRESH.lock().is_ok_and(|fresh| fresh.contains(built)) {
        return;
    }
    if let Some(source) = newer_source(workspace(), built) {
        panic!("{} is older than {}: make build", built.display(), source.display());
    }
    FRESH.lock().expect("nobody panics with it").insert(built.to_owned());
}

/// A source that was written after `built` was: of what is built for use, which is all crates but the
/// tests, as in Makefile.
pub fn newer_source(workspace: &Path, built: &Path) -> Option<PathBuf> {
    let written = |path: &Path| path.symlink_metadata().and_then(|data| data.modified()).ok();
    let built = written(built)?;
    let crates = directory(workspace).into_iter().filter(|path| {
        path.join("Cargo.toml").is_file() && path.file_name().is_some_and(|name| name != "tests")
    });
    let others =
        ["Cargo.toml", "Cargo.lock", "conf/io.cloud2fa.varlink"].map(|file| workspace.join(file));
    let mut left: Vec<PathBuf> = others.into_iter().chain(crates).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            // A crate's own tests are no part of what is built of it.
            left.extend(directory(&path).into_iter().filter(|path| !path.ends_with("tests")));
        } else if written(&path).is_some_and(|written| written > built) {
            return Some(path);
        }
    }
    None
}

/// The entries of a directory. Empty if there is none.
fn directory(path: &Path) -> Vec<PathBuf> {
    let entries = path.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The path of a program that a test needs.
pub fn program(name: &str, package: &str) -> PathBuf {
    let directories = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let found = directories
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("this test needs {name}: apt install {package}"))
}
