//! How users stand, as a person reads it: one of them, or all in a table.

use super::{Row, decisions};
use crate::advice;
use crate::machine::rfc_3339;
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

/// All of them.
pub fn of_all(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "Nobody is enrolled.\n".to_owned();
    }
    let width =
        rows.iter().map(|row| row.user.chars().count()).max().unwrap_or(0).max("USER".len());
    let (user, since, last_used, codes, wrong) = ("USER", "SINCE", "LAST USED", "CODES", "WRONG");
    let mut text =
        format!("{user:width$}  {since:20}  {last_used:20}  {codes:>5}  {wrong:>5}  STATE\n");
    for row in rows {
        text += &line(row, width);
    }
    text
}

fn line(row: &Row, width: usize) -> String {
    let Row { user, standing, is_known, renamed_to, .. } = row;
    let status = match standing {
        Err(failure) => return format!("{user:width$}  {failure}\n"),
        Ok(standing) => standing.status(),
    };
    let Some(status) = status else { return String::new() };
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
