//! The parameters of a call: read one by one, and none may be left over.

#![forbid(unsafe_code)]

use crate::session::Failed;
use cloud2fa::Answer;
use cloud2fa::manage::Refusal;
use serde_json::{Map, Value};

/// The parameters of a call; what is not taken is unknown.
pub struct Given<'a> {
    parameters: &'a Map<String, Value>,
    taken: Vec<&'static str>,
}

impl<'a> Given<'a> {
    /// Nothing of them is taken yet.
    pub fn new(parameters: &'a Map<String, Value>) -> Self {
        Self { parameters, taken: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.taken.push(key);
        self.parameters.get(key).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, key: &'static str) -> Result<&'a str, Failed> {
        let text = self.take(key).and_then(Value::as_str);
        text.ok_or_else(|| Failed::Parameter(key.to_owned()))
    }

    pub fn flag(&mut self, key: &'static str) -> Result<bool, Failed> {
        let flag = self.take(key).and_then(Value::as_bool);
        flag.ok_or_else(|| Failed::Parameter(key.to_owned()))
    }

    /// What need not be there; but if it is, it must be shaped like a code.
    pub fn current_code(&mut self) -> Result<Option<Answer>, Failed> {
        let Some(value) = self.take("current_code") else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| Failed::Parameter("current_code".to_owned()))?;
        Answer::parse(text.as_bytes()).map(Some).ok_or_else(|| Refusal::NotACode.into())
    }

    pub fn no_more(&self) -> Result<(), Failed> {
        let unknown = self.parameters.keys().find(|key| !self.taken.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| Err(Failed::Parameter(key.clone())))
    }
}
