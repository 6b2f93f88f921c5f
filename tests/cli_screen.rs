//! What the command leaves behind: on the screen, in files, and of the codes that were spent on the way.
#![allow(missing_docs)]

use cloud2fa_tests::command::{of, run};
use cloud2fa_tests::pty::{CTRL_C, CTRL_Z};
use cloud2fa_tests::terminal::{Terminal, shown_codes};
use cloud2fa_tests::user::{A_MOMENT, step_with_time_left};
use cloud2fa_tests::{Code, Fixture};
use std::os::unix::fs::PermissionsExt;

fn start(fixture: &Fixture, arguments: &[&str]) -> Terminal {
    let mut command = of(fixture);
    command.args(arguments).env("TERM", "xterm-256color");
    Terminal::start_of_size(&command, 80, 24)
}

fn prove(terminal: &mut Terminal) {
    terminal.expect("Code: ");
    let code = terminal.shown_secret().token_at(step_with_time_left(A_MOMENT));
    terminal.type_in(&format!("{}\n", code.as_str()));
}

/// What is on the screen now.
fn screen(terminal: &Terminal) -> String {
    terminal.screen().screen().contents()
}

#[test]
fn neither_key_nor_codes_stay_on_the_screen_or_in_its_history() {
    let fixture = Fixture::new();
    let mut terminal = start(&fixture, &["enable", "--user", "alice"]);
    prove(&mut terminal);
    terminal.expect("Have you saved them?");
    let (secret, codes) = (terminal.shown_secret().to_base32(), shown_codes(&terminal.all()));
    let page = screen(&terminal);
    assert!(codes.len() == 8 && codes.iter().all(|code| page.contains(code)), "{page}");
    assert!(!page.contains(&secret[..4]), "{page}");
    terminal.type_in("y\n");
    terminal.expect("press Enter to finish: ");
    let left = screen(&terminal);
    assert!(left.contains("Two-factor login is on for alice."), "{left}");
    assert!(codes.iter().all(|code| !left.contains(code)) && !left.contains('█'), "{left}");
}

#[test]
fn a_screen_that_is_left_by_ctrl_c_is_empty() {
    let fixture = Fixture::new();
    let mut terminal = start(&fixture, &["enable", "--user", "alice"]);
    terminal.expect("Code: ");
    let secret = terminal.shown_secret().to_base32();
    // A shell would stand before the key.
    terminal.type_in(CTRL_Z);
    terminal.type_in(CTRL_C);
    terminal.expect("nothing was changed");
    let left = screen(&terminal);
    assert!(!left.contains(&secret[..4]) && left.contains("cloud2fa: interrupted"), "{left}");
    assert_eq!(terminal.end().1, 130);
}

#[test]
fn plain_lines_have_no_escape_sequences_and_stay() {
    let fixture = Fixture::new();
    let mut terminal = start(&fixture, &["enable", "--user", "alice", "--plain"]);
    prove(&mut terminal);
    terminal.finish_enrolment();
    let (all, status) = terminal.end();
    assert!(status == 0 && !all.contains('\x1b') && !all.contains('█'), "{all}");
    assert_eq!(shown_codes(&all).len(), 8, "{all}");
}

#[test]
fn the_page_of_codes_says_whose_they_are_where_and_since_when() {
    let (fixture, _) = Fixture::with("alice");
    let mut terminal = start(&fixture, &["regenerate", "--user", "alice"]);
    terminal.expect("Have you saved them?");
    let page = screen(&terminal);
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let today = cloud2fa_tests::command::ended(std::process::Command::new("date").arg("+%Y-%m-%d"));
    let heading = format!("Backup codes for alice on {host}, {}.", today.output.trim());
    assert!(page.replace('\n', " ").contains(&heading), "{heading}\n{page}");
}

#[test]
fn a_file_of_codes_is_its_owners_alone_and_the_screen_shows_none() {
    let (fixture, alice) = Fixture::with("alice");
    let file = fixture.path().join("codes");
    let words = ["regenerate", "--user", "alice", "--codes-file", file.to_str().unwrap()];
    let (all, status) = start(&fixture, &words).end();
    assert_eq!((status, shown_codes(&all).len()), (0, 0), "{all}");
    assert!(all.contains(&format!("The backup codes are in {}", file.display())), "{all}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let content = std::fs::read_to_string(&file).unwrap();
    let codes = shown_codes(&content);
    assert!(codes.len() == 8 && content.contains("Backup codes for alice on "), "{content}");
    assert_eq!(fixture.login("alice", &[&codes[7]]).code, Code::SUCCESS);

    // A file that is there already costs no codes.
    let before = fixture.record(&alice);
    let (all, status) = start(&fixture, &words).end();
    assert!(status == 1 && all.contains("name a file that does not exist yet"), "{all}");
    assert_eq!(fixture.record(&alice), before);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
}

#[test]
fn a_file_of_codes_goes_away_with_the_enrolment_that_does_not_come_about() {
    let fixture = Fixture::new();
    let file = fixture.path().join("codes");
    let words = ["enable", "--user", "alice", "--codes-file", file.to_str().unwrap()];
    let mut terminal = start(&fixture, &words);
    terminal.expect("Code: ");
    assert!(file.exists());
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end().1, 130);
    assert!(!file.exists());
}

#[test]
fn codes_that_cannot_be_written_into_their_file_are_shown() {
    let (fixture, _) = Fixture::with("alice");
    let full = fixture.path().join("full");
    std::fs::create_dir(&full).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"])
        .arg(&full)
        .status();
    assert!(mounted.unwrap().success());
    std::fs::write(full.join("filler"), [0; 4096]).unwrap();
    let file = full.join("codes");
    let words = ["regenerate", "--user", "alice", "--codes-file", file.to_str().unwrap()];
    let mut terminal = start(&fixture, &words);
    terminal.say_that_codes_are_saved();
    let (all, status) = terminal.end();
    let codes = shown_codes(&all);
    assert!(status == 0 && codes.len() == 8 && all.contains("cannot write"), "{all}");
    assert!(!file.exists());
    assert_eq!(fixture.login("alice", &[&codes[0]]).code, Code::SUCCESS);
    assert!(std::process::Command::new("umount").arg(&full).status().unwrap().success());
}

#[test]
fn a_replacement_is_another_account_to_the_app() {
    let (fixture, alice) = Fixture::with("alice");
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut terminal =
            start(&fixture, &["enable", "--user", "alice", "--replace", "--qr", "none"]);
        terminal.expect("Code: ");
        let page = screen(&terminal);
        let name = page.split_whitespace().find(|word| word.starts_with("alice-")).unwrap();
        names.push(name.trim_end_matches('.').to_owned());
        terminal.type_in(CTRL_C);
        assert_eq!(terminal.end().1, 130);
    }
    assert!(names[0] != names[1] && names.iter().all(|name| name.len() == 9), "{names:?}");
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
}

#[test]
fn whoever_names_a_user_the_wrong_way_is_told_the_right_one() {
    let fixture = Fixture::new();
    for verb in ["enable", "status", "regenerate", "disable", "verify"] {
        let ended = run(&fixture, &[verb, "bob"]);
        assert_eq!(ended.status, 2, "{ended:?}");
        assert!(ended.errors.contains("to name a user, use `--user bob`"), "{verb}: {ended:?}");
    }
    let ended = run(&fixture, &["list", "bob"]);
    assert!(ended.status == 2 && !ended.errors.contains("--user"), "{ended:?}");
    let ended = run(&fixture, &["status", "--force"]);
    assert!(ended.status == 2 && !ended.errors.contains("to name a user"), "{ended:?}");
}

#[test]
fn whoever_would_be_refused_without_a_second_factor_is_told_so_and_asked() {
    let (fixture, alice) = Fixture::with("alice");
    let (file, module) = ("/etc/pam.d/screens", "/run/pam_cloud2fa.so");
    std::os::unix::fs::symlink(cloud2fa_tests::machine::module(), module).unwrap();
    let stack =
        |arguments| format!("auth requisite pam_unix.so\nauth required {module} {arguments}\n");
    let disable = ["disable", "--user", "alice"];
    let before = fixture.record(&alice);
    std::fs::write(file, stack("")).unwrap();
    let told = "Without a second factor, alice can no longer log in with: screens.";
    for (answer, status) in [("n\n", 130), ("\n", 130), (CTRL_C, 130)] {
        let mut terminal = start(&fixture, &disable);
        terminal.expect(told);
        terminal.expect("`cloud2fa enable --replace --user alice`");
        terminal.expect("Turn it off anyway? [y/N] ");
        terminal.type_in(answer);
        terminal.expect("nothing was changed");
        assert_eq!(terminal.end().1, status, "{answer:?}");
        assert_eq!(fixture.record(&alice), before);
    }
    let mut terminal = start(&fixture, &disable);
    terminal.expect("Turn it off anyway? [y/N] ");
    terminal.type_in("y\n");
    terminal.expect("Two-factor login is off for alice.");
    assert_eq!(terminal.end().1, 0);

    // A script is told, and goes on.
    fixture.enrol("alice");
    let ended = run(&fixture, &[&disable[..], &["--json"]].concat());
    assert_eq!((&ended.last()["refused_by"], ended.status), (&serde_json::json!(["screens"]), 0));
    fixture.enrol("alice");
    let ended = run(&fixture, &disable);
    assert!(ended.status == 0 && ended.errors.contains(told), "{ended:?}");
    fixture.enrol("alice");
    let (all, status) = start(&fixture, &[&disable[..], &["--yes"]].concat()).end();
    assert!(status == 0 && !all.contains("Without"), "{all}");

    // Where nobody is refused for it there is nothing to ask.
    std::fs::write(file, stack("nullok")).unwrap();
    fixture.enrol("alice");
    let (all, status) = start(&fixture, &disable).end();
    assert!(status == 0 && !all.contains("Without"), "{all}");
    std::fs::remove_file(file).unwrap();
}
