//! What a code is worth, as a person reads it.

use super::{Shut, reasons};
use crate::advice;
use crate::language::WORDS;
use cloud2fa::{Factor, Verdict};

/// What `verify` says to a code of `user`'s. `None` for a verdict that is told as an error.
pub fn text(user: &str, verdict: &Verdict, factor: Option<Factor>) -> Option<String> {
    let words = &WORDS.trial;
    let by_backup_code = factor == Some(Factor::BackupCode);
    let either = |backup_code: &str, code: &str| {
        if by_backup_code { backup_code.to_owned() } else { code.to_owned() }
    };
    Some(match verdict {
        Verdict::Accepted { .. } => either(words.right_backup_code, words.right),
        Verdict::Wrong { locked: true, .. } => {
            either(words.wrong_backup_code_and_locked, words.wrong_and_locked)
        }
        Verdict::Wrong { .. } if by_backup_code => words.wrong_backup_code.to_owned(),
        Verdict::Wrong { wait_seconds: 0, failures, .. } => (words.wrong)(*failures),
        Verdict::Wrong { wait_seconds, .. } => (words.wrong_and_must_wait)(*wait_seconds),
        Verdict::Replayed { .. } => either(words.used_backup_code, words.used),
        Verdict::Wait { seconds } => reasons::shut(Shut::Wait(*seconds)),
        Verdict::Locked => (words.locked)(&advice::unlocks(user)),
        Verdict::ClockWentBack { .. } | Verdict::Changed => return None,
    })
}
