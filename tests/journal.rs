//! What administrators are told to type shows what the product's own processes have logged, all of
//! it, and nothing that a user has. In a real journal.
#![allow(missing_docs)]

use cloud2fa_tests::Fixture;
use cloud2fa_tests::journal::{Journal, log_as};
use cloud2fa_tests::machine::workspace;
use cloud2fa_tests::processes::{another_user, at_terminal};
use std::fs::read_dir;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Once};

/// For all tests of this program.
static JOURNAL: LazyLock<Journal> = LazyLock::new(Journal::start);

/// What is shipped or read: documents, examples, packaging, and the texts in the product itself.
const PLACES: [&str; 13] = [
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "man",
    "docs",
    "conf",
    "debian",
    "cloud2fa/src",
    "cloud2fa-cli/src",
    "cloud2fa-doctor/src",
    "cloud2fad/src",
    "pam_cloud2fa/src",
];

fn files_below(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.flat_map(|entry| files_below(&entry.unwrap().path())).collect()
}

/// Each command with journalctl that somebody is told to type, with the file that says so.
fn commands() -> Vec<(PathBuf, String)> {
    let files = PLACES.iter().flat_map(|place| files_below(&workspace().join(place)));
    let mut commands = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).replace("\\-", "-");
        for line in text.lines() {
            for (at, _) in line.match_indices("journalctl ") {
                // To the end of the line, or of what it is quoted by.
                let opened = line[..at].chars().last().filter(|quote| "`\"".contains(*quote));
                let rest = &line[at..];
                let command = opened.and_then(|quote| rest.split(quote).next()).unwrap_or(rest);
                commands.push((file.clone(), command.trim().to_owned()));
            }
        }
    }
    commands
}

#[test]
fn every_journalctl_that_people_are_told_to_type_shows_what_root_wrote_alone() {
    let commands = commands();
    // README's three or more, and two manual pages.
    assert!(commands.len() >= 5, "{commands:?}");
    for (file, command) in commands {
        let words: Vec<_> = command.split_whitespace().collect();
        assert!(words.contains(&"_UID=0"), "{}: {command}", file.display());
        // What follows widens what is before (journalctl(1)).
        assert!(!words.contains(&"+"), "{}: {command}", file.display());
    }
    // fail2ban, likewise.
    for file in files_below(&workspace().join("conf/fail2ban/filter.d")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let matches = text.lines().filter(|line| line.starts_with("journalmatch"));
        let matches: Vec<_> = matches.collect();
        assert!(!matches.is_empty(), "{}", file.display());
        assert!(matches.iter().all(|line| line.split(' ').any(|word| word == "_UID=0")));
    }
}

#[test]
fn what_a_user_writes_with_logger_is_not_shown() {
    let own = [
        ("cloud2fad", "disabled user=\"anna\" reason=by_root factor=none"),
        ("cloud2fad", "accepted user=\"anna\" reason=right_code factor=backup_code"),
        ("cloud2fa", "disabled user=\"anna\" reason=by_root factor=none"),
        (
            "sshd",
            "pam_cloud2fa(sshd:auth): accepted user=\"anna\" reason=right_code factor=backup_code ",
        ),
    ];
    for (tag, line) in own {
        log_as("root", tag, line);
        log_as("alice", tag, &line.replace("anna", "forged"));
    }
    for (file, command) in commands() {
        let shown = JOURNAL.shows(&within_the_hour(&command));
        let file = file.display();
        assert!(!shown.contains("forged"), "{file}: {command}: {shown}");
        assert!(shown.contains("anna"), "{file}: {command}: nothing is shown, {shown}");
    }
}

#[test]
fn what_a_program_of_root_quotes_does_not_look_like_a_change() {
    // sudo writes down what its caller typed.
    let quoted = "alice : TTY=pts/1 ; COMMAND=/bin/true disabled user=quoted factor=backup_code ";
    log_as("root", "sudo", quoted);
    let restore = commands().into_iter().find(|(_, command)| command.contains("--grep"));
    let (_, command) = restore.expect("README has it");
    let shown = JOURNAL.shows(&within_the_hour(&command));
    assert!(!shown.contains("quoted"), "{command}: {shown}");
}

/// The same command, since a time that is not long ago.
fn within_the_hour(command: &str) -> String {
    match command.split_once("--since '") {
        None => command.to_owned(),
        Some((before, rest)) => {
            let (_, after) = rest.split_once('\'').expect("a time in quotes");
            format!("{before}--since -1h{after}")
        }
    }
}

/// How a login at su or sudo is to end.
struct Case {
    /// What stands in the line.
    expected: &'static str,
    arguments: &'static str,
    is_enrolled: bool,
    typed: fn(&cloud2fa_tests::Enrolled) -> Option<String>,
}

const CASES: [Case; 6] = [
    Case {
        expected: "accepted user=\"{}\" reason=right_code ",
        arguments: "",
        is_enrolled: true,
        typed: |user| Some(user.code()),
    },
    Case {
        expected: "refused user=\"{}\" reason=wrong_code ",
        arguments: "",
        is_enrolled: true,
        typed: |user| Some(user.wrong_code()),
    },
    Case {
        expected: "refused user=\"{}\" reason=not_a_code ",
        arguments: "",
        is_enrolled: true,
        typed: |_| Some("no code".to_owned()),
    },
    Case {
        expected: "refused user=\"{}\" reason=not_enrolled ",
        arguments: "",
        is_enrolled: false,
        typed: |_| Some("123456".to_owned()),
    },
    Case {
        expected: "skipped user=\"{}\" reason=not_enrolled ",
        arguments: "nullok",
        is_enrolled: false,
        typed: |_| None,
    },
    Case {
        // It is found before it is known who it is.
        expected: "refused user=\"\" reason=bad_argument ",
        arguments: "no-such-argument",
        is_enrolled: true,
        typed: |_| None,
    },
];

#[test]
fn every_decision_under_su_and_sudo_is_written_as_root() {
    static SUDOERS: Once = Once::new();
    LazyLock::force(&JOURNAL);
    for program in ["su", "sudo"] {
        for case in CASES {
            let (fixture, caller, target) = (Fixture::new(), another_user(), another_user());
            SUDOERS.call_once(|| {
                let sudoers = "Defaults passwd_tries=1, lecture=never\nALL ALL=(ALL:ALL) ALL\n";
                std::fs::write("/etc/sudoers", sudoers).expect("a private /etc");
            });
            // su asks for the second factor of whom it makes of the caller, sudo for the caller's.
            let (whose, words) = match program {
                "su" => (&target, vec!["su", &target, "-c", "true"]),
                _ => (&caller, vec!["sudo", "-u", &target, "true"]),
            };
            let user = if case.is_enrolled {
                fixture.enrol(whose)
            } else {
                let elsewhere = Fixture::new();
                elsewhere.enrol(whose)
            };
            let module = format!("auth required MODULE CONFIG {}", case.arguments);
            fixture.set_service(
                program,
                &[
                    &module,
                    "auth required pam_permit.so",
                    "account required pam_permit.so",
                    "session required pam_permit.so",
                ],
            );
            let mut terminal = at_terminal(&fixture, &caller, &words);
            if let Some(typed) = (case.typed)(&user) {
                terminal.answer("Verification code: ", &typed);
            }
            let ended = terminal.finish();
            let expected = case.expected.replace("{}", whose);
            let shown = JOURNAL.shows("journalctl --facility=authpriv _UID=0 --output=cat");
            let expected = format!("pam_cloud2fa({program}:auth): {expected}");
            assert!(shown.contains(&expected), "no line of root's {expected}: {ended:?}\n{shown}");
        }
    }
}
