//! From the first installation to the purge, with logins by ssh at each stage.

use crate::dpkg::{
    FIRST, HIGHER, UNENROLLED, are_installed, code_logs_in, install, install_first, is_on,
    password_alone_logs_in, purge, remove, script, state, switch_on, try_script,
};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::{enable, ssh_to};
use cloud2fa_tests::sshd::LET_IN;

const MODULE: &str = "/usr/lib/*/security/pam_cloud2fa.so";
/// The package's second link to it.
const KEPT: &str = "/usr/lib/*/security/.pam_cloud2fa.so.kept";

pub fn whole(machine: &Machine) {
    password_alone_logs_in(machine, "anna");
    install(machine, FIRST);
    // Enrolled or not: no login asks before it is switched on.
    let (mut phone, codes) = enable(machine, "anna");
    password_alone_logs_in(machine, "anna");
    password_alone_logs_in(machine, UNENROLLED);
    switch_on(machine);
    code_logs_in(machine, "anna", &phone.code());
    password_alone_logs_in(machine, UNENROLLED);
    upgrade(machine, &codes[..2]);
    // And back.
    script(machine, &format!("dpkg --install {FIRST}/*.deb"));
    assert!(are_installed(machine) && is_on(machine));
    code_logs_in(machine, "anna", &codes[2]);
    password_alone_logs_in(machine, UNENROLLED);
    // The profile goes first, so that the passwords are enough again.
    remove(machine);
    assert!(!is_on(machine));
    machine.lacks(&[MODULE, KEPT]);
    password_alone_logs_in(machine, "anna");
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}

/// To a higher version, while somebody is logged in.
fn upgrade(machine: &Machine, codes: &[String]) {
    let repeat = format!("echo {LET_IN}; while read line; do echo read: $line; done");
    let mut session = ssh_to(machine, "anna", Some(&codes[0]), &repeat);
    session.expect(LET_IN);
    // Who logs in meanwhile without being root finds the socket.
    let socket = "stat --format %i /run/cloud2fa/socket
        systemctl show --property ActiveEnterTimestampMonotonic cloud2fad.socket";
    let before = script(machine, socket);
    let installed = install(machine, HIGHER);
    assert_eq!(script(machine, socket), before);
    assert!(
        installed.contains("Unpacking libpam-cloud2fa") && installed.contains(" over "),
        "{installed}"
    );
    assert!(are_installed(machine) && is_on(machine));
    session.type_line("still here");
    session.expect("read: still here");
    drop(session);
    script(machine, "systemctl is-active cloud2fad.socket");
    code_logs_in(machine, "anna", &codes[1]);
    password_alone_logs_in(machine, UNENROLLED);
}

pub fn again(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    let said = remove(machine);
    assert!(said.contains("Records in /var/lib/cloud2fa: 1."), "{said}");
    // Profile off, as it was before the first installation.
    install(machine, FIRST);
    assert!(!is_on(machine));
    password_alone_logs_in(machine, "anna");
    switch_on(machine);
    code_logs_in(machine, "anna", &codes[0]);
    // A purge says what it deletes before it does.
    let said = purge(machine);
    let warned = said.find("Purging it\ndeletes them for good");
    let deleted = said.find("Deleting all second factors");
    assert!(warned.is_some() && warned < deleted, "{said}");
    machine.lacks(&["/var/lib/cloud2fa"]);
    password_alone_logs_in(machine, "anna");
    install(machine, FIRST);
    switch_on(machine);
    password_alone_logs_in(machine, "anna");
    purge(machine);
}

/// dpkg does not ask such a package whether it may be removed.
pub fn unpacked(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    script(machine, &format!("dpkg --unpack {HIGHER}/*.deb"));
    assert_eq!(state(machine, "libpam-cloud2fa"), "unpacked");
    // Meanwhile it works.
    password_alone_logs_in(machine, UNENROLLED);
    remove(machine);
    assert!(!is_on(machine));
    machine.lacks(&["/run/cloud2fa/socket"]);
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
    machine.lacks(&[MODULE, KEPT]);
}

/// The packages of another version one by one, in either order: nothing is left half done, which
/// apt would mend by a removal that the package is not asked about.
pub fn one_by_one(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    let (_, codes) = enable(machine, "anna");
    for (number, package) in ["libpam-cloud2fa", "cloud2fa"].iter().enumerate() {
        script(machine, &format!("dpkg --install {HIGHER}/{package}.deb"));
        assert!(are_installed(machine));
        let said = script(machine, "apt-get --yes --fix-broken install");
        assert!(said.contains(" 0 to remove"), "{said}");
        assert!(is_on(machine));
        code_logs_in(machine, "anna", &codes[number]);
    }
    purge(machine);
}

/// A module that does not know what this version's command writes would refuse its users' logins: apt
/// brings both or none.
pub fn with_an_older_module(machine: &Machine) {
    purge(machine);
    let older = "/root/packages/older";
    script(
        machine,
        &format!(
            "rm -rf {older}; mkdir {older}
             for package in libpam-cloud2fa cloud2fa; do
                 dpkg-deb --raw-extract {FIRST}/$package.deb {older}/$package
                 sed -i '/^Breaks: /d; s/^Version: .*/Version: 0.1.0-1/; s/cloud2fa (>= [0-9.]*)/cloud2fa/' \\
                     {older}/$package/DEBIAN/control
                 dpkg-deb --root-owner-group --build {older}/$package {older}/$package.deb
                 rm -r {older}/$package
             done"
        ),
    );
    install(machine, older);
    switch_on(machine);
    let (said, done) = try_script(machine, &format!("dpkg --install {FIRST}/cloud2fa.deb"));
    assert!(!done && said.contains("would break libpam-cloud2fa"), "{said}");
    assert!(are_installed(machine) && is_on(machine));
    script(machine, &format!("apt-get --yes install {FIRST}/*.deb"));
    assert!(are_installed(machine) && is_on(machine));
    let (_, codes) = enable(machine, "anna");
    code_logs_in(machine, "anna", &codes[0]);
    // And back.
    script(machine, &format!("apt-get --yes --allow-downgrades install {older}/*.deb"));
    assert!(are_installed(machine) && is_on(machine));
    code_logs_in(machine, "anna", &codes[1]);
    script(machine, &format!("rm -r {older}"));
    purge(machine);
}

/// Where dpkg does not ask, PAM's files name the module: it stays, with the store, until they do not.
pub fn unpacked_and_named(machine: &Machine) {
    for purges_at_once in [false, true] {
        install_first(machine);
        let (_, codes) = enable(machine, "anna");
        script(machine, &format!("dpkg --unpack {HIGHER}/libpam-cloud2fa.deb"));
        assert_eq!(state(machine, "libpam-cloud2fa"), "unpacked");
        let asks = |usual: &str| {
            usual.replace(
                "@include common-auth\n",
                "@include common-auth\nauth required pam_cloud2fa.so nullok\n",
            )
        };
        machine.with_file("/etc/pam.d/sshd", asks, || {
            let said = if purges_at_once { purge(machine) } else { remove(machine) };
            assert!(said.contains("\n/etc/pam.d/sshd:"), "{said}");
            assert!(said.contains("belongs to no package any more"), "{said}");
            code_logs_in(machine, "anna", &codes[0]);
            password_alone_logs_in(machine, UNENROLLED);
            let said = purge(machine);
            assert!(!said.contains("Deleting all second factors"), "{said}");
            code_logs_in(machine, "anna", &codes[1]);
            if !purges_at_once {
                // An installation has all as it was.
                install(machine, FIRST);
                code_logs_in(machine, "anna", &codes[2]);
                script(machine, &format!("dpkg --unpack {HIGHER}/libpam-cloud2fa.deb"));
                remove(machine);
            }
        });
        password_alone_logs_in(machine, "anna");
        if purges_at_once {
            // The packages are gone; what they said is to be typed.
            script(machine, &format!("rm {MODULE} {KEPT}; rm -r /var/lib/cloud2fa"));
        } else {
            purge(machine);
            machine.lacks(&[MODULE, KEPT, "/var/lib/cloud2fa"]);
        }
    }
}
