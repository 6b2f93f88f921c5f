//! `cloud2fa doctor` for who is not root, and for a configuration that is to be installed.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{doctor, look, set_mode, shell};
use cloud2fa_tests::command::{self, Ended, ended};
use cloud2fa_tests::machine;
use cloud2fa_tests::service::as_uid;
use cloud2fa_tests::user::uid;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;

/// The command as alice runs it, where she can.
fn as_alice(arguments: &[&str]) -> Ended {
    static PUBLISHED: Once = Once::new();
    const COMMAND: &str = "/run/cloud2fa-for-all";
    machine::must_be_private();
    PUBLISHED
        .call_once(|| shell(&format!("install -m 0755 {} {COMMAND}", command::path().display())));
    ended(
        as_uid(uid("alice"), Path::new(COMMAND)).arg("doctor").args(arguments).stdin(Stdio::null()),
    )
}

/// A file that alice has made, which her group may write.
fn candidate(name: &str, text: &str) -> PathBuf {
    machine::must_be_private();
    let path = Path::new("/run/tmp").join(name);
    fs::write(&path, text).unwrap();
    std::os::unix::fs::chown(&path, Some(uid("alice")), Some(uid("alice"))).unwrap();
    set_mode(path.to_str().unwrap(), 0o664);
    path
}

fn path(candidate: &Path) -> &str {
    candidate.to_str().unwrap()
}

#[test]
fn the_machine_is_root_s_to_look_at() {
    let refused = as_alice(&[]);
    assert_eq!((refused.status, refused.output.as_str()), (1, ""), "{refused:?}");
    assert!(refused.errors.contains("only root can do this"), "{}", refused.errors);
    let refused = as_alice(&["--json"]);
    assert_eq!((refused.last()["error"].clone(), refused.status), (json!("not_permitted"), 1));
}

#[test]
fn a_candidate_may_be_anybody_s_and_is_looked_at_by_anybody() {
    let good = candidate("good.toml", "skew = 2\nunenrolled = \"refuse\"\n");
    for ended in [as_alice(&["--config", path(&good)]), doctor(&["--config", path(&good)])] {
        assert_eq!((ended.output.as_str(), ended.status), ("Nothing is wrong.\n", 0), "{ended:?}");
    }
    let json = as_alice(&["--json", "--config", path(&good)]);
    assert_eq!(
        (json.last(), json.status),
        (
            json!({"healthy": true, "findings": 0, "critical": 0, "warnings": 0, "notes": 0, "accepted": 0}),
            0
        )
    );
}

#[test]
fn a_candidate_that_no_login_could_use_is_refused_with_line_and_column() {
    let bad = candidate("bad.toml", "skew = 1\nskwe = 'JBSWY3DP'\n");
    let place = format!("{}:2:1: unknown key", bad.display());
    let ended = as_alice(&["--json", "--config", path(&bad)]);
    let first: Value = serde_json::from_str(ended.output.lines().next().unwrap()).unwrap();
    assert_eq!((&first["severity"], &first["id"]), (&json!("critical"), &json!("bad_config")));
    assert!(first["what"].as_str().unwrap().starts_with(&place), "{first}");
    assert_eq!(
        (ended.last(), ended.status),
        (
            json!({"healthy": false, "findings": 1, "critical": 1, "warnings": 0, "notes": 0, "accepted": 0}),
            1
        )
    );
    let ended = doctor(&["--config", path(&bad)]);
    assert!(ended.output.contains(&place) && ended.status == 1, "{ended:?}");
    assert!(!ended.output.contains("JBSWY3DP"), "{ended:?}");
}

#[test]
fn a_candidate_that_is_not_there_or_not_a_file_is_refused() {
    for (file, why) in [
        ("/run/tmp/no-such-file", "there is no configuration file"),
        ("/run", "is not a regular file"),
    ] {
        let ended = doctor(&["--config", file]);
        assert!(ended.output.contains(why) && ended.status == 1, "{ended:?}");
    }
}

#[test]
fn what_is_legal_and_unwise_is_a_note_of_a_candidate() {
    let unwise = candidate(
        "unwise.toml",
        "reauthenticate = 'password'\nskew = 9\n[throttle]\nfree_failures = 50\n",
    );
    let found = look(&["--config", path(&unwise)]);
    let ids: Vec<_> =
        found.findings.iter().map(|(severity, id)| (severity.as_str(), id.as_str())).collect();
    assert_eq!(
        ids,
        ["reauthenticate_password", "wide_skew", "weak_throttle"].map(|id| ("note", id))
    );
    let last = json!({"healthy": true, "findings": 3, "critical": 0, "warnings": 0, "notes": 3, "accepted": 0});
    assert_eq!((&found.last, found.status), (&last, 0));
}
