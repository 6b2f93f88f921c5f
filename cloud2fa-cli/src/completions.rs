//! The shells' completions in completions/ are what the declarations of the arguments give.

use crate::arguments::Arguments;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::{Path, PathBuf};

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// The file as its shell looks for it, and what belongs in it.
fn completion(shell: Shell) -> (PathBuf, String) {
    let name = match shell {
        Shell::Bash => "cloud2fa",
        Shell::Zsh => "_cloud2fa",
        _ => "cloud2fa.fish",
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cloud2fa", &mut text);
    let path = workspace.join("completions").join(shell.to_string()).join(name);
    let text = String::from_utf8(text).expect("UTF-8");
    // For bash clap_complete takes every value for a file's name.
    let user = "--user)\n                    COMPREPLY=($(compgen -";
    (path, text.replace(&format!("{user}f"), &format!("{user}u")))
}

#[test]
fn the_completions_are_up_to_date() {
    for (path, text) in SHELLS.map(completion) {
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{} is not what the arguments give: cargo test -p cloud2fa-cli -- --ignored write_the_completions",
            path.display()
        );
    }
}

#[test]
#[ignore = "writes the files that the other test compares"]
fn write_the_completions() {
    for (path, text) in SHELLS.map(completion) {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("writable");
        std::fs::write(&path, text).expect("writable");
    }
}
