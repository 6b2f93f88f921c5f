//! The configuration's three places agree: the code, conf/cloud2fa.toml and cloud2fa.toml(5).
#![allow(missing_docs)]

use cloud2fa::Config;
use cloud2fa_tests::machine::workspace;
use std::path::Path;

/// Keys whose default is not a value of theirs.
const WITHOUT_DEFAULT: [&str; 2] = ["issuer", "unenrolled"];

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("cloud2fa.toml")).map_err(|error| error.to_string())
}

fn conf() -> String {
    std::fs::read_to_string(workspace().join("conf/cloud2fa.toml")).expect("the file to be copied")
}

/// The keys that the code says it knows, after an unknown one, in a table or outside.
fn keys_of_the_code(table: &str) -> Vec<String> {
    let error = parse(&format!("{table}\nunknown_key = 1")).expect_err("an unknown key");
    let (_, known) = error.split_once("known here are ").expect("the known keys are named");
    known.split(", ").filter(|key| *key != "throttle").map(str::to_owned).collect()
}

/// Key and default of each line `# key = default`, as `(key, default)`.
fn keys_of_the_file(text: &str) -> Vec<(String, String)> {
    let commented = text.lines().filter_map(|line| line.strip_prefix("# "));
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let pairs = commented.filter_map(|line| line.split_once(" = "));
    pairs
        .filter(|(key, _)| is_key(key))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_file_names_every_key_that_the_code_knows_and_no_other() {
    let text = conf();
    let (outside, inside) = text.split_once("[throttle]").expect("the table");
    let names = |text| keys_of_the_file(text).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    for (mut file, mut code) in
        [(names(outside), keys_of_the_code("")), (names(inside), keys_of_the_code("[throttle]"))]
    {
        file.sort();
        code.sort();
        assert_eq!(file, code);
    }
}

#[test]
fn the_file_as_it_is_means_the_defaults() {
    assert_eq!(parse(&conf()), Ok(Config::default()));
}

#[test]
fn the_defaults_in_the_file_are_the_code_s() {
    let uncommented: String = conf()
        .lines()
        .map(|line| match line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) {
            Some((key, value)) if !key.contains(' ') && !WITHOUT_DEFAULT.contains(&key) => {
                format!("{key} = {value}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(parse(&uncommented), Ok(Config::default()), "{uncommented}");
}

#[test]
fn every_key_may_be_set_to_what_the_file_shows() {
    for (key, value) in keys_of_the_file(&conf()) {
        let table = if keys_of_the_code("").contains(&key) { "" } else { "[throttle]\n" };
        assert!(parse(&format!("{table}{key} = {value}")).is_ok(), "{key} = {value}");
    }
}

#[test]
fn the_manual_names_every_key_with_the_same_default_and_no_other() {
    let page = std::fs::read_to_string(workspace().join("man/cloud2fa.toml.5")).expect("the page");
    let keys_section = page
        .split_once(".SH KEYS")
        .and_then(|(_, rest)| rest.split_once(".SH FILES"))
        .expect("KEYS")
        .0;
    let plain = keys_section.replace("\\(dq", "\"").replace("\\fB", "").replace("\\fR", "");
    let documented: Vec<_> =
        plain.lines().filter_map(|line| line.strip_prefix(".BR ")?.split_once(" \" (")).collect();
    let mut expected = keys_of_the_file(&conf());
    for (key, line) in &documented {
        let at = expected.iter().position(|(known, _)| known == key);
        let (_, default) = expected.swap_remove(at.unwrap_or_else(|| panic!("{key} is no key")));
        if !WITHOUT_DEFAULT.contains(key) {
            assert!(
                line.contains(&format!("default: {default})")),
                "{key}: {line} against {default}"
            );
        }
    }
    assert!(expected.is_empty(), "not in the manual: {expected:?}");
}
