//! Runs checks on one booted machine, one after another.

use crate::booted::Machine;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

/// What is checked, and how.
pub type Check = (&'static str, fn(&Machine));

/// Runs those that have `word` in what they check. Each says `ok:` and how long it took; where one
/// fails, the machine's journal is shown, and the others go on.
pub fn run(checks: &[Check], machine: &Machine, word: &str) -> ExitCode {
    let chosen: Vec<_> = checks.iter().filter(|(what, _)| what.contains(word)).collect();
    assert!(!chosen.is_empty(), "no check has {word:?} in what it checks");
    let mut failed = 0;
    for (what, check) in chosen {
        let (began, since) = (Instant::now(), machine.journal_cursor());
        if catch_unwind(AssertUnwindSafe(|| check(machine))).is_ok() {
            println!("ok: {what} ({:.1} s)", began.elapsed().as_secs_f64());
        } else {
            failed += 1;
            println!("FAILED: {what}\nThe machine's journal:\n{}", machine.journal_since(&since));
        }
    }
    ExitCode::from(u8::from(failed > 0))
}
