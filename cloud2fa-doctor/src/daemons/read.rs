//! What the configurations of daemons say of PAM.

use crate::processes::{self, Process};
use crate::programs;
use crate::regular::text;
use crate::stack::DIRECTORIES;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What is known of them, beside the table of programs.
#[derive(Debug, Default)]
pub struct Daemons {
    /// PAM services by which OpenVPN asks, and whether it is told which answer is the code.
    pub of_openvpn: BTreeMap<String, bool>,
    /// Whether ProFTPD asks others when PAM has refused.
    pub proftpd_asks_others: bool,
    /// Whether saslauthd remembers answers.
    pub saslauthd_remembers: bool,
    /// Whether Dovecot does.
    pub dovecot_remembers: bool,
    /// Programs that run, all as root.
    pub run_as_root: BTreeSet<&'static str>,
    /// Whether screen is there and has no PAM file, so that its lock asks by `other`.
    pub screen_has_no_file: bool,
}

/// Looks at what runs, and at configurations that are there.
pub fn read() -> Daemons {
    let processes = processes::all();
    let names: BTreeSet<_> = processes.iter().map(|it| it.program.name).collect();
    let is_root_s = |name: &&str| of(&processes, name).all(Process::is_root_s);
    let has_c = |process: &Process| process.words().iter().any(|word| word == "-c");
    Daemons {
        of_openvpn: openvpn(&texts(&["/etc/openvpn", "/etc/openvpn/server"]), &has_file),
        proftpd_asks_others: proftpd(&texts(&["/etc/proftpd", "/etc/proftpd/conf.d"])),
        saslauthd_remembers: of(&processes, "saslauthd").any(has_c),
        dovecot_remembers: dovecot(),
        run_as_root: names.into_iter().filter(is_root_s).collect(),
        screen_has_no_file: programs::find("screen").is_some() && !has_file("screen"),
    }
}

/// The service of all that have no file.
pub const OTHER: &str = "other";

fn has_file(service: &str) -> bool {
    DIRECTORIES.iter().any(|directory| Path::new(directory).join(service).exists())
}

fn of<'p>(processes: &'p [Process], name: &'p str) -> impl Iterator<Item = &'p Process> {
    processes.iter().filter(move |process| process.program.name == name)
}

/// The texts of the files `*.conf` in these directories.
fn texts(directories: &[&str]) -> Vec<String> {
    let entries = directories.iter().filter_map(|directory| fs::read_dir(directory).ok());
    let mut paths: Vec<PathBuf> = entries.flatten().flatten().map(|it| it.path()).collect();
    paths.sort();
    let paths = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "conf"));
    paths.filter_map(|path| text(path)).collect()
}

/// Lines that count, their words in small letters and without quotes.
fn lines(text: &str) -> impl Iterator<Item = Vec<String>> {
    text.lines().filter_map(|line| {
        let line = line.replace(['"', '\''], " ");
        let words: Vec<_> = line.split_whitespace().map(str::to_ascii_lowercase).collect();
        words.first().is_some_and(|first| !first.starts_with(['#', ';'])).then_some(words)
    })
}

/// The services that its plugin is told, and whether all lines say which answer is the code (`OTP`).
fn openvpn(texts: &[String], has_file: &dyn Fn(&str) -> bool) -> BTreeMap<String, bool> {
    let mut services = BTreeMap::new();
    for words in texts.iter().flat_map(|text| lines(text)) {
        let is_plugin =
            words[0] == "plugin" && words.get(1).is_some_and(|it| it.contains("auth-pam"));
        let Some(service) = words.get(2).filter(|_| is_plugin) else { continue };
        let service = if has_file(service) { service } else { OTHER };
        *services.entry(service.to_owned()).or_insert(true) &=
            words.iter().any(|word| word == "otp");
    }
    services
}

/// ProFTPD: whether one of its `AuthOrder`s goes on to passwd(5) and shadow(5) behind PAM's refusal, as it does where
/// there is none. A star makes PAM's answer the last word.
pub fn proftpd(texts: &[String]) -> bool {
    let lines: Vec<_> = texts.iter().flat_map(|text| lines(text)).collect();
    let is_off =
        |words: &Vec<String>| words[0] == "authpam" && words.get(1).is_some_and(|it| it == "off");
    if texts.is_empty() || lines.iter().any(is_off) {
        return false;
    }
    let mut orders = lines.iter().filter(|words| words[0] == "authorder").peekable();
    let goes_on = |words: &Vec<String>| {
        let before = words[1..].iter().take_while(|it| !it.starts_with("mod_auth_unix"));
        let has_unix = words[1..].iter().any(|it| it.starts_with("mod_auth_unix"));
        has_unix && !before.clone().any(|it| it == "mod_auth_pam.c*")
    };
    orders.peek().is_none() || orders.any(goes_on)
}

/// It remembers what PAM says only if it is told by which key.
fn dovecot() -> bool {
    let said = |option: &str, more: &[&str]| {
        programs::ask("doveconf", &[&[option], more].concat()).map(|said| said.output)
    };
    let has_size = said("-h", &["auth_cache_size"]).is_some_and(|size| is_size(&size));
    has_size && said("-n", &[]).is_some_and(|text| text.contains("cache_key"))
}

fn is_size(said: &str) -> bool {
    said.trim().starts_with(|first: char| ('1'..='9').contains(&first))
        || said.trim() == "unlimited"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openvpn_is_fit_where_its_plugin_is_told_which_answer_is_the_code() {
        let told = "plugin /x/openvpn-plugin-auth-pam.so \"openvpn login USERNAME password PASSWORD Verification OTP\"\n";
        let found = |text: &str| {
            openvpn(&[text.to_owned()], &|it| it != "none").into_iter().collect::<Vec<_>>()
        };
        let openvpn = |is_told| vec![("openvpn".to_owned(), is_told)];
        assert_eq!(found(told), openvpn(true));
        assert_eq!(found(&told.replace("Verification OTP", "")), openvpn(false));
        assert_eq!(found(&[told, &told.replace("OTP", "")].concat()), openvpn(false));
        assert_eq!(
            found("plugin /x/openvpn-plugin-auth-pam.so login\n"),
            [("login".to_owned(), false)]
        );
        let none = "plugin /x/openvpn-plugin-auth-pam.so none\n";
        assert_eq!(found(none), [(OTHER.to_owned(), false)]);
        assert_eq!(found("# plugin /x/openvpn-plugin-auth-pam.so login\nport 1194\n"), []);
    }

    #[test]
    fn proftpd_asks_others_unless_pam_has_the_last_word() {
        for (text, expected) in [
            ("# AuthOrder mod_auth_pam.c* mod_auth_unix.c\n", true),
            ("AuthOrder mod_auth_pam.c* mod_auth_unix.c\n", false),
            ("AuthOrder mod_auth_pam.c mod_auth_unix.c\n", true),
            ("AuthOrder mod_auth_unix.c mod_auth_pam.c*\n", true),
            ("authorder mod_auth_pam.c*\n", false),
            (
                "AuthOrder mod_auth_pam.c* mod_auth_unix.c\n<VirtualHost x>\nAuthOrder mod_auth_unix.c\n",
                true,
            ),
            ("AuthPAM off\n", false),
        ] {
            assert_eq!(proftpd(&[text.to_owned()]), expected, "{text}");
        }
        assert!(!proftpd(&[]));
    }

    #[test]
    fn a_cache_has_a_size_or_is_none() {
        assert!(["1048576\n", "10 M\n", "unlimited\n"].into_iter().all(is_size));
        assert!(!["0\n", "", "\n"].into_iter().any(is_size));
    }
}
