//! Who makes the store: the first installation, and nobody after it.

use crate::dpkg::{FIRST, HIGHER, install, install_first, purge, remove, script};
use cloud2fa_tests::booted::Machine;

const MARKER: &str = "/var/lib/cloud2fa/.store";

pub fn first_install_alone(machine: &Machine) {
    let said = install_first(machine);
    assert!(said.contains("Made the store /var/lib/cloud2fa"), "{said}");
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
    script(machine, "rmdir /var/lib/cloud2fa");
    install(machine, HIGHER);
    script(machine, "! [ -e /var/lib/cloud2fa ]");
    purge(machine);
    install(machine, FIRST);
    script(machine, &format!("test -e {MARKER}"));
    purge(machine);
}

pub fn elsewhere(machine: &Machine) {
    install_first(machine);
    script(machine, "sed -i '1i state_dir = \"/srv/factors\"' /etc/cloud2fa/cloud2fa.toml");
    script(machine, "cloud2fa init");
    let said = purge(machine);
    assert!(said.contains("state_dir = \"/srv/factors\"\ncloud2fa.toml says so"), "{said}");
    script(machine, "test -e /srv/factors/.store; ! [ -e /var/lib/cloud2fa ]; rm -r /srv/factors");
}
