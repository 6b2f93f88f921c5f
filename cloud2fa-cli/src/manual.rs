//! The code on one side, cloud2fa(1) and README.md on the other: commands, options, JSON, errors
//! and exit statuses are the same, in both directions.

use crate::arguments::Arguments;
use crate::failure::Kind;
use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};
use cloud2fa::store::record::Lost;
use cloud2fa_doctor::Id;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../man/cloud2fa.1");
const README: &str = include_str!("../../README.md");

/// The page as it is read: without roff's escapes.
fn plain(roff: &str) -> String {
    let escapes =
        [("\\-", "-"), ("\\~", " "), ("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\(dq", "\"")];
    escapes.iter().fold(roff.to_owned(), |text, (escape, sign)| text.replace(escape, sign))
}

fn between(text: &str, begin: &str, end: &str) -> String {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("{begin:?} is missing")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("{end:?} is missing")).0.to_owned()
}

fn section(heading: &str) -> String {
    plain(&between(PAGE, &format!("\n{heading}\n"), "\n.SH "))
}

/// What paragraphs are about, and what they say of it: the tag behind `.TP`, without its macro.
fn paragraphs(section: &str) -> Vec<(String, String)> {
    let paragraphs = section.split(".TP\n").skip(1).map(|paragraph| {
        let (tag, text) = paragraph.split_once('\n').expect("a text below the tag");
        let words: Vec<_> = tag.split(['"', ' ']).filter(|it| !it.is_empty()).skip(1).collect();
        (words.join(" ").replace(" ,", ","), text.to_owned())
    });
    paragraphs.collect()
}

fn tags(section: &str) -> Vec<String> {
    paragraphs(section).into_iter().map(|(tag, _)| tag).collect()
}

/// The words in bold that begin a line.
fn bold(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix(".B ").or_else(|| line.strip_prefix(".BR ")));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

fn command() -> Command {
    let mut command = Arguments::command();
    command.build();
    command
}

/// An argument as the manual writes it: `-h, --help`, `--user NAME`, `NAME`.
fn written(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let names: Vec<_> =
        short.into_iter().chain(argument.get_long().map(|long| format!("--{long}"))).collect();
    let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
    let value = value.map(|names| names.join(" "));
    [names.join(", "), value.unwrap_or_default()].join(" ").trim().to_owned()
}

/// Each command, and the arguments that are its own.
fn verbs() -> BTreeMap<String, BTreeSet<String>> {
    let command = command();
    let own = |verb: &Command| {
        let arguments = verb.get_arguments();
        arguments
            .filter(|it| !it.is_global_set() && it.get_id() != "help" && !it.is_hide_set())
            .map(written)
            .collect()
    };
    command.get_subcommands().map(|verb| (verb.get_name().to_owned(), own(verb))).collect()
}

#[test]
fn the_synopsis_has_every_command_with_every_argument_and_no_other() {
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in section(".SH SYNOPSIS").lines() {
        let Some(line) = line.strip_prefix(".B cloud2fa ") else { continue };
        let (verb, arguments) = line.split_once(' ').unwrap_or((line, ""));
        let arguments = arguments.split(['[', ']']).map(str::trim);
        // What `help` takes is clap's own matter.
        let arguments = arguments.filter(|it| !["", "...", "COMMAND"].contains(it));
        documented.entry(verb.to_owned()).or_default().extend(arguments.map(str::to_owned));
    }
    assert_eq!(documented, verbs());
}

#[test]
fn the_manual_explains_every_command_with_every_option_and_no_other() {
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // The options of a command stand further to the right, between .RS and .RE.
    let (mut verb, mut inside) = (String::new(), false);
    for (tag, text) in paragraphs(&section(".SH COMMANDS")) {
        if inside {
            documented.get_mut(&verb).expect("a command").insert(tag);
        } else {
            verb = tag;
            documented.insert(verb.clone(), BTreeSet::new());
        }
        inside = (inside || text.contains(".RS")) && !text.contains(".RE");
    }
    let mut known = verbs();
    // What has no name stands in the text.
    for arguments in known.values_mut() {
        arguments.retain(|it| it.starts_with('-'));
    }
    assert_eq!(documented, known);
}

#[test]
fn the_manual_explains_the_options_of_all_commands_and_no_other() {
    let command = command();
    let documented: BTreeSet<_> = tags(&section(".SH OPTIONS")).into_iter().collect();
    assert_eq!(documented, command.get_arguments().map(written).collect());
}

#[test]
fn the_manual_names_the_styles_of_the_qr_code_and_no_other() {
    let commands = section(".SH COMMANDS");
    let paragraphs = paragraphs(&commands);
    let (_, text) = paragraphs.iter().find(|(tag, _)| tag == "--qr STYLE").expect("--qr");
    let command = command();
    let enable = command.find_subcommand("enable").expect("enable");
    let style = enable.get_arguments().find(|it| it.get_id() == "qr").expect("--qr");
    let styles = style.get_possible_values();
    assert_eq!(bold(text), styles.iter().map(PossibleValue::get_name).collect::<Vec<_>>());
}

#[test]
fn the_manual_names_every_error_and_no_other() {
    let documented = tags(&section(".SS Errors"));
    assert_eq!(documented, Kind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>());
}

#[test]
fn the_manual_names_everything_that_doctor_finds_and_nothing_else() {
    let documented = tags(&section(".SH FINDINGS"));
    assert_eq!(documented, Id::ALL.iter().map(|id| id.word()).collect::<Vec<_>>());
}

#[test]
fn the_manual_and_the_readme_have_every_exit_status_and_no_other() {
    let paragraphs = paragraphs(&section(".SH \"EXIT STATUS\""));
    let known: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.status()).chain([0]).collect();
    let known: Vec<_> = known.into_iter().map(|status| status.to_string()).collect();
    assert_eq!(paragraphs.iter().map(|(tag, _)| tag.clone()).collect::<Vec<_>>(), known);
    for kind in Kind::ALL {
        let with_it = paragraphs.iter().filter(|(_, text)| bold(text).contains(&kind.word()));
        let statuses: Vec<_> = with_it.map(|(tag, _)| tag.clone()).collect();
        assert_eq!(statuses, [kind.status().to_string()], "{}", kind.word());
    }
    let table = between(README, "| exit status | meaning |\n|---|---|\n", "\n\n");
    let rows = table.lines().filter_map(|row| row.split(' ').nth(1));
    assert_eq!(rows.collect::<Vec<_>>(), known);
}

#[test]
fn the_readme_names_every_command_and_option_and_no_other() {
    let text = between(README, "\n## The command\n", "\n## ");
    let verbs = verbs();
    let cells = text.lines().filter_map(|row| row.strip_prefix("| `cloud2fa "));
    let named: BTreeSet<_> = cells.filter_map(|cell| cell.split([' ', '`']).next()).collect();
    // `help` is clap's own; it is clear without a word.
    assert_eq!(named, verbs.keys().map(String::as_str).filter(|verb| *verb != "help").collect());
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let options = text.split("--").skip(1).filter_map(|rest| rest.split(|c| !is_name(c)).next());
    let known = verbs.values().flatten().filter_map(|argument| argument.strip_prefix("--"));
    let known =
        known.filter_map(|option| option.split(' ').next()).chain(["json", "plain", "config"]);
    let options: BTreeSet<_> =
        options.filter(|option| option.starts_with(char::is_lowercase)).collect();
    assert_eq!(options, known.collect());
}

/// The names of the fields of what is written as JSON, by the source.
fn keys_of_the_code() -> BTreeSet<&'static str> {
    let source = concat!(
        include_str!("messages.rs"),
        include_str!("messages_of_setup.rs"),
        include_str!("messages_of_users.rs")
    );
    let structs = source.split("#[derive(Serialize)]").skip(1);
    let bodies = structs.filter_map(|rest| rest.split_once("{\n")?.1.split_once("\n}"));
    let lines = bodies.flat_map(|(body, _)| body.lines()).map(str::trim_start);
    let fields =
        lines.filter_map(|line| line.strip_prefix("pub ").unwrap_or(line).split_once(": "));
    fields.map(|(name, _)| name).filter(|name| !name.contains([' ', '/', '#'])).collect()
}

#[test]
fn the_manual_shows_every_key_of_the_json_and_no_other() {
    let text = section(".SH \"JSON\"");
    // What is lost is named by the library's words.
    let example = format!("\"lost\":{{\"{}\":1}}", Lost::Budget.word());
    assert!(text.contains(&example), "{example} is not in the manual");
    let text = text.replace(&example, "\"lost\":{}");
    let quoted = text.match_indices("\":").filter_map(|(end, _)| text[..end].rsplit('"').next());
    let shown: BTreeSet<_> = quoted.collect();
    let explained = bold(&text);
    for key in keys_of_the_code() {
        assert!(shown.contains(key) || explained.contains(&key), "{key} is not in the manual");
    }
    for key in shown {
        assert!(keys_of_the_code().contains(key), "{key} is in the manual alone");
    }
}

#[test]
fn the_manual_names_every_state_that_setup_says_a_service_is_in() {
    let lines = include_str!("messages_of_setup.rs").lines().map(str::trim_start);
    let states = lines.filter_map(|line| line.strip_prefix("Said::")?.split('"').nth(1));
    let states: BTreeSet<_> = states.collect();
    let text = section(".SH \"JSON\"");
    let words: BTreeSet<_> = text.split(['"', ',', ' ', '\n']).collect();
    assert!(states.contains("unconfirmed"), "{states:?}");
    assert!(states.is_subset(&words), "{states:?} are not all in the manual");
}
