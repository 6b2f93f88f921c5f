//! The completions of bash, zsh and fish, asked as the shell does it when somebody presses TAB.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{program, workspace};
use cloud2fa_tests::terminal::Terminal;
use std::path::Path;
use std::process::Command;

/// What a shell says to a script of its own.
fn output(shell: &Path, arguments: &[&str]) -> String {
    let output = Command::new(shell).args(arguments).output().expect("the shell starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn file(name: &str) -> String {
    workspace().join("completions").join(name).to_string_lossy().into_owned()
}

/// What bash offers behind `cloud2fa` and these words.
fn bash(words: &[&str]) -> Vec<String> {
    // The function as it was registered, called as bash calls it (bash(1), Programmable Completion).
    let script = r#"
        . "$1"; shift
        # Works only where bash itself calls.
        compopt() { :; }
        registered=$(complete -p cloud2fa); registered=${registered#*-F }
        COMP_WORDS=(cloud2fa "$@") COMP_CWORD=$#
        "${registered%% *}" cloud2fa "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let file = file("bash/cloud2fa");
    let arguments = [&["--norc", "-c", script, "bash", &file], words].concat();
    output(&program("bash", "bash"), &arguments).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_values_and_users() {
    assert_eq!(bash(&["en"]), ["enable"]);
    assert_eq!(bash(&["enable", "--rep"]), ["--replace"]);
    assert_eq!(bash(&["enable", "--qr", "a"]), ["auto", "ansi", "ascii"]);
    assert_eq!(bash(&["status", "--user", "alic"]), ["alice"]);
    assert_eq!(bash(&["unlock", "alic"]), ["alice"]);
    assert_eq!(bash(&["unlock", "--jso"]), ["--json"]);
    assert_eq!(bash(&["unlock", "--json", "alic"]), ["alice"]);
    assert_eq!(bash(&["--config", "/etc/login.d"]), ["/etc/login.defs"]);
    assert_eq!(bash(&["no-such"]), [""]);
}

#[test]
fn fish_completes_commands_options_and_users() {
    let fish = program("fish", "fish");
    let file = file("fish/cloud2fa.fish");
    let offered = |line: &str| {
        let script = "source $argv[1]; complete --do-complete $argv[2]";
        let all = output(&fish, &["--no-config", "-c", script, &file, line]);
        // Behind a TAB stands what it is.
        let words = all.lines().filter_map(|line| line.split('\t').next());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(offered("cloud2fa en"), ["enable"]);
    assert_eq!(offered("cloud2fa enable --rep"), ["--replace"]);
    assert_eq!(offered("cloud2fa enable --qr as"), ["ascii"]);
    assert_eq!(offered("cloud2fa status --user alic"), ["alice"]);
    assert_eq!(offered("cloud2fa unlock alic"), ["alice"]);
}

#[test]
fn zsh_takes_the_file_as_a_completion_of_the_command() {
    let zsh = program("zsh", "zsh");
    let directory = workspace().join("completions/zsh");
    // Where a file is found by its first line, and has no fault of syntax.
    let script = "fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; \
                  print $_comps[cloud2fa]; autoload +X _cloud2fa; zsh -n $1/_cloud2fa";
    let offered = output(&zsh, &["-f", "-c", script, "zsh", &directory.to_string_lossy()]);
    assert_eq!(offered, "_cloud2fa\n");
}

#[test]
fn zsh_completes_commands_options_values_and_users() {
    let mut command = Command::new(program("zsh", "zsh"));
    command.arg("-f").env("TERM", "dumb").env("PS1", "");
    let mut zsh = Terminal::start(&command, 200);
    let directory = workspace().join("completions/zsh");
    // What a command line has become is shown when it is run.
    zsh.type_in(&format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -D -u; cloud2fa() {{ print -r \"<$*>\" }}\n",
        directory.display()
    ));
    for (typed, completed) in [
        ("en", "<enable>"),
        ("enable --rep", "<enable --replace>"),
        ("enable --qr as", "<enable --qr ascii>"),
        ("status --user alic", "<status --user alice>"),
        ("unlock alic", "<unlock alice>"),
    ] {
        zsh.type_in(&format!("cloud2fa {typed}\t\n"));
        zsh.expect(completed);
    }
    zsh.type_in("exit\n");
    assert_eq!(zsh.end().1, 0);
}
