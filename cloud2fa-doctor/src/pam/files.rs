//! Reads PAM's files, and looks at the modules that they name.

use super::Facts;
use crate::regular::content;
use crate::stack::{DIRECTORIES, Files, ModuleDirectories, PAM_CONF, others_may_write};
use cloud2fa::Config;
use std::path::{Path, PathBuf};

/// Reads PAM's files, and what their lines name. `config` is the usual configuration.
pub fn read(config: Result<Config, String>, root: u32) -> Facts {
    let mut facts = Facts { files: read_files(), ..Facts::default() };
    facts.configs.insert(None, config);
    for path in facts.named_configs() {
        let config = Config::load(Some(&path), root).map_err(|error| error.to_string());
        facts.configs.insert(Some(path), config);
    }
    let directories = ModuleDirectories::find();
    for name in facts.named_modules() {
        if let Some(fault) = directories.fault(&name, root) {
            facts.modules.insert(name, fault);
        }
    }
    // /etc/pam.conf is not read by libpam, either.
    let read_by_libpam = facts.files.0.keys().filter(|path| *path != Path::new(PAM_CONF));
    facts.unsafe_paths = read_by_libpam.filter_map(|path| others_may_write(path, root)).collect();
    facts
}

fn read_files() -> Files {
    let entries = DIRECTORIES.iter().filter_map(|directory| std::fs::read_dir(directory).ok());
    let paths = entries.flatten().filter_map(|entry| Some(entry.ok()?.path()));
    with_included(paths.chain([PathBuf::from(PAM_CONF)]).collect(), content)
}

/// These files, and what they include from elsewhere, which may include further files.
pub fn with_included(
    mut unread: Vec<PathBuf>,
    content: impl Fn(&Path) -> Option<Vec<u8>>,
) -> Files {
    let mut files = Files::default();
    while !unread.is_empty() {
        let before = files.0.len();
        files.0.extend(unread.into_iter().filter_map(|path| Some((path.clone(), content(&path)?))));
        unread = if files.0.len() > before { files.unread() } else { Vec::new() };
    }
    files
}

/// Whether a line that names the module as everybody does finds one that is fit to be used.
pub fn has_module(root: u32) -> bool {
    ModuleDirectories::find().fault("pam_cloud2fa.so", root).is_none()
}
