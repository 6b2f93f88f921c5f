//! The manual pages are well formed, for both programs that format them, refer to each other, and
//! cloud2fad(8) says what units, interface and code say. What docs/CVES.md and SECURITY.md say to be
//! tested is tested.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{program, workspace};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

fn pages() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("man")).expect("man/");
    let pages: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    assert!(pages.len() >= 4, "{pages:?}");
    pages
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A page as it is read, and what groff says to it; as lintian does it.
fn formatted(page: &PathBuf) -> Output {
    let mut man = Command::new(program("man", "man-db"));
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(page);
    man.env("LC_ALL", "C.UTF-8").env("MANROFFSEQ", "").env("MANWIDTH", "80");
    man.output().expect("it runs")
}

#[test]
fn groff_has_no_warning() {
    for page in pages() {
        let man = formatted(&page);
        assert!(man.status.success() && !man.stdout.is_empty(), "{}", page.display());
        assert_eq!(text(&man.stderr), "", "{}", page.display());
    }
}

#[test]
fn mandoc_has_no_warning() {
    for page in pages() {
        let mut mandoc = Command::new(program("mandoc", "mandoc"));
        let lint = mandoc.args(["-T", "lint", "-W", "warning"]).arg(&page).output().expect("runs");
        assert!(lint.status.success(), "{}", text(&lint.stdout));
    }
}

#[test]
fn every_page_of_ours_that_a_page_names_is_there() {
    let name = |page: &PathBuf| page.file_name().expect("a name").to_string_lossy().into_owned();
    let there: BTreeSet<_> = pages().iter().map(name).collect();
    for page in pages() {
        let source = std::fs::read_to_string(&page).expect("UTF-8");
        let named = source.lines().filter_map(|line| line.strip_prefix(".BR ")?.split_once(" ("));
        for (other, rest) in named.filter(|(other, _)| other.contains("cloud2fa")) {
            let section = rest.split(')').next().expect("a section");
            let file = format!("{other}.{section}");
            assert!(there.contains(&file), "{} names {file}", page.display());
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).expect("a file of ours")
}

/// The tags of a subsection of cloud2fad(8).
fn tags(page: &str, heading: &str) -> BTreeSet<String> {
    let (_, rest) = page.split_once(&format!("\n.SS \"{heading}\"\n")).expect("the subsection");
    let section = rest.split("\n.S").next().expect("its text");
    let tags = section.split(".TP\n.B ").skip(1).filter_map(|rest| rest.lines().next());
    tags.map(str::to_owned).collect()
}

#[test]
fn the_service_s_page_names_every_method_and_error_of_the_interface_and_no_other() {
    let (page, interface) = (read("man/cloud2fad.8"), read("conf/io.cloud2fa.varlink"));
    for (keyword, heading) in
        [("method ", "Methods of io.cloud2fa"), ("error ", "Errors of io.cloud2fa")]
    {
        let declared = interface.lines().filter_map(|line| line.strip_prefix(keyword));
        let names = declared.filter_map(|line| line.split([' ', '(']).next()).map(str::to_owned);
        assert_eq!(tags(&page, heading), names.collect(), "{heading}");
    }
}

#[test]
fn the_service_s_page_names_settings_as_the_units_have_them() {
    let units = ["conf/cloud2fad.socket", "conf/cloud2fad.service"].map(read).concat();
    let page = read("man/cloud2fad.8");
    let settings = page.lines().filter_map(|line| line.strip_prefix(".RB ( "));
    let settings: Vec<_> =
        settings.filter_map(|line| line.split(' ').next()).filter(|it| it.contains('=')).collect();
    assert!(settings.len() >= 7, "{settings:?}");
    for setting in settings {
        assert!(units.lines().any(|line| line == setting), "{setting} is in no unit");
    }
}

#[test]
fn the_service_s_page_names_the_limits_of_a_connection_as_the_code_has_them() {
    let (page, code) = (read("man/cloud2fad.8"), read("cloud2fad/src/connection.rs"));
    let limit = |name: &str| {
        let line = code.lines().find_map(|line| line.strip_prefix(&format!("const {name}: ")));
        let (_, value) = line.and_then(|line| line.split_once(" = ")).expect("the limit");
        value.chars().filter(char::is_ascii_digit).collect::<String>()
    };
    for (name, said) in [
        ("FIRST_BYTE", "ends after NUMBER seconds"),
        ("WHOLE", "any other after NUMBER seconds"),
        ("ANSWER", "taken within NUMBER seconds"),
        ("MOST_CALLS", "has at most NUMBER calls"),
    ] {
        let value = limit(name);
        assert!(page.contains(&said.replace("NUMBER", &value)), "{name}: {value}");
    }
}

/// Words of small letters and underscores that stand in quotes.
fn quoted_words(code: &str) -> BTreeSet<String> {
    let is_word =
        |it: &&str| !it.is_empty() && it.chars().all(|it| it == '_' || it.is_ascii_lowercase());
    code.split('"').skip(1).step_by(2).filter(is_word).map(str::to_owned).collect()
}

#[test]
fn the_page_of_the_files_names_the_keys_of_a_record_and_no_other() {
    let (page, code) = (read("man/cloud2fa.toml.5"), read("cloud2fa/src/store/record/read.rs"));
    let (_, keys) = page.split_once("The TOML has these keys").expect("the list");
    let (keys, _) = keys.split_once("\n.PP\n").expect("its end");
    let tags = keys.split("\n.TP\n").skip(1).filter_map(|entry| entry.lines().next());
    // What is in quotes there is said of the keys.
    let outside = |tag: &str| tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words =
        |tag: &str| outside(tag).split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let is_key = |word: &String| !word.starts_with('[');
    let tagged: BTreeSet<_> = tags.flat_map(words).filter(is_key).collect();
    // Those of the codes stand in the text of their table.
    let codes = ["memory_kib", "passes", "salt", "hashes"].map(str::to_owned);
    assert!(codes.iter().all(|key| keys.contains(&**key)));
    let read_keys: BTreeSet<_> =
        quoted_words(&code).into_iter().filter(|key| !codes.contains(key)).collect();
    assert_eq!(tagged, read_keys);
    for kind in cloud2fa::account::NoticeKind::ALL {
        assert!(keys.contains(kind.word()), "{kind:?}");
    }
}

/// The source of all tests.
fn tests() -> String {
    let places =
        ["tests", "cloud2fa/tests", "cloud2fad/src/listener"].map(|place| workspace().join(place));
    let files = places.iter().flat_map(|place| std::fs::read_dir(place).expect("tests"));
    let paths = files.map(|file| file.expect("readable").path()).filter(|path| path.is_file());
    paths.map(|path| std::fs::read_to_string(path).expect("text")).collect()
}

#[test]
fn the_table_of_holes_names_tests_that_are_there() {
    let tests = tests();
    let table = read("docs/CVES.md");
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| 20")).collect();
    assert!(rows.len() >= 20, "{}", rows.len());
    for row in rows {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last column");
        let names: Vec<_> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(tests.contains(&format!("fn {name}(")), "no test {name}: {row}");
        }
    }
}

#[test]
fn the_threat_model_names_tests_that_are_there() {
    let (tests, text) = (tests(), read("SECURITY.md"));
    let (_, model) = text.split_once("\n## Who is where, and what they get\n").expect("the model");
    let (model, _) = model.split_once("\n## ").expect("what follows");
    let mut count = 0;
    for boundary in model.split("\n### ").skip(1) {
        let title = boundary.lines().next().expect("a title");
        let words = boundary.split('`').skip(1).step_by(2);
        let names: Vec<_> = words.filter(|word| word.matches('_').count() > 2).collect();
        assert!(!names.is_empty(), "{title} is held by nothing");
        for name in &names {
            assert!(tests.contains(&format!("fn {name}(")), "no test {name}: {title}");
        }
        count += names.len();
    }
    assert!(count > 30, "{count}");
}
