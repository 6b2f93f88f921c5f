//! The page of new backup codes, for a screen, a printer and a file: whose they are, where, and since when, so
//! that two such pages can be told apart.

use super::wrap::wrapped;
use crate::language::WORDS;
use crate::{advice, machine};
use cloud2fa::BackupCode;
use zeroize::Zeroizing;

/// As wide as fits on every terminal and on paper.
const WIDTH: usize = 76;

/// The page, each line ended by a newline.
pub fn page(user: &str, codes: &[BackupCode]) -> Zeroizing<String> {
    let words = &WORDS.enrolment;
    let heading = (words.backup_codes)(user, &machine::host_name(), &machine::today());
    let keep = (words.keep_backup_codes)(&advice::command("regenerate", user));
    let lines = |text: &str| wrapped(text, WIDTH, "").join("\n");
    // Made in one piece: growing would leave copies behind.
    let numbered: Vec<_> = codes.iter().enumerate().map(numbered).collect();
    let numbered: Vec<_> = numbered.iter().map(|line| line.as_str()).collect();
    let numbered = Zeroizing::new(numbered.concat());
    Zeroizing::new([&lines(&heading), "\n\n", &numbered, "\n", &lines(&keep), "\n"].concat())
}

fn numbered((index, code): (usize, &BackupCode)) -> Zeroizing<String> {
    Zeroizing::new(["    ", &(index + 1).to_string(), ".  ", &code.printed(), "\n"].concat())
}
