//! README's commands, typed as they stand there.

use crate::dpkg::{
    INSTALLED, UNENROLLED, code_logs_in, install_first, password_alone_logs_in, purge, script,
    state,
};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::{enable, ssh, sshd_asks};
use cloud2fa_tests::people::at_terminal;
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::sshd;

const README: &str = include_str!("../../../../README.md");

/// The commands of the `number`th block, from 0, below a heading, up to the next heading.
fn commands(heading: &str, number: usize) -> &'static str {
    let (_, section) = README.split_once(&format!("# {heading}\n")).expect("a heading");
    let section = section.split("\n#").next().expect("text");
    section.split("```\n").nth(2 * number + 1).expect("a block of commands")
}

/// As root, who answers yes to apt.
pub fn type_in(machine: &Machine, heading: &str, number: usize) -> String {
    let yes = "echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/yes";
    script(machine, &format!("{yes}\n{}", commands(heading, number)))
}

pub fn ten_minutes(machine: &Machine) {
    install_first(machine);
    machine.script("rm /etc/ssh/sshd_config.d/cloud2fa.conf");
    assert!(commands("2. Enrol yourself", 0).starts_with("cloud2fa enable\n"));
    let (mut phone, codes) = enable(machine, "anna");
    set_up(machine);
    assert_eq!(doctor::faults(machine), [""; 0]);
    // A report that is read.
    let said = all_of(&machine.run(&["cloud2fa", "doctor"], ""));
    assert!(said.lines().count() <= 12, "{said}");
    let confirmed = || script(machine, "cloud2fa setup").contains("ssh asks for a code.");
    assert!(!confirmed());
    code_logs_in(machine, "anna", &phone.code());
    wait_for("the change to be confirmed", || confirmed().then_some(()));
    let (let_in, shown) = ssh(machine, "anna", Some("000000"));
    assert!(!let_in, "{shown}");
    password_alone_logs_in(machine, UNENROLLED);
    backup(machine, &codes);
    type_in(machine, "And back", 0);
    assert_ne!(state(machine, "libpam-cloud2fa"), INSTALLED);
    // sshd's own default: one field.
    let by_password = ["PreferredAuthentications=password"];
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, "anna", &by_password));
    client.answer("'s password: ", PASSWORD);
    client.expect(sshd::LET_IN);
    sshd_asks(machine);
    purge(machine);
}

/// As anna, who may use sudo: it asks once whether to go on.
fn set_up(machine: &Machine) {
    machine.write("/etc/sudoers.d/anna", "anna ALL=(ALL:ALL) NOPASSWD: ALL\n");
    let typed = commands("3. Let ssh ask", 0);
    let words = ["runuser", "--user", "anna", "--", "sh", "-c", typed];
    let ended = at_terminal(machine, &words, &[("Go on? Type yes: ", "yes")]);
    assert!(ended.shown.contains("ssh asks for a code now."), "{ended:?}");
    script(machine, "rm /etc/sudoers.d/anna");
}

/// What is spent after a backup lives again after it is restored; the log tells whose it is.
fn backup(machine: &Machine, codes: &[String]) {
    type_in(machine, "Backup and restore", 0);
    code_logs_in(machine, "anna", &codes[0]);
    let (let_in, shown) = ssh(machine, "anna", Some(&codes[0]));
    assert!(!let_in, "{shown}");
    let said = type_in(machine, "Backup and restore", 1);
    assert!(said.contains("anna"), "{said}");
    machine.script("[ \"$(stat -c '%a %U' /var/lib/cloud2fa /root/cloud2fa-store.tar)\" = '700 root\n600 root' ]");
    code_logs_in(machine, "anna", &codes[0]);
    let said = type_in(machine, "Backup and restore", 2);
    assert!(said.contains("user=\"anna\"") && said.contains("factor=backup_code"), "{said}");
    assert!(said.contains("enrolled user=\"anna\""), "{said}");
    machine.script("rm -r /var/lib/cloud2fa.before /root/cloud2fa-store.tar");
}
