//! The dialogue with a person at a terminal.

use super::out::{say, say_line};
use super::{
    Again, Dialogue, Done, Initialised, NewKey, Question, SetUp, picture, reasons, report, set_up,
    standing, trial,
};
use crate::advice;
use crate::failure::{Failure, Kind};
use crate::input::Input;
use crate::language::WORDS;
use crate::setup::{Plan, Service};
use crate::verbs::write_back::WentBack;
use cloud2fa::roster::Person;
use cloud2fa::store::record::Lost;
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
        say(&format!("\n{}\n\n", WORDS.enrolment.backup_codes))?;
        for (number, code) in codes.iter().enumerate() {
            say(&Zeroizing::new(format!("    {}.  {}\n", number + 1, *code.printed())))?;
        }
        let regenerate = advice::command("regenerate", user);
        say(&format!("\n{}\n\n", (WORDS.enrolment.keep_backup_codes)(&regenerate)))?;
        let yes = WORDS.questions.yes.as_bytes();
        loop {
            match self.question(WORDS.questions.are_codes_saved) {
                Ok(answer) if answer.trim_ascii().eq_ignore_ascii_case(yes) => return Ok(()),
                Ok(_) => {}
                // All is saved already: that nobody answers changes nothing.
                Err(_) => return say_line(&(WORDS.enrolment.if_not_saved)(&regenerate)),
            }
        }
    }
}

impl Dialogue for Terminal {
    fn require_interactive(&self) -> Result<(), Failure> {
        if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
            return Ok(());
        }
        Err(Failure::new(Kind::Usage, WORDS.failures.no_terminal))
    }

    fn ask(&mut self, what: Question, again: Option<Again>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let words = &WORDS.questions;
        if let Some(again) = again {
            say_line(&reasons::again(what, again))?;
        }
        match what {
            Question::Password => self.question_unseen(words.password),
            Question::Code => self.question(words.code),
            Question::BackupCode(shut) => {
                say_line(&format!("{} {}", reasons::shut(shut), words.backup_code_is_taken))?;
                self.question(words.backup_code)
            }
            Question::CurrentCode => self.question(words.current_code),
        }
    }

    fn show_key(&mut self, key: &NewKey<'_>) -> Result<(), Failure> {
        let groups: Vec<_> = key.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        let groups = Zeroizing::new(groups.join(" "));
        let words = &WORDS.enrolment;
        say(&format!("{}\n\n    ", (words.key)(key.user, key.issuer)))?;
        say(&groups)?;
        say(&format!("\n\n{}\n\n    ", words.link))?;
        say(key.uri)?;
        say("\n\n")?;
        // The picture comes last: key and link may scroll away above it, but not the picture itself.
        let picture = picture::fitting(key)?;
        say_line(if picture.is_some() { words.scan_or_type_code } else { words.type_code })?;
        picture.map_or(Ok(()), |picture| say(&picture))
    }

    fn about(&mut self, user: &str, whose: &str) -> Result<(), Failure> {
        self.whose = Some(whose.to_owned());
        say_line(&(WORDS.results.is_about)(user, whose))
    }

    fn done(&mut self, user: &str, done: &Done<'_>, cleared: Cleared) -> Result<(), Failure> {
        let whose = self.whose.clone();
        let user = whose.as_deref().unwrap_or(user);
        let (words, mut says_who_asks) = (&WORDS.results, None);
        let (what, codes): (_, &[BackupCode]) = match done {
            Done::Enabled(codes, asked_by) => {
                say("\n")?;
                says_who_asks = Some(standing::asked_by(asked_by));
                (words.enabled, codes)
            }
            Done::Regenerated(codes) => (words.regenerated, codes),
            Done::Disabled => (words.disabled, &[]),
            Done::Unlocked => (words.unlocked, &[]),
        };
        say_line(&what(user))?;
        says_who_asks.map_or(Ok(()), |text| say_line(&text))?;
        say_what_was_cleared(cleared)?;
        if codes.is_empty() { Ok(()) } else { self.show_codes(user, codes) }
    }

    fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        say_line(&set_up::plan(plan))
    }

    fn agrees(&mut self) -> Result<bool, Failure> {
        self.require_interactive()?;
        let yes = WORDS.questions.yes.as_bytes();
        Ok(self.question(WORDS.setup.go_on)?.trim_ascii().eq_ignore_ascii_case(yes))
    }

    fn set_up(&mut self, service: Service, said: &SetUp) -> Result<(), Failure> {
        say_line(&set_up::said(service, said))
    }

    fn nothing_set_up(&mut self, undo: bool) -> Result<(), Failure> {
        say_line(if undo { WORDS.setup.nothing_to_undo } else { WORDS.setup.nothing_to_keep })
    }

    fn initialised(&mut self, state_dir: &Path, what: Initialised) -> Result<(), Failure> {
        let state_dir = state_dir.display();
        let text = match what {
            Initialised::New => WORDS.results.store_is_made,
            Initialised::Unchanged => WORDS.results.store_is_as_it_was,
            Initialised::Completed => WORDS.results.store_is_completed,
        };
        say_line(&text(&state_dir))
    }

    fn went_back(&mut self, went_back: &WentBack) -> Result<(), Failure> {
        let words = &WORDS.results;
        let mut failed = went_back.failed.iter();
        failed.try_for_each(|(user, why)| say_line(&format!("{user}: {why}")))?;
        say_line(&(words.records_in_format_1)(went_back.records))?;
        let mut lost = went_back.lost.iter();
        lost.try_for_each(|(lost, of)| say_line(&format!("  {}", (words.lost)(*of, what(*lost)))))?;
        let all = went_back.failed.is_empty();
        say_line(if all { words.all_went_back } else { words.some_did_not_go_back })
    }

    fn verdict(
        &mut self,
        user: &str,
        verdict: &Verdict,
        factor: Option<Factor>,
    ) -> Result<(), Failure> {
        let user = self.whose.as_deref().unwrap_or(user);
        trial::text(user, verdict, factor).map_or(Ok(()), |text| say_line(&text))
    }

    fn status(
        &mut self,
        user: &str,
        standing: &Standing,
        asked_by: &[String],
    ) -> Result<(), Failure> {
        let Some(status) = standing.status() else {
            let enable = advice::command("enable", user);
            return say_line(&(WORDS.overview.not_enrolled)(user, &enable));
        };
        say(&standing::of_one(self.whose.as_deref().unwrap_or(user), status, asked_by))
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

/// What a record has lost.
fn what(lost: Lost) -> &'static str {
    let words = &WORDS.results.losses;
    match lost {
        Lost::Budget => words.budget,
        Lost::Decisions => words.decisions,
        Lost::RememberedKeys => words.remembered_keys,
        Lost::Notices => words.notices,
        Lost::Ticket => words.ticket,
        Lost::LastAttempt => words.last_attempt,
        Lost::CodesNotSeen => words.codes_not_seen,
        Lost::Ignorable => words.ignorable,
    }
}

/// Says what stood against codes of the app, and is gone.
fn say_what_was_cleared(cleared: Cleared) -> Result<(), Failure> {
    let Cleared { failures_since_login, budget_used, opened } = cleared;
    if !opened && budget_used == 0 {
        return Ok(());
    }
    say_line(&(WORDS.results.cleared)(failures_since_login, budget_used))?;
    if opened { say_line(WORDS.results.opened) } else { Ok(()) }
}
