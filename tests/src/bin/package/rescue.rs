//! The days when nothing works: what README says for them, typed as it stands there.

use crate::dpkg::{
    UNENROLLED, code_logs_in, install_first, password_alone_logs_in, purge, remove, script,
    switch_on, try_script,
};
use crate::readme::type_in;
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::logins::{enable, prove, ssh, ssh_to};
use cloud2fa_tests::recipe;
use cloud2fa_tests::sshd::LET_IN;

/// The section of README.
const WRONG: &str = "When something goes wrong";

/// Root has enrolled, and somebody has guessed at root's code until it is locked. The backup codes are
/// not at hand.
pub fn locked_root(machine: &Machine) {
    install_first(machine);
    enable(machine, "anna");
    script(machine, &format!("echo 'root:{PASSWORD}' | chpasswd"));
    let (_, codes) = prove(machine.cloud2fa("root", &["enable"]), None);
    script(
        machine,
        "sed -i 's/^# lock_after = .*/lock_after = 2/' /etc/cloud2fa/cloud2fa.toml
         echo 'anna ALL=(ALL:ALL) ALL' >/etc/sudoers.d/anna",
    );
    let asked = |usual: &str| format!("{usual}auth required pam_cloud2fa.so\n");
    machine.with_file("/etc/pam.d/su", asked, || {
        assert!(!becomes_root(machine, "000000") && !becomes_root(machine, "111111"));
        assert!(!becomes_root(machine, "222222"));
        let emergency = "/usr/share/cloud2fa/recipes/emergency-group";
        recipe::with(machine, emergency, || {
            script(machine, "usermod --append --groups no-second-factor anna");
            let unlock = format!("echo {PASSWORD} | sudo -S cloud2fa unlock root && echo {LET_IN}");
            let mut session = ssh_to(machine, "anna", None, &unlock);
            session.expect(LET_IN);
            assert_eq!(session.finish().count("Verification code"), 0);
        });
        assert!(becomes_root(machine, &codes[0]));
    });
    script(
        machine,
        "rm /etc/sudoers.d/anna; usermod --password '*' root; gpasswd -d anna no-second-factor",
    );
    purge(machine);
}

/// Whether a user who is nobody else gets there by su, with root's password and that code.
fn becomes_root(machine: &Machine, code: &str) -> bool {
    let words = ["runuser", "--user", UNENROLLED, "--", "su", "-c", "id"];
    let mut terminal = machine.at_terminal(&words.map(str::to_owned));
    terminal.answer("Password: ", PASSWORD);
    if terminal.shows_one_of(&["Verification code: ", "Backup code: "]).is_some() {
        terminal.type_line(code);
    }
    terminal.finish().shown.contains("uid=0")
}

/// The store is gone, so that nobody gets in whom the module sees: it is taken out of PAM.
pub fn everybody_locked_out(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    switch_on(machine);
    script(machine, "mv /var/lib/cloud2fa /var/lib/elsewhere");
    for user in ["anna", UNENROLLED] {
        let (let_in, shown) = ssh(machine, user, None);
        assert!(!let_in, "{shown}");
    }
    type_in(machine, WRONG, 0);
    password_alone_logs_in(machine, "anna");
    password_alone_logs_in(machine, UNENROLLED);
    type_in(machine, WRONG, 1);
    // Whatever other packages do from now on.
    let settled = script(machine, "pam-auth-update --package; cat /etc/pam.d/common-auth");
    assert!(
        !settled.contains("local modifications") && !settled.contains("pam_cloud2fa"),
        "{settled}"
    );
    // The reason is found.
    script(machine, "mv /var/lib/elsewhere /var/lib/cloud2fa");
    switch_on(machine);
    code_logs_in(machine, "anna", &codes[0]);
    // The package goes also before pam-auth-update has been told.
    type_in(machine, WRONG, 0);
    remove(machine);
    password_alone_logs_in(machine, "anna");
    purge(machine);
}

/// One line of the configuration, and who has not enrolled does not log in any more.
pub fn mandatory(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    switch_on(machine);
    password_alone_logs_in(machine, UNENROLLED);
    type_in(machine, "Recipes", 1);
    // The question tells nobody who has enrolled.
    let (let_in, shown) = ssh(machine, UNENROLLED, Some("000000"));
    assert!(!let_in, "{shown}");
    code_logs_in(machine, "anna", &codes[0]);
    let (said, clean) = try_script(machine, "cloud2fa doctor");
    assert!(!clean && said.contains("not_enrolled: ") && said.contains(UNENROLLED), "{said}");
    purge(machine);
}
