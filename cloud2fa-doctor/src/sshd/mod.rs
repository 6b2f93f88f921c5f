//! sshd's settings against its PAM stack: which ways of logging in ask for a code.

mod check;
mod files;
mod options;
mod settings;
#[cfg(test)]
mod tests;
mod texts;
mod words;
mod write;

pub use check::{Before, Root, before_switching_on, check, takes_password_alone};
pub use settings::Lines;
pub use texts::unreadable;

use crate::programs::{self, Said};
use crate::regular;
use files::Files;
use nix::unistd::User;
use options::Options;
use settings::{Settings, has_secret};
use std::collections::BTreeMap;

/// sshd is asked for the settings of so many users at most.
const MOST_USERS: usize = 50;

/// The sshd of this machine.
#[derive(Debug, Clone, Default)]
pub struct Sshd {
    /// The settings for all whom no Match is about.
    everybody: Settings,
    /// The settings of users, if there is a Match.
    of_users: BTreeMap<String, Settings>,
    files: Files,
    options: Options,
    /// Whether root has something to log in by that is neither typed nor known by heart.
    root_has_key: bool,
}

/// Whether there is an sshd, and what it says.
#[derive(Debug)]
pub enum Look {
    Absent,
    Failed(Failed),
    Settings(Box<Sshd>),
}

/// An sshd that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    why: String,
    /// Whether the machine starts it all the same.
    is_used: bool,
}

/// Asks the sshd of this machine, as it is started here.
pub fn read() -> Look {
    let options = Options::read();
    let Some(said) = ask(&options, None) else { return Look::Absent };
    let Said { success: true, output, .. } = said else {
        return Look::Failed(Failed { why: said.errors.trim().to_owned(), is_used: is_used() });
    };
    let everybody = Settings::parse(&output);
    let root_has_key = root_has_key(&everybody);
    let files = Files::read(options.main_file().unwrap_or(files::MAIN));
    let of_users = BTreeMap::new();
    Look::Settings(Box::new(Sshd { everybody, of_users, files, options, root_has_key }))
}

fn ask(options: &Options, user: Option<&str>) -> Option<Said> {
    let mut words = options.words();
    words.push("-T".to_owned());
    words.extend(user.into_iter().flat_map(|user| ["-C".to_owned(), connection_of(user)]));
    programs::ask_sshd(&words)
}

/// A connection from the machine itself.
fn connection_of(user: &str) -> String {
    format!("user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22")
}

/// Whether systemd starts it, at once or when somebody connects.
fn is_used() -> bool {
    let wants = std::fs::read_dir("/etc/systemd/system").into_iter().flatten();
    let mut wants = wants.filter_map(|entry| Some(entry.ok()?.path()));
    let units = ["ssh.service", "ssh.socket", "sshd.service", "sshd.socket"];
    wants.any(|directory| units.iter().any(|unit| directory.join(unit).is_symlink()))
}

/// Whether there is a key of root's, or something that may bring one.
fn root_has_key(settings: &Settings) -> bool {
    let home = User::from_name("root").ok().flatten().map_or("/root".into(), |root| root.dir);
    let has_key = |file: &str| {
        let file = file.replace("%h", &home.to_string_lossy()).replace("%u", "root");
        let text = regular::text(&home.join(file)).unwrap_or_default();
        text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'))
    };
    let is_set = |keyword| !matches!(settings.get(keyword), "" | "none");
    is_set("authorizedkeyscommand")
        || is_set("trustedusercakeys")
        || settings.is_on("gssapiauthentication")
        || settings.is_on("hostbasedauthentication")
        || settings.get("authorizedkeysfile").split_whitespace().any(has_key)
}

/// Where lines count, before all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// In the drop-in.
    InDropIn,
    /// At the top of this file, where sshd begins to read.
    AtTopOf(String),
    /// Nowhere: this keyword is set on sshd's command line (`SSHD_OPTS` in /etc/default/ssh).
    Nowhere(&'static str),
}

impl Failed {
    /// What sshd says.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl Sshd {
    /// The settings for all whom no Match is about.
    pub fn settings(&self) -> &Settings {
        &self.everybody
    }

    /// Whether how people log in is set otherwise for some connections.
    pub fn has_match_about_logins(&self) -> bool {
        self.files.has_match_about_logins()
    }

    /// Whether root may log in, has a key, and may answer no questions.
    pub fn root_has_keys_alone(&self) -> bool {
        self.root_has_key && self.everybody.root_has_keys_alone()
    }

    /// Whether this user logs in by what is not typed alone. Not if sshd does not say.
    pub fn key_is_enough_for(&self, user: &str) -> bool {
        let said = ask(&self.options, Some(user)).filter(|said| said.success);
        let settings = said.map(|said| Settings::parse(&said.output));
        settings.is_some_and(|settings| settings.ways().iter().any(|way| !has_secret(way)))
    }

    /// Where these lines would be the ones that count; `drop_in` is where they belong.
    pub fn place(&self, lines: &Lines, drop_in: &str) -> Counts {
        if let Some((keyword, _)) = lines.iter().find(|(keyword, _)| self.options.set(keyword)) {
            return Counts::Nowhere(keyword);
        }
        let texts: Vec<_> =
            lines.iter().map(|(keyword, value)| format!("{keyword} {value}\n")).collect();
        let text = texts.concat();
        let files = self.files.with(drop_in, &text);
        let counts = |keyword| files.winner(keyword).is_some_and(|line| line.file == drop_in);
        if lines.iter().all(|(keyword, _)| counts(keyword)) {
            Counts::InDropIn
        } else {
            Counts::AtTopOf(self.files.main().to_owned())
        }
    }

    /// The PAM service's name.
    pub fn service(&self) -> String {
        self.everybody.service()
    }

    /// Asks for the settings of root and of these users, if a Match may make them differ. Not if sshd would
    /// have to run a program for that.
    pub fn ask_for(&mut self, users: &[String]) {
        if !self.files.has_match() || self.files.has_exec() {
            return;
        }
        let root = "root".to_owned();
        let others = users.iter().filter(|user| **user != root && !user.contains(','));
        for user in std::iter::once(&root).chain(others).take(MOST_USERS) {
            let said = ask(&self.options, Some(user)).filter(|said| said.success);
            let Some(said) = said else { return };
            self.of_users.insert(user.clone(), Settings::parse(&said.output));
        }
    }

    /// The settings of root.
    fn of_root(&self) -> &Settings {
        self.of_users.get("root").unwrap_or(&self.everybody)
    }
}

impl Look {
    /// The PAM service's name.
    pub fn service(&self) -> String {
        match self {
            Self::Settings(sshd) => sshd.service(),
            Self::Absent | Self::Failed(_) => "sshd".to_owned(),
        }
    }
}
