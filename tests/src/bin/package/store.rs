//! Who makes the store: the first installation, and nobody after it.

use crate::dpkg::{FIRST, HIGHER, install, install_first, purge, remove, script};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::enable;

const MARKER: &str = "/var/lib/cloud2fa/.store";

pub fn first_install_alone(machine: &Machine) {
    let said = install_first(machine);
    assert!(said.contains("Created the store /var/lib/cloud2fa"), "{said}");
    script(machine, &format!("rm {MARKER}"));
    let stays_away = |what: &str| {
        script(machine, &format!("! [ -e {MARKER} ] || {{ echo made by: {what}; exit 1; }}"));
    };
    install(machine, HIGHER);
    stays_away("an upgrade");
    install(machine, FIRST);
    stays_away("a downgrade");
    script(machine, "dpkg-reconfigure cloud2fa libpam-cloud2fa");
    stays_away("dpkg-reconfigure");
    remove(machine);
    install(machine, FIRST);
    stays_away("an installation after a removal");
    // The directory alone is gone, too: a volume that is not mounted.
    script(machine, "rm -r /var/lib/cloud2fa/uid; rmdir /var/lib/cloud2fa");
    install(machine, HIGHER);
    machine.lacks(&["/var/lib/cloud2fa"]);
    purge(machine);
    install(machine, FIRST);
    script(machine, &format!("test -e {MARKER}"));
    purge(machine);
}

/// The configuration was there before the package, and names a volume that is not mounted.
pub fn preseeded(machine: &Machine) {
    purge(machine);
    machine.write("/etc/cloud2fa/cloud2fa.toml", "state_dir = \"/srv/factors\"\n");
    script(machine, "mkdir --mode=0700 /srv/factors");
    let installation = format!("dpkg --force-confold --install {FIRST}/*.deb");
    let said = script(machine, &installation);
    assert!(said.contains("its volume is mounted: cloud2fa init"), "{said}");
    machine.lacks(&["/srv/factors/.store", "/var/lib/cloud2fa"]);
    // As a file system is when it is new.
    script(
        machine,
        "mount -t tmpfs -o mode=0755 tmpfs /srv/factors; mkdir /srv/factors/lost+found
         cloud2fa init; cloud2fa list",
    );
    purge(machine);
    // Where it is mounted, there is nothing to say.
    machine.write("/etc/cloud2fa/cloud2fa.toml", "state_dir = \"/srv/factors\"\n");
    let said = script(machine, &installation);
    assert!(!said.contains("its volume is mounted"), "{said}");
    script(machine, "umount /srv/factors; rmdir /srv/factors");
    purge(machine);
}

/// Everybody whom the module is asked about is refused: the installation says so, and why.
pub fn unusable(machine: &Machine) {
    const WARNING: &str = "WARNING: every login that the module is asked about is refused:";
    let said = install_first(machine);
    assert!(!said.contains(WARNING), "{said}");
    script(machine, "mv /var/lib/cloud2fa /var/lib/elsewhere");
    remove(machine);
    let said = install(machine, FIRST);
    let why = format!("{WARNING}\nthere is no store at /var/lib/cloud2fa");
    assert!(said.contains(&why), "{said}");
    script(machine, "mv /var/lib/elsewhere /var/lib/cloud2fa");
    let said = install(machine, HIGHER);
    assert!(!said.contains(WARNING), "{said}");
    script(machine, "sed -i '1i skew = 11' /etc/cloud2fa/cloud2fa.toml");
    let said = install(machine, FIRST);
    let why = format!("{WARNING}\n/etc/cloud2fa/cloud2fa.toml:1:");
    assert!(said.contains(&why), "{said}");
    script(machine, "sed -i 1d /etc/cloud2fa/cloud2fa.toml");
    // One user's trouble is that user's.
    script(machine, "install -m 0600 /dev/null /var/lib/cloud2fa/anna.account");
    let said = install(machine, HIGHER);
    assert!(!said.contains(WARNING), "{said}");
    purge(machine);
}

pub fn elsewhere(machine: &Machine) {
    install_first(machine);
    script(machine, "sed -i '1i state_dir = \"/srv/factors\"' /etc/cloud2fa/cloud2fa.toml");
    script(machine, "cloud2fa init");
    let said = purge(machine);
    assert!(said.contains("state_dir = \"/srv/factors\"\ncloud2fa.toml says so"), "{said}");
    script(machine, "test -e /srv/factors/.store");
    machine.lacks(&["/var/lib/cloud2fa"]);
    script(machine, "rm -r /srv/factors");
}

/// The store of an earlier version has no index, which no login makes.
pub fn indexed(machine: &Machine) {
    const WARNING: &str = "The index of uids was not made";
    install_first(machine);
    enable(machine, "anna");
    script(
        machine,
        &format!("rm -r /var/lib/cloud2fa/uid; printf 'format = 1\\nid = \"00\"\\n' >{MARKER}"),
    );
    // A module of a version that does not know it refuses the store: nothing before both are new.
    script(machine, &format!("dpkg --install {HIGHER}/cloud2fa.deb; grep 'format = 1' {MARKER}"));
    let said = script(machine, &format!("dpkg --install {HIGHER}/libpam-cloud2fa.deb"));
    assert!(!said.contains(WARNING), "{said}");
    is_complete(machine);
    script(machine, "[ \"$(readlink /var/lib/cloud2fa/uid/$(id --user anna))\" = anna ]");
    script(
        machine,
        "cloud2fa init --format 1
         mount --bind /var/lib/cloud2fa /var/lib/cloud2fa
         mount -o remount,bind,ro /var/lib/cloud2fa",
    );
    let said = install(machine, FIRST);
    assert!(said.contains(WARNING) && said.contains("Read-only file system"), "{said}");
    script(machine, "umount /var/lib/cloud2fa; cloud2fa init; cloud2fa doctor --json || true");
    is_complete(machine);
    purge(machine);
}

/// The index is the one that the marker means.
fn is_complete(machine: &Machine) {
    let of = "$(readlink /var/lib/cloud2fa/uid/of)";
    script(machine, &format!("grep --line-regexp \"index = \\\"{of}\\\"\" {MARKER}"));
}
