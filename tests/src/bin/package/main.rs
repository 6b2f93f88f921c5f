//! Checks of the packages' whole life in a booted Debian, with logins by ssh at every stage.
//! `tests/package` makes machine and packages, and runs this as root beside it.
//!
//! ```text
//! package DIR SUITE [WORD]     the machine in DIR, as tests/machines/debian has booted it;
//!                              only checks with WORD in what they check
//! ```
//!
//! Each check begins and ends with packages that are purged.

mod ansible;
mod checkout;
mod doctor;
mod dpkg;
mod files;
mod greeter;
mod kills;
mod life;
mod playbook;
mod profile;
mod quality;
mod readme;
mod refusals;
mod rescue;
mod setup;
mod store;

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::checks::{self, Check};
use std::process::ExitCode;

const CHECKS: &[Check] = &[
    ("every installed file has the owner and the mode that it should have", files::modes),
    ("lintian has nothing to say", quality::lintian),
    ("each package says what it is made of", quality::fields),
    ("all files of the packages have the changelog's time", quality::times),
    ("AppArmor's profile of sshd takes in what the module needs", quality::apparmor),
    ("the package's own test of an installed system passes", quality::autopkgtest),
    ("logins while it is installed, switched on, upgraded, downgraded, removed", life::whole),
    ("README's ten minutes lead to an ssh login that asks, and back", readme::ten_minutes),
    ("one line makes it mandatory, and doctor names who is locked out", rescue::mandatory),
    ("who is in the emergency group logs in without a code and unlocks root", rescue::locked_root),
    (
        "README's rescue lets everybody in again, and the factor can be switched on afterwards",
        rescue::everybody_locked_out,
    ),
    ("a reinstalled package finds the enrolments, a purged one does not", life::again),
    ("the first installation alone makes the store", store::first_install_alone),
    ("a state_dir that the configuration names gets no store by itself", store::preseeded),
    ("an installation says that the store or the configuration cannot be used", store::unusable),
    ("a purge says that it keeps a store elsewhere", store::elsewhere),
    ("an upgrade completes the index of uids, or says why not", store::indexed),
    ("what make install has put beside the package goes, and the package stays", checkout::beside),
    ("removing is refused while PAM names the module in a file of its own", refusals::services),
    (
        "removing is refused while PAM names the module in a file that it includes",
        refusals::included,
    ),
    ("a change by setup waits on through an upgrade, and goes in time", setup::through_an_upgrade),
    ("what was on is on after a removal that has come to nothing", refusals::in_favour_of_another),
    ("what a full disk kept off is on when there is room", refusals::on_a_full_disk),
    ("what was edited by hand is not said to be on", refusals::edited_meanwhile),
    ("removing is refused while a recipe is in use", refusals::recipes),
    ("removing is refused while common-auth is edited by hand", refusals::common_auth),
    ("what PAM does not read does not stand in the way", refusals::what_does_not_count),
    (
        "a package that is deconfigured works, and is not removed while PAM names the module",
        refusals::deconfigure,
    ),
    ("a package that is removed before it is configured takes its profile along", life::unpacked),
    (
        "the module stays where PAM names it and dpkg does not ask before a removal",
        life::unpacked_and_named,
    ),
    ("the packages of another version go in one by one, in either order", life::one_by_one),
    ("a module that is too old for the command is upgraded with it", life::with_an_older_module),
    ("what doctor says to do leads to an ssh login that asks", doctor::word_for_word),
    ("console, ssh, sudo and su ask once, and who is not enrolled never", profile::asks_once),
    ("cron, a user's systemd, su by root, sudo -n and keys are not asked", profile::sessions),
    ("a greeter that shows one prompt at a time lets in by the code", greeter::one_at_a_time),
    ("a greeter that has no answer for the code is refused at once", greeter::with_one_field),
    ("dpkg killed in an upgrade locks nobody out", kills::in_upgrade),
    ("dpkg killed in an installation locks nobody out", kills::in_installation),
    ("dpkg killed in a removal locks nobody out", kills::in_removal),
    // Last, since its user stays: logind goes on calling a uid by the name that it had.
    (
        "Ansible: the role makes a fresh host ask, confirms it, and has nothing to do the second time",
        ansible::fresh_host,
    ),
    ("Ansible: check mode changes nothing, and says what the role would", ansible::check_mode),
    ("Ansible: a bad configuration is refused, and the old one stays", ansible::configuration),
    ("Ansible: where setup refuses, the role says why and changes nothing", ansible::refusal),
    ("Ansible: without a way back the change is made for good at once", ansible::for_good),
    (
        "Ansible: the connection that has made a change cannot confirm it, a new one can",
        ansible::old_connection,
    ),
    ("Ansible: a change that shuts automation out takes itself back", ansible::shut_out),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (machine, word) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [directory, suite] => (Machine::new(directory, suite), ""),
        [directory, suite, word] => (Machine::new(directory, suite), word),
        _ => {
            eprintln!("usage: package DIR SUITE [WORD]   (tests/package makes the machine)");
            return ExitCode::from(2);
        }
    };
    dpkg::prepare(&machine);
    checks::run(CHECKS, &machine, word)
}
