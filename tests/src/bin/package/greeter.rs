//! Graphical greeters, for which `pam_host` stands: it shows one prompt at a time, each in a field
//! of its own, and no other text.

use crate::dpkg::purge;
use crate::profile;
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::people::CODE;
use std::time::{Duration, Instant};

/// The PAM file of a greeter as Debian has them.
const SERVICE: &str = "greeter";
const STACK: &str = "auth requisite pam_nologin.so\n\
                     auth required pam_succeed_if.so user != root quiet_success\n\
                     @include common-auth\n\
                     account required pam_nologin.so\n\
                     @include common-account\n";

const PASSWORD_FIELD: &str = "Password: ";
const BOTH: &[&str] = &[PASSWORD_FIELD, CODE];
const WRONG: &str = "000000";

/// What is less than a greeter that hangs, and more than a busy machine takes.
const AT_ONCE: Duration = Duration::from_secs(60);

/// What came of a login: the fields that were shown, and the code that the greeter got.
type Came = (Vec<String>, String);

/// Logs in with these answers, a field each. Who has no more goes away: the conversation fails.
fn log_in(machine: &Machine, user: &str, answers: &[&str]) -> Came {
    let words = ["/root/packages/pam_host", "--prompts-only", "/etc/pam.d", SERVICE, user];
    let began = Instant::now();
    let mut host = HostProcess::run(&mut machine.command(&words));
    let mut fields = Vec::new();
    for answer in answers {
        let line = host.line().expect("pam_host says a code at its end");
        if let Some(code) = line.strip_prefix("code ") {
            return (fields, code.to_owned());
        }
        fields.push(line.strip_prefix("ask ").expect("a prompt and nothing else").to_owned());
        host.answer(answer);
    }
    let (rest, _) = host.finish();
    let (last, asked) = rest.split_last().expect("pam_host says a code at its end");
    fields.extend(asked.iter().filter_map(|line| line.strip_prefix("ask ")).map(str::to_owned));
    assert!(began.elapsed() < AT_ONCE, "{user}: it took {:?}", began.elapsed());
    (fields, last.strip_prefix("code ").expect("the last line").to_owned())
}

/// Logs in; these fields and this code must come of it.
#[track_caller]
fn must(machine: &Machine, user: &str, answers: &[&str], fields: &[&str], code: &str) {
    let (shown, came) = log_in(machine, user, answers);
    assert_eq!((shown.iter().map(String::as_str).collect(), &came[..]), (fields.to_vec(), code));
}

pub fn one_at_a_time(machine: &Machine) {
    let mut people = profile::begin(machine);
    machine.write("/etc/pam.d/greeter", STACK);
    let code = people.code();
    must(machine, "rosa", &[PASSWORD, &code], BOTH, "PAM_SUCCESS");
    must(machine, "rosa", &[PASSWORD, WRONG], BOTH, "PAM_AUTH_ERR");
    must(machine, "rosa", &[PASSWORD, &code], BOTH, "PAM_AUTH_ERR");
    must(machine, "rosa", &["not-the-password"], &[PASSWORD_FIELD], "PAM_AUTH_ERR");
    must(machine, "otto", &[PASSWORD], &[PASSWORD_FIELD], "PAM_SUCCESS");
    must(machine, "otto", &["not-the-password"], &[PASSWORD_FIELD], "PAM_AUTH_ERR");
    // The first wait must not be over before it is looked at.
    machine
        .script("sed -i 's/^# first_wait = .*/first_wait = \"1h\"/' /etc/cloud2fa/cloud2fa.toml");
    // The text that says so is dropped: what is left is a password that is not enough.
    for _ in 0..4 {
        must(machine, "rosa", &[PASSWORD, WRONG], BOTH, "PAM_AUTH_ERR");
    }
    let shut: &[&str] = &[PASSWORD_FIELD, "Backup code: "];
    must(machine, "rosa", &[PASSWORD, WRONG], shut, "PAM_MAXTRIES");
    machine.must(&["cloud2fa", "unlock", "rosa"]);
    must(machine, "rosa", &[PASSWORD, &people.code()], BOTH, "PAM_SUCCESS");
    machine.must(&["rm", "/etc/pam.d/greeter"]);
    purge(machine);
}

/// What some greeters do at the second prompt: none is a guess, and none is logged as it was given.
pub fn with_one_field(machine: &Machine) {
    let mut people = profile::begin(machine);
    machine.write("/etc/pam.d/greeter", STACK);
    let since = machine.journal_cursor();
    for (answers, code, reason) in [
        (&[PASSWORD, PASSWORD][..], "PAM_AUTH_ERR", "password_repeated"),
        (&[PASSWORD, ""], "PAM_AUTH_ERR", "not_a_code"),
        (&[PASSWORD], "PAM_CONV_ERR", "conversation_failed"),
    ] {
        let since = machine.journal_cursor();
        must(machine, "rosa", answers, BOTH, code);
        let log = machine.journal_since(&since);
        let line = format!(
            "pam_cloud2fa(greeter:auth): refused user=\"rosa\" reason={reason} factor=none service=greeter rhost=- failures=0 wait=0"
        );
        assert!(log.contains(&line), "{log}");
    }
    let log = machine.journal_since(&since);
    assert!(!log.contains(PASSWORD), "the password is in the journal");
    must(machine, "rosa", &[PASSWORD, &people.code()], BOTH, "PAM_SUCCESS");
    machine.must(&["rm", "/etc/pam.d/greeter"]);
    purge(machine);
}
