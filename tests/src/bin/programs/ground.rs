//! What each check stands on: users, codes, and an /etc that is afterwards as it was before.

use crate::page;
use cloud2fa::Secret;
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::command::Dialogue;
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::Phone;
use cloud2fa_tests::people::People;
use cloud2fa_tests::user::wrong_code_of;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Who has a second factor.
pub const ENROLLED: &str = "rosa";
/// Who has none.
pub const UNENROLLED: &str = "otto";

/// Units that the packages have switched on. A check starts what it needs.
const STARTED_BY_PACKAGES: &str = "apache2 atd cockpit.socket dovecot.socket dovecot freeradius mariadb monit nginx \
                                   openvpn postgresql proftpd saslauthd vsftpd";

/// The second factor of [`ENROLLED`], made anew for each check.
pub struct Factor {
    phone: Phone,
    backup_codes: Vec<String>,
    /// Six digits that are no code of it.
    pub wrong: String,
}

impl Factor {
    /// By root, who is asked for no password. A new key has codes that are right at once.
    fn new(machine: &Machine) -> Self {
        machine.run(&["cloud2fa", "disable", "--yes", "--user", ENROLLED], "");
        let words = ["cloud2fa", "enable", "--user", ENROLLED, "--json"];
        let mut dialogue = Dialogue::spawn(&mut machine.command(&words));
        let key = dialogue.line();
        let secret = Secret::from_base32(key["secret"].as_str().expect("a key")).expect("a key");
        let wrong = wrong_code_of(&secret);
        let mut phone = Phone::new(secret);
        dialogue.line();
        dialogue.answer(&phone.code());
        let ended = dialogue.end();
        let codes = ended.last()["backup_codes"].as_array().cloned().unwrap_or_default();
        let text = |code: &Value| code.as_str().expect("a text").to_owned();
        let backup_codes: Vec<_> = codes.iter().map(text).collect();
        assert_eq!(backup_codes.len(), 8, "{ended:?}");
        Self { phone, backup_codes, wrong }
    }

    /// Rosa and Otto with these codes, and with the right to use sudo.
    pub fn people(self, machine: &Machine) -> People {
        People::enrolled(machine, self.phone, self.backup_codes)
    }

    /// A code of the app that was not used yet.
    pub fn of_the_app(&mut self) -> String {
        self.phone.code()
    }

    /// A code that was not used yet: the app's next one would come in half a minute.
    pub fn code(&mut self) -> String {
        self.backup_codes.pop().unwrap_or_else(|| self.phone.code())
    }
}

/// Once, before all checks.
pub fn prepare(machine: &Machine) {
    for user in [ENROLLED, UNENROLLED] {
        machine.add_user(user);
    }
    machine.run(&["sh", "-c", &format!("systemctl stop {STARTED_BY_PACKAGES}")], "");
    // sshd of Debian 13 shuts its door on who fails often: the quicker the checks, the sooner.
    machine.script(
        "if sshd -T | grep -q '^persourcepenalties '; then
             echo 'PerSourcePenalties no' >/etc/ssh/sshd_config.d/test.conf
         fi",
    );
    machine.restart_sshd();
}

/// Does something with the second factor on a machine as the packages have made it, and puts
/// /etc back afterwards. The units are stopped then.
pub fn with(machine: &Machine, units: &str, act: impl FnOnce(Factor)) {
    // pam-auth-update remembers elsewhere what it has written.
    put_back(machine);
    machine.script("cp -a /etc /run/etc; cp -a /var/lib/pam /run/pam");
    let factor = Factor::new(machine);
    let outcome = catch_unwind(AssertUnwindSafe(|| act(factor)));
    machine.script(&format!("[ -z '{units}' ] || systemctl stop {units} || :"));
    put_back(machine);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Also what a check has changed that was ended in the middle.
fn put_back(machine: &Machine) {
    machine.script(
        "if [ -e /run/pam ]; then
             rsync --archive --delete /run/etc/ /etc/
             rsync --archive --delete /run/pam/ /var/lib/pam/
             systemctl daemon-reload
         fi
         rm -rf /run/etc /run/pam",
    );
}

/// Types the `number`th block of commands below a heading of docs/programs.md.
pub fn type_in(machine: &Machine, heading: &str, number: usize) -> String {
    machine.script(page::commands(page::PROGRAMS, heading, number))
}

/// Has a service take password and code in one field, as the page says.
pub fn one_field(machine: &Machine, service: &str) {
    for_service(machine, "Password and code in one field", service);
}

/// Has a service ask for the password and then for the code, as the page says.
pub fn two_questions(machine: &Machine, service: &str) {
    for_service(machine, "Two questions", service);
}

fn for_service(machine: &Machine, heading: &str, service: &str) {
    let typed = page::commands(page::PROGRAMS, heading, 0);
    let (first, rest) = typed.split_once('\n').expect("more than one line");
    assert!(first.starts_with("service="), "{typed}");
    machine.script(&format!("service={service}\n{rest}"));
}

/// Shows what doctor finds wrong now.
pub fn show_faults(machine: &Machine, of: &str) {
    println!("    doctor, {of}: {}", doctor::faults(machine).join(", "));
}
