//! JSON that may hold a password, a key or codes: nothing of it stays behind in memory.

#![forbid(unsafe_code)]

use serde_json::Value;
use varlink::Reply;
use zeroize::{Zeroize, Zeroizing};

/// Large enough for each answer of ours, so that it never grows: growing would leave a copy
/// behind.
const CAPACITY: usize = 16 * 1024;

/// The bytes of an answer, with the NUL that ends it; the answer itself is wiped.
pub fn serialized(mut reply: Reply) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(CAPACITY));
    let written = serde_json::to_writer(&mut *bytes, &reply);
    bytes.push(0);
    if let Some(parameters) = &mut reply.parameters {
        wipe(parameters);
    }
    written.ok().map(|()| bytes)
}

/// Wipes all texts in it, but for the keys of objects.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
