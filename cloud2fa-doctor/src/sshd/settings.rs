//! What sshd says of itself, and which ways of logging in come of it.

use std::collections::HashMap;

pub const KEYBOARD: &str = "keyboard-interactive";
pub const PASSWORD: &str = "password";

/// Methods, and what switches each.
const SWITCHES: [(&str, &str); 5] = [
    ("publickey", "pubkeyauthentication"),
    ("gssapi-with-mic", "gssapiauthentication"),
    ("hostbased", "hostbasedauthentication"),
    (KEYBOARD, "kbdinteractiveauthentication"),
    (PASSWORD, "passwordauthentication"),
];

/// Keywords in small letters, and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(HashMap<String, String>);

/// What is to be written, a keyword and its value each.
pub type Lines = Vec<(&'static str, String)>;

impl Settings {
    /// Reads what `sshd -T` prints: a keyword and its value a line.
    pub fn parse(output: &str) -> Self {
        let pairs = output.lines().filter_map(|line| line.split_once(' '));
        Self(pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect())
    }

    /// These settings, when lines have been written.
    pub fn with(&self, lines: &Lines) -> Self {
        let mut settings = self.clone();
        let lines = lines.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.clone()));
        settings.0.extend(lines);
        settings
    }

    pub fn get(&self, keyword: &str) -> &str {
        self.0.get(keyword).map_or("", String::as_str)
    }

    pub fn is_on(&self, keyword: &str) -> bool {
        self.get(keyword) == "yes"
    }

    /// The PAM service's name, as libpam looks for it: in small letters. It can be set since
    /// OpenSSH 9.9.
    pub fn service(&self) -> String {
        match self.get("pamservicename") {
            "" => "sshd".to_owned(),
            name => name.to_ascii_lowercase(),
        }
    }

    /// Whether an administrator has said which methods make a login.
    pub fn has_methods(&self) -> bool {
        !matches!(self.get("authenticationmethods"), "" | "any")
    }

    /// Whether root may log in, and by password or questions never (`auth_root_allowed`).
    pub fn root_has_keys_alone(&self) -> bool {
        let set = self.get("permitrootlogin");
        ["prohibit-password", "without-password", "forced-commands-only"].contains(&set)
    }

    /// The ways in: each is the methods that it takes.
    pub fn ways(&self) -> Vec<Vec<&str>> {
        let on: Vec<_> = SWITCHES
            .into_iter()
            .filter(|(_, keyword)| self.is_on(keyword))
            .map(|it| it.0)
            .collect();
        if !self.has_methods() {
            return on.into_iter().map(|method| vec![method]).collect();
        }
        let lists = self.get("authenticationmethods").split_whitespace();
        // `keyboard-interactive:pam` names how it is done.
        let methods = |list: &'_ str| -> Vec<_> {
            on.iter()
                .copied()
                .filter(|on| list.split(',').any(|it| it.split(':').next() == Some(on)))
                .collect()
        };
        let complete = |list: &&str| {
            list.split(',').all(|it| on.contains(&it.split(':').next().unwrap_or(it)))
        };
        lists.filter(complete).map(methods).collect()
    }

    /// Whether others have the same ways in, root too.
    pub fn has_ways_of(&self, others: &Self) -> bool {
        let switches = SWITCHES.iter().map(|(_, keyword)| *keyword);
        let mut keywords = switches.chain(["permitrootlogin", "authenticationmethods"]);
        keywords.all(|keyword| self.get(keyword) == others.get(keyword))
    }

    /// Whether a password is part of a way in. PAM's questions are asked with PAM alone.
    pub fn takes_passwords(&self) -> bool {
        let is_asked = |method: &&str| *method != KEYBOARD || self.is_on("usepam");
        self.ways().iter().any(|way| has_secret(way) && way.iter().all(is_asked))
    }

    /// What makes sshd ask PAM's questions, and leaves the ways in as they are: by name, so that whoever reads
    /// it sees what is enough.
    pub fn password_then_code(&self) -> Lines {
        let mut lines = [vec![("UsePAM", "yes".to_owned())], self.asking()].concat();
        if !self.has_methods() {
            let others = self.ways().into_iter().filter(|way| !has_secret(way)).flatten();
            let methods: Vec<_> = others.chain([BY_PAM]).collect();
            lines.push(("AuthenticationMethods", methods.join(" ")));
        }
        lines
    }

    /// What makes sshd ask PAM's questions behind each way in, where nothing is typed today.
    pub fn key_then_code(&self) -> Lines {
        let methods: Vec<_> =
            self.lists().into_iter().map(|list| format!("{list},{BY_PAM}")).collect();
        let mut lines = [vec![("UsePAM", "yes".to_owned())], self.asking()].concat();
        lines.retain(|(keyword, _)| *keyword != "AuthenticationMethods");
        lines.push(("AuthenticationMethods", methods.join(" ")));
        lines
    }

    /// Whether each way in takes a key (or what sshd takes like one), and PAM's questions.
    pub fn asks_behind_each_key(&self) -> bool {
        let takes_both = |way: &Vec<&str>| {
            way.contains(&KEYBOARD) && way.iter().any(|it| ![KEYBOARD, PASSWORD].contains(it))
        };
        let ways = self.ways();
        !ways.is_empty() && ways.iter().all(takes_both)
    }

    /// What `AuthenticationMethods` says, or comes to where it says nothing: as it is written, since a method may
    /// stand twice in a list, and then wants two keys.
    pub fn methods_of_today(&self) -> String {
        self.lists().join(" ")
    }

    /// The lists of methods of which one must be complete.
    fn lists(&self) -> Vec<String> {
        let on = |method: &str| {
            let method = method.split(':').next().unwrap_or(method);
            SWITCHES.iter().any(|(it, keyword)| *it == method && self.is_on(keyword))
        };
        if !self.has_methods() {
            let methods = SWITCHES.into_iter().map(|(method, _)| method);
            return methods.filter(|method| on(method)).map(str::to_owned).collect();
        }
        let lists = self.get("authenticationmethods").split_whitespace();
        lists.filter(|list| list.split(',').all(on)).map(str::to_owned).collect()
    }

    /// Whether no way in has PAM's questions.
    pub fn no_way_asks(&self) -> bool {
        !self.ways().iter().any(|way| way.contains(&KEYBOARD))
    }

    /// The ways in that root has.
    pub fn ways_of_root(&self) -> Vec<Vec<&str>> {
        let mut ways = self.ways();
        match self.get("permitrootlogin") {
            "no" => ways.clear(),
            _ if self.root_has_keys_alone() => ways.retain(|way| !has_secret(way)),
            _ => {}
        }
        ways
    }

    /// What makes sshd ask PAM's questions, and not take a password by the method of that name.
    pub fn asking(&self) -> Lines {
        let mut lines = vec![
            ("KbdInteractiveAuthentication", "yes".to_owned()),
            ("PasswordAuthentication", "no".to_owned()),
        ];
        if self.has_methods() {
            let list = |list: &str| {
                let is_password = |it: &&str| it.split(':').next() == Some(PASSWORD);
                let methods = list.split(',').map(|it| if is_password(&it) { BY_PAM } else { it });
                methods.collect::<Vec<_>>().join(",")
            };
            let before = self.get("authenticationmethods");
            let lists: Vec<_> = before.split_whitespace().map(list).collect();
            if lists.join(" ") != before {
                lines.push(("AuthenticationMethods", lists.join(" ")));
            }
        }
        lines
    }

    /// What makes these the ways in; sshd lets nobody in by a method that is switched off.
    pub fn methods(&self, methods: &str) -> Lines {
        let mut lines = vec![("AuthenticationMethods", methods.to_owned())];
        if !self.is_on("kbdinteractiveauthentication") {
            lines.push(("KbdInteractiveAuthentication", "yes".to_owned()));
        }
        lines
    }
}

/// How PAM's questions are named in a list of methods.
const BY_PAM: &str = "keyboard-interactive:pam";

/// Whether a way takes something that is typed.
pub fn has_secret(way: &[&str]) -> bool {
    way.iter().any(|it| [KEYBOARD, PASSWORD].contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_in_small_letters_as_libpam_looks_for_it() {
        assert_eq!(Settings::parse("pamservicename SSHD-Inside\n").service(), "sshd-inside");
        assert_eq!(Settings::default().service(), "sshd");
    }

    #[test]
    fn methods_that_take_the_password_are_made_to_ask() {
        let settings =
            Settings::parse("authenticationmethods publickey,password password hostbased\n");
        assert_eq!(
            settings.asking().last(),
            Some(&(
                "AuthenticationMethods",
                "publickey,keyboard-interactive:pam keyboard-interactive:pam hostbased".to_owned()
            ))
        );
        assert_eq!(Settings::parse("authenticationmethods any\n").asking().len(), 2);
    }

    #[test]
    fn what_is_set_for_a_code_behind_the_password_names_the_ways_in_that_there_are() {
        for (text, methods) in [
            (
                "pubkeyauthentication yes; passwordauthentication yes",
                Some("publickey keyboard-interactive:pam"),
            ),
            (
                "pubkeyauthentication yes; passwordauthentication yes; gssapiauthentication yes; \
                 authenticationmethods any",
                Some("publickey gssapi-with-mic keyboard-interactive:pam"),
            ),
            ("passwordauthentication yes", Some("keyboard-interactive:pam")),
            (
                "pubkeyauthentication yes; passwordauthentication yes; authenticationmethods publickey,password",
                Some("publickey,keyboard-interactive:pam"),
            ),
        ] {
            let settings = Settings::parse(&text.replace("; ", "\n"));
            let lines = settings.password_then_code();
            let named = lines.iter().find(|(keyword, _)| *keyword == "AuthenticationMethods");
            assert_eq!(named.map(|(_, value)| &**value), methods, "{text}");
        }
    }

    #[test]
    fn a_code_behind_a_key_is_asked_for_in_each_way() {
        for (text, expected) in [
            ("pubkeyauthentication yes", "publickey,keyboard-interactive:pam"),
            (
                "pubkeyauthentication yes; gssapiauthentication yes",
                "publickey,keyboard-interactive:pam gssapi-with-mic,keyboard-interactive:pam",
            ),
            (
                "pubkeyauthentication yes; authenticationmethods publickey",
                "publickey,keyboard-interactive:pam",
            ),
            (
                "pubkeyauthentication yes; hostbasedauthentication yes; \
                 authenticationmethods hostbased,publickey gssapi-with-mic",
                "hostbased,publickey,keyboard-interactive:pam",
            ),
            // Two keys.
            (
                "pubkeyauthentication yes; authenticationmethods publickey,publickey",
                "publickey,publickey,keyboard-interactive:pam",
            ),
        ] {
            let lines = Settings::parse(&text.replace("; ", "\n")).key_then_code();
            let methods: Vec<_> =
                lines.iter().filter(|(keyword, _)| *keyword == "AuthenticationMethods").collect();
            assert_eq!(methods, [&("AuthenticationMethods", expected.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_password_is_part_of_a_way_in_where_sshd_would_take_one() {
        for (text, expected) in [
            ("pubkeyauthentication yes; passwordauthentication no; usepam yes", false),
            ("pubkeyauthentication yes; passwordauthentication yes", true),
            ("pubkeyauthentication yes; kbdinteractiveauthentication yes; usepam no", false),
            ("pubkeyauthentication yes; kbdinteractiveauthentication yes; usepam yes", true),
            ("passwordauthentication yes; authenticationmethods publickey,password", false),
        ] {
            let settings = Settings::parse(&text.replace("; ", "\n"));
            assert_eq!(settings.takes_passwords(), expected, "{text}");
        }
    }

    #[test]
    fn root_gets_in_by_what_permit_root_login_leaves() {
        let ways = |root: &str, methods: &str| {
            let text = format!(
                "pubkeyauthentication yes\nkbdinteractiveauthentication yes\npermitrootlogin {root}\n\
                 authenticationmethods {methods}\n"
            );
            Settings::parse(&text).ways_of_root().len()
        };
        let both = "publickey,keyboard-interactive:pam";
        for (root, methods, expected) in [
            ("yes", "any", 2),
            ("no", "any", 0),
            ("without-password", "any", 1),
            ("prohibit-password", both, 0),
            ("forced-commands-only", both, 0),
            ("yes", both, 1),
        ] {
            assert_eq!(ways(root, methods), expected, "{root} {methods}");
        }
    }
}
