//! The whole way of a person with a password and without root: on, used, renewed, another phone,
//! off. With real logins by ssh in between.

use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::logins::{
    answer_unseen, begin_enabling, enable, prove, save_codes, ssh, sshd_asks,
};

const CURRENT: &str = "Current code from your app, or a backup code: ";

pub fn through(machine: &Machine) {
    prepare(machine);
    let (shown, done) = machine.asks("anna", &["status"]);
    assert!(done && shown.contains("anna has no second factor"), "{shown}");
    let (mut phone, first) = enable(machine, "anna");
    let (shown, done) = machine.asks("anna", &["status"]);
    assert!(done && shown.contains("Backup codes left:    8 of 8"), "{shown}");
    let (let_in, shown) = ssh(machine, "anna", Some(&phone.code()));
    assert!(let_in, "{shown}");
    let (let_in, shown) = ssh(machine, "anna", Some("000000"));
    assert!(!let_in, "a wrong code: {shown}");

    let mut terminal = begin_enabling(machine, "anna", &["regenerate"]);
    terminal.expect(CURRENT);
    terminal.type_in(&format!("{}\n", phone.code()));
    let second = save_codes(terminal);
    assert!(second.iter().all(|code| !first.contains(code)));
    let (let_in, shown) = ssh(machine, "anna", Some(&first[0]));
    assert!(!let_in, "an old backup code: {shown}");
    let (let_in, shown) = ssh(machine, "anna", Some(&second[0]));
    assert!(let_in, "a new backup code: {shown}");

    // The phone is lost.
    let mut terminal = begin_enabling(machine, "anna", &["enable", "--replace"]);
    terminal.expect(CURRENT);
    terminal.type_in(&format!("{}\n", second[1]));
    let (mut phone, third) = prove(terminal, Some(&phone));
    let (let_in, shown) = ssh(machine, "anna", Some(&second[2]));
    assert!(!let_in, "a backup code of the lost phone: {shown}");
    let (let_in, shown) = ssh(machine, "anna", Some(&phone.code()));
    assert!(let_in, "a code of the new phone: {shown}");

    turn_off(machine, &third[7]);
    let (let_in, shown) = ssh(machine, "anna", None);
    assert!(let_in && !shown.contains("Verification code"), "{shown}");
    let log = machine.must(&["journalctl", "--quiet", "--no-pager", "--output=cat"]);
    assert!(log.contains("disabled user=\"anna\""), "{log}");
    for secret in first.iter().chain(&second).chain(&third).map(String::as_str).chain([PASSWORD]) {
        assert!(!log.contains(secret), "a secret is in the journal");
    }
}

/// A user without sudo; sshd as README has it.
fn prepare(machine: &Machine) {
    machine.add_user("anna");
    machine.script("! runuser --user anna -- sudo -n true 2>/dev/null");
    machine.script(
        "sed -i '/^@include common-auth/a auth required pam_cloud2fa.so nullok' /etc/pam.d/sshd
         grep -q pam_cloud2fa.so /etc/pam.d/sshd",
    );
    sshd_asks(machine);
}

fn turn_off(machine: &Machine, backup_code: &str) {
    let mut terminal = machine.cloud2fa("anna", &["disable"]);
    answer_unseen(&mut terminal, "Password: ", "not-the-password");
    terminal.expect("2 tries left");
    answer_unseen(&mut terminal, "Password: ", PASSWORD);
    terminal.expect(CURRENT);
    terminal.type_in(&format!("{backup_code}\n"));
    terminal.expect("Two-factor login is off for anna.");
    assert_eq!(terminal.end().1, 0);
}
