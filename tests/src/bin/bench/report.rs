//! What was found, as the table of README.md, and beside the targets.

use crate::crowd::{Findings, RACED, Throughput};
use crate::latency::{Subject, Times};
use crate::module::Module;
use std::fmt;
use std::time::Duration;

/// All that was found.
pub struct Report {
    /// A thousand users enrolled.
    pub few: Vec<(Subject, Times)>,
    /// A hundred thousand.
    pub many: Vec<(Subject, Times)>,
    /// Logins by backup code.
    pub backup_codes: Times,
    /// Eight processes at once.
    pub crowd: Findings,
    /// Resident KiB after a thousand logins.
    pub memory: [(Module, u64); 4],
    /// What the states lay on.
    pub file_system: String,
}

/// What a subject has to do with a row, if anything.
fn of<T: Copy>(found: &[(Module, T)], subject: Subject) -> Option<T> {
    found.iter().find(|(module, _)| subject == Subject::Login(*module)).map(|(_, value)| *value)
}

fn size_of(module: Module) -> u64 {
    module.file().metadata().expect("the module's file").len()
}

fn median(found: &[(Subject, Times)], of: Subject) -> f64 {
    found
        .iter()
        .find(|(subject, _)| *subject == of)
        .map_or(0.0, |(_, times)| micros(times.median()))
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// `12345.6` as `12,346`.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

type Row = (String, Box<dyn Fn(Subject) -> Option<String>>);

impl Report {
    fn throughput(&self, module: Module) -> Option<Throughput> {
        of(&self.crowd.throughput, Subject::Login(module))
    }

    fn rows(&self) -> Vec<Row> {
        let times = |found: &[(Subject, Times)], share: f64| {
            let shown: Vec<_> = found
                .iter()
                .map(|(subject, times)| (*subject, micros(times.quantile(share))))
                .collect();
            Box::new(move |of| {
                let time = shown.iter().find(|(subject, _)| *subject == of)?.1;
                Some(format!("{} µs", whole(time)))
            }) as Box<dyn Fn(Subject) -> Option<String>>
        };
        let throughput = self.crowd.throughput.clone();
        let (refused, races, memory) = (throughput.clone(), self.crowd.races.clone(), self.memory);
        let logins = throughput.first().map_or(0, |(_, found)| found.logins());
        let by_backup_code = micros(self.backup_codes.median()) / 1000.0;
        vec![
            ("login, 1000 enrolled: median".into(), times(&self.few, 0.5)),
            ("99 of 100 logins take at most".into(), times(&self.few, 0.99)),
            ("login, 100,000 enrolled: median".into(), times(&self.many, 0.5)),
            ("99 of 100 logins take at most".into(), times(&self.many, 0.99)),
            (
                "login by backup code: median".into(),
                Box::new(move |subject| {
                    (subject == Subject::Login(Module::Cloud2fa))
                        .then(|| format!("{by_backup_code:.1} ms"))
                }),
            ),
            (
                "logins a second, 8 processes".into(),
                Box::new(move |subject| {
                    of(&throughput, subject).map(|found| whole(found.a_second()))
                }),
            ),
            (
                format!("8 users at once with right codes: refused, of {}", whole(to_f64(logins))),
                Box::new(move |subject| {
                    of(&refused, subject).map(|found| found.refused.to_string())
                }),
            ),
            (
                format!("8 logins at once with one code: users let in more than once, of {RACED}"),
                Box::new(move |subject| of(&races, subject).map(|count| count.to_string())),
            ),
            (
                "memory of a process after 1000 logins".into(),
                Box::new(move |subject| {
                    of(&memory, subject).map(|kib| format!("{} KiB", whole(to_f64(kib))))
                }),
            ),
            (
                "size of the module".into(),
                Box::new(|subject| match subject {
                    Subject::Login(module) => {
                        Some(format!("{} kB", size_of(module).div_ceil(1000)))
                    }
                    Subject::Write => None,
                }),
            ),
        ]
    }

    fn targets(&self) -> Vec<(&'static str, String, bool)> {
        let [permit, write, ours, theirs] = [
            Subject::Login(Module::Permit),
            Subject::Write,
            Subject::Login(Module::Cloud2fa),
            Subject::Login(Module::GoogleAuthenticator),
        ]
        .map(|subject| median(&self.few, subject));
        let ratio = ours / theirs;
        let added = ours - permit - write;
        let growth = median(&self.many, Subject::Login(Module::Cloud2fa)) / ours;
        let a_second = |module| self.throughput(module).map_or(0.0, |found| found.a_second());
        let crowd = a_second(Module::Cloud2fa) / a_second(Module::GoogleAuthenticator);
        let memory = |module| of(&self.memory, Subject::Login(module)).map_or(0.0, to_f64);
        let memory = memory(Module::Cloud2fa) - memory(Module::Permit);
        let size = size_of(Module::Cloud2fa);
        vec![
            (
                "median, of pam_google_authenticator's: at most 0.85 (aim 0.65)",
                format!("{ratio:.2}"),
                ratio <= 0.85,
            ),
            (
                "added to pam_permit and one write: at most 130 µs (aim 80)",
                format!("{added:.0} µs"),
                added <= 130.0,
            ),
            (
                "median with 100,000 enrolled, of the one with 1000: the same",
                format!("{growth:.2}"),
                growth <= 1.1,
            ),
            (
                "logins a second, of pam_google_authenticator's: more than 1",
                format!("{crowd:.2}"),
                crowd > 1.0,
            ),
            (
                "memory beyond pam_permit's: at most 1024 KiB",
                format!("{memory:.0} KiB"),
                memory <= 1024.0,
            ),
            ("size: at most 800 kB", format!("{} kB", size.div_ceil(1000)), size <= 800_000),
        ]
    }
}

#[allow(clippy::cast_precision_loss)]
fn to_f64<T: TryInto<u64>>(number: T) -> f64 {
    number.try_into().unwrap_or_default() as f64
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = Subject::ALL;
        write!(f, "| ({}) |", self.file_system)?;
        for subject in subjects {
            match subject {
                Subject::Login(module) => write!(f, " {} |", module.name())?,
                Subject::Write => write!(f, " one write + fdatasync |")?,
            }
        }
        writeln!(f, "\n|---|{}", "---:|".repeat(subjects.len()))?;
        for (title, cell) in self.rows() {
            write!(f, "| {title} |")?;
            for subject in subjects {
                write!(f, " {} |", cell(subject).unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        writeln!(f, "\n| target | measured | |\n|---|---:|---|")?;
        for (target, measured, reached) in self.targets() {
            writeln!(
                f,
                "| {target} | {measured} | {} |",
                if reached { "reached" } else { "not reached" }
            )?;
        }
        Ok(())
    }
}
