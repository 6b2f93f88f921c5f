//! The module is not removed while PAM names it: nobody could log in there.

use crate::dpkg::{
    FIRST, HIGHER, INSTALLED, UNENROLLED, code_logs_in, install, install_first, is_on,
    password_alone_logs_in, purge, removal_is_refused, remove, script, state, switch_on,
    try_script,
};
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::logins::enable;
use cloud2fa_tests::recipe;

const COMMON_AUTH: &str = "/etc/pam.d/common-auth";

/// Files of the administrator's, with the number of the line that names the module.
const SERVICES: &[(&str, &str, u32)] = &[
    ("/etc/pam.d/first", "auth required pam_cloud2fa.so\n", 1),
    ("/etc/pam.d/indented", "# ours\n\n\tauth\trequisite pam_cloud2fa.so # asks\n", 3),
    ("/etc/pam.d/by-path", "auth required /usr/lib/security/pam_cloud2fa.so\n", 1),
    ("/etc/pam.d/continued", "auth required \\\n    pam_cloud2fa.so nullok\n", 2),
    ("/etc/pam.d/below/another", "-auth [success=1 default=die] pam_cloud2fa.so\n", 1),
    ("/etc/pam.d/with-nul", "# \0\nauth required pam_cloud2fa.so\n", 2),
    ("/etc/pam.conf", "sudo auth required pam_cloud2fa.so\n", 1),
    ("/usr/lib/pam.d/vendor", "auth required pam_permit.so\nauth required pam_cloud2fa.so\n", 2),
];

pub fn services(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    script(machine, "cp -a /etc/pam.conf /root/pam.conf");
    for (file, text, line) in SERVICES {
        machine.write(file, text);
        let said = removal_is_refused(machine);
        assert!(said.contains(&format!("\n{file}:{line}:")), "{file}: {said}");
        // Nothing has changed by that.
        assert!(is_on(machine), "{file}");
        if *file == "/etc/pam.conf" {
            script(machine, "cp -a /root/pam.conf /etc/pam.conf");
        } else {
            script(machine, &format!("rm {file}"));
        }
    }
    // All are named at once.
    machine.write(SERVICES[0].0, SERVICES[0].1);
    machine.write(SERVICES[1].0, SERVICES[1].1);
    let said = removal_is_refused(machine);
    assert!(
        said.contains("/etc/pam.d/first:1:") && said.contains("/etc/pam.d/indented:3:"),
        "{said}"
    );
    // A purge asks, too; and the command does not go alone.
    for verb in ["--purge libpam-cloud2fa cloud2fa", "--remove cloud2fa"] {
        let (said, done) = try_script(machine, &format!("dpkg {verb}"));
        assert!(!done, "{verb}: {said}");
    }
    script(machine, "cloud2fa list");
    password_alone_logs_in(machine, UNENROLLED);
    script(machine, &format!("rm {} {}", SERVICES[0].0, SERVICES[1].0));
    remove(machine);
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}

/// What a service's file has for a line of another file; {} is that one.
const INCLUDING: &[(&str, &str)] = &[
    ("@include {}\n", "/opt/pam/ours"),
    (
        "auth required pam_env.so\n-auth [success=ok] pam_env.so\nauth\tINCLUDE {} # ours\n",
        "/opt/pam/ours",
    ),
    ("auth substack ../pam-ours/x\n", "/etc/pam.d/../pam-ours/x"),
    ("@include asked.dpkg-new\n", "/etc/pam.d/asked.dpkg-new"),
    ("auth [include] {}\n", "/opt/pam/ours"),
    ("auth include [{}]\n", "/opt/pam/ours"),
    ("auth include \\\n# ours\n\n\t{}\n", "/opt/pam/ours"),
    ("@include \\\n{}\n", "/opt/pam/ours"),
    ("# \0\n@include {}\n", "/opt/pam/ours"),
];

/// Files that PAM reads only because others include them, wherever they are.
pub fn included(machine: &Machine) {
    install_first(machine);
    for (including, file) in INCLUDING {
        machine.write("/etc/pam.d/first", "@include second\n");
        machine.write("/etc/pam.d/second", &including.replace("{}", file));
        machine.write(file, "auth required pam_cloud2fa.so\n");
        // libpam reads it: nobody who has not enrolled gets in.
        let (said, let_in) = pamtester(machine, "first");
        assert!(!let_in, "{including}: {said}");
        let said = removal_is_refused(machine);
        assert!(said.contains(&format!("\n{file}:1:")), "{including}: {said}");
        script(machine, &format!("rm {file}"));
    }
    // Nor does it wait for what is no file, or goes round in circles.
    machine.write("/etc/pam.d/second", "@include first\n@include /opt/pam/missing\n");
    script(machine, "mkfifo /etc/pam.d/fifo; ln -s . /etc/pam.d/circle");
    script(machine, "timeout 600 dpkg --remove libpam-cloud2fa cloud2fa");
    script(machine, "cd /etc/pam.d && rm first second fifo circle");
    purge(machine);
}

fn pamtester(machine: &Machine, service: &str) -> (String, bool) {
    try_script(machine, &format!("echo {PASSWORD} | pamtester {service} {UNENROLLED} authenticate"))
}

/// Another package that takes this one's place, and what it does before it is unpacked.
fn make_rival(machine: &Machine, preinst: &str) {
    machine.write(
        "/root/rival/DEBIAN/control",
        "Package: rival\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n\
         Description: in its place\nConflicts: libpam-cloud2fa\nReplaces: libpam-cloud2fa\n\
         Provides: libpam-cloud2fa\n",
    );
    machine.write("/root/rival/DEBIAN/preinst", &format!("#!/bin/sh\n{preinst}\n"));
    script(
        machine,
        "chmod 755 /root/rival/DEBIAN/preinst; dpkg-deb --build /root/rival /root/rival.deb",
    );
}

/// Another package takes this one's place, and fails: the second factor is asked for as before.
pub fn in_favour_of_another(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    make_rival(machine, "exit 1");
    switch_on(machine);
    let (said, done) = try_script(machine, "dpkg --auto-deconfigure --install /root/rival.deb");
    assert!(!done && said.contains("in favour of rival"), "{said}");
    assert_eq!(state(machine, "libpam-cloud2fa"), INSTALLED);
    assert!(is_on(machine), "{said}");
    code_logs_in(machine, "anna", &codes[0]);
    // Off stays off, also where the removal before has come to its end.
    remove(machine);
    install(machine, FIRST);
    script(machine, "! dpkg --auto-deconfigure --install /root/rival.deb");
    assert!(!is_on(machine));
    // What the administrator says between a removal that was killed and the next step goes.
    script(
        machine,
        "touch /var/lib/misc/libpam-cloud2fa.was-on; pam-auth-update --disable cloud2fa",
    );
    install(machine, HIGHER);
    assert!(!is_on(machine));
    machine.lacks(&["/var/lib/misc/libpam-cloud2fa.was-on"]);
    purge(machine);
}

/// The disk is full just when a removal has come to nothing: the second factor cannot be switched on
/// again, and is when there is room, without being asked for.
pub fn on_a_full_disk(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    script(
        machine,
        "cp -a /etc/pam.d /root/pam.d
         mount -t tmpfs -o size=512k tmpfs /etc/pam.d
         cp -a /root/pam.d/. /etc/pam.d",
    );
    switch_on(machine);
    make_rival(machine, "cat /dev/zero >/etc/pam.d/fills-up~\nexit 1");
    let (said, done) = try_script(machine, "dpkg --auto-deconfigure --install /root/rival.deb");
    assert!(!done && said.contains("The profile cloud2fa is NOT on"), "{said}");
    assert!(!is_on(machine));
    // dpkg wants it installed again. As long as there is no room, it says so again.
    let configure = "dpkg --configure libpam-cloud2fa";
    let again = format!("dpkg --install {FIRST}/libpam-cloud2fa.deb");
    let (said, done) = try_script(machine, &again);
    assert!(!done && said.contains(&format!(": {configure}\n")), "{said}");
    assert!(!is_on(machine));
    script(machine, "rm /etc/pam.d/fills-up~");
    script(machine, configure);
    assert_eq!(state(machine, "libpam-cloud2fa"), INSTALLED);
    assert!(is_on(machine));
    code_logs_in(machine, "anna", &codes[0]);
    purge(machine);
    script(machine, "umount /etc/pam.d; rm -r /root/pam.d");
    machine.lacks(&["/etc/pam.d/fills-up~"]);
}

/// What an administrator has edited since a removal that was killed stays, and nobody is told that
/// the second factor is on.
pub fn edited_meanwhile(machine: &Machine) {
    install_first(machine);
    script(machine, &format!("cp -a {COMMON_AUTH} /root/common-auth"));
    script(machine, "touch /var/lib/misc/libpam-cloud2fa.switch-on");
    script(
        machine,
        &format!("sed -i '/^# end of pam-auth-update/i auth optional pam_warn.so' {COMMON_AUTH}"),
    );
    let said = script(machine, "dpkg-reconfigure libpam-cloud2fa 2>&1");
    assert!(said.contains("The profile cloud2fa is NOT on"), "{said}");
    assert!(!is_on(machine));
    script(machine, &format!("cp -a /root/common-auth {COMMON_AUTH}"));
    let said = script(machine, "dpkg-reconfigure libpam-cloud2fa 2>&1");
    assert!(!said.contains("NOT on"), "{said}");
    assert!(is_on(machine));
    // Once.
    script(machine, "pam-auth-update --disable cloud2fa; dpkg-reconfigure libpam-cloud2fa");
    assert!(!is_on(machine));
    purge(machine);
}

/// The recipes as they are installed.
pub fn recipes(machine: &Machine) {
    install_first(machine);
    let recipes = "/usr/share/cloud2fa/recipes";
    let names = machine.must(&["ls", recipes]);
    for name in names.split_whitespace() {
        recipe::with(machine, &format!("{recipes}/{name}"), || {
            let said = removal_is_refused(machine);
            assert!(said.contains(":auth ") && said.contains("pam_cloud2fa.so"), "{name}: {said}");
        });
    }
    assert!(names.contains("ssh-password-then-code"), "{names}");
    remove(machine);
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}

pub fn common_auth(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    let edit = |how: &str| script(machine, &format!("sed -i '{how}' {COMMON_AUTH}"));
    script(machine, &format!("cp -a {COMMON_AUTH} /root/common-auth"));
    // Behind the managed block, with the profile off.
    edit("$a auth required pam_cloud2fa.so nullok");
    let said = removal_is_refused(machine);
    assert!(said.contains("/etc/pam.d/common-auth:"), "{said}");
    code_logs_in(machine, "anna", &codes[0]);
    script(machine, &format!("cp -a /root/common-auth {COMMON_AUTH}"));
    // In the managed block, with the profile off: pam-auth-update gives up, with success.
    edit("/^# end of pam-auth-update/i auth required pam_cloud2fa.so nullok");
    let said = removal_is_refused(machine);
    assert!(said.contains("/etc/pam.d/common-auth:"), "{said}");
    code_logs_in(machine, "anna", &codes[1]);
    script(machine, &format!("cp -a /root/common-auth {COMMON_AUTH}"));
    // The profile on, and one more line behind it: the profile stays on.
    switch_on(machine);
    edit("$a auth required pam_cloud2fa.so nullok debug");
    removal_is_refused(machine);
    assert!(is_on(machine));
    edit("$d");
    // The profile on, and the block edited.
    edit("/pam_cloud2fa.so/i auth optional pam_warn.so");
    let said = removal_is_refused(machine);
    assert!(said.contains("Local modifications"), "{said}");
    assert!(is_on(machine));
    code_logs_in(machine, "anna", &codes[2]);
    edit("/pam_warn.so/d");
    remove(machine);
    assert!(!is_on(machine));
    password_alone_logs_in(machine, "anna");
    purge(machine);
}

pub fn what_does_not_count(machine: &Machine) {
    install_first(machine);
    let line = "auth required pam_cloud2fa.so\n";
    machine.write(
        "/etc/pam.d/comment",
        &format!("# {line}auth required pam_permit.so # pam_cloud2fa.so\n"),
    );
    let backups =
        ["sshd.dpkg-old", "sshd~", "common-auth.pam-old", "common-auth.pam-new", "sshd.ucf-dist"];
    for name in backups {
        machine.write(&format!("/etc/pam.d/{name}"), line);
    }
    let said = remove(machine);
    assert!(!said.contains("WARNING"), "{said}");
    // pam-auth-update has used up its own.
    script(machine, &format!("cd /etc/pam.d && rm -f comment {}", backups.join(" ")));
    purge(machine);
}

/// Where another package does not go with this one, dpkg deconfigures it: the files stay.
pub fn deconfigure(machine: &Machine) {
    install_first(machine);
    machine.write(
        "/root/breaker/DEBIAN/control",
        "Package: breaker\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n\
         Description: does not go with cloud2fa\nBreaks: libpam-cloud2fa\n",
    );
    script(machine, "dpkg-deb --build /root/breaker /root/breaker.deb");
    switch_on(machine);
    machine.write("/etc/pam.d/by-hand", "auth required pam_cloud2fa.so\n");
    script(machine, "dpkg --auto-deconfigure --unpack /root/breaker.deb");
    assert_ne!(state(machine, "libpam-cloud2fa"), INSTALLED);
    assert!(is_on(machine));
    password_alone_logs_in(machine, UNENROLLED);
    // It is asked before it goes, even so.
    let (said, done) = try_script(machine, "dpkg --remove libpam-cloud2fa");
    assert!(!done && said.contains("/etc/pam.d/by-hand:1:"), "{said}");
    script(machine, "rm /etc/pam.d/by-hand; dpkg --purge breaker libpam-cloud2fa");
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}
