//! The dialogue with a person at a terminal.

use super::out::{say, say_line};
use super::screen::{self, Screen};
use super::{
    Again, Ahead, Dialogue, Done, Findings, Initialised, NewCodes, NewKey, Question, SetUp,
    codes_page, key_page, picture, reasons, report, set_up, standing, trial,
};
use crate::advice;
use crate::arguments::QrStyle;
use crate::asking::AskedBy;
use crate::failure::{Failure, Kind};
use crate::input::Input;
use crate::language::WORDS;
use crate::machine::{self, local_time};
use crate::setup::{Plan, Service};
use crate::verbs::write_back::WentBack;
use cloud2fa::qr::Picture;
use cloud2fa::roster::Person;
use cloud2fa::store::record::Lost;
use cloud2fa::{Answer, Cleared, Factor, Standing, Verdict};
use cloud2fa_doctor::Report;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a replacement's key URI beside the host's name, twice, and the user's: `otpauth://totp/`, a colon,
/// `-ABC?secret=`, 32 characters, `&issuer=`. The configuration may say another name than the host's.
const BESIDE_NAMES: usize = 15 + 1 + 12 + 32 + 8;

/// Standard input, output and error.
pub struct Terminal {
    // Left before the input is given up.
    screen: Screen,
    input: Input,
    is_plain: bool,
    /// Whose enrolment it is, where it is another name's.
    whose: Option<String>,
    /// The table of a list.
    table: standing::Table,
}

impl Terminal {
    pub fn new(input: Input, is_plain: bool) -> Self {
        let (screen, table) = (Screen::new(is_plain), standing::Table::default());
        Self { screen, input, is_plain, whose: None, table }
    }

    /// What there is to show a picture on.
    fn room_for(&self, style: QrStyle) -> key_page::Terminal {
        let style = picture::style(style, self.is_plain);
        key_page::Terminal { size: screen::size(), style }
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

    /// Shows backup codes until they are saved. Gives what is still to be said.
    fn show_codes(
        &mut self,
        user: &str,
        done: &str,
        new: &NewCodes<'_>,
    ) -> Result<Option<String>, Failure> {
        if let Some(file) = new.file {
            return Ok(Some((WORDS.enrolment.codes_are_in)(&file.display())));
        }
        let page =
            Zeroizing::new([done, "\n\n", &codes_page::page(user, new.codes), "\n"].concat());
        let (words, mut is_shown) = (&WORDS.questions, false);
        loop {
            if !is_shown || self.screen.is_up() {
                self.screen.show(&page, &self.input)?;
            }
            let Ok(answer) = self.question(words.are_codes_saved) else {
                // All is saved already: that nobody answers changes nothing.
                let regenerate = advice::command("regenerate", user);
                return Ok(Some((WORDS.enrolment.if_not_saved)(&regenerate)));
            };
            if says(&answer, words.yes) {
                return Ok(None);
            }
            is_shown = !says(&answer, words.no);
        }
    }
}

/// Whether this is the word, or its first letter.
fn says(answer: &[u8], word: &str) -> bool {
    let answer = answer.trim_ascii();
    answer.eq_ignore_ascii_case(word.as_bytes())
        || answer.eq_ignore_ascii_case(&word.as_bytes()[..1])
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

    fn make_room(&mut self, user: &str, style: QrStyle) -> Result<(), Failure> {
        let uri = "x".repeat(BESIDE_NAMES + 2 * machine::host_name().len() + user.len());
        let Ok(picture) = Picture::of(&uri) else { return Ok(()) };
        let (account, issuer, secret) = (user, user, "");
        let (picture, shows_link) = (&picture, false);
        let key = NewKey { user, account, issuer, uri: &uri, secret, picture, style, shows_link };
        let terminal = self.room_for(style);
        match key_page::too_small(&key, terminal) {
            Some(too_small) if !key_page::has_room(&key, terminal) => {
                say_line(&too_small)?;
                self.question(WORDS.questions.make_room).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn ask_for_proof(
        &mut self,
        key: &NewKey<'_>,
        again: Option<Again>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let why = again.map(reasons::not_proven);
        if again.is_some() && !self.screen.is_up() {
            // The key is above it still.
            say_line(why.as_deref().unwrap_or_default())?;
        } else {
            let page = key_page::page(key, why.as_deref(), self.room_for(key.style));
            self.screen.show(&page, &self.input)?;
        }
        self.question(WORDS.questions.code)
    }

    fn next_code(&mut self, seconds: u64) -> Result<Option<Answer>, Failure> {
        loop {
            let typed = self.question(&(WORDS.questions.next_code)(seconds))?;
            if typed.trim_ascii().is_empty() {
                return Ok(None);
            }
            if let Some(answer) = Answer::parse(&typed) {
                return Ok(Some(answer));
            }
            say_line(WORDS.questions.not_a_code)?;
        }
    }

    fn about(&mut self, user: &str, whose: &str) -> Result<(), Failure> {
        self.whose = Some(whose.to_owned());
        say_line(&(WORDS.results.is_about)(user, whose))
    }

    fn agrees_to_be_refused(&mut self, user: &str, by: &[String]) -> Result<bool, Failure> {
        let replace = advice::command("enable --replace", user);
        let warning = (WORDS.results.refused_without)(user, &by.join(", "), &replace);
        if self.require_interactive().is_err() {
            eprintln!("cloud2fa: {warning}");
            return Ok(true);
        }
        say_line(&warning)?;
        Ok(says(&self.question(WORDS.questions.turn_off)?, WORDS.questions.yes))
    }

    fn done(&mut self, user: &str, done: &Done<'_>, cleared: Cleared) -> Result<(), Failure> {
        let whose = self.whose.clone();
        let user = whose.as_deref().unwrap_or(user);
        let words = &WORDS.results;
        let (what, codes) = match done {
            Done::Enabled(codes, _) => (words.enabled, Some(codes)),
            Done::Regenerated(codes) => (words.regenerated, Some(codes)),
            Done::Disabled(_) => (words.disabled, None),
            Done::Unlocked(_) => (words.unlocked, None),
        };
        let what = match done {
            Done::Unlocked(Some(ahead)) => after_unlocking(user, *ahead),
            _ => what(user),
        };
        let hint = codes.map(|codes| self.show_codes(user, &what, codes)).transpose();
        self.screen.leave();
        let hint = hint?.flatten();
        say_line(&what)?;
        if let Done::Enabled(_, services) = done {
            say_line(&standing::asked_by(services))?;
        }
        say_what_was_cleared(cleared)?;
        hint.map_or(Ok(()), |hint| say_line(&hint))
    }

    fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        say_line(&set_up::plan(plan))
    }

    fn shut_out(&mut self, names: &BTreeSet<String>) -> Result<(), Failure> {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            Ok(())
        } else {
            say_line(&(WORDS.setup.shuts_out)(&names.join(", ")))
        }
    }

    fn agrees(&mut self) -> Result<bool, Failure> {
        let nobody = |_| Failure::new(Kind::Usage, WORDS.setup_failures.needs_yes);
        self.require_interactive().map_err(nobody)?;
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
        asked_by: &AskedBy,
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

    fn report(&mut self, found: &Report, findings: &Findings<'_>) -> Result<(), Failure> {
        let has_colours =
            !self.is_plain && std::io::stdout().is_terminal() && screen::has_colours();
        say(&report::text(found, findings, has_colours))
    }

    fn fail(&mut self, failure: &Failure) -> Result<(), Failure> {
        self.screen.leave();
        eprintln!("cloud2fa: {failure}");
        Ok(())
    }
}

/// What is said of somebody whom codes keep out that are not wrong.
fn after_unlocking(user: &str, ahead: Ahead) -> String {
    let replace = advice::command("enable --replace", user);
    let until = local_time(ahead.until);
    (WORDS.results.unlocked_and_ahead)(user, &until, ahead.is_right_now, &replace)
}

/// What a record has lost.
fn what(lost: Lost) -> &'static str {
    let words = &WORDS.results.losses;
    match lost {
        Lost::Budget => words.budget,
        Lost::Tolls => words.tolls,
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
