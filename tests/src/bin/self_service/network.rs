//! Passwords that are checked over the network: a small directory service on the loopback, and a
//! PAM stage that asks it.

use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::logins::{answer_unseen, enable};

/// Where a drop-in of the administrator goes.
const DROP_IN: &str = "/etc/systemd/system/cloud2fad.service.d/network-passwords.conf";

/// The local password does not count for this check.
const STACK: &str = "auth [success=1 default=ignore] pam_exec.so expose_authtok quiet /usr/local/bin/ask-directory\n\
                     auth requisite pam_deny.so\n\
                     auth required pam_permit.so\n\
                     account required pam_permit.so\n";

pub fn drop_in(machine: &Machine) {
    machine.add_user("gerd");
    start_directory(machine);
    machine.with_file(
        "/etc/pam.d/cloud2fa",
        |_| STACK.to_owned(),
        || {
            let tries = |password: &str| {
                let mut terminal = machine.cloud2fa("gerd", &["enable"]);
                answer_unseen(&mut terminal, "Password: ", password);
                terminal.expect("That password is wrong. 2 tries left.");
            };
            tries(PASSWORD);
            let (shown, _) = machine.asks("gerd", &["status"]);
            assert!(shown.contains("gerd has no second factor"), "{shown}");
            machine.script(&format!(
                "mkdir -p $(dirname {DROP_IN})
             cp /usr/local/share/cloud2fa/network-passwords.conf {DROP_IN}
             systemctl daemon-reload
             systemctl try-restart cloud2fad.service"
            ));
            tries("not-the-password");
            enable(machine, "gerd");
        },
    );
    machine.script(&format!(
        "rm -r $(dirname {DROP_IN}); systemctl daemon-reload; systemctl stop cloud2fad.service; systemctl stop directory.socket"
    ));
}

/// It says yes to the right password, and closes.
fn start_directory(machine: &Machine) {
    machine.write(
        "/etc/systemd/system/directory.socket",
        "[Socket]\nListenStream=127.0.0.1:3890\nAccept=yes\n",
    );
    machine.write(
        "/etc/systemd/system/directory@.service",
        &format!(
            "[Service]\nStandardInput=socket\n\
             ExecStart=/bin/sh -c 'read password; [ \"$$password\" = {PASSWORD} ] && echo yes'\n"
        ),
    );
    machine.write(
        "/usr/local/bin/ask-directory",
        "#!/bin/bash\nread -r -d '' password\nexec 3<>/dev/tcp/127.0.0.1/3890 || exit 1\n\
         echo \"$password\" >&3\nread -r -t 60 answer <&3\n[ \"$answer\" = yes ]\n",
    );
    machine.script(
        "chmod 0755 /usr/local/bin/ask-directory
         systemctl daemon-reload
         systemctl start directory.socket",
    );
    // It works where nothing is in the way.
    machine.script(&format!("printf '{PASSWORD}\\0' | /usr/local/bin/ask-directory"));
}
