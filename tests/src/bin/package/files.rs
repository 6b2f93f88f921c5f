//! What the packages put where, with which owner and mode.

use crate::dpkg::{install_first, purge, script};
use cloud2fa_tests::booted::Machine;

/// Files of both packages, those that they make included; LIB is the directory of the machine's
/// kind, UNITS that of the suite's units.
const FILES: &[&str] = &[
    "-rw-r--r-- root root /etc/apparmor.d/abstractions/authentication.d/cloud2fa",
    "-rw-r--r-- root root /etc/cloud2fa/cloud2fa.toml",
    "-rw-r--r-- root root /etc/pam.d/cloud2fa",
    "-rw-r--r-- root root /usr/lib/LIB/security/pam_cloud2fa.so",
    "-rw-r--r-- root root /usr/share/bash-completion/completions/cloud2fa",
    "-rw-r--r-- root root /usr/share/cloud2fa/io.cloud2fa.varlink",
    "-rw-r--r-- root root /usr/share/cloud2fa/network-passwords.conf",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/console/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/console/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/emergency-group/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/emergency-group/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-key-then-code/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-key-then-code/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-key-then-code/sshd.conf",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-one-field/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-one-field/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-one-field/sshd.conf",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-password-then-code/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-password-then-code/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-password-then-code/check",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/ssh-password-then-code/sshd.conf",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/su/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/su/auth",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/sudo/README",
    "-rw-r--r-- root root /usr/share/cloud2fa/recipes/sudo/auth",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/changelog.Debian.gz",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/changelog.gz",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/copyright",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/README.md",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/defaults/main.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/meta/main.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/tasks/configure.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/tasks/confirm.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/tasks/install.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/tasks/main.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/tasks/setup.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/roles/cloud2fa/templates/cloud2fa.toml.j2",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/ansible/site.yml",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/fail2ban/filter.d/cloud2fa.conf",
    "-rw-r--r-- root root /usr/share/doc/cloud2fa/examples/fail2ban/jail.d/cloud2fa.conf",
    "-rw-r--r-- root root /usr/share/doc/libpam-cloud2fa/NEWS.Debian.gz",
    "-rw-r--r-- root root /usr/share/doc/libpam-cloud2fa/README.md.gz",
    "-rw-r--r-- root root /usr/share/doc/libpam-cloud2fa/changelog.Debian.gz",
    "-rw-r--r-- root root /usr/share/doc/libpam-cloud2fa/changelog.gz",
    "-rw-r--r-- root root /usr/share/doc/libpam-cloud2fa/copyright",
    "-rw-r--r-- root root /usr/share/fish/vendor_completions.d/cloud2fa.fish",
    "-rw-r--r-- root root /usr/share/lintian/overrides/cloud2fa",
    "-rw-r--r-- root root /usr/share/lintian/overrides/libpam-cloud2fa",
    "-rw-r--r-- root root /usr/share/man/man1/cloud2fa.1.gz",
    "-rw-r--r-- root root /usr/share/man/man5/cloud2fa.toml.5.gz",
    "-rw-r--r-- root root /usr/share/man/man8/cloud2fad.8.gz",
    "-rw-r--r-- root root /usr/share/man/man8/pam_cloud2fa.8.gz",
    "-rw-r--r-- root root /usr/share/pam-configs/cloud2fa",
    "-rw-r--r-- root root /usr/share/zsh/vendor-completions/_cloud2fa",
    "-rw-r--r-- root root UNITS/cloud2fa-setup-boot.service",
    "-rw-r--r-- root root UNITS/cloud2fa-setup-end.service",
    "-rw-r--r-- root root UNITS/cloud2fa-setup.service",
    "-rw-r--r-- root root UNITS/cloud2fad.socket",
    "-rw-r--r-- root root UNITS/cloud2fad.service",
    "-rwxr-xr-x root root /usr/bin/cloud2fa",
    "-rwxr-xr-x root root /usr/libexec/cloud2fad",
];

/// What the packages make, and their directories that are no other package's.
const MADE: &[&str] = &[
    "-rw------- root root /var/lib/cloud2fa/.store",
    "drwx------ root root /var/lib/cloud2fa",
    "drwx------ root root /var/lib/cloud2fa/uid",
    "drwxr-xr-x root root /etc/cloud2fa",
    "drwxr-xr-x root root /run/cloud2fa",
    "drwxr-xr-x root root /usr/share/cloud2fa",
    "drwxr-xr-x root root /usr/share/doc/cloud2fa",
    "drwxr-xr-x root root /usr/share/doc/libpam-cloud2fa",
    "srw-rw-rw- root root /run/cloud2fa/socket",
];

pub fn modes(machine: &Machine) {
    purge(machine);
    // What has failed since the machine was started is not the packages' fault.
    let failed = "systemctl list-units --no-legend --plain --failed";
    let failed_before = script(machine, failed);
    install_first(machine);
    let listed = script(
        machine,
        "for file in $(dpkg --listfiles cloud2fa libpam-cloud2fa | sort --unique); do
             [ -d $file ] || stat --format '%A %U %G %n' $file
         done",
    );
    let usual = |line: &str| {
        let line = line
            .replace("/usr/lib/systemd/system", "UNITS")
            .replace("/lib/systemd/system", "UNITS");
        line.split_once("/security/").map_or(line.clone(), |(before, name)| {
            let (_, kind) = before.rsplit_once('/').expect("a directory");
            format!("{}/security/{name}", before.replace(kind, "LIB"))
        })
    };
    must_be_same(&listed.lines().map(usual).collect::<Vec<_>>(), FILES);
    let paths: Vec<_> = MADE.iter().map(|line| line.rsplit(' ').next().expect("words")).collect();
    let stat = format!("stat --format '%A %U %G %n' {}", paths.join(" "));
    must_be_same(&script(machine, &stat).lines().map(str::to_owned).collect::<Vec<_>>(), MADE);
    // The socket is on, and nothing else is.
    script(
        machine,
        "systemctl is-active cloud2fad.socket
         systemctl is-enabled cloud2fad.socket
         [ -z \"$(systemctl list-units --no-legend 'cloud2fad*.service')\" ]",
    );
    assert_eq!(script(machine, failed), failed_before);
    // What the administrator may change is kept in an upgrade.
    let conffiles = script(
        machine,
        "cat /var/lib/dpkg/info/cloud2fa.conffiles /var/lib/dpkg/info/libpam-cloud2fa:*.conffiles",
    );
    assert_eq!(
        conffiles,
        "/etc/pam.d/cloud2fa\n/etc/apparmor.d/abstractions/authentication.d/cloud2fa\n/etc/cloud2fa/cloud2fa.toml\n"
    );
    purge(machine);
    machine.lacks(&[
        "/etc/cloud2fa",
        "/etc/pam.d/cloud2fa",
        "/var/lib/cloud2fa",
        "/run/cloud2fa/socket",
    ]);
}

/// What is found is what is expected, in any order.
fn must_be_same(found: &[String], expected: &[&str]) {
    let missing: Vec<_> =
        expected.iter().filter(|line| !found.contains(&(**line).to_owned())).collect();
    let unknown: Vec<_> = found.iter().filter(|line| !expected.contains(&line.as_str())).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing: {missing:#?} unknown: {unknown:#?}"
    );
}
