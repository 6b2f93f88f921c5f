//! Checks of the shipped units and recipes in a booted Debian, where cloud2fa is installed and the
//! socket is on. `tests/self_service` makes the machine, and runs this as root beside it.
//!
//! ```text
//! self_service DIR SUITE [WORD]     the machine in DIR, as tests/machines/debian has booted it;
//!                                  only checks with WORD in what they check
//! self_service DIR SUITE figures    what a flood adds to others' logins, measured
//! ```
//!
//! The checks run one after another: they share the machine.

mod broken;
mod confined;
mod crowd;
mod doctor;
mod flood;
mod log;
mod network;
mod passwords;
mod recipes;
mod sandbox;
mod setup;
mod setup_by_key;
mod setup_trouble;
mod units;
mod walk;

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::checks::{self, Check};
use std::process::ExitCode;

const CHECKS: &[Check] = &[
    (
        "the units are as systemd wants them, and the sandbox's exposure is at most 1.5",
        units::verified,
    ),
    ("the sandbox can write where it must, and nowhere else", units::writable),
    ("uid 0 finds no way out of the sandbox by what listens in /run", units::no_way_out),
    ("a process of the service reaches no other", confined::reaches_no_other),
    // On a machine as Debian ships it: what comes below changes how sshd asks.
    ("setup: a change stays when an administrator has logged in", setup::is_confirmed_by_a_login),
    (
        "setup: a change takes itself back where nobody gets in",
        setup::is_taken_back_where_nobody_gets_in,
    ),
    (
        "setup: whatever ends the watch takes the change back",
        setup::whatever_ends_the_watch_takes_the_change_back,
    ),
    (
        "setup: where ssh takes keys alone, the code is asked for behind the key",
        setup_by_key::the_code_is_asked_for_behind_it,
    ),
    ("setup: an sshd that a socket starts", setup_trouble::an_sshd_that_a_socket_starts),
    ("setup: what it cannot judge it leaves alone", setup::what_it_cannot_judge_it_leaves_alone),
    ("setup: nobody keeps it from being taken back", setup::nobody_keeps_it_from_being_taken_back),
    (
        "setup: where somebody has broken sshd's files, the lines go and sshd goes on",
        setup_trouble::broken_files_of_sshd,
    ),
    (
        "setup: a change right behind the end of another one is waited for",
        setup_trouble::one_right_behind_another,
    ),
    ("setup: sudo is confirmed by sudo alone", setup::sudo_is_confirmed_by_sudo_alone),
    (
        "a person without root turns the second factor on, renews, replaces and turns off",
        walk::through,
    ),
    ("what root does by the command is in the journal", log::of_root),
    ("other programs can ask the service what it is and call it (varlinkctl)", units::varlinkctl),
    ("doctor sees what is wrong with the units, and nothing where all is well", doctor::units),
    ("each recipe asks what it says, as often as it says, and nobody else", recipes::all),
    ("a wrong password is refused and logged, the right one works", passwords::wrong_and_right),
    ("an account that is locked or expired changes nothing", passwords::locked_and_expired),
    ("the module in common-auth steps aside", passwords::module_in_common_auth),
    ("pam_faillock counts wrong passwords, and locks", passwords::faillock),
    ("passwords over the network need the drop-in, and work with it", network::drop_in),
    ("a login in a read-only sandbox goes through the socket, and spends the code", sandbox::login),
    ("without the service such a login is refused at once", sandbox::login_without_service),
    ("a connection takes little memory", crowd::memory_of_one),
    ("the service is started once, and serves all", crowd::one_instance),
    (
        "a service that cannot be executed keeps systemd from nothing, and serves when it can",
        broken::cannot_be_executed,
    ),
    ("1000 connections of one user at once: others are served", crowd::thousand),
    ("made again and again: others are served", crowd::thousand_again_and_again),
    ("200 remade without pause: others are served", crowd::remade_without_pause),
    ("200 half open: others are served", crowd::half_open),
    ("500 uids of a user's for containers: others are served", crowd::by_subordinate_uids),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [flood::COMMAND, root, user, socket, how] => flood::flood(root, user, socket, how),
        [directory, suite, "figures"] => {
            crowd::figures(&Machine::new(directory, suite));
            ExitCode::SUCCESS
        }
        [directory, suite] => checks::run(CHECKS, &Machine::new(directory, suite), ""),
        [directory, suite, word] => checks::run(CHECKS, &Machine::new(directory, suite), word),
        _ => {
            eprintln!("usage: self_service DIR SUITE   (tests/self_service makes the machine)");
            ExitCode::from(2)
        }
    }
}
