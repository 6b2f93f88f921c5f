//! The house stays as docs/ARCHITECTURE.md has it: no circle of files, arrows that point one way, and no
//! part that has what it must not have. By what the sources import.
#![allow(missing_docs)]

use cloud2fa_tests::machine::workspace;
use cloud2fa_tests::sources::Crate;
use std::collections::{BTreeMap, BTreeSet};

/// Each crate, and which others of ours it may use.
const CRATES: [(&str, &[&str]); 5] = [
    ("cloud2fa", &[]),
    ("cloud2fa-doctor", &["cloud2fa"]),
    ("pam_cloud2fa", &["cloud2fa"]),
    ("cloud2fad", &["cloud2fa"]),
    ("cloud2fa-cli", &["cloud2fa", "cloud2fa-doctor"]),
];

/// The library's floors, from the ground: what stands on one takes nothing from a higher one.
const FLOORS: [&[&str]; 7] = [
    &[
        "backup_codes",
        "otpauth",
        "pam_service",
        "qr",
        "randomness",
        "rules",
        "seal",
        "throttle",
        "time",
        "totp",
        "user",
        "words",
    ],
    &["config", "module_arguments", "names"],
    &["account", "answer", "attempt", "budget", "decide", "enrolment", "history", "pair"],
    &["store"],
    &["log", "manage"],
    &["ceremony", "client", "roster"],
    &["reach"],
];

/// What a login must not be able to do: the module has no crate of these.
const NOT_IN_THE_MODULE: [&str; 17] = [
    "async-std",
    "cloud2fa-doctor",
    "hyper",
    "landlock",
    "mio",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "ring",
    "rustls",
    "seccompiler",
    "socket2",
    "tokio",
    "ureq",
    "varlink",
    "webpki",
];

/// How a tip of clap's begins that the command leaves out.
const WORDS_OF_CLAP: &str = "to pass ";

#[test]
fn no_files_import_each_other_in_a_circle() {
    for (name, _) in CRATES {
        let arrows = Crate::read(name).arrows();
        assert!(arrows.len() > 5, "{name} has been read: {arrows:?}");
        if let Some(circle) = circle_in(&arrows) {
            panic!("{name}: these import each other: {}", circle.join(" -> "));
        }
    }
}

#[test]
fn a_circle_is_found() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("e", "a")];
    let mut graph = BTreeMap::new();
    for (from, to) in arrows {
        graph.entry(from.to_owned()).or_insert_with(BTreeSet::new).insert(to.to_owned());
    }
    assert_eq!(circle_in(&graph), Some(["b", "c", "d", "b"].map(str::to_owned).to_vec()));
    graph.get_mut("d").unwrap().clear();
    assert_eq!(circle_in(&graph), None);
}

#[test]
fn crates_use_only_those_that_they_may() {
    for (name, may) in CRATES {
        let manifest = workspace().join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let names = CRATES.map(|(name, _)| name);
        let uses = |it: &&str| manifest.lines().any(|line| line.starts_with(&format!("{it}.")));
        let uses: Vec<_> = names.into_iter().filter(uses).collect();
        assert_eq!(uses, may.to_vec(), "{name}");
    }
}

#[test]
fn nothing_in_the_library_takes_anything_from_a_higher_floor() {
    let library = Crate::read("cloud2fa");
    let floor = |file: &str| {
        let part = file.split('/').next().unwrap().trim_end_matches(".rs");
        let floor = FLOORS.iter().position(|floor| floor.contains(&part));
        floor.unwrap_or_else(|| panic!("{file} stands on no floor: FLOORS does not name it"))
    };
    for (from, all) in library.arrows() {
        for to in all {
            assert!(from == "lib.rs" || floor(&from) >= floor(&to), "{from} takes of {to}");
        }
    }
}

#[test]
fn within_the_library_names_are_imported_from_where_they_are_defined() {
    for (file, imports) in Crate::read("cloud2fa").imports() {
        let is_short = |path: &&String| {
            let item = path.strip_prefix("crate::").filter(|rest| !rest.contains("::"));
            item.is_some_and(|item| item.starts_with(char::is_uppercase))
        };
        let short = imports.iter().find(is_short);
        assert!(short.is_none(), "{file}: {short:?} is for callers");
    }
}

/// Files whose texts programs read or have written.
const FOR_PROGRAMS: [&str; 4] =
    ["setup/block.rs", "setup/copy.rs", "setup/look.rs", "setup/plan.rs"];

#[test]
fn what_people_read_of_the_command_stands_in_the_catalogue_alone() {
    let found = Crate::read("cloud2fa-cli").literals();
    let for_people = found.iter().filter(|(file, _)| !FOR_PROGRAMS.contains(&file.as_str()));
    let here = for_people.flat_map(|(file, all)| all.iter().map(move |text| (file, text)));
    let left: Vec<_> =
        here.filter(|(_, text)| is_a_sentence(text) && *text != WORDS_OF_CLAP).collect();
    assert_eq!(left, []);
    let read = found.values().flatten().count();
    assert!(read > 80, "the sources have been read: {read}");
}

/// Whether a literal has two words or more. What is filled in or typed as a command is none, nor is an option.
fn is_a_sentence(literal: &str) -> bool {
    let text = literal.replace("\\n", " ");
    let text: String = text.split('`').step_by(2).collect();
    let pieces = text.split('{').map(|it| it.split_once('}').map_or(it, |(_, rest)| rest));
    let text: String = pieces.collect();
    let has_letters = |it: &str| it.chars().filter(|sign| sign.is_alphabetic()).count() > 1;
    let is_word = |it: &&str| !it.starts_with('-') && has_letters(it);
    text.split_whitespace().filter(is_word).count() > 1
}

#[test]
fn a_sentence_is_found() {
    for sentence in ["Password wrong", "Wait: {wait} s.\\nOr log in", "ask `a b` or {c}, d or"] {
        assert!(is_a_sentence(sentence), "{sentence}");
    }
    for other in
        ["wrong_code", "{user:width$}  {:>5}  {state}\\n", "`cloud2fa {verb} --user {name}`"]
    {
        assert!(!is_a_sentence(other), "{other}");
    }
}

/// libpam's model could leave the doctor any day.
#[test]
fn the_doctors_model_of_libpam_takes_nothing_of_the_rest() {
    let doctor = Crate::read("cloud2fa-doctor");
    let in_the_stack = |file: &str| file.starts_with("stack/");
    for (from, all) in doctor.arrows() {
        let out = all.iter().find(|to| in_the_stack(&from) && !in_the_stack(to));
        assert!(out.is_none(), "{from} takes of {out:?}");
    }
    for (file, imports) in doctor.imports() {
        let of_ours = imports.iter().find(|path| path.starts_with("cloud2fa"));
        assert!(!in_the_stack(&file) || of_ours.is_none(), "{file}: {of_ours:?}");
    }
}

#[test]
fn nothing_in_the_module_can_reach_a_network_or_examine_a_machine() {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let mut needs = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let name =
            package.lines().find(|line| line.starts_with("name = ")).and_then(value).unwrap();
        let listed = package.split_once("dependencies = [").map_or("", |(_, rest)| rest);
        let names = listed.lines().filter_map(value);
        // A second version of a crate stands behind its name.
        let names = names.filter_map(|name| name.split(' ').next().map(str::to_owned));
        needs.entry(name).or_insert_with(BTreeSet::new).extend(names);
    }
    let (mut reached, mut left) = (BTreeSet::new(), vec!["pam_cloud2fa".to_owned()]);
    while let Some(name) = left.pop() {
        if reached.insert(name.clone()) {
            left.extend(needs[&name].iter().cloned());
        }
    }
    assert!(reached.contains("argon2") && reached.contains("cloud2fa"), "{reached:?}");
    let bad: Vec<_> = NOT_IN_THE_MODULE.into_iter().filter(|it| reached.contains(*it)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

/// A way along the arrows that comes back to where it began, if there is one.
fn circle_in(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|file| follow(file, arrows, &mut Vec::new(), &mut done))
}

fn follow(
    file: &str,
    arrows: &BTreeMap<String, BTreeSet<String>>,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(begin) = way.iter().position(|it| it == file) {
        return Some(way[begin..].iter().cloned().chain([file.to_owned()]).collect());
    }
    if done.contains(file) {
        return None;
    }
    way.push(file.to_owned());
    let found = arrows.get(file).into_iter().flatten().find_map(|to| follow(to, arrows, way, done));
    way.pop();
    done.insert(file.to_owned());
    found
}
