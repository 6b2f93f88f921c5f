//! Tries a change before it is made: doctor looks at copies of the directories, which nobody but that one
//! process sees in the place of the real ones.

use super::files::{bytes, program};
use super::plan::Edit;
use super::system::run;
use serde::Deserialize;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where the copies are. The lock keeps others away.
const COPIES: &str = "/run/cloud2fa-setup";

/// What setup may change: a directory, and the name of its copy.
const DIRECTORIES: [(&str, &str); 2] = [("/etc/pam.d", "pam.d"), ("/etc/ssh", "ssh")];

/// Shows the copies to doctor alone (mount_namespaces(7)).
const SCRIPT: &str = "
    for one in pam.d ssh; do
        [ ! -d $1/$one ] || mount --bind $1/$one /etc/$one
    done
    exec \"$2\" doctor --json";

/// A line of doctor's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Found {
    #[serde(default)]
    severity: String,
    #[serde(default)]
    id: String,
    /// What is there.
    #[serde(default)]
    pub what: String,
}

/// The critical findings that a machine with these edits has, and this one has not.
pub fn new_dangers(edits: &[Edit]) -> io::Result<Vec<Found>> {
    let outside = edits.iter().find(|edit| copy_of(&edit.path).is_none());
    if let Some(edit) = outside {
        return Err(io::Error::new(io::ErrorKind::Unsupported, edit.path.display().to_string()));
    }
    let _copies = Copies::make()?;
    let before = dangers()?;
    for edit in edits {
        let path = copy_of(&edit.path).ok_or(io::ErrorKind::NotFound)?;
        let bytes = bytes(&edit.after)?;
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        // A link of the copy leads to the real file.
        let _ = fs::remove_file(&path);
        fs::write(path, bytes)?;
    }
    let after = dangers()?.into_iter();
    Ok(after.filter(|found| !before.contains(found)).collect())
}

/// The critical findings on the copies.
fn dangers() -> io::Result<Vec<Found>> {
    let own = std::env::current_exe()?;
    let said = program("unshare")?
        .args(["--mount", "/bin/sh", "-ec", SCRIPT, "setup", COPIES])
        .arg(own)
        .output()?;
    // Healthy, or not; anything else is no report.
    if !matches!(said.status.code(), Some(0 | 1)) || said.stdout.is_empty() {
        return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
    }
    let lines = said.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let found = lines.map(serde_json::from_slice::<Found>).collect::<Result<Vec<_>, _>>()?;
    // Where sshd cannot read its files, nobody gets in by ssh at all.
    let is_danger = |found: &Found| found.severity == "critical" || found.id == "sshd_unreadable";
    Ok(found.into_iter().filter(is_danger).collect())
}

fn copy_of(path: &Path) -> Option<PathBuf> {
    let inside = |(directory, name): &(&str, &str)| {
        Some(Path::new(COPIES).join(name).join(path.strip_prefix(directory).ok()?))
    };
    DIRECTORIES.iter().find_map(inside)
}

/// The copies, until this is dropped.
struct Copies;

impl Copies {
    fn make() -> io::Result<Self> {
        remove()?;
        fs::DirBuilder::new().mode(0o700).create(COPIES)?;
        let copies = Self;
        for (directory, name) in DIRECTORIES {
            if Path::new(directory).is_dir() {
                let copy = format!("{COPIES}/{name}");
                run("cp", &["--archive", "-H", "--no-target-directory", directory, &copy])?;
            }
        }
        Ok(copies)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // What is left goes with the next one, or the next boot.
        let _ = remove();
    }
}

fn remove() -> io::Result<()> {
    match fs::remove_dir_all(COPIES) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_copied_can_be_tried() {
        let copy = |path| copy_of(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(copy("/etc/pam.d/sshd").as_deref(), Some("/run/cloud2fa-setup/pam.d/sshd"));
        assert_eq!(copy("/etc/ssh/a/b").as_deref(), Some("/run/cloud2fa-setup/ssh/a/b"));
        assert_eq!(copy("/opt/sshd_config"), None);
    }
}
