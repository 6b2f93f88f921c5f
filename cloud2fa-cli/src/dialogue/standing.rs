//! How users stand, as a person reads it: one of them, or all in a table.

use super::decisions;
use crate::advice;
use crate::failure::Failure;
use crate::machine::rfc_3339;
use cloud2fa::roster::Person;
use cloud2fa::{Status, budget};

/// One enrolled user.
pub fn of_one(user: &str, status: &Status) -> String {
    let last_used = status.last_used.map_or_else(|| "never".to_owned(), rfc_3339);
    let throttle = match (status.locked, status.wait_seconds) {
        (true, _) => format!("locked; {}", advice::unlocks(user)),
        (false, 0) => "none".to_owned(),
        (false, seconds) => format!("{seconds} s"),
    };
    let in_30_days =
        of_budget(status).map_or_else(String::new, |it| format!("Wrong in 30 days:     {it}\n"));
    format!(
        "User:                 {user}\nSecond factor:        on, since {}\nLast used:            {last_used}\n\
         Backup codes left:    {} of 8\nWrong codes in a row: {}\nWait:                 {throttle}\n{in_30_days}{}",
        rfc_3339(status.since),
        status.backup_codes_left,
        status.failures,
        decisions::text(&status.history),
    )
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
            return "Nobody is enrolled.\n".to_owned();
        }
        self.lines()
    }

    fn lines(&mut self) -> String {
        let widest = self.block.iter().map(|it| it.name.as_str().chars().count()).max();
        self.width = widest.unwrap_or(0).max("USER".len()).max(self.width);
        let width = self.width;
        let mut text = if std::mem::replace(&mut self.has_begun, true) {
            String::new()
        } else {
            let (user, since, last_used, codes, wrong) =
                ("USER", "SINCE", "LAST USED", "CODES", "WRONG");
            format!("{user:width$}  {since:20}  {last_used:20}  {codes:>5}  {wrong:>5}  STATE\n")
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
    let state = match (status.locked, status.wait_seconds) {
        (true, _) => "locked".to_owned(),
        (false, 0) => "ok".to_owned(),
        (false, seconds) => format!("wait {seconds} s"),
    };
    let in_30_days =
        of_budget(status).map_or_else(String::new, |it| format!("; wrong in 30 days: {it}"));
    let note = match (is_known, renamed_to) {
        (true, _) => String::new(),
        (false, None) => "; the system has no such user".to_owned(),
        (false, Some(new)) => {
            format!("; the system has no such user, and the uid is {new}'s, who is not enrolled")
        }
    };
    let last_used = status.last_used.map_or_else(|| "never".to_owned(), rfc_3339);
    format!(
        "{user:width$}  {:20}  {last_used:20}  {:>5}  {:>5}  {state}{in_30_days}{note}\n",
        rfc_3339(status.since),
        status.backup_codes_left,
        status.failures,
    )
}

/// How much of the budget is used, where it is half of it or more.
fn of_budget(status: &Status) -> Option<String> {
    let used = status.budget_used;
    (used >= budget::WORTH_TELLING).then(|| format!("{used} of {}", budget::LARGEST))
}
