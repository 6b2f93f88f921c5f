//! The module in a unit of root's who is kept from the store's files.

use cloud2fa_tests::booted::{Machine, all_of};
use cloud2fa_tests::logins::enable;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Until a login without the service must be refused, and some for starting the unit.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A sandbox that shows the store's files, but read-only.
const READ_ONLY: &str = "ProtectSystem=strict";

/// One that does not show them.
const UNSEEN: &str = "TemporaryFileSystem=/var/lib";

const ACCEPTED: &str = "successfully authenticated";
const REFUSED: &str = "Authentication failure";
const UNAVAILABLE: &str = "cannot retrieve authentication info";

pub fn login(machine: &Machine) {
    machine.add_user("hanna");
    let (mut phone, codes) = enable(machine, "hanna");
    write_stack(machine);
    let code = phone.code();
    must(machine, READ_ONLY, "hanna", &code, ACCEPTED);
    must(machine, READ_ONLY, "hanna", &code, REFUSED);
    must(machine, UNSEEN, "hanna", &code, REFUSED);
    must(machine, UNSEEN, "hanna", &codes[0], ACCEPTED);
    let (shown, _) = machine.asks("hanna", &["status"]);
    assert!(shown.contains("Backup codes left:    7 of 8"), "{shown}");
    must(machine, READ_ONLY, "hanna", "000000", REFUSED);
    let (shown, _) = machine.asks("hanna", &["status"]);
    assert!(shown.contains("Wrong codes in a row: 1"), "{shown}");
    // nullok lets in who is not enrolled: the service says who that is.
    must(machine, UNSEEN, "nobody", "", ACCEPTED);
}

pub fn login_without_service(machine: &Machine) {
    write_stack(machine);
    machine.add_user("ida");
    let (mut phone, codes) = enable(machine, "ida");
    let code = phone.code();
    without_socket(machine, || {
        // "Not enrolled" must not be said for a store that is not seen.
        for (sandbox, user) in [(READ_ONLY, "ida"), (UNSEEN, "ida"), (UNSEEN, "nobody")] {
            let began = Instant::now();
            must(machine, sandbox, user, &code, UNAVAILABLE);
            assert!(began.elapsed() < AT_ONCE, "{user}, {sandbox}: after {:?}", began.elapsed());
        }
        // Where nothing is in the way of the files, nobody needs the service.
        let words = ["pamtester", "readonly", "ida", "authenticate"];
        let direct = machine.run(&words, &format!("{code}\n"));
        assert!(direct.status.success(), "{}", all_of(&direct));
    });
    must(machine, READ_ONLY, "ida", &codes[0], ACCEPTED);
}

/// Does something while the socket is masked.
fn without_socket(machine: &Machine, act: impl FnOnce()) {
    machine.script("systemctl stop cloud2fad.socket && systemctl mask --runtime cloud2fad.socket");
    let outcome = catch_unwind(AssertUnwindSafe(act));
    machine
        .script("systemctl unmask --runtime cloud2fad.socket && systemctl start cloud2fad.socket");
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

fn write_stack(machine: &Machine) {
    machine.write(
        "/etc/pam.d/readonly",
        "auth required pam_cloud2fa.so nullok\nauth required pam_permit.so\n",
    );
}

/// Logs in within a sandbox; `said` is what pamtester must say.
fn must(machine: &Machine, sandbox: &str, user: &str, code: &str, said: &str) {
    let unit = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "-p", sandbox];
    let words = [&unit[..], &["pamtester", "readonly", user, "authenticate"]].concat();
    let shown = all_of(&machine.run(&words, &format!("{code}\n")));
    assert!(shown.contains(said), "{user}, {sandbox}: expected {said:?}: {shown}");
}
