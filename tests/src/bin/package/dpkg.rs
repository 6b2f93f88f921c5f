//! The packages in the machine: put in, taken out, switched on.

use cloud2fa_tests::booted::{Machine, all_of};
use cloud2fa_tests::logins::{ssh, sshd_asks};

/// The packages' files in the machine, of the version that is built and of a higher one.
pub const FIRST: &str = "/root/packages/first";
pub const HIGHER: &str = "/root/packages/higher";

/// Of a package that is installed as it should be.
pub const INSTALLED: &str = "installed";

/// A user who has no second factor in any of the checks.
pub const UNENROLLED: &str = "uwe";

/// Once, before all checks: users, and an sshd as README has it.
pub fn prepare(machine: &Machine) {
    machine.add_user(UNENROLLED);
    machine.add_user("anna");
    sshd_asks(machine);
}

/// Runs a shell script without anybody to ask; gives what it says, and whether it succeeds.
pub fn try_script(machine: &Machine, script: &str) -> (String, bool) {
    let whole = format!("export DEBIAN_FRONTEND=noninteractive; {script}");
    let output = machine.run(&["sh", "-ec", &whole], "");
    (all_of(&output), output.status.success())
}

/// The same, where it must succeed.
pub fn script(machine: &Machine, script: &str) -> String {
    let (shown, done) = try_script(machine, script);
    assert!(done, "{script}: {shown}");
    shown
}

/// Installs both packages of a version.
pub fn install(machine: &Machine, version: &str) -> String {
    script(machine, &format!("dpkg --install {version}/*.deb"))
}

/// Installs both for the first time, whatever a check before has left.
pub fn install_first(machine: &Machine) -> String {
    purge(machine);
    install(machine, FIRST)
}

/// Switches the second factor on, as an administrator does.
pub fn switch_on(machine: &Machine) {
    script(machine, "pam-auth-update --enable cloud2fa");
    assert!(is_on(machine));
}

/// Whether the profile's line is in common-auth.
pub fn is_on(machine: &Machine) -> bool {
    machine.must(&["cat", "/etc/pam.d/common-auth"]).contains("\tpam_cloud2fa.so nullok\n")
}

/// Takes both packages out.
pub fn remove(machine: &Machine) -> String {
    script(machine, "dpkg --remove libpam-cloud2fa cloud2fa")
}

/// Takes out all that there may be of both packages.
pub fn purge(machine: &Machine) -> String {
    script(machine, "dpkg --purge libpam-cloud2fa cloud2fa")
}

/// Tries to take the module out; gives what is said when that is refused.
pub fn removal_is_refused(machine: &Machine) -> String {
    let (shown, done) = try_script(machine, "dpkg --remove libpam-cloud2fa");
    assert!(!done && shown.contains("libpam-cloud2fa is not removed"), "{shown}");
    script(machine, "ls /usr/lib/*/security/pam_cloud2fa.so");
    assert_eq!(state(machine, "libpam-cloud2fa"), INSTALLED);
    shown
}

/// How dpkg sees a package: `installed`, `unpacked`.
pub fn state(machine: &Machine, package: &str) -> String {
    let query = format!("dpkg-query --show --showformat '${{db:Status-Status}}' {package} || true");
    script(machine, &query).lines().next().unwrap_or_default().to_owned()
}

/// Both packages are installed in a version.
pub fn are_installed(machine: &Machine) -> bool {
    ["cloud2fa", "libpam-cloud2fa"].iter().all(|package| state(machine, package) == INSTALLED)
}

/// Who has not enrolled logs in with the password alone.
pub fn password_alone_logs_in(machine: &Machine, user: &str) {
    let (let_in, shown) = ssh(machine, user, None);
    assert!(let_in && !shown.contains("Verification code"), "{user}: {shown}");
}

/// Who has enrolled logs in with password and code.
pub fn code_logs_in(machine: &Machine, user: &str, code: &str) {
    let (let_in, shown) = ssh(machine, user, Some(code));
    assert!(let_in, "{user}: {shown}");
}
