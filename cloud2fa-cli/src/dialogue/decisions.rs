//! The last decisions on a user's codes, as a person reads them: the latest first.

use crate::language::WORDS;
use crate::machine::local_time;
use cloud2fa::Factor;
use cloud2fa::history::{Entry, History, Outcome};

/// A table; nothing where nothing was decided yet.
pub fn text(history: &History) -> String {
    let entries = history.latest_first();
    if entries.is_empty() {
        return String::new();
    }
    let width = entries.iter().map(|entry| entry.origin.service().len()).max().unwrap_or(0);
    let rows: String = entries.into_iter().map(|entry| row(entry, width)).collect();
    format!("{}\n{rows}", WORDS.overview.decisions)
}

fn row(entry: &Entry, width: usize) -> String {
    let words = &WORDS.overview;
    let outcome = match entry.outcome {
        Outcome::Accepted => words.accepted,
        Outcome::Wrong => words.wrong,
        Outcome::Replayed => words.used,
    };
    let factor = match entry.factor {
        Factor::Token => words.app,
        Factor::BackupCode => words.backup_code,
    };
    let service = entry.origin.service();
    let from = entry.origin.address();
    let from = from.map(|address| format!("  {}", (words.from)(&address.to_string())));
    let times = (entry.times > 1).then(|| format!("  {}", (words.times)(entry.times)));
    let row = format!(
        "  {}  {outcome:9}  {factor:11}  {service:width$}{}{}",
        local_time(entry.at),
        from.unwrap_or_default(),
        times.unwrap_or_default(),
    );
    format!("{}\n", row.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::UnixTime;
    use cloud2fa::history::Origin;

    #[test]
    fn the_latest_comes_first_and_equal_refusals_are_counted() {
        let mut history = History::default();
        assert_eq!(text(&history), "");
        let mut add = |at, outcome, factor, service, host| {
            let origin = Origin::new(service, host);
            history.add(Entry { at: UnixTime(at), outcome, factor, origin, times: 1 });
        };
        let accepted = (Outcome::Accepted, Factor::BackupCode);
        add(1_764_000_000, accepted.0, accepted.1, "su", None);
        add(1_764_000_060, Outcome::Wrong, Factor::Token, "sshd", Some("192.0.2.1"));
        add(1_764_000_061, Outcome::Wrong, Factor::Token, "sshd", Some("192.0.2.1"));
        let [wrong, right] = [1_764_000_061, 1_764_000_000].map(|at| local_time(UnixTime(at)));
        let expected = format!(
            "Last decisions:\n  \
             {wrong}  wrong      app          sshd  from 192.0.2.1  2 times\n  \
             {right}  accepted   backup code  su\n"
        );
        assert_eq!(text(&history), expected);
    }
}
