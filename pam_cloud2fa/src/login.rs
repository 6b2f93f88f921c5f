//! One login: who, whether a code is asked for, what was answered, what it is worth.

#![forbid(unsafe_code)]

use crate::answer;
use crate::host::Host;
use crate::outcome::Outcome;
use crate::proven_key;
use cloud2fa::backup_codes::HashMemory;
use cloud2fa::history::Origin;
use cloud2fa::log::{LogLine, Reason, Severity};
use cloud2fa::module_arguments::ModuleArguments;
use cloud2fa::reach::Reach;
use cloud2fa::store::files::Shield;
use cloud2fa::user::BadUserName;
use cloud2fa::{
    Answer, Attempt, Challenge, Challenged, Config, Generation, Names, PAM_SERVICE, Purpose,
    StoreError, User, UserName, Verifier,
};
use pam::constants::PamResultCode;
use std::path::Path;
use zeroize::Zeroize;

/// The store, the configuration and the working memory belong to root.
const ROOT: u32 = 0;

/// Bytes of stack that a login works with, with a quarter to spare: most of it is Argon2's. HMAC,
/// BLAKE2b and Argon2 leave pieces of the key and the answer there, which they do not wipe, and
/// whoever gets a core of the program would read them. libpam's own records for auditd take more.
const WORK: usize = 16 * 1024;

/// What the store knows of who wants to log in.
enum Subject {
    /// Enrolled: an answer will be evaluated.
    Enrolled(Enrolled),
    /// Asked like everybody, and refused whatever the answer is.
    Refused(Reason),
}

impl Subject {
    /// How the login ends without a backup code, where nothing else is taken.
    fn shut(&mut self) -> Option<&mut Outcome> {
        match self {
            Self::Enrolled(enrolled) => enrolled.shut.as_mut(),
            Self::Refused(_) => None,
        }
    }
}

/// An enrolled user, as the challenge has it.
struct Enrolled {
    user: User,
    seen: Generation,
    /// How the login ends without a backup code, where the user must wait or is locked.
    shut: Option<Outcome>,
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
    wipe_stack();
    login.report(&outcome);
    outcome.code
}

/// Wipes what the calls before have left on the stack.
#[inline(never)]
pub fn wipe_stack() {
    // By words: zeroize_stack() goes by bytes, in eight times the time, which each login has.
    let mut words = [0_u64; WORK / size_of::<u64>()];
    words.zeroize();
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
    /// Both arms end the login; an error ends it early. In a frame of its own, which is wiped.
    #[inline(never)]
    fn run(
        &mut self,
        arguments: &[&[u8]],
        memory: Box<dyn HashMemory>,
    ) -> Result<Outcome, Outcome> {
        if self.host.service() == PAM_SERVICE {
            return Ok(Outcome::skipped(Reason::OwnService));
        }
        let arguments = ModuleArguments::parse(arguments.iter().copied())
            .map_err(|bad| Outcome::misconfigured(Reason::BadArgument, &bad))?;
        // What stands behind it in the stack is asked as if there were no such line.
        if arguments.after_key
            && !self.host.proven_by_sshd().is_some_and(|it| proven_key::is_in(&it))
        {
            return Ok(Outcome::skipped(Reason::NoKey));
        }
        let config = Config::load_for_logins(arguments.config.as_deref(), ROOT)
            .map_err(|bad| Outcome::misconfigured(Reason::BadConfig, &bad))?;
        let name = self
            .host
            .user_name()
            .map_err(|code| Outcome::conversation_failed(Reason::NoUser, code))?;

        let user = self.host.find_user(&name);
        // Whom the system knows is named, by a name that can be nobody's here, too.
        self.user = user.as_ref().map(|user| match user {
            Ok(user) => user.name.to_string(),
            Err(_) => name.clone(),
        });

        // The store must be healthy whoever comes: "not enrolled" out of a broken one is a lie.
        let mut store = Reach::open(&config, arguments.config.is_none(), ROOT, memory)?;
        let mut subject = self.subject(user, &mut store, arguments.lets_unenrolled_in(&config))?;
        if arguments.debug {
            self.log(Severity::Debug, &format!("{arguments:?} {config:?}"));
        }
        self.host.delay_failure();
        let answer = answer::get(self.host, &arguments, subject.shut());
        match (subject, answer) {
            // A conversation that failed is passed on for everybody.
            (Subject::Refused(_), Err(outcome)) if outcome.code != PamResultCode::PAM_AUTH_ERR => {
                Err(outcome)
            }
            (Subject::Refused(reason), answer) => Err(Outcome::refused(reason).answered(&answer)),
            (Subject::Enrolled(..), _) if self.host.user_name().ok().as_ref() != Some(&name) => {
                Err(Outcome::refused(Reason::UserChanged))
            }
            (Subject::Enrolled(enrolled), answer) => {
                self.evaluate(&mut store, enrolled, answer, &config.state_dir)
            }
        }
    }

    /// Lets the store evaluate the answer. Whether the user must wait is decided anew there.
    fn evaluate(
        &mut self,
        store: &mut Reach,
        enrolled: Enrolled,
        answer: Result<Answer, Outcome>,
        state_dir: &Path,
    ) -> Result<Outcome, Outcome> {
        let Enrolled { user, seen, shut } = enrolled;
        let (answer, shut) = match (answer, shut) {
            (Ok(answer), shut) => (answer, shut),
            (Err(outcome), Some(shut)) => return Err(shut.unless_failed(outcome)),
            (Err(outcome), None) => return Err(outcome),
        };
        // The service has a process of its own, which no user can stop.
        if !matches!(store, Reach::Service { .. }) {
            let shield = Shield::raise().map_err(|source| StoreError::Io {
                doing: "shield the process for a change in",
                path: state_dir.to_owned(),
                source,
            })?;
            self.shield = Some(shield);
        }
        let origin = Origin::new(&self.host.service(), self.host.remote_host().as_deref());
        let attempt = Attempt {
            user: &user,
            seen: &seen,
            answer: &answer,
            purpose: Purpose::Login,
            origin: &origin,
        };
        let verdict = store.verify(&attempt, &|| self.host.now())?;
        let outcome = Outcome::of(&verdict, answer.factor());
        Ok(match shut {
            Some(shut) => outcome.at_a_shut_door(&verdict, shut),
            None => outcome,
        })
    }

    /// Looks up who wants to log in. Ends the login where no code is asked for.
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
        let Challenged { whose, challenge } = store.find(&user, names, &|| self.host.now())?;
        self.whose = (whose.name != user.name).then(|| whose.name.clone());
        let (seen, shut) = match challenge {
            Challenge::Ask(seen) => (seen, None),
            Challenge::AskForBackupCode(seen, shut) => (seen, Some(Outcome::of_shut(&shut))),
            Challenge::NotEnrolled if may_skip => {
                return Err(Outcome::skipped(Reason::NotEnrolled));
            }
            Challenge::NotEnrolled => return Ok(Subject::Refused(Reason::NotEnrolled)),
        };
        Ok(Subject::Enrolled(Enrolled { user: whose, seen, shut }))
    }

    /// Writes to the log as root, since that writes down the sender's real uid (SCM_CREDENTIALS in unix(7)),
    /// which is the caller's under su, and what users write themselves is not shown to administrators.
    fn log(&mut self, severity: Severity, line: &str) {
        // Better a line that counts for less than none.
        let _as_root = self.shield.is_none().then(Shield::raise);
        self.host.log(severity, line);
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
        self.log(event.severity, &line.to_string());
        if let Some(shield) = self.shield.take() {
            // What fails at once is tried again when it is dropped.
            let _ = shield.lower();
        }
        for (tone, text) in &outcome.texts {
            self.host.tell(*tone, text);
        }
    }
}
