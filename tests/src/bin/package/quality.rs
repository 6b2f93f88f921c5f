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

/// What a program that looks for what is installed, or for weak crates, reads of the packages.
pub fn fields(machine: &Machine) {
    let field = |package: &str, name: &str| {
        script(machine, &format!("dpkg-deb --field {FIRST}/{package}.deb {name}")).trim().to_owned()
    };
    for (package, multi_arch, has_clap) in
        [("libpam-cloud2fa", "same", false), ("cloud2fa", "foreign", true)]
    {
        assert_eq!(field(package, "Multi-Arch"), multi_arch);
        let depends = field(package, "Depends");
        assert!(depends.contains("libpam-runtime (>= ") && !depends.contains("(= "), "{depends}");
        let crates = field(package, "X-Cargo-Built-Using");
        // Only the command has arguments to read.
        assert!(crates.contains("totp-rs (= "), "{package}: {crates}");
        assert_eq!(crates.contains("clap (= "), has_clap, "{package}: {crates}");
        // The compiler's standard library; the module's unwinder.
        let linked = field(package, "Static-Built-Using");
        assert!(linked.contains("rust"), "{package}: {linked}");
        assert_eq!(linked.contains("gcc-"), multi_arch == "same", "{package}: {linked}");
    }
}

/// Whenever and from whatever checkout they are built: no file is older or newer than the changelog.
pub fn times(machine: &Machine) {
    let times = script(
        machine,
        &format!(
            "for package in {FIRST}/*.deb; do
                 dpkg-deb --fsys-tarfile $package | TZ=UTC tar --list --verbose --full-time
             done | awk '{{ print $4, $5 }}' | sort --unique"
        ),
    );
    let changelog =
        std::fs::read_to_string(workspace().join("debian/changelog")).expect("it is there");
    let of_changelog = changelog.lines().find_map(|line| line.split_once(">  ")).expect("a date").1;
    let expected =
        script(machine, &format!("date --utc --date='{of_changelog}' '+%Y-%m-%d %H:%M:%S'"));
    assert_eq!(times, expected);
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
