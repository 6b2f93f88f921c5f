//! libpam's model: how it reads PAM's files, and what it does with a stack of lines. It stands at the
//! ground of this crate and takes nothing of the rest, nor of cloud2fa: what the module's arguments
//! mean, its callers know.

mod control;
mod files;
mod handler;
mod line;
mod module_file;
mod modules;
mod walk;

#[cfg(test)]
pub(crate) mod any_files;

pub use control::{Action, Code, Control};
pub use files::{DIRECTORIES, Files, PAM_CONF};
pub use handler::{Handler, Job, Module, module};
pub use line::{Line, Place};
pub use module_file::{Fault, ModuleDirectories, Unloadable, others_may_write};
pub use modules::{Kind, is_broad};
pub use walk::{Said, Way, jumps_over_the_end, ways};

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn it_takes_nothing_of_the_rest_of_the_crate_nor_of_cloud2fa() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/stack");
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        assert!(files.len() >= 8, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for outside in
                [concat!("crate", "::"), concat!("super::", "super"), concat!("cloud2fa", "::")]
            {
                assert!(!text.contains(outside), "{}: {outside}", file.display());
            }
        }
    }
}
