//! How users stand, as a person reads it: one of them, or all in a table.

use super::decisions;
use crate::advice;
use crate::asking::AskedBy;
use crate::failure::Failure;
use crate::language::WORDS;
use crate::machine::local_time;
use cloud2fa::backup_codes::CODES;
use cloud2fa::roster::Person;
use cloud2fa::{Status, budget};

/// One enrolled user.
pub fn of_one(user: &str, status: &Status, asked_by: &AskedBy) -> String {
    let words = &WORDS.overview;
    let wait = match (status.locked, status.wait_seconds) {
        (true, _) => (words.locked)(&advice::unlocks(user)),
        (false, 0) => words.no_wait.to_owned(),
        (false, seconds) => (words.seconds)(seconds),
    };
    let in_30_days = of_budget(status).map(|used| (words.wrong_in_30_days, used));
    let rows = [
        (words.user, user.to_owned()),
        (words.second_factor, (words.on_since)(&local_time(status.since))),
        (words.asked_by, services(&asked_by.services)),
        (words.last_used, last_used(status)),
        (words.backup_codes_left, (words.of)(&status.backup_codes_left, &CODES)),
        (words.wrong_in_a_row, status.failures.to_string()),
        (words.wait, wait),
    ];
    let rows: Vec<_> = rows.into_iter().chain(in_30_days).collect();
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(label, value)| format!("{label:width$} {value}\n"));
    let unknown = asked_by.is_sshd_unknown.then(|| format!("{}\n", words.sshd_unknown));
    lines.collect::<Vec<_>>().concat()
        + &unknown.unwrap_or_default()
        + &decisions::text(&status.history)
}

/// Which logins ask for a code, where one has just been made possible.
pub fn asked_by(asked_by: &[String]) -> String {
    if asked_by.is_empty() {
        return WORDS.results.nothing_asks.to_owned();
    }
    (WORDS.results.these_ask)(&asked_by.join(", "))
}

fn services(asked_by: &[String]) -> String {
    if asked_by.is_empty() {
        return WORDS.overview.no_login.to_owned();
    }
    asked_by.join(", ")
}

/// Lines that are laid out together: as many as are in memory at once.
const BLOCK: usize = 4096;

/// A table of many users. Its columns are as wide as the longest name in a block.
#[derive(Default)]
pub struct Table {
    block: Vec<Person>,
    width: usize,
    has_begun: bool,
}

impl Table {
    /// Adds a user. Gives the lines of a block that is full.
    pub fn add(&mut self, person: Person) -> Option<String> {
        self.block.push(person);
        (self.block.len() == BLOCK).then(|| self.lines())
    }

    /// The rest of it.
    pub fn end(&mut self) -> String {
        if !self.has_begun && self.block.is_empty() {
            return format!("{}\n", WORDS.overview.nobody);
        }
        self.lines()
    }

    fn lines(&mut self) -> String {
        let widest = self.block.iter().map(|it| it.name.as_str().chars().count()).max();
        let [user, since, last_used, codes, wrong, state] = WORDS.overview.columns;
        self.width = widest.unwrap_or(0).max(user.chars().count()).max(self.width);
        let width = self.width;
        let mut text = if std::mem::replace(&mut self.has_begun, true) {
            String::new()
        } else {
            format!("{user:width$}  {since:16}  {last_used:16}  {codes:>5}  {wrong:>5}  {state}\n")
        };
        for person in self.block.drain(..) {
            text += &line(person, width);
        }
        text
    }
}

fn line(person: Person, width: usize) -> String {
    let Person { name, standing, is_known, renamed_to, .. } = person;
    let user = name.as_str();
    let standing = match standing {
        Err(why) => return format!("{user:width$}  {}\n", Failure::from(why)),
        Ok(standing) => standing,
    };
    let Some(status) = standing.status() else { return String::new() };
    let words = &WORDS.overview;
    let state = match (status.locked, status.wait_seconds) {
        (true, _) => words.state_locked.to_owned(),
        (false, 0) => words.state_ok.to_owned(),
        (false, seconds) => (words.state_wait)(seconds),
    };
    let in_30_days = of_budget(status).map(|used| (words.state_in_30_days)(&used));
    let in_30_days = in_30_days.unwrap_or_default();
    let note = match (is_known, renamed_to) {
        (true, _) => String::new(),
        (false, None) => words.state_unknown.to_owned(),
        (false, Some(new)) => (words.state_renamed)(new.as_str()),
    };
    format!(
        "{user:width$}  {:16}  {:16}  {:>5}  {:>5}  {state}{in_30_days}{note}\n",
        local_time(status.since),
        last_used(status),
        status.backup_codes_left,
        status.failures,
    )
}

fn last_used(status: &Status) -> String {
    status.last_used.map_or_else(|| WORDS.overview.never.to_owned(), local_time)
}

/// How much of the budget is used, where it is half of it or more.
fn of_budget(status: &Status) -> Option<String> {
    let used = status.budget_used;
    (used >= budget::WORTH_TELLING).then(|| (WORDS.overview.of)(&used, &budget::LARGEST))
}
