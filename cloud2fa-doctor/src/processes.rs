//! The processes of programs that ask PAM, told by their files: a name says what its process likes.

use crate::programs_of_pam::{PROGRAMS, Program};
use std::fs;
use std::path::{Path, PathBuf};

/// A process of a known program.
#[derive(Debug)]
pub struct Process {
    pub program: &'static Program,
    /// Its directory in /proc.
    pub at: PathBuf,
}

/// All that run.
pub fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten().map(|it| it.path());
    entries.filter_map(|at| Some(Process { program: program_of(&at)?, at })).collect()
}

fn program_of(process: &Path) -> Option<&'static Program> {
    let file = fs::read_link(process.join("exe")).ok()?;
    let file = file.to_string_lossy();
    // What an upgrade has taken away under it.
    let file = Path::new(file.trim_end_matches(" (deleted)"));
    PROGRAMS.iter().find(|program| program.files.iter().any(|it| file.ends_with(it)))
}

impl Process {
    /// Whether it acts as root.
    pub fn is_root_s(&self) -> bool {
        let status = fs::read_to_string(self.at.join("status")).unwrap_or_default();
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
        uids.split_whitespace().nth(1) == Some("0")
    }

    /// The words that it was started with.
    pub fn words(&self) -> Vec<String> {
        let line = fs::read(self.at.join("cmdline")).unwrap_or_default();
        let words = line.split(|byte| *byte == 0);
        words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }
}
