//! What to write, and where, so that it has an effect: the first line of a keyword is the one that
//! counts.

use super::files::{Files, MAIN};
use super::options::{FILE, Options};
use super::settings::Lines;
use crate::finding::shell;

/// Where settings belong that the administrator adds.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/cloud2fa.conf";

/// Where settings for root belong: no line that is added later falls below its Match.
const DROP_IN_FOR_ROOT: &str = "/etc/ssh/sshd_config.d/cloud2fa-root.conf";

/// sshd goes by its files as they were when it started.
pub const THEN: &str = "Then:\n    sshd -t && systemctl restart ssh";

/// What lets root in by a key.
const ROOT_BY_KEY: &str = "Match User root\n    AuthenticationMethods publickey";

/// Where a line has an effect.
enum Place {
    /// In place of another one.
    Line {
        file: String,
        number: usize,
        text: String,
    },
    DropIn,
    /// Before all else.
    Top,
}

/// Says what to write so that these lines are the ones that count: lines that begin with four
/// blanks are written into the file that the line before names, or typed.
pub fn write(files: &Files, options: &Options, lines: &Lines) -> String {
    let (mut said, mut dropped) = (Vec::new(), Vec::new());
    for (keyword, value) in lines {
        if options.set(keyword) {
            said.push(format!(
                "SSHD_OPTS in {FILE} sets {keyword}, and wins over all files: take it out there. \
                 systemd reads it when sshd starts again."
            ));
        }
        match place(files, keyword, value) {
            Place::Line { file, number, text } => {
                // By its text: what was done about another finding may have moved the line.
                let command = format!("0,/^{}\\s*$/s//{keyword} {value}/", literally(&text));
                said.push(format!(
                    "Line {number} of {file} says `{}`, and wins over what comes later. Change it:\n    \
                     sed -i {} {}",
                    text.trim(),
                    shell(&command),
                    shell(&file)
                ));
            }
            Place::Top => said.push(format!(
                "At the top of {}, which does not read {DROP_IN} for everybody:\n    \
                 sed -i '1i {keyword} {value}' {}",
                files.main(),
                shell(files.main())
            )),
            Place::DropIn => dropped.push(format!("\n    {keyword} {value}")),
        }
    }
    if !dropped.is_empty() {
        said.push(format!("In {DROP_IN}:{}", dropped.concat()));
    }
    said.join("\n")
}

/// Tries whether the line would count where such lines belong.
fn place(files: &Files, keyword: &str, value: &str) -> Place {
    let with_line = files.with(DROP_IN, &format!("{keyword} {value}\n"));
    let winner = |files: &Files| files.winner(keyword);
    let (now, then) = (winner(files), winner(&with_line));
    match (now, then) {
        (now, Some(then)) if then.file == DROP_IN && now.as_ref() != Some(&then) => Place::DropIn,
        (Some(now), _) => Place::Line { file: now.file, number: now.number, text: now.text },
        (None, _) => Place::Top,
    }
}

/// Says what to write so that root gets in by a key.
pub fn for_root(files: &Files) -> String {
    let with_match = files.with(DROP_IN_FOR_ROOT, "Match User root\n");
    let is_read = with_match.lines().iter().any(|line| line.file == DROP_IN_FOR_ROOT);
    if is_read {
        format!("In {DROP_IN_FOR_ROOT}:\n    {ROOT_BY_KEY}")
    } else {
        let main = if files.main().is_empty() { MAIN } else { files.main() };
        format!("In {main}, at its end:\n    {ROOT_BY_KEY}")
    }
}

/// As a regular expression of sed's that fits this text alone.
fn literally(text: &str) -> String {
    let escaped = |it: char| if "\\/.*[]^$".contains(it) { format!("\\{it}") } else { it.into() };
    text.chars().map(escaped).collect::<Vec<String>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOUD: &str = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
    const DEBIAN: (&str, &str) = (
        MAIN,
        "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
    );

    fn said(files: &[(&str, &str)], options: &str) -> String {
        let lines = vec![
            ("KbdInteractiveAuthentication", "yes".to_owned()),
            ("PasswordAuthentication", "no".to_owned()),
        ];
        write(&Files::of(files), &Options::parse(options), &lines)
    }

    #[test]
    fn lines_go_where_they_win() {
        let both = "In /etc/ssh/sshd_config.d/cloud2fa.conf:\n    KbdInteractiveAuthentication yes\n    \
                    PasswordAuthentication no";
        assert_eq!(said(&[DEBIAN], ""), both);
        assert_eq!(
            said(&[DEBIAN, (CLOUD, "PasswordAuthentication yes\n")], ""),
            format!(
                "Line 1 of {CLOUD} says `PasswordAuthentication yes`, and wins over what comes later. Change it:\n    \
                 sed -i '0,/^PasswordAuthentication yes\\s*$/s//PasswordAuthentication no/' {CLOUD}\n\
                 In {DROP_IN}:\n    KbdInteractiveAuthentication yes"
            )
        );
    }

    #[test]
    fn a_drop_in_that_has_the_line_already_has_it_changed() {
        let said = said(&[DEBIAN, (DROP_IN, "# ours\nPasswordAuthentication yes\n")], "");
        assert!(
            said.contains(&format!("sed -i '0,/^PasswordAuthentication yes\\s*$/s//PasswordAuthentication no/' {DROP_IN}")),
            "{said}"
        );
    }

    #[test]
    fn where_the_directory_is_not_read_or_a_match_would_have_the_line_the_main_file_has_it() {
        for files in [
            &[(MAIN, "UsePAM yes\n")][..],
            &[DEBIAN, (DROP_IN, "Match User x\n")],
            &[(MAIN, "Match User x\nInclude sshd_config.d/*\n")],
        ] {
            let said = said(files, "");
            assert!(
                said.contains(&format!("    sed -i '1i PasswordAuthentication no' {MAIN}")),
                "{said}"
            );
            assert!(!said.contains("In /etc"), "{said}");
        }
    }

    #[test]
    fn what_the_command_line_sets_is_taken_out_there() {
        let said = said(&[DEBIAN], "SSHD_OPTS=-oPasswordAuthentication=yes");
        assert!(
            said.starts_with("SSHD_OPTS in /etc/default/ssh sets PasswordAuthentication"),
            "{said}"
        );
    }

    #[test]
    fn a_line_is_found_by_its_text_whatever_is_in_it() {
        assert_eq!(literally("a.b [x]/*\\"), "a\\.b \\[x\\]\\/\\*\\\\");
    }

    #[test]
    fn what_is_for_root_alone_has_a_file_of_its_own() {
        assert!(
            for_root(&Files::of(&[DEBIAN]))
                .starts_with("In /etc/ssh/sshd_config.d/cloud2fa-root.conf:\n")
        );
        assert!(
            for_root(&Files::of(&[(MAIN, "")]))
                .starts_with("In /etc/ssh/sshd_config, at its end:\n")
        );
    }
}
