//! One login: who, whether a code is asked for, what was answered, what it is worth.

#![forbid(unsafe_code)]

use crate::arguments::Arguments;
use crate::host::{Host, Severity, Tone, Typed};
use crate::log_line::{Decision, Reason};
use crate::outcome::Outcome;
use crate::texts;
use cloud2fa::backup_codes::HashMemory;
use cloud2fa::config::Unenrolled;
use cloud2fa::{
    Answer, Config, Factor, FileStore, Generation, Purpose, Standing, Store, StoreError, User,
    Verdict,
};
use pam::constants::PamResultCode;

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
    /// Let in without a second factor.
    Skipped,
}

/// Runs one login in `host`. `memory` is for hashing a backup code.
pub fn authenticate<H: Host>(
    host: &mut H,
    arguments: &[&[u8]],
    memory: Box<dyn HashMemory>,
) -> PamResultCode {
    if host.service() == OWN_SERVICE {
        return PamResultCode::PAM_IGNORE;
    }
    let mut login = Login { host, user: None };
    let outcome = login.run(arguments, memory);
    let outcome = match outcome {
        Ok(outcome) | Err(outcome) => outcome,
    };
    login.report(&outcome);
    outcome.code
}

struct Login<'h, H> {
    host: &'h mut H,
    /// The name to log.
    user: Option<String>,
}

impl<H: Host> Login<'_, H> {
    /// Both arms end the login; an error ends it early.
    fn run(
        &mut self,
        arguments: &[&[u8]],
        memory: Box<dyn HashMemory>,
    ) -> Result<Outcome, Outcome> {
        let arguments = Arguments::parse(arguments.iter().copied())
            .map_err(|bad| Outcome::misconfigured(Reason::BadArgument, &bad))?;
        let config = Config::load(arguments.config.as_deref(), ROOT)
            .map_err(|bad| Outcome::misconfigured(Reason::BadConfig, &bad))?;
        let name = self
            .host
            .user_name()
            .map_err(|code| Outcome::conversation_failed(Reason::NoUser, code))?;
        self.user = Some(name.clone());

        // The store must be healthy whoever comes: "not enrolled" out of a broken one is a lie.
        let mut store = FileStore::open(&config.state_dir, ROOT, config.policy(), memory)
            .map_err(|e| self.unavailable(e))?;
        let subject = self.subject(&name, &mut store, may_skip(&config, &arguments))?;
        if arguments.debug {
            self.host.log(Severity::Debug, &format!("{arguments:?} {config:?}"));
        }
        if matches!(subject, Subject::Skipped) {
            let skipped =
                Outcome::refused(Reason::NotEnrolled).with_code(PamResultCode::PAM_IGNORE);
            return Ok(Outcome {
                decision: Decision::Skipped,
                severity: Severity::Info,
                ..skipped
            });
        }
        self.host.delay_failure();
        let answer = self.answer(&arguments);
        let (user, seen) = match subject {
            Subject::Enrolled(user, generation) => (user, generation),
            Subject::Refused(reason) => {
                return Err(match answer {
                    // A conversation that failed is passed on for everybody.
                    Err(outcome) if outcome.code != PamResultCode::PAM_AUTH_ERR => outcome,
                    _ => Outcome::refused(reason),
                });
            }
            Subject::Skipped => unreachable!("left above"),
        };
        let answer = answer?;
        if self.host.user_name().ok().as_ref() != Some(&name) {
            return Err(Outcome::refused(Reason::UserChanged));
        }
        let factor = match &answer {
            Answer::Token(_) => Factor::Token,
            Answer::BackupCode(_) => Factor::BackupCode,
        };
        let host = &*self.host;
        let verdict = store.verify(&user, &seen, &answer, Purpose::Login, &|| host.now());
        let verdict = verdict.map_err(|error| self.unavailable(error))?;
        Ok(self.conclude(&verdict, factor))
    }

    /// Looks up who wants to log in. Ends the login where nothing may be tried now.
    fn subject(
        &mut self,
        name: &str,
        store: &mut FileStore,
        may_skip: bool,
    ) -> Result<Subject, Outcome> {
        let Some(user) = self.host.find_user(name) else {
            return Ok(Subject::Refused(Reason::UnknownUser));
        };
        self.user = Some(user.name.to_string());
        let host = &*self.host;
        let standing =
            store.challenge(&user, &|| host.now()).map_err(|error| self.unavailable(error))?;
        let (generation, status) = match standing {
            Standing::Enrolled(generation, status) => (generation, status),
            Standing::NeverEnrolled | Standing::Disabled(_) if may_skip => {
                return Ok(Subject::Skipped);
            }
            Standing::NeverEnrolled | Standing::Disabled(_) => {
                return Ok(Subject::Refused(Reason::NotEnrolled));
            }
        };
        let too_many = |reason| Outcome {
            failures: status.failures,
            wait: status.wait_seconds,
            ..Outcome::refused(reason).with_code(PamResultCode::PAM_MAXTRIES)
        };
        if status.locked {
            self.host.tell(Tone::Reason, &texts::locked());
            return Err(too_many(Reason::Locked));
        }
        if status.wait_seconds > 0 {
            self.host.tell(Tone::Reason, &texts::wait(status.wait_seconds));
            return Err(too_many(Reason::Wait));
        }
        Ok(Subject::Enrolled(user, generation))
    }

    /// Gets an answer that is shaped like a code. What cannot be one is refused here: it is
    /// not evaluated, written or counted.
    fn answer(&mut self, arguments: &Arguments) -> Result<Answer, Outcome> {
        let first_pass = self.host.first_pass();
        let refused_by_sshd = first_pass.as_ref().is_some_and(|password| is_sshd_junk(password));
        let usable =
            |typed: &Typed| !refused_by_sshd && read(typed, arguments.forward_pass).is_some();
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
            let detail = "the program answers every prompt with the password; for sshd set PasswordAuthentication no and \
                          KbdInteractiveAuthentication yes, for others use the module argument forward_pass";
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

    /// Tells the user what there is to say of a verdict that is written down, and makes the outcome of it.
    fn conclude(&mut self, verdict: &Verdict, factor: Factor) -> Outcome {
        for (tone, text) in texts::of_verdict(verdict, factor == Factor::BackupCode) {
            self.host.tell(tone, &text);
        }
        let outcome = match verdict {
            Verdict::Accepted { .. } => Outcome {
                decision: Decision::Accepted,
                severity: Severity::Info,
                ..Outcome::refused(Reason::RightCode).with_code(PamResultCode::PAM_SUCCESS)
            },
            Verdict::Wrong { failures, wait_seconds, .. } => {
                Outcome { failures: *failures, wait: *wait_seconds, ..Outcome::refused(Reason::WrongCode) }
            }
            Verdict::Replayed { .. } => Outcome::refused(Reason::Replayed),
            Verdict::ClockWentBack { behind_by } => Outcome::refused(Reason::ClockWentBack).with_detail(
                Severity::Notice,
                format!("the clock is {behind_by} s behind the last accepted code; set it right, backup codes work meanwhile"),
            ),
            Verdict::Wait { seconds } => Outcome {
                wait: *seconds,
                ..Outcome::refused(Reason::Wait).with_code(PamResultCode::PAM_MAXTRIES)
            },
            Verdict::Locked => Outcome::refused(Reason::Locked).with_code(PamResultCode::PAM_MAXTRIES),
            Verdict::Changed => Outcome::refused(Reason::EnrolmentChanged),
        };
        Outcome { factor: Some(factor), ..outcome }
    }

    fn unavailable(&mut self, error: StoreError) -> Outcome {
        self.host.tell(Tone::Reason, texts::UNAVAILABLE);
        error.into()
    }

    fn report(&mut self, outcome: &Outcome) {
        let (service, remote_host) = (self.host.service(), self.host.remote_host());
        let line = outcome.log_line(self.user.as_deref(), &service, remote_host.as_deref());
        self.host.log(outcome.severity, &line.to_string());
    }
}

/// The one rule by which a second factor is skipped: the configuration's word, else the service file's.
fn may_skip(config: &Config, arguments: &Arguments) -> bool {
    match config.unenrolled {
        Some(unenrolled) => unenrolled == Unenrolled::Allow,
        None => arguments.nullok,
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

/// Whether sshd made this up, whatever its length.
fn is_sshd_junk(typed: &[u8]) -> bool {
    !typed.is_empty() && typed.iter().zip(SSHD_JUNK.iter().cycle()).all(|(byte, junk)| byte == junk)
}
