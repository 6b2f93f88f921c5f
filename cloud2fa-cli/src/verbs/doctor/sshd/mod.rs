//! sshd's settings against its PAM stack: which ways of logging in ask for a code.

mod texts;

pub use texts::unreadable;

use super::finding::Finding;
use super::pam::Asked;
use super::programs::{self, Said};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const KEYBOARD: &str = "keyboard-interactive";
const PASSWORD: &str = "password";

/// What sshd says of itself.
#[derive(Debug, Clone, Default)]
pub struct Sshd {
    settings: HashMap<String, String>,
    /// Whether some settings hold for some connections alone.
    has_match: bool,
}

/// Whether there is an sshd, and what it says.
#[derive(Debug)]
pub enum Look {
    Absent,
    /// Why it says nothing.
    Failed(String),
    Settings(Sshd),
}

/// Asks the sshd of this machine.
pub fn read() -> Look {
    let Some(said) = programs::ask("sshd", &["-T"]) else { return Look::Absent };
    let Said { success: true, output, .. } = said else {
        return Look::Failed(said.errors.trim().to_owned());
    };
    Look::Settings(Sshd::parse(&output, config_files().iter().any(|path| has_match(path))))
}

fn config_files() -> Vec<PathBuf> {
    let below = std::fs::read_dir("/etc/ssh/sshd_config.d").into_iter().flatten();
    let below = below.filter_map(|entry| Some(entry.ok()?.path()));
    below.chain([PathBuf::from("/etc/ssh/sshd_config")]).collect()
}

fn has_match(path: &Path) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let first = |line: &str| line.split_whitespace().next().map(str::to_ascii_lowercase);
    text.lines().any(|line| first(line).as_deref() == Some("match"))
}

impl Sshd {
    /// Reads what `sshd -T` prints: a keyword and its value a line.
    pub fn parse(output: &str, has_match: bool) -> Self {
        let pairs = output.lines().filter_map(|line| line.split_once(' '));
        let settings = pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        Self { settings: settings.collect(), has_match }
    }

    fn get(&self, keyword: &str) -> &str {
        self.settings.get(keyword).map_or("", String::as_str)
    }

    fn is_on(&self, keyword: &str) -> bool {
        self.get(keyword) == "yes"
    }

    /// The PAM service's name; it can be set since OpenSSH 9.9.
    pub fn service(&self) -> &str {
        match self.get("pamservicename") {
            "" => "sshd",
            name => name,
        }
    }

    /// Whether an administrator has said which methods make a login.
    fn has_methods(&self) -> bool {
        !matches!(self.get("authenticationmethods"), "" | "any")
    }

    /// The ways in: each is the methods that it takes.
    fn ways(&self) -> Vec<Vec<&str>> {
        let switches = [
            ("publickey", "pubkeyauthentication"),
            ("gssapi-with-mic", "gssapiauthentication"),
            ("hostbased", "hostbasedauthentication"),
            (KEYBOARD, "kbdinteractiveauthentication"),
            (PASSWORD, "passwordauthentication"),
        ];
        let on: Vec<_> = switches
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
}

/// Looks at the ways in. `asked` is sshd's service, where the module stands in its stack.
pub fn check(sshd: &Sshd, asked: &Asked, root_is_enrolled: bool) -> Vec<Finding> {
    if !sshd.is_on("usepam") {
        return vec![texts::pam_is_off(asked)];
    }
    let ways = sshd.ways();
    let has = |way: &[&str], method| way.contains(&method);
    let takes_key = |way: &[&str]| way.iter().any(|it| ![KEYBOARD, PASSWORD].contains(it));
    let by_one_field = ways.iter().any(|way| has(way, PASSWORD) && !has(way, KEYBOARD));
    // The method `password` is one question: enough where both are typed at once.
    let by_password = by_one_field && !asked.one_field;
    let asks = ways.iter().any(|way| has(way, KEYBOARD)) || by_one_field && asked.one_field;
    let by_key_alone = ways.iter().any(|way| !has(way, KEYBOARD) && !has(way, PASSWORD));
    let without_key = ways.iter().any(|way| !takes_key(way));
    let root_by_password = sshd.is_on("permitrootlogin") && without_key;
    let findings = [
        (!asks).then(|| texts::no_question(by_password)),
        (asks && by_password).then(texts::password_method),
        by_key_alone.then(|| texts::key_alone(sshd.has_methods())),
        (asked.code_alone && without_key).then(|| texts::code_alone(asked)),
        (root_by_password && asked.lets_in == Some(true) && !root_is_enrolled)
            .then(texts::root_without_factor),
        sshd.has_match.then(texts::some_differ),
    ];
    findings.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::doctor::finding::Severity;

    /// sshd's service, with a stack that asks for password and code.
    fn asked() -> Asked {
        Asked {
            service: "sshd".to_owned(),
            lets_in: Some(true),
            code_alone: false,
            one_field: false,
            at: "x:1".to_owned(),
        }
    }

    /// What is found where sshd says these settings, over a usual machine's.
    fn found(settings: &str, asked: &Asked, root_is_enrolled: bool) -> Vec<&'static str> {
        let usual = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\nkbdinteractiveauthentication yes\n\
             gssapiauthentication no\nhostbasedauthentication no\npermitrootlogin without-password\n\
             authenticationmethods publickey keyboard-interactive:pam\n";
        // The last of a keyword counts here: sshd says each but once.
        let sshd = Sshd::parse(&format!("{usual}{settings}"), settings.contains("match"));
        check(&sshd, asked, root_is_enrolled).iter().map(|finding| finding.id.word()).collect()
    }

    const BOTH: &str = "authenticationmethods publickey,keyboard-interactive:pam\n";
    const NO_KEY: &str = "authenticationmethods any\npubkeyauthentication no\n";
    const NO_QUESTION: &str = "authenticationmethods any\npubkeyauthentication no\n\
         kbdinteractiveauthentication no\npasswordauthentication yes\n";

    #[test]
    fn each_way_in_is_looked_at() {
        for (settings, expected) in [
            (BOTH, &[][..]),
            ("", &["sshd_key_alone"]),
            ("authenticationmethods any\n", &["sshd_key_alone"]),
            (
                "authenticationmethods any\npubkeyauthentication no\ngssapiauthentication yes\n",
                &["sshd_key_alone"],
            ),
            (NO_KEY, &[]),
            ("usepam no\n", &["sshd_pam_off"]),
            (NO_QUESTION, &["sshd_no_question"]),
            (
                "passwordauthentication yes\npubkeyauthentication no\nauthenticationmethods any\n",
                &["sshd_password_method"],
            ),
            (
                "authenticationmethods publickey,password publickey,keyboard-interactive\npasswordauthentication yes\n",
                &["sshd_password_method"],
            ),
            ("authenticationmethods keyboard-interactive\npasswordauthentication yes\n", &[]),
            ("authenticationmethods publickey\n", &["sshd_no_question", "sshd_key_alone"]),
            ("authenticationmethods publickey,keyboard-interactive\nmatch\n", &["sshd_match"]),
        ] {
            assert_eq!(found(settings, &asked(), false), expected, "{settings}");
        }
    }

    #[test]
    fn a_stack_that_asks_for_the_code_alone_needs_a_key_before() {
        let code_alone = Asked { code_alone: true, ..asked() };
        assert_eq!(found(BOTH, &code_alone, false), [""; 0]);
        assert_eq!(found(NO_KEY, &code_alone, false), ["sshd_code_alone"]);
    }

    #[test]
    fn one_question_is_enough_where_both_are_typed_at_once() {
        let one_field = Asked { one_field: true, ..asked() };
        assert_eq!(found(NO_QUESTION, &one_field, false), [""; 0]);
    }

    #[test]
    fn root_may_not_log_in_by_a_password_alone() {
        let settings = format!("{NO_KEY}permitrootlogin yes\n");
        assert_eq!(found(&settings, &asked(), false), ["root_without_factor"]);
        assert_eq!(found(&settings, &asked(), true), [""; 0]);
        let refused = Asked { lets_in: Some(false), ..asked() };
        assert_eq!(found(&settings, &refused, false), [""; 0]);
    }

    #[test]
    fn that_a_key_is_enough_is_a_note_where_an_administrator_has_said_so() {
        let severity = |methods| {
            let output = format!(
                "usepam yes\npubkeyauthentication yes\nkbdinteractiveauthentication yes\nauthenticationmethods {methods}\n"
            );
            check(&Sshd::parse(&output, false), &asked(), true)[0].severity
        };
        assert_eq!(severity("any"), Severity::Warning);
        assert_eq!(severity("publickey keyboard-interactive"), Severity::Note);
    }
}
