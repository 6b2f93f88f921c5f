//! Files of modules: whether libpam finds and loads one, and whether it is root's alone.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Directories of modules below these; Debian's are named for the kind of machine.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];

/// Where Debian's libpam looks when it has loaded nothing from its own directory.
const DEBIANS_SECOND: &str = "/lib/security";

/// A file that comes with every libpam, in the directory where that looks.
const OF_LIBPAM: &str = "pam_permit.so";

/// What is wrong with a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// libpam cannot load it. Why not.
    NotLoaded(Unloadable),
    /// The file, or its directory, which others may write.
    Unsafe(PathBuf),
}

/// Why libpam cannot load a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unloadable {
    #[error("is missing")]
    Missing,
    /// It is in none of these directories.
    #[error("is missing where libpam looks ({})", listed(.0))]
    InNoDirectory(Vec<PathBuf>),
    #[error("is not a regular file")]
    NotAFile,
    #[error("cannot be read")]
    Unreadable,
    #[error("is empty")]
    Empty,
    #[error("is no library (ELF)")]
    NoLibrary,
    #[error("is built for another kind of machine")]
    OtherMachine,
    #[error("is cut off: a part of it is missing")]
    CutOff,
}

fn listed(directories: &[PathBuf]) -> String {
    let places: Vec<_> = directories.iter().map(|it| it.display().to_string()).collect();
    places.join(", ")
}

/// Where libpam looks for modules on this machine.
#[derive(Debug)]
pub struct ModuleDirectories(Vec<PathBuf>);

impl ModuleDirectories {
    /// Finds them; once for any number of modules.
    pub fn find() -> Self {
        Self(directories(&LIBRARIES.map(Path::new)))
    }

    /// What is wrong with the module of that name, which is looked for as libpam does. `None` if nothing is.
    pub fn fault(&self, name: &str, root: u32) -> Option<Fault> {
        // What stands for the kind of machine is libpam's to know.
        if name.contains("$ISA") {
            return None;
        }
        if name.starts_with('/') {
            return fault_of(Path::new(name), root);
        }
        let mut first = None;
        for directory in &self.0 {
            match fault_of(&directory.join(name), root) {
                Some(Fault::NotLoaded(Unloadable::Missing)) => {}
                Some(Fault::NotLoaded(why)) => first = first.or(Some(why)),
                outcome => return outcome,
            }
        }
        Some(Fault::NotLoaded(first.unwrap_or_else(|| Unloadable::InNoDirectory(self.0.clone()))))
    }
}

/// Where libpam looks: where its own modules are, built for the kind of machine that this program is for.
fn directories(libraries: &[&Path]) -> Vec<PathBuf> {
    let below = libraries.iter().filter_map(|library| std::fs::read_dir(library).ok());
    let below = below.flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let all = libraries.iter().map(|it| (*it).to_owned()).chain(below);
    let all = all.map(|library| library.join("security")).filter(|it| it.is_dir());
    let mut found: Vec<PathBuf> = Vec::new();
    let is_libpam_s = |it: &PathBuf| unloadable(&it.join(OF_LIBPAM)).is_none();
    for directory in all.filter(is_libpam_s).filter_map(|it| it.canonicalize().ok()) {
        if !found.contains(&directory) {
            found.push(directory);
        }
    }
    let is_named_for_machine = |it: &PathBuf| {
        let library = it.parent().and_then(Path::file_name);
        library.is_some_and(|name| name.to_string_lossy().contains("-linux-"))
    };
    if found.iter().any(is_named_for_machine) {
        found.push(PathBuf::from(DEBIANS_SECOND));
    }
    found
}

fn fault_of(path: &Path, root: u32) -> Option<Fault> {
    let why = unloadable(path);
    why.map(Fault::NotLoaded).or_else(|| others_may_write(path, root).map(Fault::Unsafe))
}

/// The file, or a directory that it lies in, if others than root may write there.
pub fn others_may_write(path: &Path, root: u32) -> Option<PathBuf> {
    // Through a link, it lies in two.
    let real = path.canonicalize().ok();
    let parents = [Some(path), real.as_deref()].map(|path| path.and_then(Path::parent));
    let all = [Some(path)].into_iter().chain(parents).flatten();
    // Of a directory like /tmp, others take away only what is their own.
    let is_shared = |it: &Metadata| it.is_dir() && it.mode() & 0o1000 != 0;
    let may_write = |path: &&Path| {
        let status = path.metadata();
        status.is_ok_and(|it| it.uid() != root || it.mode() & 0o022 != 0 && !is_shared(&it))
    };
    let found = all.into_iter().find(may_write)?;
    Some(found.canonicalize().unwrap_or_else(|_| found.to_owned()))
}

/// Why the file cannot be loaded, as far as its headers tell. `None` if they tell nothing.
fn unloadable(path: &Path) -> Option<Unloadable> {
    let Ok(status) = path.metadata() else { return Some(Unloadable::Missing) };
    if !status.is_file() {
        return Some(Unloadable::NotAFile);
    }
    let Some(header) = header(path) else { return Some(Unloadable::Unreadable) };
    let own = header_of_this_program();
    let segments = |at, length: usize| {
        let (mut bytes, file) = (vec![0; length], File::open(path).ok()?);
        file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    wrong_with(&header, &own, status.size(), segments)
}

/// The beginning of a file, zeros where it ends before.
fn header(path: &Path) -> Option<[u8; 64]> {
    let mut header = [0; 64];
    File::open(path).ok()?.read_at(&mut header, 0).ok().map(|_| header)
}

/// libpam loads what is built for the kind of machine that this program is for.
fn header_of_this_program() -> [u8; 64] {
    header(Path::new("/proc/self/exe")).unwrap_or([0; 64])
}

/// Reads a header of ELF (elf(5)): is it a library for the machine of `own`, and are all parts that it
/// speaks of within the file's `size`? A part that is not kills the program that maps the file. `None`
/// if nothing is wrong.
fn wrong_with(
    header: &[u8; 64],
    own: &[u8; 64],
    size: u64,
    read: impl Fn(u64, usize) -> Option<Vec<u8>>,
) -> Option<Unloadable> {
    const LIBRARY: u64 = 3;
    const LOADED: u64 = 1;
    if size == 0 {
        return Some(Unloadable::Empty);
    }
    if header[..4] != *b"\x7fELF" {
        return Some(Unloadable::NoLibrary);
    }
    // Class, order of bytes; machine.
    if header[4..6] != own[4..6] || header[18..20] != own[18..20] {
        return Some(Unloadable::OtherMachine);
    }
    if number(header, 16, 2) != LIBRARY {
        return Some(Unloadable::NoLibrary);
    }
    let is_64 = header[4] == 2;
    let word = if is_64 { 8 } else { 4 };
    let [first, sizes] = if is_64 { [32, 54] } else { [28, 42] };
    let count_of = |at| (number(header, at, 2), number(header, at + 2, 2));
    let ((segment, segments), (section, sections)) = (count_of(sizes), count_of(sizes + 4));
    let is_within = |at: u64, length: u64| at.checked_add(length).is_some_and(|end| end <= size);
    let cut = Some(Unloadable::CutOff);
    let table = number(header, first, word);
    if !is_within(number(header, first + word, word), section * sections)
        || !is_within(table, segment * segments)
    {
        return cut;
    }
    let length = usize::try_from(segment * segments).unwrap_or_default();
    let Some(table) = read(table, length) else { return cut };
    let [at, long] = if is_64 { [8, 32] } else { [4, 16] };
    let step = usize::try_from(segment).unwrap_or_default().max(long + word);
    let loaded = table.chunks_exact(step).filter(|it| number(it, 0, 4) == LOADED);
    let parts: Vec<_> = loaded.map(|it| (number(it, at, word), number(it, long, word))).collect();
    let is_whole = !parts.is_empty() && parts.iter().all(|(at, length)| is_within(*at, *length));
    if is_whole { None } else { cut }
}

/// A number of `length` bytes, in this machine's order; nought where the bytes are missing.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut number = [0; 8];
    let from = if cfg!(target_endian = "big") { 8 - length } else { 0 };
    if let Some(bytes) = bytes.get(at..at + length) {
        number[from..from + length].copy_from_slice(bytes);
    }
    u64::from_ne_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    /// A directory of its own, and whose it is.
    fn directory(name: &str) -> (PathBuf, u32) {
        let path = std::env::temp_dir().join(format!("doctor-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let owner = path.metadata().unwrap().uid();
        (path, owner)
    }

    /// This program itself: built as libraries are, to be put anywhere.
    fn library(path: &Path) -> Vec<u8> {
        let library = fs::read("/proc/self/exe").unwrap();
        fs::write(path, &library).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        library
    }

    #[test]
    fn a_file_that_cannot_be_loaded_is_told_from_one_that_can() {
        let (directory, owner) = directory("load");
        let path = directory.join("pam_x.so");
        let whole = library(&path);
        assert_eq!(fault_of(&path, owner), None);
        let changed = |at: usize, to: u8| {
            let mut bytes = whole.clone();
            bytes[at] = to;
            bytes
        };
        for (content, why) in [
            (Vec::new(), Unloadable::Empty),
            (b"#!/bin/sh\n".repeat(9), Unloadable::NoLibrary),
            (changed(4, 3 - whole[4]), Unloadable::OtherMachine),
            (changed(18, whole[18] ^ 1), Unloadable::OtherMachine),
            (changed(16, 1), Unloadable::NoLibrary),
            (whole[..whole.len() - 1].to_vec(), Unloadable::CutOff),
            (whole[..4096].to_vec(), Unloadable::CutOff),
            (whole[..64].to_vec(), Unloadable::CutOff),
            (whole[..20].to_vec(), Unloadable::CutOff),
        ] {
            fs::write(&path, content).unwrap();
            assert_eq!(fault_of(&path, owner), Some(Fault::NotLoaded(why)));
        }
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn one_that_others_may_write_or_replace_is_unsafe() {
        let (directory, owner) = directory("unsafe");
        let (path, link) = (directory.join("pam_x.so"), directory.join("link"));
        library(&path);
        let unsafe_at = |path: &Path| Some(Fault::Unsafe(path.canonicalize().unwrap()));
        let set_mode = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        assert_eq!(fault_of(&path, owner + 1), unsafe_at(&path));
        set_mode(&path, 0o664);
        assert_eq!(fault_of(&path, owner), unsafe_at(&path));
        set_mode(&path, 0o644);
        set_mode(&directory, 0o757);
        assert_eq!(fault_of(&path, owner), unsafe_at(&directory));
        set_mode(&directory, 0o1777);
        assert_eq!(fault_of(&path, owner), None);
        set_mode(&directory, 0o777);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(fault_of(&link, owner), unsafe_at(&directory));
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn libpam_looks_where_its_own_modules_are() {
        let (top, _) = directory("where");
        let top = top.canonicalize().unwrap();
        for name in ["other", "x86_64-linux-gnu"] {
            fs::create_dir_all(top.join(name).join("security")).unwrap();
        }
        assert_eq!(directories(&[&top]), [""; 0].map(PathBuf::from));
        fs::write(top.join("other/security").join(OF_LIBPAM), "of another machine").unwrap();
        let libpam_s = top.join("x86_64-linux-gnu/security");
        library(&libpam_s.join(OF_LIBPAM));
        assert_eq!(directories(&[&top, &top]), [libpam_s, PathBuf::from(DEBIANS_SECOND)]);
        fs::remove_dir_all(&top).unwrap();
    }
}
