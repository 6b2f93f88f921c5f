//! How long one login takes, in one process.

use crate::codes;
use crate::ground::Ground;
use crate::module::Module;
use crate::worker;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// Each subject has its turn after so many logins.
const TURN: usize = 50;

/// No measurement takes longer, however busy the disk is: fewer logins are timed then.
const LONGEST: Duration = Duration::from_secs(60);

/// What is written at once.
const BLOCK: usize = 4096;

/// Logins by backup code.
const BY_BACKUP_CODE: usize = 60;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// From `pam_start` to `pam_end`.
    Login(Module),
    /// One write in place and one fdatasync of 4 KiB, in a file of the user's that is open and
    /// has its blocks: what no login that must not be repeated can go below.
    Write,
}

impl Subject {
    /// All, in the table's order.
    pub const ALL: [Self; 5] = [
        Self::Login(Module::Permit),
        Self::Write,
        Self::Login(Module::Cloud2fa),
        Self::Login(Module::GoogleAuthenticator),
        Self::Login(Module::Oath),
    ];
}

/// Many durations of the same.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Times `job`.
    pub fn add(&mut self, job: impl FnOnce()) {
        let start = Instant::now();
        job();
        self.0.push(start.elapsed());
    }

    /// Adds what somebody else has timed.
    pub fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The one in the middle.
    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// `share` of them are at most this long.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[((sorted.len() - 1) as f64 * share) as usize]
    }
}

/// Lets users log in at each of the `subjects` in turn, as many of them as stands behind it,
/// `rounds` times, if there is time for that. States are made anew before the next measurement.
pub fn measure(
    ground: &mut Ground,
    subjects: &[(Subject, usize)],
    rounds: usize,
) -> Vec<(Subject, Times)> {
    let mut found: Vec<_> =
        subjects.iter().map(|(subject, _)| (*subject, Times::default())).collect();
    let files = preallocated(ground);
    let deadline = Instant::now() + LONGEST;
    'all: for round in 0..rounds {
        ground.new_round();
        for start in (0..ground.people().len()).step_by(TURN) {
            if Instant::now() > deadline {
                break 'all;
            }
            codes::wait_for(5);
            let turn = start..start + TURN;
            let codes: Vec<_> = turn.clone().map(|index| ground.code_of(index)).collect();
            for number in 0..subjects.len() {
                // Everybody has each place in the order.
                let number = (number + round + start / TURN) % subjects.len();
                let (subject, people) = subjects[number];
                if start >= people {
                    continue;
                }
                for (index, code) in turn.clone().zip(&codes) {
                    found[number].1.0.push(match subject {
                        Subject::Write => time_write(&files[index], round),
                        Subject::Login(module) => time_login(ground, module, index, code),
                    });
                }
            }
        }
    }
    found
}

/// Logs in by backup code.
pub fn by_backup_code(ground: &mut Ground) -> Times {
    ground.make_anew();
    let code = |index: usize| ground.people()[index].backup_codes[index % 8].clone();
    Times(
        (0..BY_BACKUP_CODE)
            .map(|index| time_login(ground, Module::Cloud2fa, index, &code(index)))
            .collect(),
    )
}

fn time_login(ground: &Ground, module: Module, index: usize, code: &str) -> Duration {
    let (services, name) = (ground.services(), ground.people()[index].user.name.as_str());
    let start = Instant::now();
    let accepted = worker::log_in(&services, module.name(), name, code);
    let took = start.elapsed();
    assert!(accepted, "{} let {name} in with the right code", module.name());
    took
}

/// A file for each user, with two blocks that the disk has already.
fn preallocated(ground: &Ground) -> Vec<File> {
    let directory = ground.path().join("written");
    fs::create_dir_all(&directory).expect("ours");
    let make = |index| {
        let path = directory.join(format!("{index}"));
        let file =
            File::options().write(true).create(true).truncate(true).open(path).expect("ours");
        file.write_all_at(&[b'x'; 2 * BLOCK], 0).expect("room for two blocks");
        file
    };
    let files = (0..ground.people().len()).map(make).collect();
    ground.wait_for_the_disk();
    files
}

fn time_write(file: &File, round: usize) -> Duration {
    let block = [b'y'; BLOCK];
    let start = Instant::now();
    file.write_all_at(&block, (round % 2 * BLOCK) as u64).expect("writable");
    file.sync_data().expect("the disk takes it");
    start.elapsed()
}
