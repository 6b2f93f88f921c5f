//! What Debian's own tools say of the packages.

use crate::dpkg::{FIRST, install_first, purge, script};
use cloud2fa_tests::booted::{Machine, all_of};
use cloud2fa_tests::machine::workspace;

/// Debian 12's debhelper wants units below /lib, of which Debian 13's lintian complains: of the
/// packages that are built there.
const OF_THE_OTHER_SUITE: &str = "aliased-location";

pub fn lintian(machine: &Machine) {
    // Which does not know the complaint.
    let suppress = match machine.suite.as_str() {
        "bookworm" => String::new(),
        _ => format!("--suppress-tags {OF_THE_OTHER_SUITE}"),
    };
    let said = script(machine, &format!("lintian --allow-root {suppress} {FIRST}/*.deb 2>&1"));
    assert_eq!(said, "");
}

/// Debian's own profile of sshd, which an administrator may switch on, is compiled with what the
/// module needs in it. Whether it suffices only a kernel with AppArmor could tell.
pub fn apparmor(machine: &Machine) {
    install_first(machine);
    let profile = "/usr/share/apparmor/extra-profiles/usr.sbin.sshd";
    let compiler = "apparmor_parser --skip-kernel-load --skip-cache";
    script(
        machine,
        &format!("{compiler} --stdout {profile} >/root/sshd.bin && test -s /root/sshd.bin"),
    );
    let whole = script(machine, &format!("{compiler} --preprocess {profile} 2>/dev/null"));
    assert!(whole.contains("/var/lib/cloud2fa/* rwk,"), "{whole}");
    purge(machine);
}

/// As `autopkgtest` does it on a system where it has installed what debian/tests/control names.
pub fn autopkgtest(machine: &Machine) {
    install_first(machine);
    let test =
        std::fs::read_to_string(workspace().join("debian/tests/login")).expect("it is there");
    machine.write("/root/login", &test);
    let output = machine.run(&["sh", "/root/login"], "");
    let said = all_of(&output);
    assert!(output.status.success() && said.contains("All is as it should be."), "{said}");
    script(machine, "userdel --remove autopkgtest-2fa 2>&1; rm /etc/pam.d/2fa-test");
    purge(machine);
}
