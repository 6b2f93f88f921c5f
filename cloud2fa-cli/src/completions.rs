//! The shells' completions in completions/ are what the declarations of the arguments give.

use crate::arguments::Arguments;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::{Path, PathBuf};

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// How bash's part for `unlock` begins.
const BASH_UNLOCK: &str = "\n        cloud2fa__subcmd__unlock)\n            opts=";

/// What fish is not told of `unlock NAME`.
const FISH_UNLOCK: &str = "complete -c cloud2fa -n \"__fish_cloud2fa_using_subcommand unlock\" -f -a \"(__fish_complete_users)\"\n";

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
    (path, with_users(shell, &text))
}

/// With the names of users, where clap_complete does not offer them. For zsh it does.
fn with_users(shell: Shell, text: &str) -> String {
    match shell {
        Shell::Bash => {
            // Every value is taken for a file's name.
            let user = "--user)\n                    COMPREPLY=($(compgen -";
            let text = text.replace(&format!("{user}f"), &format!("{user}u"));
            // Words without an option before them are not completed.
            let (before, rest) = text.split_once(BASH_UNLOCK).expect("there is unlock");
            let (unlock, after) = rest.split_once("\n        cloud2fa__").expect("and more");
            let unlock = unlock.replace("compgen -W", "compgen -u -W");
            format!("{before}{BASH_UNLOCK}{unlock}\n        cloud2fa__{after}")
        }
        Shell::Fish => format!("{text}{FISH_UNLOCK}"),
        _ => text.to_owned(),
    }
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
