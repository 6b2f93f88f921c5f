//! Reads PAM's files, and looks at the modules that they name.

use super::Facts;
use super::stack::{DIRECTORIES, Files, PAM_CONF};
use crate::verbs::doctor::regular::content;
use cloud2fa::Config;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Directories of modules below these; Debian's are named for the kind of machine.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];

/// Reads all that there is. `config` is the usual configuration.
pub fn read(config: Result<Config, String>, root: u32) -> Facts {
    let mut facts = Facts { files: read_files(), ..Facts::default() };
    facts.configs.insert(None, config);
    for path in facts.named_configs() {
        let config = Config::load(Some(&path), root).map_err(|error| error.to_string());
        facts.configs.insert(Some(path), config);
    }
    for name in facts.named_modules() {
        let wrong = wrong_with_module(&name, root);
        facts.modules.insert(name, wrong);
    }
    facts
}

fn read_files() -> Files {
    let mut files = Files::default();
    let entries = DIRECTORIES.iter().filter_map(|directory| std::fs::read_dir(directory).ok());
    let paths = entries.flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut unread: Vec<PathBuf> = paths.chain([PathBuf::from(PAM_CONF)]).collect();
    // What is included from elsewhere may include further files.
    while !unread.is_empty() {
        let before = files.0.len();
        files.0.extend(unread.into_iter().filter_map(|path| Some((path.clone(), content(&path)?))));
        unread = if files.0.len() > before { files.unread() } else { Vec::new() };
    }
    files
}

/// What is wrong with the file of a module, if anything.
fn wrong_with_module(name: &str, root: u32) -> Option<&'static str> {
    let candidates =
        if name.starts_with('/') { vec![PathBuf::from(name)] } else { places_of(name) };
    let Some(status) = candidates.iter().find_map(|path| path.metadata().ok()) else {
        return Some("is missing");
    };
    if !status.is_file() {
        return Some("is not a regular file");
    }
    if status.uid() != root || status.mode() & 0o022 != 0 {
        return Some("may be written by others than root");
    }
    None
}

/// Whether a line that names the module as everybody does finds one that is fit to be used.
pub fn has_module(root: u32) -> bool {
    wrong_with_module("pam_cloud2fa.so", root).is_none()
}

/// Where libpam may look for a module that has no path.
fn places_of(name: &str) -> Vec<PathBuf> {
    let libraries = LIBRARIES.iter().map(Path::new);
    let below = libraries.clone().filter_map(|library| std::fs::read_dir(library).ok());
    let below = below.flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let directories = libraries.map(Path::to_owned).chain(below);
    directories.map(|directory| directory.join("security").join(name)).collect()
}
