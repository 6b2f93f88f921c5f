//! One connection's calls: read, permitted, done by the library's manager, logged, answered.

#![forbid(unsafe_code)]

use crate::log::{self, Severity};
use crate::pam::Pam;
use crate::peer::Peer;
use crate::{ROOT, answer, now};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::manage::{Caller, Manager, Refusal, StoreManager};
use cloud2fa::{
    Answer, Config, FileStore, Generation, Purpose, StoreError, User, UserName, Verdict,
};
use serde_json::{Map, Value};
use std::time::Duration;
use varlink::Reply;
use zeroize::Zeroizing;

/// How long a wrong code's answer is held back: codes are tried no faster than at a login,
/// which waits as long (pam_fail_delay(3)).
const WRONG_CODE_DELAY: Duration = Duration::from_secs(2);

/// What a connection has come to.
pub struct Session {
    uid: u32,
    manager: Option<StoreManager<FileStore>>,
}

/// Why a call gets no result.
enum Failed {
    /// A parameter of that name is missing, wrong or unknown.
    Parameter(String),
    Refused(Refusal),
}

impl<E: Into<Refusal>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl Session {
    /// For that peer.
    pub fn new(peer: &Peer) -> Self {
        Self { uid: peer.uid, manager: None }
    }

    /// Whether a new key waits for its code.
    pub fn is_enrolling(&self) -> bool {
        self.manager.as_ref().is_some_and(StoreManager::is_enrolling)
    }

    /// Answers a call of one of our methods; nothing where there is none of that name.
    pub fn call(&mut self, method: &str, parameters: Option<&Value>) -> Option<Reply> {
        let empty = Map::new();
        let parameters = match parameters {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(parameters)) => parameters,
            Some(_) => return Some(answer::invalid_parameter("parameters")),
        };
        let mut given = Given { parameters, taken: Vec::new() };
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
        let user = given.parameters.get("user").and_then(Value::as_str);
        Some(match outcome {
            Ok(parameters) => answer::with(parameters),
            Err(Failed::Parameter(name)) => answer::invalid_parameter(&name),
            Err(Failed::Refused(refusal)) => {
                self.log_refusal(method, user, &refusal);
                if is_wrong_code(&refusal) {
                    std::thread::sleep(WRONG_CODE_DELAY);
                }
                answer::error(&refusal, self.uid == ROOT)
            }
        })
    }

    fn status(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        given.no_more()?;
        Ok(answer::standing(&self.manager()?.status(&known(user)?, &now)?))
    }

    fn challenge(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        given.no_more()?;
        Ok(answer::standing(&self.manager()?.challenge(&known(user)?, &now)?))
    }

    fn verify(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        let wrong = |name: &str| Failed::Parameter(name.to_owned());
        let seen = Generation::from_hex(given.text("generation")?);
        let seen = seen.ok_or_else(|| wrong("generation"))?;
        let code = given.text("code")?;
        let purpose = match given.text("purpose")? {
            "login" => Purpose::Login,
            "trial" => Purpose::Trial,
            _ => return Err(wrong("purpose")),
        };
        given.no_more()?;
        let user = known(user)?;
        let code = Answer::parse(code.as_bytes()).ok_or(Refusal::NotACode)?;
        let verdict = self.manager()?.verify(&user, &seen, &code, purpose, &now)?;
        let severity = match verdict {
            Verdict::Accepted { .. } => Severity::Info,
            _ => Severity::Notice,
        };
        log::line(
            severity,
            &format!(
                "Verify user={:?} uid={} {purpose:?} {verdict:?}",
                user.name.as_str(),
                self.uid
            ),
        );
        if let Verdict::Wrong { .. } = verdict {
            std::thread::sleep(WRONG_CODE_DELAY);
        }
        Ok(answer::verdict(&verdict))
    }

    fn requirements(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        given.no_more()?;
        Ok(answer::requirements(self.manager()?.requirements(&known(user)?, &now)?))
    }

    fn authenticate(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        let password = Zeroizing::new(given.text("password")?.to_owned());
        given.no_more()?;
        let user = known(user)?;
        self.manager()?.authenticate(&user, password.as_bytes())?;
        Ok(Value::Object(Map::new()))
    }

    fn begin_enrolment(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        let replace = given.flag("replace")?;
        let current = given.current_code()?;
        given.no_more()?;
        let user = known(user)?;
        let key = self.manager()?.begin_enrolment(&user, replace, current.as_ref(), &now)?;
        Ok(answer::new_key(&key))
    }

    fn confirm_enrolment(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let code = Answer::parse(given.text("code")?.as_bytes());
        given.no_more()?;
        let Some(Answer::Token(token)) = code else { return Err(Refusal::NotACode.into()) };
        let issued = self.manager()?.confirm_enrolment(&token, &now)?;
        self.log_change("enrolled", None);
        Ok(answer::issued(&issued))
    }

    fn regenerate(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        let current = given.current_code()?;
        given.no_more()?;
        let user = known(user)?;
        let issued = self.manager()?.regenerate_backup_codes(&user, current.as_ref(), &now)?;
        self.log_change("regenerated", Some(&user));
        Ok(answer::issued(&issued))
    }

    fn disable(&mut self, given: &mut Given<'_>) -> Result<Value, Failed> {
        let user = given.user()?;
        let current = given.current_code()?;
        given.no_more()?;
        let user = known(user)?;
        let old_copy = self.manager()?.disable(&user, current.as_ref(), &now)?;
        self.log_change("disabled", Some(&user));
        Ok(answer::old_copy(&old_copy))
    }

    /// The manager, made at the first call that needs it.
    fn manager(&mut self) -> Result<&mut StoreManager<FileStore>, Failed> {
        let manager = self.manager.take().map_or_else(|| self.open(), Ok)?;
        Ok(self.manager.insert(manager))
    }

    fn open(&self) -> Result<StoreManager<FileStore>, Failed> {
        let config =
            Config::load(None, ROOT).map_err(|error| Refusal::Unavailable(error.to_string()))?;
        let memory = Box::new(HeapMemory::default());
        let store = FileStore::open(&config.state_dir, ROOT, config.policy(), memory)?;
        let caller = match self.uid {
            ROOT => Caller::Administrator(root_name()?),
            uid => Caller::Owner { uid, passwords: Box::new(Pam) },
        };
        Ok(StoreManager::new(store, caller, &config))
    }

    fn log_refusal(&self, method: &str, user: Option<&str>, refusal: &Refusal) {
        let (severity, why) = match refusal {
            Refusal::Store(StoreError::NotEnrolled(_) | StoreError::Changed(_)) => {
                (Severity::Notice, refusal.to_string())
            }
            Refusal::Store(error) => (Severity::Alert, error.to_string()),
            Refusal::Unavailable(why) => (Severity::Error, why.clone()),
            _ => (Severity::Notice, refusal.to_string()),
        };
        // Some type a password for a name.
        let user = user.filter(|name| known(name).is_ok()).unwrap_or_default();
        log::line(severity, &format!("refused {method} user={user:?} uid={}: {why}", self.uid));
    }

    fn log_change(&self, what: &str, user: Option<&User>) {
        let user = user.map_or("", |user| user.name.as_str());
        log::line(Severity::Info, &format!("{what} user={user:?} uid={}", self.uid));
    }
}

/// The user of that name. Who asks for a stranger's is told the same as for somebody's who
/// does not exist.
fn known(name: &str) -> Result<User, Failed> {
    let unknown = || Refusal::UnknownUser(name.to_owned());
    let entry = nix::unistd::User::from_name(name).ok().flatten().ok_or_else(unknown)?;
    Ok(User::try_from(entry).map_err(|_| unknown())?)
}

/// Root's name, to sign enrolments with.
fn root_name() -> Result<UserName, Failed> {
    UserName::new("root").map_err(|_| Refusal::NotPermitted.into())
}

/// Whether a wrong code was evaluated.
fn is_wrong_code(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::CurrentCodeRefused(Verdict::Wrong { .. }, _))
}

/// The parameters of a call; what is not taken is unknown.
struct Given<'a> {
    parameters: &'a Map<String, Value>,
    taken: Vec<&'static str>,
}

impl<'a> Given<'a> {
    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.taken.push(key);
        self.parameters.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &'static str) -> Result<&'a str, Failed> {
        let text = self.take(key).and_then(Value::as_str);
        text.ok_or_else(|| Failed::Parameter(key.to_owned()))
    }

    fn user(&mut self) -> Result<&'a str, Failed> {
        self.text("user")
    }

    fn flag(&mut self, key: &'static str) -> Result<bool, Failed> {
        let flag = self.take(key).and_then(Value::as_bool);
        flag.ok_or_else(|| Failed::Parameter(key.to_owned()))
    }

    /// What need not be there; but if it is, it must be shaped like a code.
    fn current_code(&mut self) -> Result<Option<Answer>, Failed> {
        let Some(value) = self.take("current_code") else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| Failed::Parameter("current_code".to_owned()))?;
        Answer::parse(text.as_bytes()).map(Some).ok_or_else(|| Refusal::NotACode.into())
    }

    fn no_more(&self) -> Result<(), Failed> {
        let unknown = self.parameters.keys().find(|key| !self.taken.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| Err(Failed::Parameter(key.clone())))
    }
}
