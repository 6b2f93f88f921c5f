//! A call as the client writes it: into one buffer, which is wiped. What passes through it
//! may be a password.

use zeroize::Zeroizing;

/// Large enough for the longest call of ours, so that it never grows: growing would leave a
/// copy behind.
const CAPACITY: usize = 8 * 1024;

/// An object that is being written.
pub(in crate::client) struct Object(Zeroizing<Vec<u8>>);

impl Object {
    /// A call of `method`, up to its parameters.
    pub(in crate::client) fn call(method: &str) -> Self {
        let mut call = Self(Zeroizing::new(Vec::with_capacity(CAPACITY)));
        call.0.extend_from_slice(b"{\"method\":");
        call.value(method);
        call.0.extend_from_slice(b",\"parameters\":{");
        call
    }

    /// One more parameter.
    #[must_use]
    pub(in crate::client) fn with(mut self, key: &str, text: &str) -> Self {
        self.key(key);
        self.value(text);
        self
    }

    /// One more parameter, if there is a text.
    #[must_use]
    pub(in crate::client) fn with_some(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.with(key, text),
            None => self,
        }
    }

    /// One more parameter, yes or no.
    #[must_use]
    pub(in crate::client) fn with_flag(mut self, key: &str, flag: bool) -> Self {
        self.key(key);
        self.0.extend_from_slice(if flag { b"true" } else { b"false" });
        self
    }

    /// The whole message, with the NUL that ends it (varlink's rule).
    pub(in crate::client) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.extend_from_slice(b"}}\0");
        self.0
    }

    fn key(&mut self, key: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.value(key);
        self.0.push(b':');
    }

    fn value(&mut self, text: &str) {
        serde_json::to_writer(&mut *self.0, text).expect("a buffer takes all that is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_whatever_is_in_it() {
        let hostile = "\"}\\\0\n\u{1}é";
        let message = Object::call("io.cloud2fa.X")
            .with("user", hostile)
            .with_some("code", None)
            .with_flag("replace", true)
            .finish();
        let (nul, json) = message.split_last().unwrap();
        assert_eq!(*nul, 0);
        assert!(!json.contains(&0));
        let value: serde_json::Value = serde_json::from_slice(json).unwrap();
        let expected = serde_json::json!({
            "method": "io.cloud2fa.X",
            "parameters": { "user": hostile, "replace": true },
        });
        assert_eq!(value, expected);
    }
}
