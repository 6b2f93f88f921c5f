//! The version before format 2 and records of format 2: it refuses them by name, takes what `init
//! --format 1` has written back, and what it writes itself goes on in today's version.
#![allow(missing_docs)]

use cloud2fa::{Secret, User, UserName};
use cloud2fa_tests::command::{Ended, ended, run};
use cloud2fa_tests::machine::must_be_private;
use cloud2fa_tests::{Code, Enrolled, Fixture, older, slots, user};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// The last version that knew format 1 alone.
fn version_before() -> PathBuf {
    older::at("d809075")
}

/// Alice's fixture, and the stacks of that version and of today's.
struct Host {
    fixture: Fixture,
    alice: Enrolled,
}

impl Host {
    fn new() -> Self {
        must_be_private();
        let (fixture, alice) = Fixture::with("alice");
        // That version knows no other, and this one reads it.
        std::fs::write(fixture.store_path().join(".store"), "format = 1\nid = \"0\"\n").unwrap();
        Self { fixture, alice }
    }

    /// A login by the module of the version before.
    fn login_before(&self, answer: &str) -> Code {
        let module = older::module(&version_before());
        self.fixture.set_stack(&[&format!("auth required {} CONFIG", module.display())]);
        self.fixture.login("alice", &[answer]).code
    }

    fn login_today(&self, answer: &str) -> Code {
        self.fixture.set_stack(&["auth required MODULE CONFIG"]);
        self.fixture.login("alice", &[answer]).code
    }

    /// The command of the version before.
    fn before(&self, words: &[&str]) -> Ended {
        let mut command = Command::new(older::command(&version_before()));
        ended(command.args(words).arg("--config").arg(self.fixture.config_path()))
    }

    fn go_back(&self, words: &[&str]) -> Ended {
        run(&self.fixture, &[&["init", "--format", "1"], words].concat())
    }

    /// The formats that the headers name.
    fn formats(&self) -> [String; 2] {
        let record = self.fixture.record(&self.alice);
        [0, slots::SLOT].map(|at| {
            let header = record[at..].split(|byte| *byte == b'\n').next().unwrap();
            std::str::from_utf8(header).unwrap().split(' ').nth(1).unwrap().to_owned()
        })
    }
}

#[test]
fn the_version_before_refuses_a_record_of_today_by_name_and_leaves_it_alone() {
    let host = Host::new();
    assert_eq!(host.login_today(&host.alice.code()), Code::SUCCESS);
    let record = host.fixture.record(&host.alice);
    assert_eq!(host.login_before(&host.alice.code_at(1)), Code::AUTHINFO_UNAVAIL);
    let (severity, line) = host.fixture.last_log_line();
    assert_eq!(severity, "alert", "{line}");
    assert!(line.contains("alice.account has format 2"), "{line}");
    let status = host.before(&["status", "--user", "alice", "--json"]);
    assert_eq!((status.status, &status.last()["error"]), (1, &json!("unavailable")), "{status:?}");
    let message = status.last()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("alice.account has format 2"), "{message}");
    assert!(message.contains("install the version that wrote it"), "{message}");
    assert!(record == host.fixture.record(&host.alice));
}

#[test]
fn what_is_written_back_works_in_the_version_before_and_no_code_works_twice() {
    let host = Host::new();
    let [now, next, later] = host.alice.codes_at([-1, 0, 1]);
    assert_eq!(host.login_today(&now), Code::SUCCESS);
    assert_eq!(host.login_today(&host.alice.backup_codes[0]), Code::SUCCESS);
    assert_eq!(host.login_today(&host.alice.wrong_code()), Code::AUTH_ERR);
    let went_back = host.go_back(&["--json"]);
    assert_eq!(went_back.status, 0, "{went_back:?}");
    assert_eq!(host.formats(), ["1", "1"]);

    for used in [&now, &host.alice.backup_codes[0]] {
        assert_eq!(host.login_before(used), Code::AUTH_ERR, "it was used before");
    }
    let status = host.before(&["status", "--user", "alice", "--json"]).last();
    assert_eq!((&status["backup_codes_left"], &status["failures"]), (&json!(7), &json!(1)));
    assert_eq!(host.login_before(&next), Code::SUCCESS);
    assert_eq!(host.login_before(&host.alice.backup_codes[1]), Code::SUCCESS);

    // And forth again.
    for used in [&now, &next, &host.alice.backup_codes[0], &host.alice.backup_codes[1]] {
        assert_eq!(host.login_today(used), Code::AUTH_ERR, "it was used before");
    }
    assert_eq!(host.login_today(&later), Code::SUCCESS);
    assert!(host.formats().contains(&"2".to_owned()));
}

#[test]
fn it_may_be_done_again_for_who_has_logged_in_between() {
    let host = Host::new();
    let [now, next] = host.alice.codes_at([0, 1]);
    for _ in 0..2 {
        assert_eq!(host.go_back(&[]).status, 0);
        assert_eq!(host.formats(), ["1", "1"]);
    }
    assert_eq!(host.login_today(&now), Code::SUCCESS);
    assert_eq!(host.login_before(&next), Code::AUTHINFO_UNAVAIL);
    assert_eq!(host.go_back(&[]).status, 0);
    assert_eq!(host.login_before(&next), Code::SUCCESS);
}

#[test]
fn what_is_lost_and_who_stays_behind_is_said() {
    let host = Host::new();
    let record = host.fixture.record(&host.alice);
    let (sequence, text) = slots::newest(&record);
    let more = "budget = \"20416 3\"\n\n[ignorable]\ncolour = 1\n";
    let slot = slots::seal(slots::FORMAT, sequence + 1, &(text + more));
    user::write_private(&host.fixture.account_path("alice"), &slot.repeat(2));
    let gone = User { name: UserName::new("gone").unwrap(), uid: 4711 };
    let gone = user::enrol(&host.fixture.store_path(), gone, Secret::generate().unwrap());
    let (_, text) = slots::newest(&host.fixture.record(&gone));
    let minutes = text.replace("created = ", "period = 60\ncreated = ");
    user::write_private(&host.fixture.account_path("gone"), &slots::file(&minutes));
    let before = host.fixture.record(&gone);

    let went_back = host.go_back(&["--json"]);
    assert_eq!(went_back.status, 1);
    let lines: Vec<Value> =
        went_back.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [failed, all] = &lines[..] else { panic!("{went_back:?}") };
    assert_eq!((&failed["user"], &failed["error"]), (&json!("gone"), &json!("unavailable")));
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("gone.account cannot be written in format 1"), "{message}");
    let lost = json!({ "budget": 1, "ignorable": 1 });
    assert_eq!(*all, json!({ "records": 1, "failed": 1, "lost": lost }));
    assert_eq!(host.formats(), ["1", "1"]);
    assert!(before == host.fixture.record(&gone));

    let to_a_person = host.go_back(&[]);
    assert_eq!(to_a_person.status, 1);
    assert!(to_a_person.output.contains("gone: "), "{to_a_person:?}");
    assert!(to_a_person.output.contains("Records in format 1: 1\n"), "{to_a_person:?}");
}
