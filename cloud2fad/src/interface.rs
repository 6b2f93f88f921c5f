//! Varlink: our methods go to the session; what every varlink service answers is in the library.

#![forbid(unsafe_code)]

use crate::session::Session;
use cloud2fa::client::wire::{About, Call, INTERFACE, standard};
use zeroize::Zeroizing;

/// What this service says about itself.
const ABOUT: About =
    About { product: "cloud2fad", version: env!("CARGO_PKG_VERSION"), url: "man:cloud2fad(8)" };

/// The answer to a message. `None` if it is no call. In a frame of its own, which the caller wipes.
#[inline(never)]
pub fn answer(session: &mut Session, message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let call = Call::parse(message)?;
    let ours = call.method.strip_prefix(INTERFACE).and_then(|rest| rest.strip_prefix('.'));
    let reply = ours.and_then(|method| session.call(method, &call.parameters));
    let reply = reply.unwrap_or_else(|| standard(&call, &ABOUT));
    // A call that wants no answer gets none.
    Some(if call.oneway { Zeroizing::default() } else { reply.finish() })
}
