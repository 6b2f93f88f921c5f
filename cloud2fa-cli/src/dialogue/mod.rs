//! How the command talks: with a person at a terminal, or with a program by JSON.

pub mod codes_page;
mod decisions;
mod json;
mod key_page;
mod out;
mod picture;
mod reasons;
mod report;
mod screen;
mod set_up;
mod standing;
mod terminal;
mod trial;
mod wrap;

use crate::arguments::QrStyle;
use crate::asking::AskedBy;
use crate::failure::Failure;
use crate::input::Input;
use crate::setup::{Plan, Service};
use crate::verbs::write_back::WentBack;
use cloud2fa::enrolment::NotProven;
use cloud2fa::qr::Picture;
use cloud2fa::roster::Person;
use cloud2fa::store;
use cloud2fa::{Answer, BackupCode, Cleared, Factor, Standing, UnixTime, Verdict};
use cloud2fa_doctor::{Finding, Report};
use std::collections::BTreeSet;
use std::path::Path;
use zeroize::Zeroizing;

/// What somebody is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The user's password.
    Password,
    /// A code of the app or a backup code.
    Code,
    /// A backup code, since nothing else is taken now, and why.
    BackupCode(Shut),
    /// A code or backup code of the enrolment that is to be changed.
    CurrentCode,
}

/// Why no code of the app is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// For so many seconds.
    Wait(u64),
    /// Until somebody unlocks.
    Locked,
}

impl From<store::Shut> for Shut {
    fn from(shut: store::Shut) -> Self {
        if shut.locked { Self::Locked } else { Self::Wait(shut.wait_seconds) }
    }
}

/// That the last answer was refused.
#[derive(Debug, Clone, Copy)]
pub struct Again {
    /// What is known of it.
    pub why: Why,
    /// How many tries there are still.
    pub tries_left: u32,
}

/// Why an answer was refused.
#[derive(Debug, Clone, Copy)]
pub enum Why {
    /// It is wrong.
    Wrong,
    /// It is right at another time: phone clock minus system clock.
    ClockOff { seconds: i64 },
    /// It cannot be an answer, and was no try.
    NotACode,
}

impl From<NotProven> for Why {
    fn from(why: NotProven) -> Self {
        match why {
            NotProven::WrongCode => Self::Wrong,
            NotProven::ClockOff { seconds } => Self::ClockOff { seconds },
        }
    }
}

/// The key of a new enrolment, to be shown.
pub struct NewKey<'a> {
    pub user: &'a str,
    /// What the app calls it.
    pub account: &'a str,
    pub issuer: &'a str,
    pub uri: &'a str,
    pub secret: &'a str,
    pub picture: &'a Picture,
    pub style: QrStyle,
    /// Whether the URI is shown, too.
    pub shows_link: bool,
}

/// New backup codes.
pub struct NewCodes<'a> {
    pub codes: &'a [BackupCode],
    /// The file that they are in already.
    pub file: Option<&'a Path>,
}

/// What was done.
pub enum Done<'a> {
    /// `enable`: the backup codes, and the PAM services that ask for a code.
    Enabled(NewCodes<'a>, &'a [String]),
    /// `regenerate`
    Regenerated(NewCodes<'a>),
    /// `disable`: the PAM services that now refuse the user.
    Disabled(&'a [String]),
    /// `unlock`
    Unlocked(Option<Ahead>),
}

/// A code was accepted by a clock that was ahead of the one now, so that none of now is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// When that was, by that clock.
    pub until: UnixTime,
    /// Whether the clock is kept right now.
    pub is_right_now: bool,
}

/// What `init` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initialised {
    /// There was no store.
    New,
    /// There was one, in the format of this version, with a complete index of uids.
    Unchanged,
    /// There was one. It is in the format of this version now, and its index of uids is complete.
    Completed,
}

/// How a service stands with `setup`.
pub enum SetUp {
    /// It asks, and setup changes nothing.
    AsksAlready,
    /// It asks for no code.
    AsksNot,
    /// It is not on this machine.
    NotThere,
    /// It asks now, for good.
    ForGood,
    /// It asks now, and stays if one of these logs in within so many seconds; if there is none, if somebody
    /// says so.
    Made { within: u64, by: Option<Vec<String>> },
    /// A change waits for its proof for so many seconds more.
    Unconfirmed { seconds: u64 },
    /// A change was taken back, since nobody had confirmed it.
    WasTakenBack,
    /// A change stays.
    Confirmed,
    /// A change was taken back, since somebody has said so.
    Undone,
    /// Likewise; what was to be taken out was found by our marks.
    UndoneAsFound,
}

/// What of `doctor`'s findings is to be said.
pub enum Findings<'a> {
    /// How many there are.
    Counted,
    /// A line each.
    Listed,
    /// Why each matters, and what to do: those with this id, or all.
    Explained(Option<&'a str>),
}

impl Findings<'_> {
    /// Whether this one is meant.
    fn has(&self, finding: &Finding) -> bool {
        match self {
            Self::Counted => false,
            Self::Listed | Self::Explained(None) => true,
            Self::Explained(Some(id)) => finding.id.word() == *id,
        }
    }
}

/// The two ways to talk.
pub trait Dialogue {
    /// Fails unless a person is at the terminal: secrets must not go into a pipe or file. A program that
    /// talks JSON has asked for them.
    fn require_interactive(&self) -> Result<(), Failure>;

    /// Asks for something.
    fn ask(&mut self, what: Question, again: Option<Again>) -> Result<Zeroizing<Vec<u8>>, Failure>;

    /// Before a code is spent on a replacement: gives `user` the chance to make room for the picture.
    fn make_room(&mut self, user: &str, style: QrStyle) -> Result<(), Failure>;

    /// Shows the key of a new enrolment, and asks for a code of it.
    fn ask_for_proof(
        &mut self,
        key: &NewKey<'_>,
        again: Option<Again>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure>;

    /// Offers to try the code that the app shows in so many seconds; nothing where none is typed.
    fn next_code(&mut self, seconds: u64) -> Result<Option<Answer>, Failure>;

    /// Says that what follows is about `whose` enrolment, since `user`'s logins are asked for its codes.
    fn about(&mut self, user: &str, whose: &str) -> Result<(), Failure>;

    /// Says which PAM services will refuse `user` without a second factor, and asks whether to go on, where
    /// somebody can answer.
    fn agrees_to_be_refused(&mut self, user: &str, by: &[String]) -> Result<bool, Failure>;

    /// Says what was done for `user`, and what stood against the codes of the app before.
    fn done(&mut self, user: &str, done: &Done<'_>, cleared: Cleared) -> Result<(), Failure>;

    /// Shows what `setup` is about to change.
    fn plan(&mut self, plan: &Plan) -> Result<(), Failure>;

    /// Says whom it would shut out, if anybody.
    fn shut_out(&mut self, names: &BTreeSet<String>) -> Result<(), Failure>;

    /// Asks whether to go on.
    fn agrees(&mut self) -> Result<bool, Failure>;

    /// Says how a service stands with `setup`.
    fn set_up(&mut self, service: Service, said: &SetUp) -> Result<(), Failure>;

    /// Says that setup has changed nothing that could be taken back (`undo`), or nothing that waits.
    fn nothing_set_up(&mut self, undo: bool) -> Result<(), Failure>;

    /// Says what `init` did.
    fn initialised(&mut self, state_dir: &Path, what: Initialised) -> Result<(), Failure>;

    /// Says what became of the records that were to be written in format 1.
    fn went_back(&mut self, went_back: &WentBack) -> Result<(), Failure>;

    /// Says what a code is worth.
    fn verdict(
        &mut self,
        user: &str,
        verdict: &Verdict,
        factor: Option<Factor>,
    ) -> Result<(), Failure>;

    /// Says how a user stands.
    fn status(
        &mut self,
        user: &str,
        standing: &Standing,
        asked_by: &AskedBy,
    ) -> Result<(), Failure>;

    /// Says how one of many stands, whose record may be one that cannot be used.
    fn person(&mut self, person: Person) -> Result<(), Failure>;

    /// That was the last one.
    fn end_of_list(&mut self) -> Result<(), Failure>;

    /// Says what `doctor` has found.
    fn report(&mut self, report: &Report, findings: &Findings<'_>) -> Result<(), Failure>;

    /// Says what failed.
    fn fail(&mut self, failure: &Failure) -> Result<(), Failure>;
}

/// The one that was asked for.
pub fn new(json: bool, plain: bool, input: Input) -> Box<dyn Dialogue> {
    if json {
        Box::new(json::Json::new(input))
    } else {
        Box::new(terminal::Terminal::new(input, plain))
    }
}
