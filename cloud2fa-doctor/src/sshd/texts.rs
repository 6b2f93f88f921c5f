//! What is said of sshd.

use super::Failed;
use super::files::Files;
use super::options::Options;
use super::settings::{Lines, Settings};
use super::write::{THEN, for_root, write};
use crate::config::set;
use crate::finding::{Finding, Id, Severity, bounded};
use crate::pam::AskingService;

/// Key, and then what PAM asks for; and one of both.
const BOTH: &str = "publickey,keyboard-interactive:pam";
const EITHER: &str = "publickey keyboard-interactive:pam";

/// How many users a text names.
const MOST_USERS: usize = 5;

/// Words the findings: what to write depends on which lines are in the files already.
pub struct Texts<'a> {
    pub files: &'a Files,
    pub options: &'a Options,
}

/// `shut_by`: file and line that say that no password is taken.
pub fn reopened(shut_by: &str) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::SshdPasswordReopened,
        format!(
            "{shut_by} says that ssh takes no passwords, and PAM's questions take one all the same"
        ),
        "Users without an enrolment get in by ssh with their password alone, as they did not before another file has \
         switched the questions on.",
        format!(
            "To refuse whoever is not enrolled:{}\nor take out what has switched them on (a recipe, by the commands \
             in its README), and have the code asked for behind the key:\n    cloud2fa setup ssh\nIf passwords are \
             meant to be taken, take the line in {shut_by} out.",
            set("unenrolled", "\"refuse\"")
        ),
    )
}

/// sshd cannot say how it is set.
pub fn unreadable(failed: &Failed) -> Finding {
    let lacks_directory = failed.why.contains("privilege separation");
    // Where sshd does not run, its directory need not be there.
    let is_note = lacks_directory && !failed.is_used;
    let lines: Vec<_> = failed.why.lines().map(str::to_owned).collect();
    let fix = if lacks_directory {
        "systemd makes that directory when sshd starts. Make it, and run doctor again:\n    install -d -m 0755 /run/sshd"
    } else {
        "Put right what it complains of, and see:\n    sshd -t"
    };
    Finding::new(
        if is_note { Severity::Note } else { Severity::Warning },
        Id::SshdUnreadable,
        format!("`sshd -T` fails: {}", bounded(&lines, 2)),
        "What sshd would ask for cannot be said, and it may not start again.",
        fix,
    )
}

impl Texts<'_> {
    fn write(&self, lines: &Lines) -> String {
        write(self.files, self.options, lines)
    }

    /// Where a keyword is set, if that is known.
    fn place(&self, keyword: &str) -> String {
        let line = self.files.winner(keyword).filter(|_| !self.options.set(keyword));
        line.map(|line| format!(" ({}:{})", line.file, line.number)).unwrap_or_default()
    }

    pub fn pam_is_off(&self, asked: &AskingService, lines: &Lines) -> Finding {
        Finding::new(
            Severity::Critical,
            Id::SshdPamOff,
            format!("sshd has UsePAM no{}", self.place("UsePAM")),
            format!(
                "The module, which stands at {}, is never asked: logins take no code.",
                asked.at
            ),
            format!("{}\n{THEN}", self.write(lines)),
        )
    }

    pub fn no_question(&self, settings: &Settings, by_password: bool) -> Finding {
        let (severity, why) = if by_password {
            (
                Severity::Critical,
                "The method `password` answers the question for the code with the password again: enrolled users cannot log in.",
            )
        } else {
            (Severity::Warning, "No way to log in asks PAM: the module is never asked.")
        };
        let lines = settings.asking();
        let names_question = !settings.has_methods() || !settings.with(&lines).no_way_asks();
        let methods = if names_question {
            ""
        } else {
            "AuthenticationMethods must name keyboard-interactive:pam, too.\n"
        };
        Finding::new(
            severity,
            Id::SshdNoQuestion,
            "sshd lets nobody log in by keyboard-interactive, the method that asks for the code",
            why,
            format!("{methods}{}\n{THEN}", self.write(&lines)),
        )
    }

    pub fn password_method(&self) -> Finding {
        let lines = vec![("PasswordAuthentication", "no".to_owned())];
        Finding::new(
            Severity::Warning,
            Id::SshdPasswordMethod,
            "sshd offers the method `password`, which cannot ask for a code",
            "It answers the question for the code with the password again: a client that prefers it cannot log an enrolled user in.",
            format!("{}\n{THEN}", self.write(&lines)),
        )
    }

    /// Nobody has said whether that is meant.
    pub fn key_alone(&self, settings: &Settings) -> Finding {
        let ask = format!(
            "To ask for key and code (and for the password, where the PAM stack does), so that users who have no key \
             cannot log in any more:\n{}",
            self.both(settings)
        );
        let either = self.write(&settings.methods(EITHER));
        let say = format!("or to say that a key is enough:\n{either}");
        let fix = format!("{ask}\n{say}\n{THEN}");
        Finding::new(
            Severity::Warning,
            Id::SshdKeyAlone,
            "sshd lets in by a key (or a ticket) alone, and does not ask PAM then",
            "Who has a user's key is not asked for a code.",
            fix,
        )
    }

    /// Both must be right, and root must not lose the only way in that sshd leaves to root.
    fn both(&self, settings: &Settings) -> String {
        let lines = self.write(&settings.methods(BOTH));
        if !settings.root_has_keys_alone() {
            return lines;
        }
        format!(
            "{lines}\nPermitRootLogin {} lets root answer no questions, so that root could not log in by ssh any more. \
             For root the key stays enough by this:\n{}",
            settings.get("permitrootlogin"),
            for_root(self.files)
        )
    }

    pub fn not_asked_without_key(&self, settings: &Settings) -> Finding {
        Finding::new(
            Severity::Warning,
            Id::SshdNotAskedWithoutKey,
            "sshd lets in without a key, and the module asks behind a key alone (after_key)",
            "Who knows a password gets in without a code.",
            format!("So that the key comes first:\n{}\n{THEN}", self.both(settings)),
        )
    }

    pub fn code_alone(&self, settings: &Settings, asked: &AskingService) -> Finding {
        Finding::new(
            Severity::Critical,
            Id::SshdCodeAlone,
            format!(
                "{}: the PAM stack has no password before the code, and sshd asks for no key",
                asked.at
            ),
            "Who has the phone gets in; where users without an enrolment are let in, everybody does.",
            format!(
                "So that the key comes first:\n{}\nor in the PAM file, before the module:\n    @include common-auth\n{THEN}",
                self.both(settings)
            ),
        )
    }

    pub fn root_without_factor(&self) -> Finding {
        let lines = vec![("PermitRootLogin", "prohibit-password".to_owned())];
        Finding::new(
            Severity::Warning,
            Id::RootWithoutFactor,
            format!(
                "sshd has PermitRootLogin yes{}, and root is not enrolled",
                self.place("PermitRootLogin")
            ),
            "Users without an enrolment are let in: root's password is all that it takes.",
            format!(
                "{}\nor enrol root:\n    cloud2fa enable --user root\n{THEN}",
                self.write(&lines)
            ),
        )
    }

    /// It cannot stand in a Match.
    pub fn use_dns(&self) -> Finding {
        let lines = vec![("UseDNS", "no".to_owned())];
        Finding::new(
            Severity::Note,
            Id::SshdUseDns,
            format!(
                "sshd has UseDNS yes{}: the log names clients by what they are called",
                self.place("UseDNS")
            ),
            "fail2ban's filter counts addresses alone, since a name is the choice of whoever has the address: \
             who guesses from one with a name is not banned.",
            format!("{}\n{THEN}", self.write(&lines)),
        )
    }

    /// A note where root has no key that would let root in.
    pub fn root_locked_out(&self, settings: &Settings, has_key: bool) -> Finding {
        let (severity, why) = if has_key {
            (
                Severity::Warning,
                "root has a key, which is not enough, and the rest root may not answer.",
            )
        } else {
            (Severity::Note, "root has no key here: it may well be meant.")
        };
        let no = self.write(&vec![("PermitRootLogin", "no".to_owned())]);
        Finding::new(
            severity,
            Id::SshdRootLockedOut,
            format!(
                "root cannot log in by ssh: PermitRootLogin is {}, and every way in takes keyboard-interactive or the password",
                settings.get("permitrootlogin")
            ),
            why,
            format!(
                "To let root in by a key alone:\n{}\nor to say that root logs in by sudo or at the console alone:\n{no}\n{THEN}",
                for_root(self.files)
            ),
        )
    }
}

/// A finding that holds for these users alone, because of a Match.
pub fn of_match(finding: Finding, users: &[String]) -> Finding {
    let user = users.first().map_or("NAME", String::as_str);
    let finding = finding.about_users(users);
    Finding {
        what: format!("{} (for {})", finding.what, bounded(users, MOST_USERS)),
        fix: format!(
            "A Match in sshd's configuration says so: put it right there. What holds then:\n    \
             sshd -T -C user={user},host=localhost,addr=127.0.0.1\n{THEN}"
        ),
        ..finding
    }
}

/// A Match may say something else to some. `users` is how many were looked at.
pub fn some_differ(users: usize) -> Finding {
    let what = match users {
        0 => "sshd's configuration has Match blocks; only what holds for all others was looked at"
            .to_owned(),
        _ => format!(
            "sshd's configuration has Match blocks; what holds for root and {} enrolled was looked at, \
             as if they came from this machine",
            users - 1
        ),
    };
    Finding::new(
        Severity::Note,
        Id::SshdMatch,
        what,
        "For whom they match, another method may be enough.",
        "Look what holds for a user:\n    sshd -T -C user=NAME,host=HOST,addr=ADDRESS",
    )
}
