//! One login: who, whether a code is asked for, what was answered, what it is worth.

#![forbid(unsafe_code)]

use crate::host::{Host, Typed};
use crate::outcome::Outcome;
use crate::texts;
use cloud2fa::backup_codes::HashMemory;
use cloud2fa::log::{Event, LogLine, Reason, Severity};
use cloud2fa::module_arguments::Arguments;
use cloud2fa::store::{Reach, Shield};
use cloud2fa::user::BadUserName;
use cloud2fa::{
    Answer, BackupCode, Config, Found, Generation, Names, Purpose, Standing, StoreError, Token,
    User, UserName, Verifier,
};
use pam::constants::PamResultCode;
use std::path::Path;

/// The service of our own password check, whose stack may include this module by way of
/// common-auth: a second factor there would lock out whoever wants to change it.
const OWN_SERVICE: &str = "cloud2fa";

/// What sshd answers for users that it refuses whatever they type: this, repeated and
/// cut to the length of what was typed (auth-pam.c, `fake_password`).
const SSHD_JUNK: &[u8] = b"\x08\n\r\x7fINCORRECT";

/// The store, the configuration and the working memory belong to root.
const ROOT: u32 = 0;

/// What the store knows of who wants to log in.
enum Subject {
    /// Enrolled: an answer will be evaluated.
    Enrolled(User, Generation),
    /// Asked like everybody, and refused whatever the answer is.
    Refused(Reason),
}

/// Runs one login in `host`. `memory` is for hashing a backup code.
pub fn authenticate<H: Host>(
    host: &mut H,
    arguments: &[&[u8]],
    memory: Box<dyn HashMemory>,
) -> PamResultCode {
    let mut login = Login { host, user: None, whose: None, shield: None };
    let outcome = match login.run(arguments, memory) {
        Ok(outcome) | Err(outcome) => outcome,
    };
    login.report(&outcome);
    outcome.code
}

struct Login<'h, H> {
    host: &'h mut H,
    /// The name to log: nothing for unknown users, since some type a password for a name.
    user: Option<String>,
    /// Whose enrolment is asked for, where it is another name's of the uid.
    whose: Option<UserName>,
    /// From the evaluation to the log line the caller cannot end this process by a signal or a
    /// limit.
    shield: Option<Shield>,
}

impl<H: Host> Login<'_, H> {
    /// Both arms end the login; an error ends it early.
    fn run(
        &mut self,
        arguments: &[&[u8]],
        memory: Box<dyn HashMemory>,
    ) -> Result<Outcome, Outcome> {
        if self.host.service() == OWN_SERVICE {
            return Ok(Outcome::skipped(Reason::OwnService));
        }
        let arguments = Arguments::parse(arguments.iter().copied())
            .map_err(|bad| Outcome::misconfigured(Reason::BadArgument, &bad))?;
        let config = Config::load(arguments.config.as_deref(), ROOT)
            .map_err(|bad| Outcome::misconfigured(Reason::BadConfig, &bad))?;
        let name = self
            .host
            .user_name()
            .map_err(|code| Outcome::conversation_failed(Reason::NoUser, code))?;

        let user = self.host.find_user(&name);
        self.user = user.as_ref().and_then(|user| Some(user.as_ref().ok()?.name.to_string()));

        // The store must be healthy whoever comes: "not enrolled" out of a broken one is a lie.
        let mut store = Reach::open(&config, arguments.config.is_none(), ROOT, memory)?;
        let subject = self.subject(user, &mut store, arguments.lets_unenrolled_in(&config))?;
        if arguments.debug {
            self.host.log(Severity::Debug, &format!("{arguments:?} {config:?}"));
        }
        self.host.delay_failure();
        let answer = self.answer(&arguments);
        match (subject, answer) {
            // A conversation that failed is passed on for everybody.
            (Subject::Refused(_), Err(outcome)) if outcome.code != PamResultCode::PAM_AUTH_ERR => {
                Err(outcome)
            }
            (Subject::Refused(reason), _) => Err(Outcome::refused(reason)),
            (Subject::Enrolled(..), _) if self.host.user_name().ok().as_ref() != Some(&name) => {
                Err(Outcome::refused(Reason::UserChanged))
            }
            (Subject::Enrolled(user, seen), answer) => {
                self.evaluate(&mut store, &user, &seen, &answer?, &config.state_dir)
            }
        }
    }

    /// Lets the store evaluate the answer.
    fn evaluate(
        &mut self,
        store: &mut Reach,
        user: &User,
        seen: &Generation,
        answer: &Answer,
        state_dir: &Path,
    ) -> Result<Outcome, Outcome> {
        // The service has a process of its own, which no user can stop.
        if !matches!(store, Reach::Service { .. }) {
            let shield = Shield::raise().map_err(|source| StoreError::Io {
                doing: "shield the process for a change in",
                path: state_dir.to_owned(),
                source,
            })?;
            self.shield = Some(shield);
        }
        let verdict = store.verify(user, seen, answer, Purpose::Login, &|| self.host.now())?;
        Ok(Outcome::of(&verdict, answer.factor()))
    }

    /// Looks up who wants to log in. Ends the login where nothing may be tried now.
    fn subject(
        &mut self,
        found: Option<Result<User, BadUserName>>,
        store: &mut Reach,
        may_skip: bool,
    ) -> Result<Subject, Outcome> {
        let user = match found {
            None => return Ok(Subject::Refused(Reason::UnknownUser)),
            Some(Err(_)) => return Ok(Subject::Refused(Reason::BadUserName)),
            Some(Ok(user)) => user,
        };
        let names: &dyn Names = &*self.host;
        let Found { whose, standing } = store.find(&user, names, &|| self.host.now())?;
        self.whose = (whose.name != user.name).then(|| whose.name.clone());
        let (generation, status) = match standing {
            Standing::Enrolled(generation, status) => (generation, status),
            Standing::NeverEnrolled | Standing::Disabled(_) if may_skip => {
                return Err(Outcome::skipped(Reason::NotEnrolled));
            }
            Standing::NeverEnrolled | Standing::Disabled(_) => {
                return Ok(Subject::Refused(Reason::NotEnrolled));
            }
        };
        let too_many = |reason| {
            let mut outcome = Outcome::refused(reason).with_code(PamResultCode::PAM_MAXTRIES);
            outcome.event =
                Event { failures: status.failures, wait: status.wait_seconds, ..outcome.event };
            outcome
        };
        if status.locked {
            return Err(too_many(Reason::Locked).with_reason_told(texts::locked()));
        }
        if status.wait_seconds > 0 {
            return Err(too_many(Reason::Wait).with_reason_told(texts::wait(status.wait_seconds)));
        }
        Ok(Subject::Enrolled(whose, generation))
    }

    /// Gets an answer that is shaped like a code. What cannot be one is refused here: it is
    /// not evaluated, written or counted.
    fn answer(&mut self, arguments: &Arguments) -> Result<Answer, Outcome> {
        let first_pass = self.host.first_pass();
        let refused_by_sshd = first_pass.as_ref().is_some_and(|password| is_sshd_junk(password));
        let usable =
            |typed: &Typed| !refused_by_sshd && is_surely_a_code(typed, arguments.forward_pass);
        let taken = match &first_pass {
            None if arguments.use_first_pass => return Err(Outcome::refused(Reason::NoFirstPass)),
            Some(typed) if arguments.use_first_pass => Some(typed),
            Some(typed) if arguments.try_first_pass && usable(typed) => Some(typed),
            _ => None,
        };
        let typed = match taken {
            Some(typed) => typed.clone(),
            None => self.ask(arguments)?,
        };
        if refused_by_sshd || is_sshd_junk(&typed) {
            let detail = "sshd refuses this user whatever the code is; see PermitRootLogin, AllowUsers and the like";
            return Err(
                Outcome::refused(Reason::RefusedBySshd).with_detail(Severity::Notice, detail)
            );
        }
        if taken.is_none() && !typed.is_empty() && first_pass.as_ref() == Some(&typed) {
            let detail = "the user has typed it again, or the program answers every prompt with it; for sshd set \
                          PasswordAuthentication no and KbdInteractiveAuthentication yes, for others use the module \
                          argument forward_pass";
            return Err(
                Outcome::refused(Reason::PasswordRepeated).with_detail(Severity::Notice, detail)
            );
        }
        let (password, answer) = read(&typed, arguments.forward_pass)
            .ok_or_else(|| Outcome::refused(Reason::NotACode))?;
        if let Some(password) = password {
            // Whatever the verdict will be: the modules that follow must not show it by asking again.
            self.host
                .hand_on(password)
                .map_err(|code| Outcome::refused(Reason::CannotHandOn).with_code(code))?;
        }
        Ok(answer)
    }

    fn ask(&mut self, arguments: &Arguments) -> Result<Typed, Outcome> {
        let usual = if arguments.forward_pass { texts::ONE_FIELD_PROMPT } else { texts::PROMPT };
        let prompt = arguments.prompt.as_deref().unwrap_or(usual);
        self.host
            .ask(prompt)
            .map_err(|code| Outcome::conversation_failed(Reason::ConversationFailed, code))
    }

    fn report(&mut self, outcome: &Outcome) {
        let event = match &self.whose {
            Some(whose) => &outcome.event.clone().about_another(whose),
            None => &outcome.event,
        };
        let (service, remote_host) = (self.host.service(), self.host.remote_host());
        let line = LogLine {
            event,
            user: self.user.as_deref(),
            service: &service,
            remote_host: remote_host.as_deref(),
            call: None,
        };
        self.host.log(event.severity, &line.to_string());
        if let Some(shield) = self.shield.take() {
            // What fails at once is tried again when it is dropped.
            let _ = shield.lower();
        }
        for (tone, text) in &outcome.texts {
            self.host.tell(*tone, text);
        }
    }
}

/// Reads what was typed: a code, or a password with a code behind it.
fn read(typed: &[u8], one_field: bool) -> Option<(Option<&[u8]>, Answer)> {
    if one_field {
        Answer::split_trailing(typed).map(|(password, answer)| (Some(password), answer))
    } else {
        Answer::parse(typed).map(|answer| (None, answer))
    }
}

/// Whether a password that an earlier module asked for can be taken for a code unasked: only
/// where it is written as codes are shown. A password of 13 letters must not be a guess.
fn is_surely_a_code(typed: &[u8], one_field: bool) -> bool {
    one_field && Answer::split_trailing(typed).is_some()
        || Token::from_digits(typed).is_some()
        || BackupCode::from_printed(typed).is_some()
}

/// Whether sshd made this up, whatever its length.
fn is_sshd_junk(typed: &[u8]) -> bool {
    !typed.is_empty() && typed.iter().zip(SSHD_JUNK.iter().cycle()).all(|(byte, junk)| byte == junk)
}
