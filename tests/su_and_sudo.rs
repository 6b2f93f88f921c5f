//! The real su and sudo, started by an ordinary user at a terminal.
#![allow(missing_docs)]

use cloud2fa_tests::processes::{
    another_user, at_terminal, descendant_named, is_stopped, wait_for, wait_until_it_reads,
};
use cloud2fa_tests::pty::{CTRL_C, CTRL_Z, Ended, Pty};
use cloud2fa_tests::{Code, Enrolled, Fixture};
use std::sync::Once;

const PASSWORD: &str = "Password: ";
const PROMPT: &str = "Verification code: ";
const BACKUP_PROMPT: &str = "Backup code: ";
/// What su and sudo run, and what it says.
const COMMAND: &str = "echo now $(id -un)";

/// Both programs ask for the password, then for the code.
fn fixture() -> Fixture {
    static SUDOERS: Once = Once::new();
    // One answer a run. What sudo remembers, it remembers for one terminal; each run has its own.
    let sudoers = "Defaults passwd_tries=1, lecture=never\nALL ALL=(ALL:ALL) ALL\n";
    let fixture = Fixture::new();
    SUDOERS.call_once(|| std::fs::write("/etc/sudoers", sudoers).expect("a private /etc"));
    let session = ["account required pam_unix.so", "session required pam_permit.so"];
    for service in ["su", "sudo"] {
        let auth = ["@include common-auth", "auth required MODULE CONFIG"];
        fixture.set_service(service, &[auth, session].concat());
    }
    fixture
}

/// A way for one user to become another. su asks for the second factor of `target`, sudo for that of `caller`.
#[derive(Debug, Clone, Copy)]
enum Program {
    Su,
    Sudo,
}

impl Program {
    const BOTH: [Self; 2] = [Self::Su, Self::Sudo];

    fn name(self) -> &'static str {
        match self {
            Self::Su => "su",
            Self::Sudo => "sudo",
        }
    }

    fn words(self, target: &str) -> Vec<&str> {
        match self {
            Self::Su => vec!["su", target, "-c", COMMAND],
            Self::Sudo => vec!["sudo", "-u", target, "/bin/sh", "-c", COMMAND],
        }
    }

    fn start(self, people: &People) -> Pty {
        at_terminal(&people.fixture, &people.caller, &self.words(&people.target))
    }

    /// The prompt for the password.
    fn password_prompt(self) -> &'static str {
        match self {
            Self::Su => PASSWORD,
            Self::Sudo => "[sudo] password for ",
        }
    }

    fn run(self, people: &People, code: &str) -> Ended {
        self.run_to(people, PROMPT, code)
    }

    /// The same where another prompt comes.
    fn run_to(self, people: &People, prompt: &str, code: &str) -> Ended {
        let mut terminal = self.start(people);
        terminal.answer(self.password_prompt(), "pw");
        terminal.answer(prompt, code);
        terminal.finish()
    }
}

/// Who becomes whom, and whose second factor that takes.
struct People {
    fixture: Fixture,
    caller: String,
    target: String,
    enrolled: Enrolled,
}

impl People {
    fn of(program: Program) -> Self {
        let (fixture, caller, target) = (fixture(), another_user(), another_user());
        let enrolled = fixture.enrol(match program {
            Program::Su => &target,
            Program::Sudo => &caller,
        });
        Self { fixture, caller, target, enrolled }
    }

    fn is_in(&self, ended: &Ended) -> bool {
        let said = ended.shown.contains(&format!("now {}", self.target));
        assert_eq!(said, ended.status == 0, "{ended:?}");
        said
    }

    /// The same account, by another program.
    fn logs_in_elsewhere(&self, code: &str) -> Code {
        self.fixture.login(self.enrolled.user.name.as_str(), &[code]).code
    }
}

#[test]
fn the_right_code_lets_in_once() {
    for program in Program::BOTH {
        let people = People::of(program);
        let code = people.enrolled.code();
        let first = program.run(&people, &code);
        assert!(people.is_in(&first), "{first:?}");
        assert_eq!(first.count(PROMPT), 1);
        let again = program.run(&people, &code);
        assert!(!people.is_in(&again), "{again:?}");
        // A reason: sudo, which wants no information (PAM_SILENT), shows it, too.
        assert_eq!(
            again.count("This code was already used or is too old. The next one appears in "),
            1,
            "{again:?}"
        );
        assert_eq!(people.fixture.status(&people.enrolled).failures, 0);
    }
}

#[test]
fn a_wrong_code_is_refused_counted_and_told_at_the_next_login() {
    for program in Program::BOTH {
        let people = People::of(program);
        let wrong = program.run(&people, &people.enrolled.wrong_code());
        assert!(!people.is_in(&wrong), "{wrong:?}");
        assert_eq!(people.fixture.status(&people.enrolled).failures, 1);
        let right = program.run(&people, &people.enrolled.code());
        assert!(people.is_in(&right), "{right:?}");
        let told = usize::from(matches!(program, Program::Su));
        assert_eq!(right.count("1 wrong code since your last login."), told, "{right:?}");
    }
}

#[test]
fn a_backup_code_lets_in_once_and_sudo_is_not_told_how_many_are_left() {
    for program in Program::BOTH {
        let people = People::of(program);
        let code = &people.enrolled.backup_codes[5];
        let first = program.run(&people, code);
        assert!(people.is_in(&first), "{first:?}");
        let told = usize::from(matches!(program, Program::Su));
        assert_eq!(first.count("7 backup codes left."), told, "{first:?}");
        let again = program.run(&people, code);
        assert!(!people.is_in(&again), "{again:?}");
        assert_eq!(
            again.count("This backup code has already been used. Use another one."),
            1,
            "{again:?}"
        );
    }
}

#[test]
fn the_last_backup_code_and_a_wait_are_told_to_both() {
    for program in Program::BOTH {
        let people = People::of(program);
        people.fixture.rewrite(&people.enrolled, "spent_backup_codes", "[1, 2, 3, 4, 5, 6, 7]");
        let last = program.run(&people, &people.enrolled.backup_codes[0]);
        assert!(people.is_in(&last), "{last:?}");
        assert_eq!(last.count("That was your last backup code."), 1, "{last:?}");
        people.fixture.fail(&people.enrolled, 4);
        let fifth = program.run(&people, &people.enrolled.wrong_code());
        assert!(!people.is_in(&fifth), "{fifth:?}");
        assert_eq!(
            fifth.count("Too many wrong codes. Try again in 30 s, or use a backup code."),
            1,
            "{fifth:?}"
        );
        let waits = program.run_to(&people, BACKUP_PROMPT, "");
        assert!(!people.is_in(&waits), "{waits:?}");
        assert_eq!((waits.count("Try again in "), waits.count(PROMPT)), (1, 0), "{waits:?}");
    }
}

#[test]
fn a_backup_code_ends_a_wait_and_a_lock_and_both_say_what_there_was() {
    for program in Program::BOTH {
        let people = People::of(program);
        people.fixture.fail(&people.enrolled, 100);
        let token = program.run_to(&people, BACKUP_PROMPT, &people.enrolled.code());
        assert!(!people.is_in(&token), "{token:?}");
        assert!(token.count("Locked: use a backup code") > 0, "{token:?}");
        let wrong = program.run_to(&people, BACKUP_PROMPT, "0000-0000-0000Z");
        assert!(!people.is_in(&wrong), "{wrong:?}");
        assert_eq!(wrong.count("That backup code is wrong."), 1, "{wrong:?}");
        let right = program.run_to(&people, BACKUP_PROMPT, &people.enrolled.backup_codes[0]);
        assert!(people.is_in(&right), "{right:?}");
        // sudo wants no information (PAM_SILENT). This is none.
        assert_eq!(right.count("101 wrong codes since your last login."), 1, "{right:?}");
        let token = program.run(&people, &people.enrolled.code());
        assert!(people.is_in(&token), "{token:?}");
    }
}

/// Brings the program to its prompt, lets `disturb` end it there, and shows that nothing has come of it.
fn leaves_everything(program: Program, disturb: fn(&mut Pty)) {
    let people = People::of(program);
    let (before, code) = (people.fixture.record(&people.enrolled), people.enrolled.code());
    let mut terminal = program.start(&people);
    terminal.answer(program.password_prompt(), "pw");
    terminal.expect(PROMPT);
    wait_until_it_reads(terminal.id());
    disturb(&mut terminal);
    wait_for("the end of the program at the prompt", || terminal.has_ended().then_some(()));
    let ended = terminal.finish();
    assert!(!people.is_in(&ended), "{ended:?}");
    assert_eq!(people.fixture.record(&people.enrolled), before, "nothing was written");
    let next = program.run(&people, &code);
    assert!(people.is_in(&next), "{next:?}");
}

#[test]
fn ctrl_c_at_the_prompt_leaves_everything() {
    for program in Program::BOTH {
        leaves_everything(program, |terminal| terminal.press(CTRL_C));
    }
}

#[test]
fn a_terminal_that_hangs_up_at_the_prompt_leaves_everything() {
    for program in Program::BOTH {
        leaves_everything(program, Pty::hang_up);
    }
}

#[test]
fn the_end_of_the_input_at_the_prompt_leaves_everything() {
    for program in Program::BOTH {
        leaves_everything(program, |terminal| terminal.press("\x04"));
    }
}

#[test]
fn ctrl_z_at_the_prompt_stops_no_other_login_and_the_program_goes_on_later() {
    for program in Program::BOTH {
        let people = People::of(program);
        let codes = [people.enrolled.code_at(0), people.enrolled.code_at(1)];
        let before = people.fixture.record(&people.enrolled);
        // Only a shell with job control lets a program be stopped.
        let mut terminal = at_terminal(&people.fixture, &people.caller, &["/bin/sh", "-i"]);
        let words: Vec<_> =
            program.words(&people.target).iter().map(|word| format!("'{word}'")).collect();
        terminal.type_line(&words.join(" "));
        terminal.answer(program.password_prompt(), "pw");
        terminal.expect(PROMPT);
        let pid = descendant_named(terminal.id(), program.name());
        wait_until_it_reads(pid);
        terminal.press(CTRL_Z);
        if matches!(program, Program::Su) {
            // libpam_misc holds Ctrl-Z back for as long as the prompt is open.
            terminal.type_line(&codes[1]);
        }
        wait_for("a stopped program", || is_stopped(pid).then_some(()));
        assert_eq!(people.fixture.record(&people.enrolled), before, "nothing was written");
        assert_eq!(
            people.logs_in_elsewhere(&codes[0]),
            Code::SUCCESS,
            "beside a stopped {program:?}"
        );
        terminal.expect("Stopped");
        terminal.type_line("fg");
        if matches!(program, Program::Sudo) {
            // It asks again when it is continued.
            terminal.answer(PROMPT, &codes[1]);
        }
        terminal.expect(&format!("now {}", people.target));
        terminal.type_line("exit");
        assert_eq!(terminal.finish().status, 0);
        assert_eq!(people.logs_in_elsewhere(&codes[1]), Code::AUTH_ERR, "it is spent");
    }
}
