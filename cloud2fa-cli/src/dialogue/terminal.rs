//! The dialogue with a person at a terminal.

use super::out::say;
use super::{
    Again, Dialogue, Done, Initialised, NewKey, Question, Shut, picture, report, standing,
};
use crate::advice;
use crate::failure::{Failure, Kind};
use crate::input::Input;
use crate::verbs::write_back::WentBack;
use cloud2fa::roster::Person;
use cloud2fa::{BackupCode, Cleared, Factor, Standing, Verdict};
use cloud2fa_doctor::Report;
use std::io::IsTerminal;
use std::path::Path;
use zeroize::Zeroizing;

/// Standard input, output and error.
pub struct Terminal {
    input: Input,
    /// Whose enrolment it is, where it is another name's.
    whose: Option<String>,
    /// The table of a list.
    table: standing::Table,
}

impl Terminal {
    pub fn new(input: Input) -> Self {
        Self { input, whose: None, table: standing::Table::default() }
    }

    fn question(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        say(question)?;
        self.input.line().inspect_err(|_| {
            // What follows must not stand behind the question.
            let _ = say("\n");
        })
    }

    /// The same, with what is typed not shown.
    fn question_unseen(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let hidden = self.input.hide()?;
        let answer = self.question(question);
        drop(hidden);
        if answer.is_ok() {
            // The end of the line that was typed was not shown, either.
            say("\n")?;
        }
        answer
    }

    /// Shows backup codes once, and waits until they are saved.
    fn show_codes(&mut self, user: &str, codes: &[BackupCode]) -> Result<(), Failure> {
        say("\nBackup codes. Each works once, in place of a code of the app:\n\n")?;
        for (number, code) in codes.iter().enumerate() {
            say(&Zeroizing::new(format!("    {}.  {}\n", number + 1, *code.printed())))?;
        }
        let regenerate = advice::command("regenerate", user);
        say(&format!(
            "\nPrint them or write them down. Keep them in a safe place, not on the phone.\n\
             They are not shown again; {regenerate} makes new ones.\n\n"
        ))?;
        loop {
            match self.question("Type yes when you have saved them: ") {
                Ok(answer) if answer.trim_ascii().eq_ignore_ascii_case(b"yes") => return Ok(()),
                Ok(_) => {}
                // All is saved already: that nobody answers changes nothing.
                Err(_) => {
                    return say(&format!(
                        "If you have not saved them, make new ones with {regenerate}.\n"
                    ));
                }
            }
        }
    }
}

impl Dialogue for Terminal {
    fn require_interactive(&self) -> Result<(), Failure> {
        if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
            return Ok(());
        }
        let message = "this needs a terminal to ask and to show secrets; run it in one, or use --json from a program";
        Err(Failure::new(Kind::Usage, message))
    }

    fn ask(&mut self, what: Question, again: Option<Again>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if let Some(again) = again {
            say(&why_again(what, again))?;
        }
        match what {
            Question::Password => self.question_unseen("Password: "),
            Question::Code => self.question("Code: "),
            Question::BackupCode(shut) => {
                say(&format!("{} A backup code can be tried now.\n", why_shut(shut)))?;
                self.question("Backup code: ")
            }
            Question::CurrentCode => {
                self.question("Code of the app as it is now, or a backup code: ")
            }
        }
    }

    fn show_key(&mut self, key: &NewKey<'_>) -> Result<(), Failure> {
        let groups: Vec<_> = key.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        let groups = Zeroizing::new(groups.join(" "));
        say(&format!(
            "For an authenticator app (Google Authenticator, Authy, or any other).\n\
             Account {}, issuer {}. The key, to type in:\n\n    ",
            key.user, key.issuer
        ))?;
        say(&groups)?;
        say("\n\nAs a link:\n\n    ")?;
        say(key.uri)?;
        say("\n\n")?;
        // The picture comes last: key and link may scroll away above it, but not the picture itself.
        let picture = picture::fitting(key)?;
        let or_scan = if picture.is_some() { "Or scan the picture. " } else { "" };
        say(&format!(
            "{or_scan}Then type the code that the app shows.\nNothing is saved before it is right.\n"
        ))?;
        picture.map_or(Ok(()), |picture| say(&picture))
    }

    fn about(&mut self, user: &str, whose: &str) -> Result<(), Failure> {
        self.whose = Some(whose.to_owned());
        say(&format!(
            "{user} has no enrolment of its own: logins as {user} are asked for the codes of {whose}, who\n\
             has the same uid. This is about {whose}'s.\n"
        ))
    }

    fn done(&mut self, user: &str, done: &Done<'_>, cleared: Cleared) -> Result<(), Failure> {
        let whose = self.whose.clone();
        let user = whose.as_deref().unwrap_or(user);
        let codes: &[BackupCode] = match done {
            Done::Enabled(codes) => {
                say(&format!("\nThe second factor of {user} is on.\n"))?;
                codes
            }
            Done::Regenerated(codes) => {
                say(&format!("{user} has new backup codes; the old ones do not work any more.\n"))?;
                codes
            }
            Done::Disabled => {
                say(&format!("The second factor of {user} is off.\n"))?;
                &[]
            }
            Done::Unlocked => {
                say(&format!("{user} may try again at once.\n"))?;
                &[]
            }
        };
        say(&what_was_cleared(cleared))?;
        if codes.is_empty() { Ok(()) } else { self.show_codes(user, codes) }
    }

    fn initialised(&mut self, state_dir: &Path, what: Initialised) -> Result<(), Failure> {
        let state_dir = state_dir.display();
        say(&match what {
            Initialised::New => {
                format!("Made the store {state_dir}. Nobody is enrolled in it yet.\n")
            }
            Initialised::Unchanged => {
                format!("{state_dir} is a store already. Nothing was changed.\n")
            }
            Initialised::Completed => {
                format!("{state_dir} is a store already. Its index of uids is complete now.\n")
            }
        })
    }

    fn went_back(&mut self, went_back: &WentBack) -> Result<(), Failure> {
        let mut failed = went_back.failed.iter();
        failed.try_for_each(|(user, why)| say(&format!("{user}: {why}\n")))?;
        let lost = went_back.lost.iter();
        let lost: Vec<_> =
            lost.map(|(lost, of)| format!("  lost of {of}: {}\n", lost.what())).collect();
        let lost = lost.concat();
        say(&format!("Records in format 1: {}\n{lost}", went_back.records))?;
        if went_back.failed.is_empty() {
            return say(
                "Install the earlier version now. Who logs in before, and every change, has a record of\n\
                 this version's format again; `cloud2fa init --format 1` may be run as often as you like.\n\
                 Until `cloud2fa init --format 2` makes the index of uids count again, who has no enrolment\n\
                 logs in more slowly.\n",
            );
        }
        say(
            "The records that are named above are as they were: an earlier version refuses their users.\n",
        )
    }

    fn verdict(
        &mut self,
        user: &str,
        verdict: &Verdict,
        factor: Option<Factor>,
    ) -> Result<(), Failure> {
        let user = self.whose.as_deref().unwrap_or(user);
        let code = if factor == Some(Factor::BackupCode) { "backup code" } else { "code" };
        say(&match verdict {
            Verdict::Accepted { .. } => {
                format!("The {code} is right; a login would accept it. It was not spent.\n")
            }
            Verdict::Wrong { locked: true, .. } => {
                format!(
                    "The {code} is wrong, and it was one too many: the second factor is locked.\n"
                )
            }
            Verdict::Wrong { .. } if factor == Some(Factor::BackupCode) => {
                format!("The {code} is wrong.\n")
            }
            Verdict::Wrong { wait_seconds: 0, failures, .. } => {
                format!("The {code} is wrong. Wrong codes in a row: {failures}.\n")
            }
            Verdict::Wrong { wait_seconds, .. } => {
                format!("The {code} is wrong. The next one is looked at in {wait_seconds} s.\n")
            }
            Verdict::Replayed { .. } => {
                format!("The {code} was used already, or is older than one that was.\n")
            }
            Verdict::Wait { seconds } => {
                format!("{}\n", why_shut(Shut::Wait(*seconds)))
            }
            Verdict::Locked => {
                format!("Locked after too many wrong codes; {}.\n", advice::unlocks(user))
            }
            Verdict::ClockWentBack { .. } | Verdict::Changed => String::new(),
        })
    }

    fn status(&mut self, user: &str, standing: &Standing) -> Result<(), Failure> {
        let Some(status) = standing.status() else {
            return say(&format!(
                "{user} has no second factor; {} turns it on.\n",
                advice::command("enable", user)
            ));
        };
        say(&standing::of_one(self.whose.as_deref().unwrap_or(user), status))
    }

    fn person(&mut self, person: Person) -> Result<(), Failure> {
        self.table.add(person).map_or(Ok(()), |block| say(&block))
    }

    fn end_of_list(&mut self) -> Result<(), Failure> {
        say(&self.table.end())
    }

    fn report(&mut self, found: &Report) -> Result<(), Failure> {
        say(&report::text(found))
    }

    fn fail(&mut self, failure: &Failure) -> Result<(), Failure> {
        eprintln!("cloud2fa: {failure}");
        Ok(())
    }
}

/// Why no code of the app is taken.
fn why_shut(shut: Shut) -> String {
    match shut {
        Shut::Wait(seconds) => {
            format!("Too many wrong codes; the next one of the app is looked at in {seconds} s.")
        }
        Shut::Locked => "Codes of the app are locked after too many wrong ones.".to_owned(),
    }
}

/// What stood against codes of the app, and is gone.
fn what_was_cleared(cleared: Cleared) -> String {
    let Cleared { failures_since_login, budget_used, opened } = cleared;
    if !opened && budget_used == 0 {
        return String::new();
    }
    let change = if opened {
        "Codes of the app work again. If the wrong ones were somebody else's, the password may be\n\
         known: change it.\n"
    } else {
        ""
    };
    format!(
        "Wrong codes since the last login: {failures_since_login}. Of the app in 30 days: {budget_used}, which count no more.\n{change}"
    )
}

/// Why something is asked for once more.
fn why_again(what: Question, again: Again) -> String {
    let why = match (what, again.clock_off_seconds) {
        (Question::Password, _) => "That is not the password.".to_owned(),
        (Question::CurrentCode, _) => {
            "That is not a code of the enrolment, or a used one.".to_owned()
        }
        (Question::Code | Question::BackupCode(_), None) => "That is not the code.".to_owned(),
        (Question::Code | Question::BackupCode(_), Some(seconds)) => {
            let direction = if seconds < 0 { "behind" } else { "ahead of" };
            let seconds = seconds.unsigned_abs();
            format!(
                "That is the code of another time: the phone's clock is about {seconds} s {direction} \
                 this system's.\nSet the wrong clock right (automatic time on the phone, `timedatectl` here).",
            )
        }
    };
    format!("{why} Tries left: {}.\n", again.tries_left)
}
