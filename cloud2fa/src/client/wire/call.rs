//! A call as the service reads it. It may hold a password, and is wiped.

use super::reply::wipe;
use serde_json::{Map, Value};

/// A call: a method of some interface, and what it is given.
pub struct Call {
    /// The whole name, as in `io.cloud2fa.GetStatus`.
    pub method: String,
    /// Null if there are none. Parameters of methods of ours must be an object.
    pub parameters: Value,
    /// Whether the caller wants no answer.
    pub oneway: bool,
}

impl Call {
    /// Reads a message. `None` if it is no call. Members that varlink does not know are left alone.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(message) else { return None };
        let flags = ["more", "upgrade", "oneway"].map(|key| flag(&members, key));
        let mut call = Self {
            method: String::new(),
            parameters: members.remove("parameters").unwrap_or_default(),
            oneway: flags[2] == Some(true),
        };
        match members.remove("method") {
            Some(Value::String(method)) if flags.iter().all(Option::is_some) => {
                call.method = method;
            }
            _ => return None,
        }
        Some(call)
    }
}

/// No if it is missing. `None` if it is neither yes nor no.
fn flag(members: &Map<String, Value>, key: &str) -> Option<bool> {
    match members.get(key) {
        None | Some(Value::Null) => Some(false),
        Some(value) => value.as_bool(),
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        wipe(&mut self.parameters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_an_object_with_a_method_and_flags_that_are_flags() {
        let parse = |message: &str| Call::parse(message.as_bytes());
        for (message, oneway) in [
            (r#"{"method":"a.B"}"#, false),
            (r#"{"method":"a.B","oneway":null,"more":null,"upgrade":true}"#, false),
            (r#"{"method":"a.B","oneway":true,"x":1,"parameters":[]}"#, true),
        ] {
            let call = parse(message).unwrap();
            assert_eq!((call.method.as_str(), call.oneway), ("a.B", oneway), "{message}");
        }
        for message in [
            "",
            "5",
            "{}",
            r#"["a.B"]"#,
            r#"{"method":5}"#,
            r#"{"method":"a.B","oneway":1}"#,
            r#"{"method":"a.B","more":"x"}"#,
            r#"{"method":"a.B","upgrade":[]}"#,
            r#"{"method":"a.B"} x"#,
        ] {
            assert!(parse(message).is_none(), "{message}");
        }
    }
}
