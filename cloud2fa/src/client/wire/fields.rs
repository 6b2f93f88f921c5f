//! An object's members, by type.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The members of an object that was read.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of `value`, if it is an object.
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// None at all.
    pub(super) fn none() -> Self {
        Self(Map::new())
    }

    /// Takes a member out. `None` if it is missing or null.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// Whether the member is there, be it null.
    pub(super) fn says(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Takes an object out.
    pub(super) fn object(&mut self, key: &str) -> Option<Self> {
        self.take(key).and_then(Self::of)
    }

    /// Takes a list out.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        match self.take(key)? {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Takes a text out that is wiped.
    pub(super) fn secret(&mut self, key: &str) -> Option<Zeroizing<String>> {
        match self.take(key)? {
            Value::String(secret) => Some(Zeroizing::new(secret)),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// A number that fits.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        self.0.get(key)?.as_u64()?.try_into().ok()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
    }

    /// A member that may be missing or null: `None` if it is there and `read` finds it wrong.
    #[allow(clippy::option_option)]
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.0.get(key).is_none_or(Value::is_null) {
            return Some(None);
        }
        read(self, key).map(Some)
    }

    /// A member that an earlier service does not say: the usual value instead of it. A service that was
    /// started before an upgrade of the package goes on for a while.
    pub(super) fn later<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Option<T> {
        self.optional(key, read).map(Option::unwrap_or_default)
    }
}
