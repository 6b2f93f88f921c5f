//! fail2ban's filter over lines that the module, sshd and the service have really logged: a guess
//! counts against the address that it came from, and against no other.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{module, program, workspace};
use cloud2fa_tests::processes::another_user;
use cloud2fa_tests::sshd::Sshd;
use cloud2fa_tests::syslog::{self, Line};
use cloud2fa_tests::user::{name_of, numbered};
use cloud2fa_tests::{Fixture, Reply, service, visitor};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

/// The module under the name that it is installed by: the log has it.
const MODULE: &str = "/run/installed/pam_cloud2fa.so";

/// Puts filter, jail and module where an administrator would.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        cloud2fa_tests::machine::must_be_private();
        std::fs::create_dir("/run/installed").expect("a new directory");
        std::fs::copy(module(), MODULE).expect("the module");
        for file in ["filter.d/cloud2fa.conf", "jail.d/cloud2fa.conf"] {
            let from = workspace().join("conf/fail2ban").join(file);
            std::fs::copy(from, Path::new("/etc/fail2ban").join(file)).expect("fail2ban is there");
        }
    });
}

/// A line as rsyslog writes it into auth.log: the host stands behind the time.
fn in_auth_log(line: &Line) -> String {
    let (time, rest) = line.text.split_at("Nov 24 12:34:56".len());
    format!("{time} host{rest}\n")
}

/// The addresses and users that the filter finds in these lines.
fn found(fixture: &Fixture, log: &str) -> Vec<String> {
    found_by("cloud2fa", fixture, log)
}

/// Likewise, by a filter as a jail names it.
fn found_by(filter: &str, fixture: &Fixture, log: &str) -> Vec<String> {
    install();
    let path = fixture.path().join("auth.log");
    std::fs::write(&path, log).expect("writable");
    let mut regex = Command::new(program("fail2ban-regex", "fail2ban"));
    // -c: what a filter's name means is looked up there.
    regex.args(["-c", "/etc/fail2ban", "-o", "<ip> <F-USER>"]).arg(&path).arg(filter);
    let output = regex.output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("ERROR"), "{errors}");
    let found = String::from_utf8(output.stdout).expect("UTF-8");
    found.lines().map(str::to_owned).collect()
}

/// What the module logs of a login from `host`.
fn login(fixture: &Fixture, name: &str, host: &str, answer: &str) -> String {
    install();
    fixture.set_stack(&[&format!("auth required {MODULE} CONFIG")]);
    let mut application = fixture.application(name, vec![Reply::from(answer)]);
    application.set_remote_host(host);
    application.authenticate(0);
    let line = fixture.log().pop().expect("a line");
    assert!(line.text.contains(&format!(": pam_cloud2fa({}:auth): ", fixture.service)), "{line:?}");
    in_auth_log(&line)
}

#[test]
fn a_wrong_code_counts_against_its_address() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("[throttle]\nfree_failures = 100");
    for host in ["192.0.2.1", "2001:db8::1"] {
        for wrong in [&alice.wrong_code(), "0000-0000-0000Z"] {
            let line = login(&fixture, "alice", host, wrong);
            assert_eq!(found(&fixture, &line), [format!("{host} alice")], "{line}");
        }
    }
    // An address of the link alone names its interface, too.
    let line = login(&fixture, "alice", "fe80::1%eth0", &alice.wrong_code());
    assert_eq!(found(&fixture, &line), ["fe80::1 alice"], "{line}");
}

#[test]
fn what_is_no_guess_counts_against_nobody() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("[throttle]\nfree_failures = 1\nfirst_wait = \"1h\"");
    let (host, right) = ("192.0.2.1", alice.code());
    let lines = [
        (" reason=right_code ", login(&fixture, "alice", host, &right)),
        (" reason=replayed ", login(&fixture, "alice", host, &right)),
        (" reason=not_a_code ", login(&fixture, "alice", host, "pw")),
        (" reason=not_enrolled ", login(&fixture, "bob", host, &right)),
        (" reason=unknown_user ", login(&fixture, "nobody-of-that-name", host, &right)),
        // A guess, but nobody's to ban: from this machine, or from a name that the guesser chose.
        (" rhost=- ", login(&fixture, "alice", "", &alice.wrong_code())),
        (" reason=wait ", login(&fixture, "alice", host, &alice.wrong_code())),
    ];
    for (part, line) in lines {
        assert!(line.contains(part), "{line}");
        assert_eq!(found(&fixture, &line), [] as [&str; 0], "{line}");
    }
    fixture.set_config("");
    let line = login(&fixture, "alice", "localhost", &alice.wrong_code());
    assert_eq!(found(&fixture, &line), [] as [&str; 0], "{line}");
}

#[test]
fn a_jail_may_count_guesses_at_its_own_services_alone() {
    let (fixture, alice) = Fixture::with("alice");
    let line = login(&fixture, "alice", "192.0.2.1", &alice.wrong_code());
    let service = &fixture.service;
    assert!(line.contains(&format!(" service={service} ")), "{line}");
    for (services, expected) in [
        (service.clone(), &["192.0.2.1 alice"][..]),
        (format!("\"vsftpd|{service}\""), &["192.0.2.1 alice"]),
        ("vsftpd".to_owned(), &[]),
        (service[1..].to_owned(), &[]),
    ] {
        let filter = format!("cloud2fa[services={services}]");
        assert_eq!(found_by(&filter, &fixture, &line), expected, "{filter}");
    }
}

#[test]
fn nobody_can_make_another_address_count() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("[throttle]\nfree_failures = 100");
    let forged = "reason=wrong_code factor=token service=sshd rhost=198.51.100.1 failures=1 wait=0";
    let whole = format!("pam_cloud2fa(sshd:auth): refused user=\"x\" {forged}");
    // In the name, which is not logged where nobody has it.
    for name in [format!("x\" {forged}"), whole.clone(), format!("x\n{whole}")] {
        let line = login(&fixture, &name, "192.0.2.1", "123456");
        assert_eq!(found(&fixture, &line), [] as [&str; 0], "{line}");
    }
    // In the host's.
    for host in [format!("x {forged}"), format!("x\" {forged}"), format!("x\n{whole}")] {
        let line = login(&fixture, "alice", &host, &alice.wrong_code());
        assert_eq!(found(&fixture, &line), [] as [&str; 0], "{line}");
    }
    // In a name that somebody has: such a user of a directory's.
    let line = login(&fixture, "alice", "192.0.2.1", &alice.wrong_code());
    let name = "x rhost=198.51.100.1 \\\" rhost=198.51.100.1 failures=1 wait=0";
    let line = line.replace("\"alice\"", &format!("\"{name}\""));
    assert_eq!(found(&fixture, &line), [format!("192.0.2.1 {name}")], "{line}");
    // In what sshd says of a name that nobody has.
    let line = format!("Nov 24 12:34:56 host sshd[1]: Invalid user {whole} from 192.0.2.1 port 2");
    assert_eq!(found(&fixture, &line), [] as [&str; 0], "{line}");
}

#[test]
fn a_wrong_code_at_a_real_sshd_counts_against_the_client() {
    install();
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, &[&format!("auth required {MODULE} CONFIG")], &[]);
    let mut client = sshd.connect(&name);
    client.answer("Verification code: ", &enrolled.wrong_code());
    client.finish();
    let lines: String = syslog::lines_about(&name).iter().map(in_auth_log).collect();
    assert!(lines.contains(" host sshd: pam_cloud2fa(sshd:auth): refused "), "{lines}");
    assert_eq!(found(&fixture, &lines), [format!("127.0.0.1 {name}")], "{lines}");
}

#[test]
fn the_service_s_lines_count_against_nobody() {
    let uid = numbered(60);
    let (fixture, user) = (Fixture::new(), name_of(uid));
    let mut calls = visitor::connect(uid);
    let answer = calls.call("Authenticate", &json!({ "user": user, "password": "a wrong one" }));
    service::logged(&[&format!(" uid={uid} ")]);
    let log = std::fs::read_to_string(service::LOG).expect("the service's log");
    let lines = log.lines().filter(|line| line.contains(&format!(" uid={uid} ")));
    let lines: String = lines
        .map(|line| line.split_once('>').expect("a level").1)
        .flat_map(|line| ["Nov 24 12:34:56 host cloud2fad[1]: ", line, "\n"])
        .collect();
    assert!(lines.contains(" reason=wrong_password "), "{answer} {lines}");
    assert_eq!(found(&fixture, &lines), [] as [&str; 0], "{lines}");
}

#[test]
fn fail2ban_takes_the_jail() {
    install();
    // Debian's own jail wants a file that is not here.
    let _ = std::fs::remove_file("/etc/fail2ban/jail.d/defaults-debian.conf");
    let mut client = Command::new(program("fail2ban-client", "fail2ban"));
    let dump = client.args(["-c", "/etc/fail2ban", "-d"]).output().expect("it starts");
    let text = String::from_utf8_lossy(&dump.stdout);
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    for part in ["['add', 'cloud2fa', 'systemd']", "['start', 'cloud2fa']"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // Whatever was guessed at, ssh is closed to the address, and all else.
    let action = text.lines().find(|line| line.contains("'addaction'")).expect("an action");
    assert!(action.contains("allports") || text.contains("'allports'"), "{text}");
    assert!(!text.contains("multiport"), "{text}");
}
