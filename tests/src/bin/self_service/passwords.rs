//! The password's check under the shipped unit, by the machine's own PAM stages.

use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::logins::{answer_unseen, enable};
use std::time::{Duration, Instant};

const COMMON_AUTH: &str = "/etc/pam.d/common-auth";

/// pam_unix asks libpam for two seconds after a wrong password, and libpam takes 1 to 3 of them.
const DELAY: Duration = Duration::from_secs(1);

pub fn wrong_and_right(machine: &Machine) {
    machine.add_user("bert");
    let since = machine.journal_cursor();
    let mut terminal = machine.cloud2fa("bert", &["enable"]);
    for left in ["2 tries", "1 try"] {
        terminal.expect("Password: ");
        // Before it is typed: this program may have to wait for its turn.
        let began = Instant::now();
        answer_unseen(&mut terminal, "", "not-the-password");
        terminal.expect(&format!("That password is wrong. {left} left."));
        assert!(began.elapsed() >= DELAY, "answered after {:?}", began.elapsed());
    }
    answer_unseen(&mut terminal, "Password: ", PASSWORD);
    terminal.expect("Code: ");
    terminal.type_in("\x03");
    terminal.expect("nothing was changed");
    assert_eq!(terminal.end().1, 130);
    let log = machine.journal_since(&since);
    let ours = "cloud2fad[";
    let refused = "refused user=\"bert\" reason=wrong_password";
    assert_eq!(
        log.lines().filter(|line| line.contains(ours) && line.contains(refused)).count(),
        2,
        "{log}"
    );
    assert!(log.contains("pam_unix(cloud2fa:auth): authentication failure"), "{log}");
    let (shown, _) = machine.asks("bert", &["status"]);
    assert!(shown.contains("bert has no second factor"), "{shown}");
    must_be_enabled(machine, "bert");
}

pub fn locked_and_expired(machine: &Machine) {
    machine.add_user("cleo");
    let says = |password: &str, what: &str| {
        let mut terminal = machine.cloud2fa("cleo", &["enable"]);
        if !password.is_empty() {
            answer_unseen(&mut terminal, "Password: ", password);
        }
        terminal.expect(what);
        let (shown, status) = terminal.end();
        assert_eq!(status, 1, "{shown}");
    };
    machine.must(&["chage", "--expiredate", "1", "cleo"]);
    says(PASSWORD, "the account may not be used now");
    machine.must(&["chage", "--expiredate", "-1", "--lastday", "0", "cleo"]);
    says(PASSWORD, "the password has expired");
    machine.must(&["chage", "--lastday", "20000", "cleo"]);
    machine.must(&["usermod", "--lock", "cleo"]);
    says("", "password");
    machine.must(&["usermod", "--unlock", "cleo"]);
    let (shown, _) = machine.asks("cleo", &["status"]);
    assert!(shown.contains("cleo has no second factor"), "{shown}");
    must_be_enabled(machine, "cleo");
}

pub fn module_in_common_auth(machine: &Machine) {
    machine.add_user("dora");
    machine.with_file(
        COMMON_AUTH,
        |usual| format!("{usual}auth required pam_cloud2fa.so nullok\n"),
        || {
            let (mut phone, codes) = enable(machine, "dora");
            // Now the module would ask for a code, if it did not step aside.
            let mut terminal = machine.cloud2fa("dora", &["disable"]);
            answer_unseen(&mut terminal, "Password: ", PASSWORD);
            terminal.expect("a backup code: ");
            terminal.type_in(&format!("{}\n", codes[0]));
            let (shown, status) = terminal.end();
            assert_eq!(status, 0, "{shown}");
            assert!(!shown.contains("Verification"), "{shown}");
            // It is on, all the same.
            enable_again(machine, &mut phone);
        },
    );
}

/// The line in common-auth asks whoever logs in elsewhere.
fn enable_again(machine: &Machine, phone: &mut cloud2fa_tests::logins::Phone) {
    let (new_phone, _) = enable(machine, "dora");
    *phone = new_phone;
    let wrong = machine
        .run(&["pamtester", "login", "dora", "authenticate"], &format!("{PASSWORD}\n000000\n"));
    assert!(!wrong.status.success(), "{}", all_of(&wrong));
}

pub fn faillock(machine: &Machine) {
    machine.add_user("emil");
    // The socket unit has made it, before anybody has logged in.
    machine.script("[ $(stat -c %a:%u /run/faillock) = 755:0 ]");
    let counting = |_: &str| {
        "auth required pam_faillock.so preauth deny=3\n\
         auth [success=1 default=bad] pam_unix.so\n\
         auth [default=die] pam_faillock.so authfail deny=3\n\
         auth required pam_faillock.so authsucc deny=3\n\
         auth required pam_permit.so\n"
            .to_owned()
    };
    machine.with_file(COMMON_AUTH, counting, || {
        let mut terminal = machine.cloud2fa("emil", &["enable"]);
        for _ in 0..3 {
            answer_unseen(&mut terminal, "Password: ", "not-the-password");
        }
        assert_eq!(terminal.end().1, 3);
        // The counter is the user's, so that a screen locker, which runs as the user, goes by it.
        // (faillock(8), run by root, would put that right.)
        let as_emil =
            ["runuser", "--user", "emil", "--", "pamtester", "locker", "emil", "authenticate"];
        machine.write("/etc/pam.d/locker", "@include common-auth\n");
        let locked = all_of(&machine.run(&as_emil, &format!("{PASSWORD}\n")));
        assert!(!locked.contains("successfully"), "{locked}");
        let counted = machine.must(&["faillock", "--user", "emil"]);
        assert_eq!(counted.lines().filter(|line| line.ends_with(" V")).count(), 3, "{counted}");
        let mut terminal = machine.cloud2fa("emil", &["enable"]);
        answer_unseen(&mut terminal, "Password: ", PASSWORD);
        terminal.expect("2 tries left");
        drop(terminal);
        machine.must(&["faillock", "--user", "emil", "--reset"]);
        machine.run(&as_emil, "not-the-password\n");
        let counted = machine.must(&["faillock", "--user", "emil"]);
        assert_eq!(counted.lines().filter(|line| line.ends_with(" V")).count(), 1, "{counted}");
        machine.must(&["faillock", "--user", "emil", "--reset"]);
        must_be_enabled(machine, "emil");
    });
}

/// The right password works.
fn must_be_enabled(machine: &Machine, user: &str) {
    enable(machine, user);
    let (shown, _) = machine.asks(user, &["status"]);
    assert!(shown.contains("Second factor:        on"), "{shown}");
}
