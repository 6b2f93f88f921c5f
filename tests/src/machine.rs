//! The machine that tests run on: see `private-machine`.

use std::path::{Path, PathBuf};
use std::sync::Once;

/// Fails, unless this process runs on a machine of its own.
pub fn must_be_private() {
    static CHECKED: Once = Once::new();
    CHECKED.call_once(|| {
        let is_private = std::env::var_os("CLOUD2FA_PRIVATE_MACHINE").is_some_and(|value| value == "1");
        assert!(
            is_private,
            "this test changes /etc and /dev, so it runs on a machine of its own:\n\
             CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER={}/private-machine cargo test -p cloud2fa-tests",
            env!("CARGO_MANIFEST_DIR")
        );
    });
}

/// The workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// The built module.
pub fn module() -> PathBuf {
    let named = std::env::var_os("CLOUD2FA_MODULE").map(PathBuf::from);
    let module = named.unwrap_or_else(|| workspace().join("target/release/libpam_cloud2fa.so"));
    assert!(
        module.is_absolute() && module.is_file(),
        "there is no module at {}: build it (cargo build --release -p pam_cloud2fa), or name it in CLOUD2FA_MODULE",
        module.display()
    );
    module
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
