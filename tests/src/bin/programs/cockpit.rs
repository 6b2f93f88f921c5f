//! Cockpit: its page for logging in shows each question of PAM's, and so does the one for administrative
//! access, which is sudo's.

use crate::client::start;
use crate::ground::{ENROLLED, Factor, show_faults, with};
use crate::proof::{Came, lets_in_by_code};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::people::CODE;

/// What its page does: the password, and for each question that comes an answer.
const LOG_IN: &str = r#"
    encoded() { printf %s "$1" | base64 --wrap=0; }
    answer="Basic $(encoded "$1:$2")"
    for next in "$3" end; do
        status=$(curl --silent --insecure --output /run/body --dump-header /run/headers --write-out '%{http_code}' \
            --header "Authorization: $answer" https://127.0.0.1:9090/cockpit/login)
        question=$(tr -d '\r' </run/headers | sed -n 's/^WWW-Authenticate: X-Conversation //Ip')
        if [ "$status" = 200 ] || [ -z "$question" ]; then break; fi
        echo "asked: $(echo "${question#* }" | base64 --decode)"
        answer="X-Conversation ${question%% *} $(encoded "$next")"
    done
    echo "status=$status"; cat /run/headers /run/body"#;

fn log_in(machine: &Machine, user: &str, code: Option<&str>) -> Came {
    let came = answer(machine, user, code.unwrap_or_default());
    assert_eq!(came.said.matches(CODE).count(), usize::from(code.is_some()), "{came:?}");
    came
}

/// With that answer to whatever is asked behind the password.
fn answer(machine: &Machine, user: &str, code: &str) -> Came {
    let said = all_of(&machine.run(&["sh", "-ec", LOG_IN, "sh", user, PASSWORD, code], ""));
    Came { let_in: said.contains("status=200"), said }
}

pub fn cockpit(machine: &Machine) {
    with(machine, "cockpit.socket cockpit", |mut factor| {
        machine.script("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable cloud2fa");
        start(machine, "cockpit.socket", 9090);
        show_faults(machine, "cockpit, the profile on");
        lets_in_by_code(machine, &mut factor, |user, code| log_in(machine, user, code));
        administrates(machine, &mut factor);
        locked(machine, &mut factor);
    });
}

/// After too many wrong codes its page shows the question for a backup code, as any other.
fn locked(machine: &Machine, factor: &mut Factor) {
    machine.script("sed -i 's/^# lock_after = .*/lock_after = 2/' /etc/cloud2fa/cloud2fa.toml");
    for _ in 0..2 {
        assert!(!answer(machine, ENROLLED, &factor.wrong).let_in);
    }
    let refused = answer(machine, ENROLLED, &factor.wrong);
    assert!(!refused.let_in && refused.said.contains("asked: Backup code: "), "{refused:?}");
    assert!(refused.said.contains("internal-error: Too many wrong codes"), "{refused:?}");
    let right = answer(machine, ENROLLED, &factor.code());
    assert!(right.let_in, "{right:?}");
}

/// What a session's bridge does for a page that wants to administrate, and what it asks for.
const BRIDGE: &str = include_str!("bridge.py");

/// Administrative access wants a code of its own.
fn administrates(machine: &Machine, factor: &mut Factor) {
    machine.script(&format!("echo '{ENROLLED} ALL=(ALL:ALL) ALL' >/etc/sudoers.d/{ENROLLED}"));
    let code = factor.code();
    for (code, gets_it) in [(&code, true), (&code, false), (&factor.wrong, false)] {
        let words = [
            "runuser",
            "--login",
            ENROLLED,
            "-c",
            "exec python3 - \"$@\"",
            "--",
            "-",
            PASSWORD,
            code,
        ];
        let said = all_of(&machine.run(&words, BRIDGE));
        assert_eq!(said.contains("from who: root\n"), gets_it, "{said}");
    }
}
