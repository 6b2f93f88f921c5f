//! The parameters of a call: read one by one, and none may be left over.

use crate::answer::Answer;
use serde_json::{Map, Value};

/// The parameter of that name is missing, wrong or unknown.
#[derive(Debug, PartialEq, Eq)]
pub struct BadParameter(pub String);

/// Why a parameter gives no code.
#[derive(Debug, PartialEq, Eq)]
pub enum BadCode {
    /// It is no text.
    Parameter(BadParameter),
    /// It is a text that is not shaped like a code.
    Shape,
}

/// The parameters of a call; what is not taken is unknown.
pub struct Given<'a> {
    parameters: Option<&'a Map<String, Value>>,
    taken: Vec<&'static str>,
}

impl<'a> Given<'a> {
    /// Parameters of which none is taken yet. They must be an object, or null.
    pub fn new(parameters: &'a Value) -> Result<Self, BadParameter> {
        let parameters = match parameters {
            Value::Null => None,
            Value::Object(parameters) => Some(parameters),
            _ => return Err(BadParameter("parameters".to_owned())),
        };
        Ok(Self { parameters, taken: Vec::new() })
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.taken.push(key);
        self.parameters?.get(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Result<&'a str, BadParameter> {
        self.take(key).and_then(Value::as_str).ok_or_else(|| BadParameter(key.to_owned()))
    }

    /// Yes or no.
    pub fn flag(&mut self, key: &'static str) -> Result<bool, BadParameter> {
        self.take(key).and_then(Value::as_bool).ok_or_else(|| BadParameter(key.to_owned()))
    }

    /// A code of the enrolment that is to be changed. It may be missing.
    pub fn current_code(&mut self) -> Result<Option<Answer>, BadCode> {
        let Some(value) = self.take("current_code") else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| BadParameter("current_code".to_owned()));
        Answer::parse(text.map_err(BadCode::Parameter)?.as_bytes()).map(Some).ok_or(BadCode::Shape)
    }

    /// All that the method knows was taken.
    pub fn no_more(&self) -> Result<(), BadParameter> {
        let keys = self.parameters.into_iter().flat_map(Map::keys);
        let unknown = keys.into_iter().find(|key| !self.taken.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| Err(BadParameter(key.clone())))
    }
}
