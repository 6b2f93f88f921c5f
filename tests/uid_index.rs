//! The index of uids on real disks, killed and failing at each system call: a second name is never let
//! past the first one's second factor, and `init` puts all in order.
#![allow(missing_docs)]

use cloud2fa::{Secret, Standing, Store};
use cloud2fa_tests::command::{self, Dialogue, Ended, run};
use cloud2fa_tests::disk::{Disk, Kind};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{self, Call, Strace, after_answer};
use cloud2fa_tests::{Code, Enrolled, Fixture, Reply, index, older, user};
use std::process::{Command, Stdio};
use std::sync::Once;

/// The marker of a version without an index.
const EARLIER: &[u8] = b"format = 1\nid = \"00\"\n";

/// alice has a second name on this machine.
fn add_second_name() {
    static ADDED: Once = Once::new();
    ADDED.call_once(|| user::add_alias(&user::of_this_machine("alice"), "alice2"));
}

/// Somebody takes the index away, whatever the marker says of it.
fn take_away(fixture: &Fixture) {
    std::fs::remove_dir_all(fixture.store_path().join("uid")).unwrap();
}

fn make_earlier(fixture: &Fixture) {
    take_away(fixture);
    user::write_private(&fixture.store_path().join(".store"), EARLIER);
}

/// A store of an earlier version with two enrolled users.
fn earlier() -> (Fixture, Enrolled) {
    add_second_name();
    let (fixture, alice) = Fixture::with("alice");
    fixture.enrol("bob");
    make_earlier(&fixture);
    (fixture, alice)
}

fn is_complete(fixture: &Fixture) -> bool {
    fixture.store().index_is_complete().unwrap()
}

/// Logs in by the second name, with a wrong code.
fn second_name(fixture: &Fixture, alice: &Enrolled) -> Code {
    fixture.raw("alice2", "CONFIG nullok", vec![Reply::from(&alice.wrong_code())]).code
}

/// The same with no other process in sight: how many calls `init` makes to look at those, by which of
/// them it waits for, is not the test's matter.
fn alone(command: &Command) -> Command {
    let mut alone = Command::new("unshare");
    alone.args(["--pid", "--fork", "--mount-proc"]);
    strace::behind(alone, command)
}

/// Runs `init` under strace, with its options; gives the calls on the store.
fn init(fixture: &Fixture, inject: Option<&str>) -> (Ended, Vec<Call>) {
    let mut plain = command::of(fixture);
    plain.args(["init", "--format", "2", "--json"]);
    let (traced, output) = strace::around(&plain, inject);
    let ended = command::ended(alone(&traced).stdin(Stdio::null()));
    let store = fixture.store_path().to_string_lossy().into_owned();
    let calls = strace::read(&output).into_iter().filter(|call| call.text.contains(&store));
    (ended, calls.collect())
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Killed,
    Fails(&'static str),
}

const FATES: [Fate; 4] =
    [Fate::Killed, Fate::Fails("ENOSPC"), Fate::Fails("EROFS"), Fate::Fails("EIO")];

fn inject(call: &Call, fate: Fate) -> String {
    match fate {
        Fate::Killed => call.kill(),
        Fate::Fails(error) => call.fail(error),
    }
}

#[test]
fn the_making_of_the_index_may_be_killed_or_fail_at_each_system_call() {
    may_be_killed_or_fail(make_earlier);
}

#[test]
fn so_may_the_making_of_one_that_was_taken_away() {
    may_be_killed_or_fail(take_away);
}

fn may_be_killed_or_fail(make: fn(&Fixture)) {
    let (fixture, alice) = earlier();
    assert_eq!(init(&fixture, None).0.status, 0);
    make(&fixture);
    let (whole, calls) = init(&fixture, None);
    assert_eq!(whole.status, 0, "{whole:?}");
    for name in ["mkdirat", "symlinkat", "renameat", "fsync", "flock"] {
        assert!(calls.iter().any(|call| call.name == name), "no {name}: {calls:#?}");
    }
    let (mut kills, mut failures) = (0, 0);
    for call in calls.iter().filter(|call| call.name != "close") {
        for fate in FATES {
            make(&fixture);
            let (ended, _) = init(&fixture, Some(&inject(call, fate)));
            let about = format!("{fate:?} at {call:?}: {ended:?}");
            if fate == Fate::Killed {
                assert_eq!(ended.status, 128 + 9, "{about}");
                kills += 1;
            } else if ended.status != 0 {
                assert_eq!(ended.status, 1, "{about}");
                assert!(ended.last()["error"] == "unavailable", "{about}");
                failures += 1;
            }
            // A marker that says so stands on an index that is.
            let indexed = index::names(&fixture.store_path(), alice.user.uid);
            if is_complete(&fixture) {
                assert_eq!(indexed.as_deref(), Some("alice"), "{about}");
            }
            assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR, "{about}");
            assert!(fixture.last_log_line().1.contains(" reason=wrong_code "), "{about}");
            fixture.store().unlock(&alice.user, &user::now).unwrap();
            assert_eq!(init(&fixture, None).0.status, 0, "{about}: again");
            assert!(is_complete(&fixture), "{about}");
        }
    }
    assert_eq!(index::files(&fixture.store_path()).len(), 3, "leftovers");
    eprintln!("{} calls: {kills} kills, {failures} failures", calls.len());
}

/// Begins an enrolment; gives it, and the code that proves the key.
fn begin(fixture: &Fixture, name: &str) -> (Dialogue, String, Enrolled) {
    begun(Dialogue::start(fixture, &["enable", "--user", name]), name)
}

fn begun(mut dialogue: Dialogue, name: &str) -> (Dialogue, String, Enrolled) {
    let key = dialogue.line();
    let secret = Secret::from_base32(key["secret"].as_str().unwrap()).unwrap();
    assert_eq!(dialogue.line()["ask"], "code");
    let user = user::of_this_machine(name);
    let enrolled = Enrolled { user, secret, backup_codes: Vec::new() };
    let proof = enrolled.code();
    (dialogue, proof, enrolled)
}

/// Runs `enable` for alice; from its proof on it is traced.
fn enable(fixture: &Fixture, inject: Option<&str>) -> (Ended, Vec<Call>, Enrolled) {
    let (mut dialogue, proof, alice) = begin(fixture, "alice");
    let strace = Strace::attach(dialogue.pid(), inject);
    dialogue.answer(&proof);
    let ended = dialogue.end();
    let store = fixture.store_path().to_string_lossy().into_owned();
    let calls = after_answer(strace.calls(), &proof).into_iter();
    (ended, calls.filter(|call| call.text.contains(&store)).collect(), alice)
}

#[test]
fn no_record_is_there_before_its_entry_whatever_happens_to_an_enrolment() {
    add_second_name();
    let (whole, calls, _) = enable(&Fixture::new(), None);
    assert_eq!(whole.status, 0, "{whole:?}");
    let mut records = 0;
    for call in calls.iter().filter(|call| call.name != "close") {
        for fate in [Fate::Killed, Fate::Fails("ENOSPC")] {
            let fixture = Fixture::new();
            let (ended, _, alice) = enable(&fixture, Some(&inject(call, fate)));
            let about = format!("{fate:?} at {call:?}: {ended:?}");
            let standing = fixture.store().status(&alice.user, &user::now).unwrap();
            let indexed = index::names(&fixture.store_path(), alice.user.uid);
            let expected = if standing == Standing::NeverEnrolled {
                Code::IGNORE
            } else {
                records += 1;
                assert_eq!(indexed.as_deref(), Some("alice"), "{about}");
                Code::AUTH_ERR
            };
            assert_eq!(second_name(&fixture, &alice), expected, "{about}");
            if expected == Code::IGNORE {
                assert_eq!(enable(&fixture, None).0.status, 0, "{about}: again");
            }
        }
    }
    assert!(records > 0, "some had come that far");
}

#[test]
fn the_entry_is_on_the_disk_before_the_record_has_its_name() {
    let (_, calls, _) = enable(&Fixture::new(), None);
    let at = |name: &str, part: &str| {
        let found = calls.iter().position(|call| call.name == name && call.text.contains(part));
        found.unwrap_or_else(|| panic!("no {name} with {part}: {calls:#?}"))
    };
    let order = [
        at("symlinkat", "\"alice\""),
        at("renameat", "\".new\""),
        at("fsync", "/uid>"),
        at("renameat2", "\"alice.account\""),
    ];
    assert!(order.is_sorted(), "{order:?}: {calls:#?}");
}

/// The calls of a login from its start to its end.
fn login(fixture: &Fixture, name: &str, answer: &str) -> Vec<Call> {
    let mut plain = Command::new(env!("CARGO_BIN_EXE_pam_host"));
    plain.arg(fixture.services()).args([&fixture.service, name]);
    let (mut traced, output) = strace::around(&plain, None);
    let mut host = HostProcess::run(&mut traced);
    host.answer(answer);
    let (said, _) = host.finish();
    assert_eq!(said.last().map(String::as_str), Some("code PAM_SUCCESS"), "{said:?}");
    strace::read(&output)
}

#[test]
fn who_has_an_enrolment_costs_no_look_at_the_index_nor_at_another_name() {
    add_second_name();
    let (fixture, alice) = Fixture::with("alice");
    let store = fixture.store_path().to_string_lossy().into_owned();
    let of_index = |calls: &[Call]| {
        let index = [format!("{store}/uid"), format!("{store}>, \"uid\"")];
        calls.iter().filter(|call| index.iter().any(|it| call.text.contains(it))).count()
    };
    let look_ups = |calls: &[Call]| {
        let opened = |call: &&Call| call.name == "openat" && call.text.contains("\"/etc/passwd\"");
        calls.iter().filter(opened).count()
    };
    let usual = login(&fixture, "alice", &alice.code());
    assert_eq!((of_index(&usual), look_ups(&usual)), (0, 1), "{usual:#?}");
    let by_second = login(&fixture, "alice2", &alice.code_at(1));
    assert!(of_index(&by_second) > 0 && look_ups(&by_second) == 2, "{by_second:#?}");
}

#[test]
fn on_a_full_disk_the_store_of_an_earlier_version_lets_nobody_past_and_works() {
    add_second_name();
    for kind in [Kind::Ext4, Kind::Tmpfs] {
        let fixture = Fixture::new();
        let disk = Disk::under(&fixture, kind);
        let [alice, carol] = ["alice", "carol"].map(|name| fixture.enrol(name));
        make_earlier(&fixture);
        for name in ["alice", "carol"] {
            let record = std::fs::File::open(fixture.account_path(name)).unwrap();
            record.sync_all().unwrap();
        }
        disk.fill();
        // A directory that is taken away gives its block back.
        while std::fs::create_dir(fixture.store_path().join("more")).is_ok() {
            disk.fill();
        }
        let ended = run(&fixture, &["init", "--json"]);
        assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()), "{kind:?}");
        assert!(!is_complete(&fixture), "{kind:?}");
        assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR, "{kind:?}");
        let code = &alice.backup_codes[0];
        let right = fixture.raw("alice2", "CONFIG nullok", vec![Reply::from(code)]);
        assert_eq!(right.code, Code::SUCCESS, "{kind:?}");
        assert_eq!(fixture.raw("bob", "CONFIG nullok", vec![]).code, Code::IGNORE, "{kind:?}");
        let ended = run(&fixture, &["disable", "--user", "carol", "--json"]);
        assert_eq!(ended.status, 0, "{kind:?}: {ended:?}");
        drop(carol);
    }
}

#[test]
fn on_a_read_only_disk_the_store_of_an_earlier_version_lets_nobody_past() {
    add_second_name();
    let fixture = Fixture::new();
    let disk = Disk::under(&fixture, Kind::Ext4);
    fixture.enrol("alice");
    make_earlier(&fixture);
    disk.make_read_only();
    let unasked = |name: &str| fixture.raw(name, "CONFIG nullok", vec![]);
    assert_eq!(unasked("alice2").code, Code::AUTHINFO_UNAVAIL);
    assert!(fixture.last_log_line().1.contains("Read-only file system"));
    assert_eq!(unasked("bob").code, Code::IGNORE);
    assert_eq!(run(&fixture, &["init", "--json"]).status, 1);
    disk.make_writable();
    assert_eq!(run(&fixture, &["init", "--json"]).status, 0);
    disk.make_read_only();
    assert_eq!(run(&fixture, &["init", "--json"]).status, 0, "there is nothing to do");
    assert_eq!(unasked("alice2").code, Code::AUTHINFO_UNAVAIL);
    assert_eq!(unasked("bob").code, Code::IGNORE);
}

#[test]
fn an_earlier_version_refuses_the_store_by_name_until_it_is_taken_back() {
    let old = older::at("d809075");
    let (fixture, alice) = earlier();
    // The records, too.
    assert_eq!(run(&fixture, &["init", "--format", "1"]).status, 0);
    let by_old = |arguments: &[&str]| {
        let mut command = Command::new(older::command(&old));
        command.arg("--config").arg(fixture.config_path()).args(arguments);
        command::ended(command.env_remove("SUDO_UID").stdin(Stdio::null()))
    };
    // Its records, too.
    assert_eq!(run(&fixture, &["init", "--format", "1"]).status, 0);
    assert_eq!(by_old(&["status", "--user", "alice"]).status, 0);
    assert_eq!(run(&fixture, &["init"]).status, 0);
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[1]]).code, Code::SUCCESS);
    let refused = by_old(&["status", "--user", "alice"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    let why = format!("{}/.store has format 2, which", fixture.store_path().display());
    assert!(refused.errors.contains(&why), "{refused:?}");
    let back = run(&fixture, &["init", "--format", "1", "--json"]);
    let said = (&back.last()["records"], &back.last()["failed"]);
    assert_eq!((back.status, said), (0, (&2.into(), &0.into())), "{back:?}");
    assert_eq!(by_old(&["status", "--user", "alice"]).status, 0);
    assert_eq!(by_old(&["disable", "--user", "bob"]).status, 0);
    // The earlier version's module, too; and this one's, by a look at all records.
    let module = older::module(&old);
    let stack = format!("auth required {} CONFIG", module.display());
    fixture.set_stack(&[&stack, "auth required pam_permit.so"]);
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[1]]).code, Code::AUTH_ERR, "used");
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[0]]).code, Code::SUCCESS);
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
    assert_eq!(run(&fixture, &["init", "--format", "2"]).status, 0);
    assert!(is_complete(&fixture));
}

/// Begins an enrolment of alice's by the earlier version; gives it, and the code that proves the key.
fn begin_by(old: &std::path::Path, fixture: &Fixture) -> (Dialogue, String, Enrolled) {
    let mut command = Command::new(older::command(old));
    command.arg("--config").arg(fixture.config_path());
    command.args(["enable", "--user", "alice", "--json"]);
    begun(Dialogue::spawn(command.env_remove("SUDO_UID")), "alice")
}

#[test]
fn an_earlier_version_that_enrols_meanwhile_makes_no_record_that_a_complete_index_lacks() {
    add_second_name();
    let old = older::at("d809075");
    let fixture = Fixture::new();
    make_earlier(&fixture);
    let (mut dialogue, proof, alice) = begin_by(&old, &fixture);
    let ended = run(&fixture, &["init", "--format", "2", "--json"]);
    assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()), "{ended:?}");
    let message = ended.last()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("process {} (", dialogue.pid())), "{message}");
    assert!(!is_complete(&fixture));
    dialogue.answer(&proof);
    let enrolled = dialogue.end();
    assert_eq!(enrolled.status, 0, "{enrolled:?}");
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
    assert_eq!(run(&fixture, &["init", "--format", "2"]).status, 0);
    assert!(is_complete(&fixture));
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
}

#[test]
fn this_version_is_not_waited_for_and_what_it_enrols_is_in_the_index() {
    add_second_name();
    let fixture = Fixture::new();
    make_earlier(&fixture);
    let (mut dialogue, proof, alice) = begin(&fixture, "alice");
    assert_eq!(run(&fixture, &["init", "--format", "2"]).status, 0);
    assert!(is_complete(&fixture));
    dialogue.answer(&proof);
    assert_eq!(dialogue.end().status, 0);
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
}

#[test]
fn an_index_that_an_enrolment_has_made_anew_does_not_count() {
    let (fixture, alice) = earlier();
    assert_eq!(init(&fixture, None).0.status, 0);
    take_away(&fixture);
    let (mut dialogue, proof, _) = begin(&fixture, "carol");
    dialogue.answer(&proof);
    assert_eq!(dialogue.end().status, 0);
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
    assert!(run(&fixture, &["list"]).errors.contains("index of uids is incomplete"));
    assert_eq!(init(&fixture, None).0.status, 0);
    assert!(is_complete(&fixture));
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
}

#[test]
fn copies_that_follow_links_bring_no_index_along_that_counts() {
    let (fixture, alice) = earlier();
    assert_eq!(init(&fixture, None).0.status, 0);
    let store = fixture.store_path();
    for link in std::fs::read_dir(store.join("uid")).unwrap() {
        std::fs::remove_file(link.unwrap().path()).unwrap();
    }
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
}

#[test]
fn an_earlier_version_that_is_soon_done_is_waited_for() {
    add_second_name();
    let old = older::at("d809075");
    let fixture = Fixture::new();
    make_earlier(&fixture);
    let (mut dialogue, proof, alice) = begin_by(&old, &fixture);
    let mut init = command::of(&fixture);
    let mut init = init.args(["init", "--format", "2"]).stdout(Stdio::null()).spawn().unwrap();
    while !std::fs::read_to_string(fixture.store_path().join(".store")).unwrap().contains("= 2") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(init.try_wait().unwrap().is_none(), "it waits");
    dialogue.answer(&proof);
    assert_eq!(dialogue.end().status, 0);
    assert!(init.wait().unwrap().success());
    assert!(is_complete(&fixture));
    let indexed = index::names(&fixture.store_path(), alice.user.uid);
    assert_eq!(indexed.as_deref(), Some("alice"));
    assert_eq!(second_name(&fixture, &alice), Code::AUTH_ERR);
}

#[test]
fn a_format_is_of_a_store_that_is_there() {
    let fixture = Fixture::new();
    std::fs::remove_dir_all(fixture.store_path()).unwrap();
    for format in ["1", "2"] {
        let ended = run(&fixture, &["init", "--format", format, "--json"]);
        assert_eq!((ended.status, &ended.last()["error"]), (1, &"unavailable".into()));
        assert!(!fixture.store_path().exists(), "made by --format {format}");
    }
    assert_eq!(run(&fixture, &["init", "--format", "3"]).status, 2);
}
