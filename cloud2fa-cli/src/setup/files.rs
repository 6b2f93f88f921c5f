//! Files in the place where programs read them: changed as a whole or not at all, also by a power cut,
//! and with owner, mode and labels as they were.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ends the name of a file that is not in its place yet. Neither PAM nor sshd reads such files.
const NEW: &str = ".cloud2fa.new";

/// The mode of a new file.
const MODE: u32 = 0o644;

/// What stands in a file. `None` if there is none. Each byte is a character: what somebody has written in a
/// comment need not be UTF-8, and comes out as it was.
pub fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into_iter().map(char::from).collect())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes this text what stands in a file. Its characters are bytes, as those of [`text`].
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write(path, &bytes(text)?)
}

/// The same without a new file, where there is no room for one: a power cut may leave half of it.
pub fn write_in_place(path: &Path, text: &str) -> io::Result<()> {
    let bytes = bytes(text)?;
    let mut file = File::options().write(true).open(path)?;
    file.write_all(&bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

/// The bytes that such a text stands for.
pub fn bytes(text: &str) -> io::Result<Vec<u8>> {
    text.chars().map(u8::try_from).collect::<Result<_, _>>().map_err(io::Error::other)
}

/// Makes `content` what stands in the file at `path`, which keeps its owner, mode and labels. A new file
/// is readable by all.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    write_with(path, content, MODE)
}

/// The same; a new file is its owner's alone.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write_with(path, content, 0o600)
}

fn write_with(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // A link stays one.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = beside(path);
    remove_if_there(&new)?;
    let written = write_new(&new, content)
        .and_then(|()| if path.exists() { be_like(&new, path) } else { allow(&new, mode) })
        .and_then(|()| File::open(&new)?.sync_all())
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.and_then(|()| synchronise_directory(path))
}

/// Removes the file at `path`, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    remove_if_there(&beside(path))?;
    remove_if_there(path)?;
    synchronise_directory(path)
}

/// Removes what a write of the file at `path` has left that was killed.
pub fn remove_left_over(path: &Path) -> io::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    remove_if_there(&beside(path))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(NEW);
    name.into()
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// Whatever the caller's umask is.
fn allow(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// A program of the system's.
pub fn program(name: &str) -> io::Result<Command> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, name.to_owned());
    cloud2fa_doctor::command(name).ok_or_else(missing)
}

/// Gives a file owner, mode, lists of access and SELinux's label of another one.
fn be_like(file: &Path, other: &Path) -> io::Result<()> {
    let mut copy = program("cp")?;
    copy.args(["--attributes-only", "--preserve=mode,ownership,xattr", "--"]).arg(other).arg(file);
    let said = copy.output()?;
    if said.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn synchronise_directory(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn a_file_keeps_its_mode_and_a_link_stays_one() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_a_killed_one_has_left_is_in_nobodys_way() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(beside(&file), "half").unwrap();
        write(&file, b"whole").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"whole");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, MODE);
        fs::write(beside(&file), "half").unwrap();
        remove(&file).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        remove(&file).unwrap();
    }
}
