//! The command at an ordinary user's terminal, by way of the service: the password is asked
//! for first, and not shown.
#![allow(missing_docs)]

use cloud2fa::{Secret, Token};
use cloud2fa_tests::command::ended;
use cloud2fa_tests::service::{self, COMMAND, as_uid};
use cloud2fa_tests::syslog;
use cloud2fa_tests::terminal::{Terminal, shown_codes};
use cloud2fa_tests::user::{self, A_MOMENT, Enrolled, name_of, numbered, step_with_time_left};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CURRENT_CODE: &str = "Current code from your app, or a backup code: ";

fn record(uid: u32) -> PathBuf {
    Path::new("/var/lib/cloud2fa").join(format!("{}.account", name_of(uid)))
}

fn cloud2fa(uid: u32, arguments: &[&str]) -> Command {
    service::start();
    let mut command = as_uid(uid, Path::new(COMMAND));
    command.args(arguments).env("TERM", "xterm-256color");
    command
}

fn start(uid: u32, arguments: &[&str]) -> Terminal {
    Terminal::start(&cloud2fa(uid, arguments), 80)
}

/// The same, and the terminal can be looked at when the command has ended: a shell says so
/// with the exit status, and waits for a line.
fn start_in_a_shell(uid: u32, arguments: &[&str]) -> Terminal {
    let command = cloud2fa(uid, arguments);
    let script = "trap : INT; \"$@\"; echo \"ended with $?\"; read -r line";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Terminal::start(&shell, 80)
}

fn enrol(uid: u32) -> Enrolled {
    service::start();
    let user = user::of_this_machine(&name_of(uid));
    user::enrol(Path::new("/var/lib/cloud2fa"), user, Secret::generate().unwrap())
}

/// Waits for the password's question, and answers it unseen.
fn type_password(terminal: &mut Terminal, password: &str) {
    terminal.expect("Password: ");
    assert!(!terminal.echoes(), "a password would be shown");
    terminal.type_in(&format!("{password}\n"));
}

fn token(secret: &Secret) -> Token {
    secret.token_at(step_with_time_left(A_MOMENT))
}

#[test]
fn a_user_enrols_with_the_password_which_is_never_shown() {
    let mut terminal = start(numbered(80), &["enable"]);
    type_password(&mut terminal, "correct horse");
    terminal.expect("That password is wrong. 2 tries left.");
    type_password(&mut terminal, "pw");
    terminal.expect("Nothing is saved until the code is right.");
    terminal.expect("Code: ");
    assert!(terminal.echoes());
    let secret = terminal.shown_secret();
    let before = terminal.all();
    terminal.type_in(&format!("{}\n", token(&secret).as_str()));
    terminal.finish_enrolment();
    let (screen, status) = terminal.end();
    assert_eq!((status, shown_codes(&screen).len()), (0, 8), "{screen}");
    assert!(!screen.contains("correct") && !screen.contains("horse"), "{screen}");
    // Between the question and what comes next, there is nothing but the end of the line.
    assert!(before.contains("Password: \nThat password is wrong."), "{before}");
    assert!(before.contains("Password: \n\u{1b}[?1049h"), "{before}");
}

#[test]
fn three_wrong_passwords_are_enough() {
    let mut terminal = start(numbered(81), &["enable"]);
    for told in ["2 tries left.", "1 try left.", "the password is wrong; nothing was changed"] {
        type_password(&mut terminal, "not it");
        terminal.expect(told);
    }
    let (screen, status) = terminal.end();
    assert_eq!((status, screen.matches("Password: ").count()), (3, 3), "{screen}");
    assert!(!record(numbered(81)).exists());
}

#[test]
fn leaving_at_the_password_changes_nothing_and_gives_the_terminal_back() {
    let whose = enrol(numbered(82));
    let before = std::fs::read(record(numbered(82))).unwrap();
    for verb in [&["enable"][..], &["regenerate"], &["disable", "--yes"]] {
        // `enable` is for who has none yet.
        let uid = if verb == ["enable"] { numbered(83) } else { numbered(82) };
        // A line that was begun ends with the first Ctrl-D, the input with the second one.
        for keys in [CTRL_C, "half a passw\x03", CTRL_D, "half\x04\x04"] {
            let mut terminal = start_in_a_shell(uid, verb);
            terminal.expect("Password: ");
            assert!(!terminal.echoes());
            terminal.type_in(keys);
            terminal.expect("nothing was changed");
            terminal.expect("ended with 130");
            assert!(terminal.echoes(), "{verb:?} {keys:?}");
            terminal.type_in("\n");
            let (screen, _) = terminal.end();
            assert!(!screen.contains("half"), "{screen}");
        }
    }
    assert!(!record(numbered(83)).exists());
    assert_eq!(std::fs::read(record(numbered(82))).unwrap(), before, "{}", whose.user.name);
}

#[test]
fn a_shell_does_not_get_the_terminal_in_the_middle_of_a_password() {
    let mut shell = Command::new("setpriv");
    shell.args(["--reuid", "u090", "--regid", "u090", "--clear-groups", "--", "/bin/sh", "-i"]);
    service::start();
    let mut terminal = Terminal::start(&shell, 80);
    terminal.type_in(&format!("{COMMAND} enable; echo ended with $?\n"));
    terminal.expect("Password: ");
    // Ctrl-Z is a key like others then, and Ctrl-U takes it back.
    terminal.type_in("half\x1a\x15pw\n");
    terminal.expect("\nCode: ");
    terminal.type_in(CTRL_C);
    terminal.expect("ended with 130");
    assert!(!terminal.all().contains("topped"), "{}", terminal.all());
    terminal.type_in("exit\n");
    terminal.end();
}

#[test]
fn new_backup_codes_take_the_password_and_a_code() {
    let whose = enrol(numbered(84));
    let mut terminal = start(numbered(84), &["regenerate"]);
    type_password(&mut terminal, "pw");
    terminal.expect(CURRENT_CODE);
    assert!(terminal.echoes());
    terminal.type_in("pw\n");
    terminal.expect("That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.");
    terminal.expect(CURRENT_CODE);
    terminal.type_in(&format!("{}\n", whose.wrong_code()));
    terminal.expect("That code is wrong or already used. 2 tries left.");
    terminal.expect(CURRENT_CODE);
    terminal.type_in(&format!("{}\n", whose.code()));
    terminal.expect("u084 has new backup codes. The old ones no longer work.");
    terminal.expect("`cloud2fa regenerate` makes new ones");
    terminal.say_that_codes_are_saved();
    let (screen, status) = terminal.end();
    assert_eq!((status, shown_codes(&screen).len()), (0, 8), "{screen}");
    // The service logs it; the command logs root's acts alone.
    assert_eq!(syslog::lines_about("u084"), []);
}

#[test]
fn who_acts_for_oneself_is_not_told_roots_forms() {
    for (verb, told) in [
        ("status", "u091 has no second factor. To set it up: `cloud2fa enable`\n"),
        ("regenerate", "cloud2fa: u091 is not enrolled; to set it up: `cloud2fa enable`\n"),
    ] {
        let (screen, _) = start(numbered(91), &[verb]).end();
        assert_eq!(screen.replace('\r', ""), told, "{verb}");
    }
}

#[test]
fn turning_off_takes_the_password_and_a_code() {
    let whose = enrol(numbered(85));
    let mut terminal = start(numbered(85), &["disable"]);
    // On this machine all logins ask.
    terminal.expect("can no longer log in with: ");
    terminal.expect("Turn it off anyway? [y/N] ");
    terminal.type_in("y\n");
    type_password(&mut terminal, "pw");
    terminal.expect(CURRENT_CODE);
    terminal.type_in(&format!("{}\n", whose.backup_codes[5]));
    terminal.expect("Two-factor login is off for u085.");
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn a_replacement_takes_the_password_a_code_and_the_new_keys_proof() {
    let whose = enrol(numbered(86));
    let mut terminal = start(numbered(86), &["enable"]);
    terminal.expect("u086 is already enrolled; to replace it: `cloud2fa enable --replace`");
    let (screen, status) = terminal.end();
    assert!(status == 4 && !screen.contains("Password"), "{status}: {screen}");

    // Left before the proof: the old code is spent, the old enrolment stands.
    for (number, proves) in [false, true].into_iter().enumerate() {
        let mut terminal = start(numbered(86), &["enable", "--replace"]);
        type_password(&mut terminal, "pw");
        terminal.expect(CURRENT_CODE);
        terminal.type_in(&format!("{}\n", whose.backup_codes[number]));
        terminal.expect("\nCode: ");
        if proves {
            let new = terminal.shown_secret();
            terminal.type_in(&format!("{}\n", token(&new).as_str()));
            terminal.finish_enrolment();
        } else {
            terminal.type_in(CTRL_C);
            terminal
                .expect("your enrolment is unchanged, but the backup code you typed is used up");
        }
        assert_eq!(terminal.end().1, if proves { 0 } else { 130 });
        let old = whose.secret.to_base32();
        let file =
            String::from_utf8_lossy(&std::fs::read(record(numbered(86))).unwrap()).into_owned();
        assert_eq!(file.contains(&*old), !proves);
    }
}

#[test]
fn a_terminal_that_is_too_small_costs_no_backup_code() {
    let whose = enrol(numbered(92));
    let before = std::fs::read(record(numbered(92))).unwrap();
    let small = |arguments: &[&str]| {
        let mut terminal = Terminal::start_of_size(&cloud2fa(numbered(92), arguments), 80, 15);
        terminal.expect("80x15");
        terminal.expect("Press Enter to go on: ");
        terminal
    };
    let mut terminal = small(&["enable", "--replace"]);
    terminal.type_in(CTRL_C);
    terminal.expect("nothing was changed");
    assert_eq!(terminal.end().1, 130);
    assert_eq!(std::fs::read(record(numbered(92))).unwrap(), before);

    let mut terminal = small(&["enable", "--replace"]);
    terminal.type_in("\n");
    type_password(&mut terminal, "pw");
    terminal.expect(CURRENT_CODE);
    terminal.type_in(&format!("{}\n", whose.backup_codes[0]));
    terminal.expect("would do.");
    terminal.expect("\nCode: ");
    terminal.type_in(&format!("{}\n", token(&terminal.shown_secret()).as_str()));
    terminal.finish_enrolment();
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn an_account_without_a_password_is_told_so_and_not_asked() {
    service::start();
    user::set_shadow("u087", "*:20000:0:99999:7:::");
    let (screen, status) = start(numbered(87), &["enable"]).end();
    assert!(screen.contains("this account has no password (or it is locked)"), "{screen}");
    assert!(status == 1 && !screen.contains("Password:"), "{status}: {screen}");
}

#[test]
fn a_service_that_is_off_is_named_with_what_to_do() {
    let command = cloud2fa(numbered(88), &["enable"]);
    let script = "mount -t tmpfs tmpfs /run/cloud2fa; exec \"$@\"";
    let mut without = Command::new("unshare");
    without.args(["--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh"]);
    without.arg(command.get_program()).args(command.get_args());
    let (screen, status) = Terminal::start(&without, 80).end();
    assert!(screen.contains("`systemctl enable --now cloud2fad.socket`"), "{screen}");
    assert!(status == 1 && !screen.contains("Password:"), "{status}: {screen}");
}

#[test]
fn without_a_terminal_and_without_json_a_user_is_asked_nothing() {
    enrol(numbered(89));
    let before = std::fs::read(record(numbered(89))).unwrap();
    let verbs =
        [&["enable"][..], &["enable", "--replace"], &["regenerate"], &["disable"], &["verify"]];
    for verb in verbs {
        let ended = ended(cloud2fa(numbered(89), verb).stdin(Stdio::null()));
        assert_eq!(ended.status, 2, "{verb:?}: {ended:?}");
        let said = &ended.errors;
        assert!(said.contains("needs a terminal") && said.contains("--json"), "{verb:?}: {said}");
        assert_eq!(ended.output, "", "{verb:?}");
    }
    assert_eq!(std::fs::read(record(numbered(89))).unwrap(), before);
}
