//! Checks of real programs that use PAM, in a booted Debian with the packages of cloud2fa.
//! `tests/programs` makes the machine, and runs this as root beside it.
//!
//! ```text
//! programs DIR SUITE [WORD]     the machine in DIR, as tests/machines/debian has booted it;
//!                               only checks with WORD in what they check
//! ```
//!
//! What a check says of a program stands in the table of docs/programs.md, word for word.

mod client;
mod cockpit;
mod databases;
mod exemptions;
mod files;
mod ground;
mod lockers;
mod mail;
mod page;
mod proof;
mod radius;
mod shells;
mod ssh_clients;
mod verifiers;
mod vpn;
mod web;

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::checks::{self, Check};
use std::process::ExitCode;

/// `PROGRAM: what was seen`.
const PROGRAMS: &[Check] = &[
    ("sshd: asks each question", shells::sshd),
    ("login: asks each question", shells::login),
    ("su: asks each question", shells::su),
    ("sudo: asks each question", shells::sudo),
    ("polkit (pkexec): asks each question", shells::polkit),
    ("cron: asks nothing", shells::cron),
    ("at: asks nothing", shells::at),
    ("screen's lock: one field", lockers::screen),
    ("i3lock: one field", lockers::i3lock),
    ("vsftpd: one field", files::vsftpd),
    (
        "ProFTPD: one field; lets in behind a refusal, unless AuthOrder says otherwise",
        files::proftpd,
    ),
    ("Dovecot: one field; with its cache it takes a used code for an hour", mail::dovecot),
    ("saslauthd: one field; with -c it takes a used code for hours", mail::saslauthd),
    ("OpenVPN: asks each question, with static-challenge", vpn::openvpn),
    ("MariaDB: asks each question", databases::mariadb),
    ("PostgreSQL: refuses everybody; by RADIUS one field", databases::postgresql),
    ("Apache with pwauth: one field; a code for each request, unless it keeps it", web::apache),
    ("Apache with mod_authnz_pam: refuses everybody", web::apache_itself),
    ("nginx: refuses everybody", web::nginx),
    ("FreeRADIUS: refuses everybody; as root one field", radius::freeradius),
    ("monit: one field; a code for each request", web::monit),
    ("Cockpit: asks each question", cockpit::cockpit),
];

/// What docs/programs.md and docs/ssh-clients.md tell to do besides.
const RECIPES: &[Check] = &[
    ("recipe: PostgreSQL asks a FreeRADIUS that is root", databases::postgresql_by_radius),
    ("recipe: FreeRADIUS as root takes both in one field", radius::freeradius_as_root),
    ("recipe: FreeRADIUS that is not root asks the service", verifiers::freeradius),
    (
        "recipe: FreeRADIUS has passwords of its own, and asks the service for the code",
        verifiers::freeradius_with_passwords_of_its_own,
    ),
    ("recipe: PostgreSQL that is not root asks the service", verifiers::postgresql),
    (
        "recipe: Apache that is not root asks the service, a code for each request",
        verifiers::apache,
    ),
    ("recipe: who comes from some networks is not asked", exemptions::networks),
    ("recipe: an account of a program goes on by key alone", exemptions::by_key_alone),
    ("recipe: sudo asks a group for the password alone", exemptions::sudo_for_programs),
    (
        "recipe: one code for ssh, scp, rsync and git over one connection",
        ssh_clients::control_master,
    ),
    ("recipe: sshpass and paramiko give the code behind a key", ssh_clients::behind_a_key),
    ("recipe: plink, lftp and curl give password and code in one field", ssh_clients::one_field),
];

/// Of the table, too: what was not tried, and why.
const NOT_TRIED: &[(&str, &str)] = &[("xrdp", "not tried: it needs a whole desktop")];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (machine, word) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [directory, suite] => (Machine::new(directory, suite), ""),
        [directory, suite, word] => (Machine::new(directory, suite), word),
        _ => {
            eprintln!("usage: programs DIR SUITE [WORD]   (tests/programs makes the machine)");
            return ExitCode::from(2);
        }
    };
    the_page_says_the_same();
    ground::prepare(&machine);
    let ended = checks::run(&[PROGRAMS, RECIPES].concat(), &machine, word);
    for (program, why) in NOT_TRIED {
        println!("{program}: {why}");
    }
    ended
}

/// The table of docs/programs.md has these rows, in this order, and no others.
fn the_page_says_the_same() {
    let tried = PROGRAMS.iter().map(|(what, _)| what.split_once(": ").expect("a program"));
    let all: Vec<_> = tried.chain(NOT_TRIED.iter().copied()).collect();
    assert_eq!(page::rows(), all, "the table of docs/programs.md");
}
