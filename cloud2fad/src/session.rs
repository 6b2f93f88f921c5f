//! One connection's calls: read, permitted, done by the library's manager, logged, answered.

#![forbid(unsafe_code)]

use crate::call_error::CallError;
use crate::log;
use crate::pam::Pam;
use crate::peer::Peer;
use crate::report::{Report, tell};
use crate::{ROOT, names, now};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::client::wire::{BadParameter, Given, Reply};
use cloud2fa::config::ConfigError;
use cloud2fa::history::Origin;
use cloud2fa::log::{Call, Decision, Event, Reason, Severity};
use cloud2fa::manage::{Caller, ForOthers, Manager, Refusal, StoreManager};
use cloud2fa::names::Nss;
use cloud2fa::store::OldCopy;
use cloud2fa::store::files::PairStore;
use cloud2fa::{
    Answer, Attempt, Cleared, Config, Factor, FileStore, Generation, Purpose, StoreError, User,
    UserName, Verdict,
};
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a wrong code's answer is held back: codes are tried no faster than at a login,
/// which waits as long (pam_fail_delay(3)).
const WRONG_CODE_DELAY: Duration = Duration::from_secs(2);

/// What a connection has come to.
pub struct Session {
    uid: u32,
    config: Result<Config, ConfigError>,
    /// About whom the call is: nothing for unknown users, since some type a password for a name.
    about: Option<UserName>,
    /// Whose enrolment it is about, where that is another name's of the uid.
    whose: Option<UserName>,
    manager: Option<StoreManager<FileStore>>,
    for_others: Option<ForOthers<PairStore>>,
}

impl Session {
    /// For that peer.
    pub fn new(peer: &Peer) -> Self {
        let (about, whose, manager, for_others) = (None, None, None, None);
        Self { uid: peer.uid, config: Config::load(None, ROOT), about, whose, manager, for_others }
    }

    /// Whether the caller is a daemon that has asked for others.
    pub fn is_daemons(&self) -> bool {
        self.for_others.is_some()
    }

    /// Whether a new key waits for its code.
    pub fn is_enrolling(&self) -> bool {
        self.manager.as_ref().is_some_and(|manager| manager.enrolling().is_some())
    }

    /// Answers a call of one of our methods. `None` if there is no such method.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Option<Reply> {
        let mut given = match Given::new(parameters) {
            Ok(given) => given,
            Err(bad) => return Some(Reply::invalid(&bad)),
        };
        (self.about, self.whose) = (None, None);
        let outcome = match method {
            "GetStatus" => self.status(&mut given),
            "Challenge" => self.challenge(&mut given),
            "Verify" => self.verify(&mut given),
            "GetRequirements" => self.requirements(&mut given),
            "Authenticate" => self.authenticate(&mut given),
            "BeginEnrolment" => self.begin_enrolment(&mut given),
            "ConfirmEnrolment" => self.confirm_enrolment(&mut given),
            "RegenerateBackupCodes" => self.regenerate(&mut given),
            "Disable" => self.disable(&mut given),
            _ => return None,
        };
        self.note_whose();
        // Of a code that is spent there is a line, whatever became of what it was for.
        if let Some((factor, verdict)) = self.take_spent() {
            self.log(method, &Event::of_verdict(&verdict, factor));
        }
        Some(match outcome {
            Ok(reply) => reply,
            Err(CallError::Parameter(bad)) => Reply::invalid(&bad),
            Err(CallError::Refused(refusal, event)) => {
                self.log(method, &event);
                if is_wrong_code(&refusal) {
                    std::thread::sleep(WRONG_CODE_DELAY);
                }
                Reply::refused(&refusal, self.uid == ROOT)
            }
        })
    }

    fn status(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        given.no_more()?;
        Ok(Reply::found(&self.manager()?.status(&user, &now)?))
    }

    fn challenge(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let (user, daemon) = self.find_to_ask(given)?;
        given.no_more()?;
        let Some(daemon) = daemon else {
            return Ok(Reply::found(&self.manager()?.challenge(&user, &now)?));
        };
        let found = self.for_others(daemon)?.challenge(&user, &now)?;
        self.whose = (found.whose.name != user.name).then(|| found.whose.name.clone());
        Ok(Reply::found(&found))
    }

    fn verify(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let (user, daemon) = self.find_to_ask(given)?;
        let wrong = |name: &str| BadParameter(name.to_owned());
        let seen = Generation::from_hex(given.text("generation")?);
        let seen = seen.ok_or_else(|| wrong("generation"))?;
        let code = given.text("code")?;
        let purpose = match given.text("purpose")? {
            "login" => Purpose::Login,
            "trial" => Purpose::Trial,
            _ => return Err(wrong("purpose").into()),
        };
        given.no_more()?;
        let answer = Answer::parse(code.as_bytes()).ok_or(Refusal::NotACode)?;
        let by = daemon.as_ref().map(|daemon| Origin::new(daemon.name.as_str(), None));
        let (origin, factor) = (by.unwrap_or_else(Origin::own), answer.factor());
        let is_daemons = daemon.is_some();
        let attempt =
            Attempt { user: &user, seen: &seen, answer: &answer, purpose, origin: &origin };
        let verdict = match (daemon, purpose) {
            (None, _) => self.manager()?.verify(&attempt, &now)?,
            (Some(daemon), Purpose::Login) => {
                let (whose, verdict) = self.for_others(daemon)?.verify(&attempt, &now)?;
                self.whose = (whose.name != user.name).then_some(whose.name);
                verdict
            }
            // It would try a code without spending it.
            (Some(_), Purpose::Trial) => return Err(Refusal::NotPermitted.into()),
        };
        let event = match purpose {
            Purpose::Login => Event::of_verdict(&verdict, factor),
            Purpose::Trial => Event::of_trial(&verdict, factor),
        };
        self.note_whose();
        self.log("Verify", &event);
        // A daemon that presents one used code again and again would keep its user's record locked.
        let is_held_back = match verdict {
            Verdict::Wrong { .. } => true,
            Verdict::Replayed { .. } => is_daemons,
            _ => false,
        };
        if is_held_back {
            std::thread::sleep(WRONG_CODE_DELAY);
        }
        Ok(Reply::verdict(&verdict))
    }

    fn requirements(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        given.no_more()?;
        Ok(Reply::requirements(self.manager()?.requirements(&user, &now)?))
    }

    fn authenticate(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        let password = Zeroizing::new(given.text("password")?.to_owned());
        given.no_more()?;
        self.manager()?.authenticate(&user, password.as_bytes())?;
        // Root's is not checked.
        if self.uid != ROOT {
            let event = Event::done(Decision::Accepted, Reason::RightPassword, None);
            self.note_whose();
            self.log("Authenticate", &event);
        }
        Ok(Reply::done())
    }

    fn begin_enrolment(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        let replace = given.flag("replace")?;
        let current = given.current_code()?;
        given.no_more()?;
        let key = self.manager()?.begin_enrolment(&user, replace, current.as_ref(), &now)?;
        Ok(Reply::new_key(&key))
    }

    fn confirm_enrolment(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let code = Answer::parse(given.text("code")?.as_bytes());
        given.no_more()?;
        let user = self.manager()?.enrolling().cloned();
        self.about = user.as_ref().map(|user| user.name.clone());
        let Some(Answer::Token(token)) = code else { return Err(Refusal::NotACode.into()) };
        // A key waits for minutes, in which a name can be given to somebody else.
        if let Some(user) =
            user.filter(|user| names::find(user.name.as_str()).as_ref() != Some(user))
        {
            return Err(StoreError::Changed(user.name).into());
        }
        let issued = self.manager()?.confirm_enrolment(&token, &now)?;
        let change = Decision::Enrolled;
        self.log_change("ConfirmEnrolment", change, &issued.old_copy, issued.cleared);
        Ok(Reply::issued(&issued))
    }

    fn regenerate(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        let current = given.current_code()?;
        given.no_more()?;
        let issued = self.manager()?.regenerate_backup_codes(&user, current.as_ref(), &now)?;
        let change = Decision::Regenerated;
        self.log_change("RegenerateBackupCodes", change, &issued.old_copy, issued.cleared);
        Ok(Reply::issued(&issued))
    }

    fn disable(&mut self, given: &mut Given<'_>) -> Result<Reply, CallError> {
        let user = self.find(given)?;
        let current = given.current_code()?;
        given.no_more()?;
        let disabled = self.manager()?.disable(&user, current.as_ref(), &now)?;
        self.log_change("Disable", Decision::Disabled, &disabled.old_copy, disabled.cleared);
        Ok(Reply::disabled(&disabled))
    }

    /// The manager, made at the first call that needs it.
    fn manager(&mut self) -> Result<&mut StoreManager<FileStore>, CallError> {
        let manager = self.manager.take().map_or_else(|| self.open(), Ok)?;
        Ok(self.manager.insert(manager))
    }

    /// The configuration, and the store that it names.
    fn store(&self) -> Result<(&Config, FileStore), CallError> {
        let config = self.config.as_ref().map_err(|error| {
            let why = error.to_string();
            let event = Event::refused(Reason::BadConfig).with_detail(Severity::Error, &why);
            CallError::Refused(Refusal::Unavailable(why), event)
        })?;
        let memory = Box::new(HeapMemory::default());
        let store = FileStore::open(&config.state_dir, ROOT, config.rules(), memory)?;
        Ok((config, store))
    }

    /// What the daemon may do, made at the first call that needs it.
    fn for_others(&mut self, daemon: User) -> Result<&mut ForOthers<PairStore>, CallError> {
        let made = self.for_others.take().map_or_else(
            || {
                // It has places of its own from now on.
                tell(Report::Daemon);
                let store = PairStore::new(self.store()?.1, daemon);
                Ok::<_, CallError>(ForOthers::new(store, Box::new(Nss)))
            },
            Ok,
        )?;
        Ok(self.for_others.insert(made))
    }

    fn open(&self) -> Result<StoreManager<FileStore>, CallError> {
        let (config, store) = self.store()?;
        let caller = match self.uid {
            ROOT => Caller::Administrator(root_name()?),
            uid => Caller::Owner { uid, passwords: Box::new(Pam) },
        };
        Ok(StoreManager::new(store, caller, Box::new(Nss), config))
    }

    /// The user whom the call is about, whom the caller may act for. Who may not is told the
    /// same of somebody who does not exist, whatever else is wrong: with the store, which is
    /// told before, or with the call, which is told after.
    fn find(&mut self, given: &mut Given<'_>) -> Result<User, CallError> {
        let name = given.text("user")?;
        let user = names::find(name);
        self.about = user.as_ref().map(|user| user.name.clone());
        let manager = self.manager()?;
        let user = user.ok_or_else(|| Refusal::UnknownUser(name.to_owned()))?;
        manager.permit(&user)?;
        Ok(user)
    }

    /// The user about whose code the call is: the caller's, or another one where the caller is a daemon that
    /// may ask for it, which is named then. Who the daemons are is asked only of those who ask for others.
    fn find_to_ask(&mut self, given: &mut Given<'_>) -> Result<(User, Option<User>), CallError> {
        let config = self.config.as_ref().ok();
        let daemons = config.map_or(Ok(Vec::new()), |config| config.verifiers.clone());
        if self.uid == ROOT || daemons.as_ref().is_ok_and(Vec::is_empty) {
            return Ok((self.find(given)?, None));
        }
        let name = given.text("user")?;
        let user = names::find(name);
        if user.as_ref().is_some_and(|user| user.uid == self.uid) {
            return Ok((self.find(given)?, None));
        }
        let daemons = daemons.map_err(Refusal::BadConfig)?;
        let Some(daemon) = names::of_uid(self.uid, &daemons) else {
            return Ok((self.find(given)?, None));
        };
        self.about = user.as_ref().map(|user| user.name.clone());
        Ok((user.ok_or_else(|| Refusal::UnknownUser(name.to_owned()))?, Some(daemon)))
    }

    fn take_spent(&mut self) -> Option<(Factor, Verdict)> {
        self.manager.as_mut().and_then(StoreManager::take_spent)
    }

    /// Logs what was decided about the name that was asked for.
    fn log(&self, method: &str, event: &Event) {
        let call = Call { uid: Some(self.uid), method: Some(method) };
        let user = self.about.as_ref().map(UserName::as_str);
        match &self.whose {
            Some(whose) => log::event(&event.clone().about_another(whose), user, call),
            None => log::event(event, user, call),
        }
    }

    /// Asks the manager whose enrolment its last operation was about.
    fn note_whose(&mut self) {
        let other = self.manager.as_mut().and_then(StoreManager::take_other_name);
        self.whose = other.or(self.whose.take());
    }

    /// Logs a change of whose enrolment it is, and by what right it was made.
    fn log_change(&mut self, method: &str, change: Decision, old_copy: &OldCopy, cleared: Cleared) {
        let (reason, factor) = match (change, self.take_spent()) {
            (Decision::Enrolled, _) => (Reason::RightCode, Some(Factor::Token)),
            (_, Some((factor, _))) => (Reason::RightCode, Some(factor)),
            (_, None) if self.uid == ROOT => (Reason::ByRoot, None),
            (_, None) => (Reason::RightPassword, None),
        };
        let event = Event::done(change, reason, factor).with_old_copy(old_copy);
        let event = event.with_cleared(cleared);
        let call = Call { uid: Some(self.uid), method: Some(method) };
        self.note_whose();
        match (&self.whose, &self.about) {
            (Some(whose), Some(asked)) => {
                log::event(&event.asked_for(asked), Some(whose.as_str()), call);
            }
            _ => self.log(method, &event),
        }
    }
}

/// Root's name, to sign enrolments with.
fn root_name() -> Result<UserName, CallError> {
    UserName::new("root").map_err(|_| Refusal::NotPermitted.into())
}

/// Whether a wrong code was evaluated.
fn is_wrong_code(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::CurrentCodeRefused(Verdict::Wrong { .. }, _))
}
