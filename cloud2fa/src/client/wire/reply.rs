//! An answer: how the service writes it, and how the client reads it. It may hold a key or codes, and
//! is wiped.

use super::fields::Fields;
use super::given::BadParameter;
use super::refusal::Asked;
use super::{refusal, values};
use crate::client::ServiceError;
use crate::decide::Verdict;
use crate::manage::{NewKey, Refusal, Requirements};
use crate::store::{Disabled, Found, Issued, StoreError};
use crate::user::User;
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

/// Large enough for each answer of ours, so that it never grows: growing would leave a copy
/// behind.
const CAPACITY: usize = 16 * 1024;

/// An answer that is to be written.
pub struct Reply {
    error: Option<Value>,
    parameters: Value,
}

impl Reply {
    /// With these parameters.
    pub(super) fn with(parameters: Value) -> Self {
        Self { error: None, parameters }
    }

    /// The error of that whole name.
    pub(super) fn error(name: String, parameters: Value) -> Self {
        Self { error: Some(name.into()), parameters }
    }

    /// Without parameters.
    pub fn done() -> Self {
        Self::with(json!({}))
    }

    /// Whose enrolment it is, and how that one stands.
    pub fn found(found: &Found) -> Self {
        Self::with(values::found(found))
    }

    /// What a code is worth.
    pub fn verdict(verdict: &Verdict) -> Self {
        Self::with(values::verdict(verdict))
    }

    /// What a change needs.
    pub fn requirements(requirements: Requirements) -> Self {
        Self::with(values::requirements(requirements))
    }

    /// A key that is to be shown.
    pub fn new_key(key: &NewKey) -> Self {
        Self::with(values::new_key(key))
    }

    /// New backup codes.
    pub fn issued(issued: &Issued) -> Self {
        Self::with(values::issued(issued))
    }

    /// The second factor is off.
    pub fn disabled(disabled: &Disabled) -> Self {
        Self::with(values::disabled(disabled))
    }

    /// A refusal. `to_root`: only root is told what the log says.
    pub fn refused(refusal: &Refusal, to_root: bool) -> Self {
        let (name, parameters) = refusal::refusal(refusal, to_root);
        Self::error(format!("{}.{name}", super::INTERFACE), parameters)
    }

    /// varlink's own error for a parameter.
    pub fn invalid(BadParameter(name): &BadParameter) -> Self {
        let error = "org.varlink.service.InvalidParameter".to_owned();
        Self::error(error, json!({ "parameter": name }))
    }

    /// The bytes of the answer, with the NUL that ends it (varlink's rule).
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(CAPACITY));
        let mut member = |before: &[u8], value: &Value| {
            bytes.extend_from_slice(before);
            serde_json::to_writer(&mut *bytes, value).expect("a buffer takes all that is written");
        };
        let before = match &self.error {
            Some(error) => {
                member(b"{\"error\":", error);
                &b",\"parameters\":"[..]
            }
            None => b"{\"parameters\":",
        };
        member(before, &self.parameters);
        bytes.extend_from_slice(b"}\0");
        bytes
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        wipe(&mut self.parameters);
    }
}

/// Wipes all texts in it, but for the keys of objects.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An answer that was read: its parameters. What is not exactly as the interface has it is
/// [`ServiceError::Nonsense`].
pub(in crate::client) struct IncomingReply(Fields);

impl IncomingReply {
    /// Reads an answer. One that refuses is an error.
    pub(in crate::client) fn parse(message: &[u8], asked: &Asked<'_>) -> Result<Self, Refusal> {
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(message) else {
            return Err(nonsense());
        };
        let mut parameters = match answer.remove("parameters") {
            None | Some(Value::Null) => Fields::none(),
            Some(parameters) => Fields::of(parameters).ok_or_else(nonsense)?,
        };
        match answer.get("error") {
            None | Some(Value::Null) => Ok(Self(parameters)),
            Some(Value::String(error)) => {
                Err(refusal::read(error, &mut parameters, asked).unwrap_or_else(nonsense))
            }
            Some(_) => Err(nonsense()),
        }
    }

    pub(in crate::client) fn found(mut self, user: &User) -> Result<Found, ServiceError> {
        values::read_found(&mut self.0, user)
    }

    /// How somebody stands, whosever name is meant.
    #[cfg(test)]
    pub(super) fn standing(mut self) -> Option<crate::store::Standing> {
        self.0.object("standing").and_then(values::read_standing)
    }

    pub(in crate::client) fn verdict(mut self) -> Result<Verdict, Refusal> {
        values::read_verdict(&mut self.0).ok_or_else(nonsense)
    }

    pub(in crate::client) fn requirements(&self) -> Result<Requirements, Refusal> {
        values::read_requirements(&self.0).ok_or_else(nonsense)
    }

    pub(in crate::client) fn new_key(mut self) -> Result<NewKey, Refusal> {
        values::read_new_key(&mut self.0).ok_or_else(nonsense)
    }

    pub(in crate::client) fn issued(mut self) -> Result<Issued, Refusal> {
        values::read_issued(&mut self.0).ok_or_else(nonsense)
    }

    pub(in crate::client) fn disabled(mut self) -> Result<Disabled, Refusal> {
        values::read_disabled(&mut self.0).ok_or_else(nonsense)
    }
}

fn nonsense() -> Refusal {
    StoreError::from(ServiceError::Nonsense).into()
}
