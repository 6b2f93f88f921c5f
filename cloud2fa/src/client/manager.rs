//! The client: each operation is one call. What a change consists of goes over one
//! connection, whose process at the other end remembers the password's check and the key;
//! everything else has a connection of its own.

use super::connection::{Connection, EachSecond};
use super::error::ServiceError;
use super::wire::{Asked, INTERFACE, IncomingReply, Object};
use crate::answer::{Answer, Factor};
use crate::attempt::Attempt;
use crate::decide::{Purpose, Verdict};
use crate::manage::{Manager, NewKey, Refusal, Requirements};
use crate::names::Names;
use crate::store::{Challenge, Challenged, Disabled, Found, Issued, StoreError, Verifier};
use crate::time::Clock;
use crate::totp::Token;
use crate::user::User;
use nix::unistd::geteuid;
use zeroize::Zeroizing;

/// A client of the service.
#[derive(Default)]
pub struct Client {
    /// A connection that nothing was asked on yet.
    fresh: Option<Connection>,
    /// The connection that a change has begun on.
    change: Option<Connection>,
    /// Whose enrolment is under way.
    enrolling: Option<User>,
    /// What is done while the service lets people wait.
    each_second: Option<EachSecond>,
}

impl Client {
    /// One that does something else in each second that it waits for a service that is slow.
    pub fn doing(each_second: EachSecond) -> Self {
        Self { each_second: Some(each_second), ..Self::default() }
    }

    /// Sees that the service is there. The next call is the first on this connection.
    pub fn connect(&mut self) -> Result<(), ServiceError> {
        self.fresh = Some(Connection::open(self.each_second)?);
        Ok(())
    }

    fn connection(&mut self) -> Result<Connection, StoreError> {
        self.fresh.take().map_or_else(|| Ok(Connection::open(self.each_second)?), Ok)
    }

    /// Calls on a connection of its own.
    fn ask(&mut self, call: Object, user: &User) -> Result<IncomingReply, Refusal> {
        let answer = self.connection()?.call(&call.finish()).map_err(StoreError::from)?;
        IncomingReply::parse(&answer, &Asked { user, factor: Factor::Token })
    }

    /// Asks whose enrolment it is, and how that one stands.
    fn find_by(&mut self, name: &str, user: &User) -> Result<Found, Refusal> {
        Ok(self.ask(method(name, user), user)?.found(user).map_err(StoreError::from)?)
    }

    /// Calls on the connection that the change is made on.
    fn change(
        &mut self,
        call: Object,
        user: &User,
        factor: Factor,
    ) -> Result<IncomingReply, Refusal> {
        let mut connection = match self.change.take() {
            Some(connection) => connection,
            None => self.connection()?,
        };
        let answer = connection.call(&call.finish()).map_err(StoreError::from)?;
        self.change = Some(connection);
        IncomingReply::parse(&answer, &Asked { user, factor })
    }

    fn change_with(
        &mut self,
        call: Object,
        user: &User,
        current: Option<&Answer>,
    ) -> Result<IncomingReply, Refusal> {
        let code = current.map(printed);
        let call = call.with_some("current_code", code.as_ref().map(|code| code.as_str()));
        self.change(call, user, current.map_or(Factor::Token, Answer::factor))
    }
}

/// A call of one of the interface's methods, about a user.
fn method(name: &str, user: &User) -> Object {
    Object::call(&format!("{INTERFACE}.{name}")).with("user", user.name.as_str())
}

/// An answer as it can be typed.
fn printed(answer: &Answer) -> Zeroizing<String> {
    match answer {
        Answer::Token(token) => Zeroizing::new(token.as_str().to_owned()),
        Answer::BackupCode(code) => code.printed(),
    }
}

impl Manager for Client {
    fn status(&mut self, user: &User, _: Clock<'_>) -> Result<Found, Refusal> {
        self.find_by("GetStatus", user)
    }

    fn challenge(&mut self, user: &User, _: Clock<'_>) -> Result<Found, Refusal> {
        self.find_by("Challenge", user)
    }

    fn verify(&mut self, attempt: &Attempt<'_>, _: Clock<'_>) -> Result<Verdict, Refusal> {
        let purpose = match attempt.purpose {
            Purpose::Login => "login",
            Purpose::Trial => "trial",
        };
        let call = method("Verify", attempt.user)
            .with("generation", &attempt.seen.to_hex())
            .with("code", &printed(attempt.answer))
            .with("purpose", purpose);
        self.ask(call, attempt.user)?.verdict()
    }

    fn requirements(&mut self, user: &User, _: Clock<'_>) -> Result<Requirements, Refusal> {
        self.ask(method("GetRequirements", user), user)?.requirements()
    }

    fn authenticate(&mut self, user: &User, password: &[u8]) -> Result<(), Refusal> {
        // JSON is UTF-8 (RFC 8259 section 8.1), and so is every password that was ever set in
        // such a locale.
        let password = std::str::from_utf8(password).map_err(|_| Refusal::WrongPassword)?;
        let call = method("Authenticate", user).with("password", password);
        self.change(call, user, Factor::Token).map(|_| ())
    }

    fn begin_enrolment(
        &mut self,
        user: &User,
        replace: bool,
        current: Option<&Answer>,
        _: Clock<'_>,
    ) -> Result<NewKey, Refusal> {
        let call = method("BeginEnrolment", user).with_flag("replace", replace);
        let key = self.change_with(call, user, current)?.new_key()?;
        self.enrolling = Some(user.clone());
        Ok(key)
    }

    fn confirm_enrolment(&mut self, token: &Token, _: Clock<'_>) -> Result<Issued, Refusal> {
        let user = self.enrolling.clone().ok_or(Refusal::NoEnrolmentBegun)?;
        let call =
            Object::call(&format!("{INTERFACE}.ConfirmEnrolment")).with("code", token.as_str());
        self.change(call, &user, Factor::Token)?.issued()
    }

    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        _: Clock<'_>,
    ) -> Result<Issued, Refusal> {
        let call = method("RegenerateBackupCodes", user);
        self.change_with(call, user, current)?.issued()
    }

    fn disable(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        _: Clock<'_>,
    ) -> Result<Disabled, Refusal> {
        self.change_with(method("Disable", user), user, current)?.disabled()
    }
}

/// The service applies the rule on its side, by the names that it knows.
impl Verifier for Client {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        let found = Manager::challenge(self, user, clock).map_err(at_a_login)?;
        Ok(found.standing.into())
    }

    fn find(
        &mut self,
        user: &User,
        _: &dyn Names,
        clock: Clock<'_>,
    ) -> Result<Challenged, StoreError> {
        let Found { whose, standing } =
            Manager::challenge(self, user, clock).map_err(at_a_login)?;
        Ok(Challenged { whose, challenge: standing.into() })
    }

    fn whose(&mut self, user: &User, _: &dyn Names) -> Result<User, StoreError> {
        self.find_by("GetStatus", user).map(|found| found.whose).map_err(at_a_login)
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        Manager::verify(self, attempt, clock).map_err(at_a_login)
    }
}

/// A login knows of no refusals but the store's. With others no service of ours answers its calls.
fn at_a_login(refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Store(error) => error,
        Refusal::NotPermitted => ServiceError::NotForOthers(geteuid().as_raw()).into(),
        Refusal::UnknownUser(name) => ServiceError::UnknownUser(name).into(),
        _ => ServiceError::Nonsense.into(),
    }
}
