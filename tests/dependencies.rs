//! `tools/dependencies` refuses what it should: its rules, fed with what cargo might say.
#![allow(missing_docs)]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

fn package(name: &str, version: &str, source: Option<&str>) -> Value {
    json!({
        "id": format!("{name}@{version}"), "name": name, "version": version, "source": source,
        "license": "MIT", "rust_version": "1.9"
    })
}

/// Ours, and two crates of which nothing bad can be said.
fn good() -> Vec<Value> {
    let mut ours = package("ours", "1.0.0", None);
    ours["rust_version"] = json!("1.10");
    vec![
        ours,
        package("one", "1.0.0", Some("registry+usual")),
        package("other", "1.0.0", Some("registry+usual")),
    ]
}

/// What is complained of, with a list that has a reason for two versions of `twice`.
fn complaints(packages: &[Value]) -> String {
    let twice = ["1.0.0", "2.0.0"].map(|version| package("twice", version, Some("registry+usual")));
    judged(&[packages, &twice].concat(), "# List\nlicence: MIT\n\ntwice: twice: it must be\n")
}

fn judged(packages: &[Value], list: &str) -> String {
    let accepted = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&accepted, list).unwrap();
    let metadata = json!({ "workspace_members": ["ours@1.0.0"], "packages": packages });
    let mut child = Command::new(env!("CARGO_BIN_EXE_dependencies"))
        .arg(accepted.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(metadata.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

/// What is complained of where this is one more crate.
fn about(change: impl FnOnce(&mut Value)) -> String {
    let mut packages = good();
    let mut bad = package("bad", "3.0.0", Some("registry+usual"));
    change(&mut bad);
    packages.push(bad);
    complaints(&packages)
}

#[test]
fn what_is_as_it_should_be_passes() {
    assert_eq!(complaints(&good()), "");
    assert_eq!(about(|_| ()), "");
    assert_eq!(about(|bad| bad["rust_version"] = json!("1.10.0")), "", "it is ours");
    assert_eq!(about(|bad| bad["rust_version"] = Value::Null), "", "it says none");
}

#[test]
fn a_newer_rust_another_licence_and_another_source_are_refused() {
    assert_eq!(
        about(|bad| bad["rust_version"] = json!("1.11")),
        "bad 3.0.0: wants Rust 1.11, and ours is 1.10\n"
    );
    for licence in [json!("GPL-3.0"), json!("MIT AND GPL-3.0"), Value::Null] {
        let said = about(|bad| bad["license"] = licence);
        assert!(said.starts_with("bad 3.0.0: its licence is not on the list: "), "{said}");
    }
    for source in [json!("registry+elsewhere"), json!("git+usual"), Value::Null] {
        let said = about(|bad| bad["source"] = source);
        assert!(said.starts_with("bad 3.0.0: comes from another source: "), "{said}");
    }
}

#[test]
fn two_versions_need_a_reason_and_a_reason_two_versions() {
    let said = about(|bad| bad["name"] = json!("one"));
    assert!(said.starts_with("one: in several versions"), "{said}");
    let said = about(|bad| bad["name"] = json!("twice"));
    assert_eq!(said, "", "a third version has the same reason");
    let once = "twice: it comes once; take the reason away\n";
    assert_eq!(judged(&good(), "licence: MIT\ntwice: twice: it must be\n"), once);
}
