//! The service's log lines: one a decision, in the form of the module's.
#![allow(missing_docs)]

use cloud2fa::{Secret, Token};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{
    self, A_WHILE, add_alias, name_of, numbered, of_this_machine, step_with_time_left,
};
use cloud2fa_tests::visitor::connect;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One user's connection, and the lines of the log that are about that user's calls.
struct Conversation {
    uid: u32,
    user: String,
    calls: Raw,
    read: usize,
}

impl Conversation {
    fn of(uid: u32) -> Self {
        let user = name_of(uid);
        Self { uid, user, calls: connect(uid), read: 0 }
    }

    /// Calls a method about the caller, and gives the answer and what is new in the log.
    fn call(&mut self, method: &str, mut parameters: Value) -> (Value, Vec<String>) {
        if method != "ConfirmEnrolment" && parameters.get("user").is_none() {
            parameters["user"] = json!(self.user);
        }
        (self.calls.call(method, &parameters), self.new_lines())
    }

    /// They come by way of the process that listens, and so a moment after the answer.
    fn new_lines(&mut self) -> Vec<String> {
        let began = Instant::now();
        let mut lines = Vec::new();
        while lines.len() <= self.read && began.elapsed() < A_MOMENT {
            std::thread::sleep(Duration::from_millis(50));
            lines = lines_of(&format!(" uid={} ", self.uid));
        }
        let new = lines[self.read..].to_vec();
        self.read = lines.len();
        new
    }

    /// Calls, and expects this one line: what stands between the user and the service, then
    /// what stands between the service and the caller.
    fn expect(&mut self, method: &str, parameters: Value, line: &str, counts: &str) -> Value {
        let (answer, lines) = self.call(method, parameters);
        let (level, rest) = line.split_at(line.find('>').unwrap() + 1);
        let (decision, why) = rest.split_once(' ').unwrap();
        let (user, uid) = (&self.user, self.uid);
        let expected = format!(
            "{level}{decision} user=\"{user}\" {why} service=cloud2fa rhost=- {counts} uid={uid} method={method}"
        );
        assert_eq!(lines, [expected], "{answer}");
        answer
    }
}

const NONE: &str = "failures=0 wait=0";

/// Until a line is there, on a machine that has much else to do.
const A_MOMENT: Duration = Duration::from_secs(5);

/// The log's lines with `part` in them.
fn lines_of(part: &str) -> Vec<String> {
    let log = std::fs::read_to_string(service::LOG).unwrap();
    log.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
}

fn authenticate(calls: &mut Conversation) {
    let accepted = "<6>accepted reason=right_password factor=none";
    calls.expect("Authenticate", json!({"password": "pw"}), accepted, NONE);
}

/// Enrols; gives the secret, the code that proved it, and the backup codes.
fn enrol(calls: &mut Conversation) -> (Secret, Token, Vec<String>) {
    authenticate(calls);
    let (key, lines) = calls.call("BeginEnrolment", json!({"replace": false}));
    assert_eq!(lines, [] as [String; 0]);
    let secret = Secret::from_base32(key["parameters"]["secret"].as_str().unwrap()).unwrap();
    let proof = secret.token_at(step_with_time_left(A_WHILE));
    let enrolled = "<6>enrolled reason=right_code factor=token";
    let answer = calls.expect("ConfirmEnrolment", json!({"code": proof.as_str()}), enrolled, NONE);
    let codes = answer["parameters"]["backup_codes"].as_array().unwrap();
    (secret, proof, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[test]
fn each_decision_on_a_change_is_one_line_that_stays_as_it_is() {
    let mut calls = Conversation::of(numbered(30));
    let begin = json!({"replace": false});
    let refused = |reason: &str| format!("<5>refused reason={reason} factor=none");
    calls.expect("BeginEnrolment", begin.clone(), &refused("password_required"), NONE);
    let wrong = json!({"password": "a wrong one"});
    calls.expect("Authenticate", wrong, &refused("wrong_password"), NONE);
    let code = json!({"code": "123456"});
    let (_, lines) = calls.call("ConfirmEnrolment", code.clone());
    assert!(lines[0].starts_with("<5>refused user=\"\" reason=no_enrolment_begun "), "{lines:?}");
    let (_, _, codes) = enrol(&mut calls);

    authenticate(&mut calls);
    calls.expect("BeginEnrolment", begin, &refused("already_enrolled"), NONE);
    calls.expect("RegenerateBackupCodes", json!({}), &refused("code_required"), NONE);
    let password = json!({"current_code": "pw"});
    calls.expect("RegenerateBackupCodes", password, &refused("not_a_code"), NONE);
    let wrong = json!({"current_code": "0000-0000-0000Z"});
    let line = "<5>refused reason=wrong_code factor=backup_code";
    calls.expect("RegenerateBackupCodes", wrong, line, NONE);
    let right = json!({"current_code": codes[0]});
    let line = "<6>regenerated reason=right_code factor=backup_code";
    let answer = calls.expect("RegenerateBackupCodes", right, line, NONE);

    authenticate(&mut calls);
    let used = json!({"current_code": codes[0]});
    calls.expect("Disable", used, "<5>refused reason=wrong_code factor=backup_code", NONE);
    let codes = &answer["parameters"]["backup_codes"];
    // The code is spent here; the new key waits for its own.
    let replace = json!({"replace": true, "current_code": codes[0]});
    let line = "<6>accepted reason=right_code factor=backup_code";
    calls.expect("BeginEnrolment", replace, line, NONE);
    calls.expect("ConfirmEnrolment", code, "<5>refused reason=not_proven factor=token", NONE);

    authenticate(&mut calls);
    let line = "<5>refused reason=replayed factor=backup_code";
    calls.expect("Disable", json!({"current_code": codes[0]}), line, NONE);
    let line = "<6>disabled reason=right_code factor=backup_code";
    calls.expect("Disable", json!({"current_code": codes[1]}), line, NONE);
    authenticate(&mut calls);
    calls.expect("Disable", json!({}), &refused("not_enrolled"), NONE);
}

#[test]
fn each_code_that_is_evaluated_is_one_line() {
    let mut calls = Conversation::of(numbered(31));
    let (secret, proof, codes) = enrol(&mut calls);
    let (standing, lines) = calls.call("Challenge", json!({}));
    assert!(lines.is_empty(), "{lines:?}");
    let generation = standing["parameters"]["standing"]["generation"].clone();
    let verify = |code: &str, purpose: &str| json!({"code": code, "generation": generation, "purpose": purpose});
    let whose = user::Enrolled { user: of_this_machine("u031"), secret, backup_codes: codes };
    let (right, wrong) = (whose.backup_codes[2].as_str(), whose.wrong_code());
    let trial = |line: &str| {
        let line = line.to_owned();
        move |lines: Vec<String>| {
            assert!(lines.len() == 1 && lines[0].contains(&line), "{lines:?}");
            assert!(
                lines[0].ends_with(" method=Verify detail=\"a trial: a right code is not spent\"")
            );
        }
    };
    let (_, lines) = calls.call("Verify", verify(right, "trial"));
    trial("<6>accepted user=\"u031\" reason=right_code factor=backup_code ")(lines);
    let (_, lines) = calls.call("Verify", verify(&wrong, "trial"));
    trial("<5>refused user=\"u031\" reason=wrong_code factor=token ")(lines);
    let line = "<5>refused reason=wrong_code factor=token";
    calls.expect("Verify", verify(&wrong, "login"), line, "failures=2 wait=0");
    let line = "<5>refused reason=replayed factor=token";
    calls.expect("Verify", verify(proof.as_str(), "login"), line, NONE);
    let (_, lines) = calls.call("Verify", verify(right, "login"));
    let begin = "<6>accepted user=\"u031\" reason=right_code factor=backup_code ";
    let end = " detail=\"wrong codes of the app in 30 days: 2, which count no more\"";
    assert!(lines.len() == 1 && lines[0].starts_with(begin), "{lines:?}");
    assert!(lines[0].contains(" failures=0 wait=0 ") && lines[0].ends_with(end), "{lines:?}");
    let other = json!({"code": right, "generation": "0".repeat(32), "purpose": "login"});
    let line = "<5>refused reason=enrolment_changed factor=backup_code";
    calls.expect("Verify", other, line, NONE);
    let (_, lines) = calls.call("Verify", verify("no code", "login"));
    assert!(lines.len() == 1 && lines[0].contains(" reason=not_a_code factor=none "), "{lines:?}");

    let log = std::fs::read_to_string(service::LOG).unwrap();
    let secrets = [&*whose.secret.to_base32(), right, proof.as_str(), &wrong, "no code"];
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
}

#[test]
fn who_asks_for_another_account_is_named_by_uid_and_an_unknown_name_is_left_out() {
    let mut calls = Conversation::of(numbered(32));
    let (_, lines) = calls.call("GetStatus", json!({"user": "u033"}));
    let uid = numbered(32);
    let expected = format!(
        "<5>refused user=\"u033\" reason=not_permitted factor=none service=cloud2fa rhost=- failures=0 wait=0 uid={uid} method=GetStatus"
    );
    assert_eq!(lines, [expected]);
    // Some type a password for a name.
    for name in ["correct horse", "x\" reason=right_code\n<6>accepted user=\"root", "%s%n"] {
        let (_, lines) = calls.call("GetStatus", json!({"user": name}));
        let uid = numbered(32);
        let expected = format!(
            "<5>refused user=\"\" reason=unknown_user factor=none service=cloud2fa rhost=- failures=0 wait=0 uid={uid} method=GetStatus"
        );
        assert_eq!(lines, [expected]);
    }
}

#[test]
fn a_name_with_quotes_and_blanks_forges_no_field() {
    let name = "x\" reason=right_code uid=0 \\";
    service::start();
    add_alias(&of_this_machine("u034"), name);
    let mut calls = Conversation::of(numbered(34));
    let (_, lines) = calls.call("Disable", json!({"user": name}));
    let uid = numbered(34);
    let expected = format!(
        "<5>refused user=\"x\\\" reason=right_code uid=0 \\\\\" reason=password_required factor=none service=cloud2fa rhost=- failures=0 wait=0 uid={uid} method=Disable"
    );
    assert_eq!(lines, [expected]);
}

#[test]
fn an_account_that_cannot_be_used_and_a_damaged_record_say_why() {
    let mut calls = Conversation::of(numbered(35));
    std::fs::write("/var/lib/cloud2fa/u035.account", [0; 8192]).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions("/var/lib/cloud2fa/u035.account", private).unwrap();
    let (answer, lines) = calls.call("GetStatus", json!({}));
    assert_eq!(answer["error"], "io.cloud2fa.Unavailable");
    assert!(
        lines.len() == 1
            && lines[0]
                .starts_with("<1>refused user=\"u035\" reason=store_unavailable factor=none ")
            && lines[0].contains(&format!(" uid={} method=GetStatus ", numbered(35)))
            && lines[0].contains(" detail=\"/var/lib/cloud2fa/u035.account is damaged "),
        "{lines:?}"
    );
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    let hash = shadow.lines().find_map(|line| line.strip_prefix("u037:")).unwrap();
    let hash = hash.split(':').next().unwrap();
    user::set_shadow("u036", "!:20000:0:99999:7:::");
    user::set_shadow("u037", &format!("{hash}:20000:0:99999:7::1:"));
    let mut locked = Conversation::of(numbered(36));
    locked.expect("GetRequirements", json!({}), "<5>refused reason=no_password factor=none", NONE);
    let (_, lines) = Conversation::of(numbered(37)).call("Authenticate", json!({"password": "pw"}));
    assert!(
        lines.len() == 1
            && lines[0].starts_with("<5>refused user=\"u037\" reason=account_refused factor=none ")
            && lines[0].contains(&format!(" uid={} method=Authenticate ", numbered(37)))
            && lines[0]
                .ends_with(" detail=\"the account may not be used now; ask an administrator\""),
        "{lines:?}"
    );
}

#[test]
fn a_caller_that_is_hung_up_on_is_one_line() {
    let mut caller = Conversation::of(numbered(38));
    caller.calls.send(b"hello\0");
    assert!(caller.calls.receive().is_empty());
    let uid = numbered(38);
    let expected = format!(
        "<5>refused user=\"\" reason=misbehaved factor=none service=cloud2fa rhost=- failures=0 wait=0 uid={uid} method=- detail=\"sent what is no call\""
    );
    let lines = wait_for("the line", || Some(caller.new_lines()).filter(|lines| !lines.is_empty()));
    assert_eq!(lines, [expected]);
    // The next ones of the kind are counted, and one line in a minute.
    for _ in 0..20 {
        let mut again = connect(numbered(38));
        again.send(b"hello\0");
        assert!(again.receive().is_empty());
    }
    assert_eq!(caller.new_lines(), [""; 0]);
    // Root's connections are bounded in the same way, and not counted.
    let mut raw = Raw::open();
    raw.send(&vec![b' '; 70_000]);
    raw.receive();
    let about_root = " uid=0 method=- detail=\"a message is too long\"";
    let root = wait_for("the line", || lines_of(about_root).pop());
    assert!(root.starts_with("<5>refused user=\"\" reason=misbehaved "));
}

#[test]
fn a_configuration_that_says_what_it_must_not_is_the_administrators_to_mend() {
    service::start();
    // The service alone, with an /etc/cloud2fa of its own.
    let script = "mkdir -p /etc/cloud2fa; mount -t tmpfs tmpfs /etc/cloud2fa; \
                  echo 'nonsense = 1' >/etc/cloud2fa/cloud2fa.toml; exec \"$1\"";
    let (ours, its) = std::os::unix::net::UnixStream::pair().unwrap();
    let service = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh"])
        .arg(service::path())
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(its)))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut raw = Raw::from(ours);
    let call = r#"{"method":"io.cloud2fa.GetStatus","parameters":{"user":"u039"}}"#;
    raw.send(&[call.as_bytes(), b"\0"].concat());
    assert!(String::from_utf8(raw.receive()).unwrap().contains("io.cloud2fa.Unavailable"));
    drop(raw);
    let log = String::from_utf8(service.wait_with_output().unwrap().stderr).unwrap();
    let begin = "<3>refused user=\"u039\" reason=bad_config factor=none service=cloud2fa rhost=- failures=0 wait=0 uid=0 method=GetStatus detail=\"/etc/cloud2fa/cloud2fa.toml";
    assert!(log.starts_with(begin) && log.lines().count() == 1, "{log}");
}
