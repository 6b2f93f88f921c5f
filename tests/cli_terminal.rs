//! The command at a terminal, as a person uses it.
#![allow(missing_docs)]

use cloud2fa::{Secret, TimeStep};
use cloud2fa_tests::command::{of, run};
use cloud2fa_tests::terminal::{Terminal, shown_codes};
use cloud2fa_tests::user::{A_MOMENT, now, step_with_time_left};
use cloud2fa_tests::{Code, Fixture};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

fn start(fixture: &Fixture, arguments: &[&str]) -> Terminal {
    let mut command = of(fixture);
    command.args(arguments).env("TERM", "xterm-256color");
    Terminal::start(&command, 80)
}

fn code_of(secret: &Secret) -> String {
    secret.token_at(step_with_time_left(A_MOMENT)).as_str().to_owned()
}

#[test]
fn a_person_enrols_saves_the_codes_and_logs_in() {
    let fixture = Fixture::new();
    let mut terminal = start(&fixture, &["enable", "--user", "alice"]);
    terminal.expect("Code: ");
    let secret = terminal.shown_secret();
    for no_try in ["123\n", "\n", "abc\n"] {
        terminal.type_in(no_try);
        terminal.expect("That is not a code. A code has 6 digits.");
        terminal.expect("Code: ");
    }
    let code = code_of(&secret);
    terminal.type_in(&format!("{} {}\n", &code[..3], &code[3..]));
    terminal.expect("Have you saved them? [y/n] ");
    let codes = shown_codes(&terminal.all());
    assert_eq!(codes.len(), 8, "{}", terminal.all());
    for again in ["n\n", "\n", "what\n"] {
        terminal.type_in(again);
        terminal.expect("Have you saved them? [y/n] ");
        assert!(terminal.screen().screen().contents().contains(&codes[7]), "{again:?}");
    }
    terminal.type_in("yes\n");
    terminal.expect("press Enter to finish: ");
    let next = TimeStep(TimeStep::of(now()).0 + 1);
    terminal.type_in(&format!("{}\n", secret.token_at(next).as_str()));
    terminal.expect("The code is right");
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
    assert!(codes.iter().all(|code| fixture.login("alice", &[code]).code == Code::SUCCESS));
}

#[test]
fn an_interrupted_enrolment_leaves_everything_as_it_was() {
    for key in [CTRL_C, CTRL_D] {
        let fixture = Fixture::new();
        let qr_file = fixture.path().join("key.svg");
        let mut terminal =
            start(&fixture, &["enable", "--user", "alice", "--qr-file", qr_file.to_str().unwrap()]);
        terminal.expect("Code: ");
        assert!(qr_file.exists() && terminal.echoes());
        terminal.type_in(key);
        terminal.expect("nothing was changed");
        let (_, status) = terminal.end();
        assert_eq!(status, 130);
        assert!(!fixture.account_path("alice").exists() && !qr_file.exists());
    }
}

#[test]
fn an_interrupted_replacement_leaves_the_old_enrolment() {
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    let mut terminal = start(&fixture, &["enable", "--user", "alice", "--replace"]);
    terminal.expect("Code: ");
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end().1, 130);
    assert_eq!(fixture.record(&alice), before);
}

#[test]
fn leaving_before_the_codes_are_saved_says_how_to_get_new_ones() {
    let (fixture, alice) = Fixture::with("alice");
    let mut terminal = start(&fixture, &["regenerate", "--user", "alice"]);
    terminal.expect("Have you saved them?");
    terminal.type_in(CTRL_C);
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "the new codes are in force: {screen}");
    assert!(screen.contains("make new ones with `cloud2fa regenerate --user alice`"), "{screen}");
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[0]]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&shown_codes(&screen)[0]]).code, Code::SUCCESS);
}

#[test]
fn in_a_wait_verify_says_so_and_asks_for_a_backup_code() {
    let (fixture, alice) = Fixture::with("alice");
    for _ in 0..5 {
        fixture.login("alice", &[&alice.wrong_code()]);
    }
    for (code, text, expected) in [
        (alice.backup_codes[3].clone(), "The backup code is right", 0),
        ("0000-0000-0000Z".to_owned(), "Wrong backup code.", 3),
        (alice.code(), "Too many wrong codes. Wait ", 5),
    ] {
        let mut terminal = start(&fixture, &["verify", "--user", "alice"]);
        terminal.expect("A backup code works now.");
        terminal.expect("Backup code: ");
        terminal.type_in(&format!("{code}\n"));
        let (screen, status) = terminal.end();
        assert!(screen.contains(text) && status == expected, "{status}: {screen}");
    }
    let ended = run(&fixture, &["unlock", "alice"]);
    let told =
        "Wrong codes since the last login: 6. App codes in 30 days: 5; they no longer count.";
    assert!(ended.output.contains(told), "{ended:?}");
}

#[test]
fn verify_says_what_a_login_would_say() {
    let (fixture, alice) = Fixture::with("alice");
    for (code, text, expected) in [
        (alice.code(), "The code is right", 0),
        (alice.backup_codes[3].clone(), "The backup code is right", 0),
        (alice.wrong_code(), "Wrong code. Wrong codes in a row: 1.", 3),
    ] {
        let mut terminal = start(&fixture, &["verify", "--user", "alice"]);
        terminal.expect("Code: ");
        terminal.type_in(&format!("{code}\n"));
        let (screen, status) = terminal.end();
        assert!(screen.contains(text) && status == expected, "{status}: {screen}");
    }
}

#[test]
fn a_phone_with_a_wrong_clock_is_told_by_how_much() {
    let fixture = Fixture::new();
    let mut terminal = start(&fixture, &["enable", "--user", "alice"]);
    terminal.expect("Code: ");
    let early = TimeStep(TimeStep::of(now()).0 + 10);
    terminal.type_in(&format!("{}\n", terminal.shown_secret().token_at(early).as_str()));
    terminal.expect("s ahead of");
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end().1, 130);
}

#[test]
fn status_and_list_read_well() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.login("alice", &[&alice.wrong_code()]);
    let status = run(&fixture, &["status", "--user", "alice"]).output;
    assert!(status.contains("Backup codes left:    8 of 8\nWrong codes in a row: 1\n"), "{status}");
    let list = run(&fixture, &["list"]).output;
    let lines: Vec<_> = list.lines().collect();
    assert!(
        lines[0].starts_with("USER") && lines[1].starts_with("alice") && lines[1].ends_with("ok"),
        "{list}"
    );
    assert_eq!(
        run(&fixture, &["status", "--user", "bob"]).output,
        "bob has no second factor. To set it up: `cloud2fa enable --user bob`\n"
    );
}
