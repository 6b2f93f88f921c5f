//! sshd's files: which line of which file is the one that counts.

use super::words::{fits, words};
use crate::regular;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where sshd begins to read, if nothing else is said.
pub const MAIN: &str = "/etc/ssh/sshd_config";

/// What names in an Include are relative to.
const HERE: &str = "/etc/ssh";

/// How deep files may include each other (`SERVCONF_MAX_DEPTH`).
const DEEPEST: usize = 16;

/// Keywords that mean the same as another one.
const ALIASES: [(&str, &str); 3] = [
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("skeyauthentication", "kbdinteractiveauthentication"),
    ("dsaauthentication", "pubkeyauthentication"),
];

/// Keywords that say how people log in, and may stand below a Match (sshd_config(5)).
const ABOUT_LOGINS: [&str; 10] = [
    "authenticationmethods",
    "gssapiauthentication",
    "hostbasedauthentication",
    "kbdinteractiveauthentication",
    "kerberosauthentication",
    "pamservicename",
    "passwordauthentication",
    "permitemptypasswords",
    "permitrootlogin",
    "pubkeyauthentication",
];

/// The files by their names. Their order is that in which a pattern gives them.
#[derive(Debug, Clone, Default)]
pub struct Files {
    main: String,
    texts: BTreeMap<String, String>,
}

/// One line, as sshd comes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub file: String,
    /// From 1.
    pub number: usize,
    pub words: Vec<String>,
    /// As it is written.
    pub text: String,
    /// Whether it holds for some connections alone.
    is_conditional: bool,
}

impl Line {
    /// Its keyword by its usual name, in small letters.
    fn keyword(&self) -> String {
        let keyword = self.words[0].to_ascii_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == keyword);
        alias.map_or(keyword, |(_, usual)| (*usual).to_owned())
    }

    /// Whether it says this of its keyword.
    fn says(&self, value: &str) -> bool {
        self.words.get(1).is_some_and(|word| word.eq_ignore_ascii_case(value))
    }

    /// Whether what stands below it holds for some alone.
    fn is_match(&self) -> bool {
        // `Match all` holds for everybody; of a group named so it would be `Match Group all`.
        let is_for_all = matches!(&self.words[1..], [all] if all.eq_ignore_ascii_case("all"));
        self.keyword() == "match" && !is_for_all
    }
}

impl Files {
    /// Reads the file where sshd begins, and all that it includes.
    pub fn read(main: &str) -> Self {
        let mut files = Self { main: main.to_owned(), texts: BTreeMap::new() };
        let mut unread = BTreeSet::from([main.to_owned()]);
        while !unread.is_empty() {
            let text = |file: &String| regular::text(Path::new(file)).unwrap_or_default();
            let read: Vec<_> = unread.iter().map(|file| (file.clone(), text(file))).collect();
            files.texts.extend(read);
            let patterns = files.lines().into_iter().filter(|line| line.keyword() == "include");
            let patterns: Vec<_> = patterns.flat_map(|line| line.words[1..].to_vec()).collect();
            unread = patterns.iter().flat_map(|pattern| on_disk(&absolute(pattern))).collect();
            unread.retain(|file| !files.texts.contains_key(file));
        }
        files
    }

    #[cfg(test)]
    pub fn of(texts: &[(&str, &str)]) -> Self {
        let texts = texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
        Self { main: MAIN.to_owned(), texts: texts.collect() }
    }

    /// Where sshd begins.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// These files, and lines more at the end of one.
    pub fn with(&self, file: &str, lines: &str) -> Self {
        let mut files = self.clone();
        let text = files.texts.entry(file.to_owned()).or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(lines);
        files
    }

    /// All lines, in the order in which sshd comes to them.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.walk(&self.main, false, 0, &mut lines);
        lines
    }

    fn walk(&self, file: &str, mut is_conditional: bool, depth: usize, lines: &mut Vec<Line>) {
        let Some(text) = self.texts.get(file).filter(|_| depth <= DEEPEST) else { return };
        // A Match ends with its file, and in a file that is included below one all is below it.
        let outside = is_conditional;
        for (number, text) in text.lines().enumerate() {
            let words = words(text);
            if words.is_empty() {
                continue;
            }
            let text = text.trim_end().to_owned();
            let line =
                Line { file: file.to_owned(), number: number + 1, words, text, is_conditional };
            match line.keyword().as_str() {
                "match" => is_conditional = outside || line.is_match(),
                "include" => {
                    for pattern in &line.words[1..] {
                        for file in self.named(&absolute(pattern)) {
                            self.walk(file, is_conditional, depth + 1, lines);
                        }
                    }
                }
                _ => {}
            }
            lines.push(line);
        }
    }

    fn named(&self, pattern: &str) -> impl Iterator<Item = &String> {
        let parts: Vec<_> = pattern.split('/').map(str::to_owned).collect();
        self.texts.keys().filter(move |file| {
            let names: Vec<_> = file.split('/').collect();
            names.len() == parts.len() && names.iter().zip(&parts).all(|(it, part)| fits(part, it))
        })
    }

    /// The line that counts of a keyword for all whom no Match fits: the first one.
    pub fn winner(&self, keyword: &str) -> Option<Line> {
        let keyword = keyword.to_ascii_lowercase();
        self.lines().into_iter().find(|line| !line.is_conditional && line.keyword() == keyword)
    }

    /// Whether some settings hold for some connections alone.
    pub fn has_match(&self) -> bool {
        self.lines().iter().any(Line::is_match)
    }

    /// A file that says of everybody that there are no passwords, where another one has switched PAM's questions on:
    /// whoever has written the one may not know of the other.
    pub fn shuts_what_another_file_opens(&self) -> Option<String> {
        let questions = self.winner("KbdInteractiveAuthentication").filter(|it| it.says("yes"))?;
        let is_shut = |line: &Line| {
            !line.is_conditional
                && line.keyword() == "passwordauthentication"
                && line.says("no")
                && line.file != questions.file
        };
        self.lines().into_iter().find(is_shut).map(|line| format!("{}:{}", line.file, line.number))
    }

    /// Whether how people log in is set otherwise for some connections.
    pub fn has_match_about_logins(&self) -> bool {
        let is_about_logins = |line: &Line| ABOUT_LOGINS.contains(&line.keyword().as_str());
        self.lines().iter().any(|line| line.is_conditional && is_about_logins(line))
    }

    /// Whether a condition is a program's to say, which nobody has asked to be run.
    pub fn has_exec(&self) -> bool {
        let is_exec = |word: &String| {
            let word = word.to_ascii_lowercase();
            word == "exec" || word == "!exec" || word.starts_with("exec=")
        };
        self.lines().iter().any(|line| line.is_match() && line.words.iter().any(is_exec))
    }
}

fn absolute(pattern: &str) -> String {
    if pattern.starts_with('/') { pattern.to_owned() } else { format!("{HERE}/{pattern}") }
}

/// The files that a pattern names.
fn on_disk(pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').skip(1) {
        let has_wildcard = part.contains(['*', '?', '[', '\\']);
        let below = |directory: &String| -> Vec<String> {
            if !has_wildcard {
                return vec![format!("{directory}/{part}")];
            }
            let entries = std::fs::read_dir(format!("{directory}/")).into_iter().flatten();
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names
                .filter(|name| fits(part, name))
                .map(|name| format!("{directory}/{name}"))
                .collect()
        };
        found = found.iter().flat_map(below).collect();
    }
    found.retain(|file| Path::new(file).is_file());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCLUDE: &str =
        "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\n";

    fn place(files: &[(&str, &str)], keyword: &str) -> Option<(String, usize)> {
        Files::of(files).winner(keyword).map(|line| (line.file, line.number))
    }

    #[test]
    fn the_first_line_outside_of_a_match_is_the_one_that_counts() {
        let cloud = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
        let ours = "/etc/ssh/sshd_config.d/cloud2fa.conf";
        let at = |file: &str, number| Some((file.to_owned(), number));
        let line = "PasswordAuthentication yes\n";
        let files = [
            (MAIN, INCLUDE),
            (ours, line),
            (cloud, "# by cloud-init\npasswordauthentication=yes\n"),
        ];
        assert_eq!(place(&files, "PasswordAuthentication"), at(cloud, 2));
        assert_eq!(place(&files, "KbdInteractiveAuthentication"), at(MAIN, 2));
        let files =
            [(MAIN, INCLUDE), (ours, line), (cloud, "Match User x\nPasswordAuthentication no\n")];
        assert_eq!(place(&files, "PasswordAuthentication"), at(ours, 1));
        let files =
            [(MAIN, "Match User x\nInclude sshd_config.d/*\nMatch all\nUsePAM no\n"), (ours, line)];
        assert_eq!(place(&files, "PasswordAuthentication"), None);
        assert_eq!(place(&files, "UsePAM"), at(MAIN, 4));
        let files = [(MAIN, "ChallengeResponseAuthentication no\n"), (ours, line)];
        assert_eq!(place(&files, "KbdInteractiveAuthentication"), at(MAIN, 1));
        assert_eq!(place(&files, "PasswordAuthentication"), None);
    }

    #[test]
    fn a_match_is_seen_however_it_is_written_and_wherever_it_is_included_from() {
        let local = "/etc/ssh/local.d/a.conf";
        let include = (MAIN, "Include local.d/*.conf\n");
        for (text, has_match, has_exec) in [
            ("Match User x\n", true, false),
            ("Match=User x\n", true, false),
            ("\"match\" user x\n", true, false),
            ("Match Exec \"true\" User x\n", true, true),
            ("Match all\n", false, false),
            ("# Match User x\n", false, false),
        ] {
            let files = Files::of(&[include, (local, text)]);
            assert_eq!((files.has_match(), files.has_exec()), (has_match, has_exec), "{text}");
        }
    }

    #[test]
    fn files_that_include_themselves_come_to_an_end() {
        let files = Files::of(&[(MAIN, "Include sshd_config\nUsePAM no\n")]);
        assert_eq!(files.lines().len(), 2 * (DEEPEST + 1));
    }
}
