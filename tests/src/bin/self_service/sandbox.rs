//! The module in a unit of root's who is kept from the store's files.

use cloud2fa_tests::booted::{Machine, all_of};
use cloud2fa_tests::logins::enable;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// What a login takes at least that waits for the service: so long does its client.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often such a login may be tried until it takes less. Whatever else a busy machine does, it
/// does not do it each time; waiting for the service would be there each time.
const TRIES: u32 = 20;

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
    let (_, codes) = enable(machine, "ida");
    without_socket(machine, || {
        // "Not enrolled" must not be said for a store that is not seen.
        for (sandbox, user) in [(READ_ONLY, "ida"), (UNSEEN, "ida"), (UNSEEN, "nobody")] {
            let is_quick = (0..TRIES).any(|_| {
                let began = Instant::now();
                must(machine, sandbox, user, &codes[0], UNAVAILABLE);
                began.elapsed() < PATIENCE
            });
            assert!(is_quick, "{user}, {sandbox}: it waits for the service");
        }
        // Where nothing is in the way of the files, nobody needs the service.
        let words = ["pamtester", "readonly", "ida", "authenticate"];
        let direct = machine.run(&words, &format!("{}\n", codes[0]));
        assert!(direct.status.success(), "{}", all_of(&direct));
    });
    must(machine, READ_ONLY, "ida", &codes[1], ACCEPTED);
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
