//! The arguments in the service file, and the configuration file.
#![allow(missing_docs)]

use cloud2fa_tests::command::ended;
use cloud2fa_tests::watchdog::Watchdog;
use cloud2fa_tests::{Code, Fixture, Reply, syslog, user};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::Duration;

/// Nothing of a line of a file that an administrator wrote may get into a log.
const SECRET: &str = "hunter2";

fn refused_as_misconfigured(fixture: &Fixture, arguments: &str) -> String {
    let before = fixture.log().len();
    for name in ["alice", "bob", "nobody-of-that-name"] {
        let outcome = fixture.raw(name, arguments, vec![Reply::from("123456")]);
        let told = "The code cannot be checked right now. The system log says why.";
        let expected = (Code::SERVICE_ERR, vec![], vec![told]);
        assert_eq!(
            (outcome.code, outcome.asked(), outcome.texts()),
            expected,
            "{name} {arguments}: nothing is asked"
        );
    }
    assert_eq!(fixture.log().len(), before + 3, "one line each");
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "err");
    assert!(line.starts_with("refused user=\"\" reason=bad_"), "{line}");
    assert!(
        syslog::lines().iter().all(|line| !line.text.contains(SECRET)),
        "the text stands in the log"
    );
    line
}

#[test]
fn an_argument_that_is_none_refuses_and_is_named_in_the_log() {
    let (fixture, _) = Fixture::with("alice");
    for wrong in
        ["nulok", "NULLOK", "nullok=1", "debug=", "=", "secret=/x", "no_such", "use_first_pass=yes"]
    {
        let line = refused_as_misconfigured(&fixture, &format!("CONFIG nullok {wrong}"));
        assert!(
            line.contains(" reason=bad_argument ") && line.contains(&format!("\\\"{wrong}\\\"")),
            "{line}"
        );
    }
    for wrong in ["config=", "config=x.toml", "config=./x.toml"] {
        assert!(
            refused_as_misconfigured(&fixture, wrong).contains("config= needs an absolute path")
        );
    }
    for wrong in ["prompt=", &format!("[prompt={}]", "x".repeat(201)), "[prompt=\x1b]0;x\x07]"] {
        assert!(
            refused_as_misconfigured(&fixture, &format!("CONFIG {wrong}"))
                .contains("prompt= needs a text")
        );
    }
}

#[test]
fn another_prompt_is_used_as_it_stands() {
    let (fixture, alice) = Fixture::with("alice");
    let outcome = fixture.raw(
        "alice",
        "CONFIG [prompt=Code from the app, alice: ]",
        vec![Reply::from(&alice.code())],
    );
    assert_eq!(
        (outcome.code, outcome.asked()),
        (Code::SUCCESS, vec!["Code from the app, alice: "])
    );
    let outcome =
        fixture.raw("alice", "CONFIG forward_pass [prompt=Both: ]", vec![Reply::from("pw000000")]);
    assert_eq!((outcome.code, outcome.asked()), (Code::AUTH_ERR, vec!["Both: "]));
}

#[test]
fn debug_logs_more_and_nothing_secret() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    assert_eq!(fixture.raw("alice", "CONFIG debug", vec![Reply::from(&code)]).code, Code::SUCCESS);
    let log = fixture.log();
    assert_eq!(log.iter().map(syslog::Line::severity).collect::<Vec<_>>(), ["debug", "info"]);
    assert!(
        log.iter()
            .all(|line| !line.text.contains(&code)
                && !line.text.contains(&*alice.secret.to_base32()))
    );
}

#[test]
fn a_configuration_with_a_mistake_refuses_and_the_log_says_where() {
    let (fixture, _) = Fixture::with("alice");
    // Line 1 names the store.
    for (text, line, column) in [
        ("unenrolled = \"hunter2\"".to_owned(), 2, 14),
        ("\n  hunter2 = true".to_owned(), 3, 3),
        ("skew = hunter2".to_owned(), 2, 8),
        ("skew = 11 # hunter2".to_owned(), 2, 8),
        ("issuer = \"hunter2".to_owned(), 2, 18),
        ("hunter2".to_owned(), 2, 8),
        ("state_dir = \"/hunter2\"".to_owned(), 2, 1),
        ("[throttle]\nhunter2 = 3".to_owned(), 3, 1),
        ("[throttle]\nfirst_wait = \"hunter2\"".to_owned(), 3, 14),
        ("[throttle]\nlock_after = 0".to_owned(), 3, 14),
        ("[hunter2]".to_owned(), 2, 2),
        // Keys of features that are not built.
        ("enrol_by = \"2027-01-01\"".to_owned(), 2, 1),
    ] {
        fixture.set_config(&text);
        let logged = refused_as_misconfigured(&fixture, "CONFIG nullok");
        let place = format!("{}:{line}:", fixture.config_path().display());
        assert!(
            logged.contains(" reason=bad_config ") && logged.contains(&place),
            "{text:?}: {logged}"
        );
        let column_logged = logged.split_once(&place).unwrap().1.split_once(':').unwrap().0;
        assert_eq!(column_logged.parse(), Ok(column), "{text:?}: {logged}");
    }
}

#[test]
fn a_configuration_that_others_could_have_written_refuses() {
    let (fixture, alice) = Fixture::with("alice");
    let path = fixture.config_path();
    let set_mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o664, 0o646, 0o666, 0o620] {
        set_mode(mode);
        assert!(
            refused_as_misconfigured(&fixture, "CONFIG nullok")
                .contains("may be written by others"),
            "{mode:o}"
        );
    }
    set_mode(0o644);
    chown(&path, Some(alice.user.uid), None).unwrap();
    assert!(
        refused_as_misconfigured(&fixture, "CONFIG nullok").contains("does not belong to root")
    );
    chown(&path, Some(0), None).unwrap();
    for mode in [0o600, 0o644, 0o444] {
        set_mode(mode);
        assert_eq!(fixture.raw("bob", "CONFIG nullok", vec![]).code, Code::IGNORE, "{mode:o}");
    }
}

#[test]
fn a_configuration_that_is_no_text_file_refuses_without_waiting() {
    let (fixture, _) = Fixture::with("alice");
    let path = fixture.config_path();
    let _watchdog =
        Watchdog::bites_after(Duration::from_secs(120), "a login at a strange configuration");
    let refuse = |what: &str, says: &str| {
        let line = refused_as_misconfigured(&fixture, "CONFIG nullok");
        assert!(line.contains(says), "{what}: {line}");
    };
    std::fs::write(&path, b"issuer = \"\xff\"").unwrap();
    refuse("bytes that are no text", "cannot be read");
    std::fs::write(&path, "# \n".repeat(30_000)).unwrap();
    refuse("a large file", "is larger than 64 KiB");
    std::fs::remove_file(&path).unwrap();
    refuse("nothing", "there is no configuration file");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
    refuse("a FIFO", "is not a regular file");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refuse("a directory", "is not a regular file");
}

#[test]
fn without_the_argument_the_usual_file_counts_and_may_be_missing() {
    // The machine is private: its /etc/cloud2fa and /var/lib/cloud2fa are this test's.
    let fixture = Fixture::new();
    cloud2fa::FileStore::init(std::path::Path::new("/var/lib/cloud2fa"), 0).unwrap();
    let usual = std::path::Path::new("/etc/cloud2fa/cloud2fa.toml");
    let _ = std::fs::remove_file(usual);
    let secret = cloud2fa::Secret::generate().unwrap();
    let alice = user::enrol(
        std::path::Path::new("/var/lib/cloud2fa"),
        user::of_this_machine("alice"),
        secret,
    );
    assert_eq!(fixture.raw("alice", "", vec![Reply::from(&alice.code())]).code, Code::SUCCESS);
    assert_eq!(fixture.raw("bob", "nullok", vec![]).code, Code::IGNORE);
    std::fs::create_dir_all("/etc/cloud2fa").unwrap();
    a_link_that_leads_nowhere_is_no_missing_file(&fixture, usual);
    std::fs::write(usual, "unenrolled = \"refuse\"").unwrap();
    assert_eq!(fixture.raw("bob", "nullok", vec![Reply::from("123456")]).code, Code::AUTH_ERR);
    std::fs::write(usual, SECRET).unwrap();
    assert!(
        refused_as_misconfigured(&fixture, "nullok").contains("/etc/cloud2fa/cloud2fa.toml:1:")
    );
}

/// The administrator's word is elsewhere, maybe on a volume that is not mounted.
fn a_link_that_leads_nowhere_is_no_missing_file(fixture: &Fixture, usual: &std::path::Path) {
    let directory = usual.parent().unwrap();
    let refused = |link: &std::path::Path| {
        let says = format!("{} is a symbolic link", link.display());
        let line = refused_as_misconfigured(fixture, "nullok");
        assert!(line.contains(" reason=bad_config ") && line.contains(&says), "{line}");
        let mut list = std::process::Command::new(cloud2fa_tests::command::path());
        let ended = ended(list.args(["list", "--json"]).stdin(std::process::Stdio::null()));
        assert_eq!((ended.status, &ended.last()["error"]), (1, &"bad_config".into()), "{ended:?}");
    };
    symlink("/run/no-such-volume/cloud2fa.toml", usual).unwrap();
    refused(usual);
    std::fs::remove_file(usual).unwrap();
    std::fs::remove_dir(directory).unwrap();
    symlink("/run/no-such-volume", directory).unwrap();
    refused(directory);
    std::fs::remove_file(directory).unwrap();
    std::fs::create_dir(directory).unwrap();
    assert_eq!(fixture.raw("bob", "nullok", vec![]).code, Code::IGNORE);
}
