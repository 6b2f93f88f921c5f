//! The interface `conf/io.cloud2fa.varlink` on the wire, for both sides: what one writes and the
//! other reads of a type stand under one another. Messages are bounded in size, and wiped.

mod call;
mod fields;
mod given;
mod inbox;
mod object;
#[cfg(test)]
mod properties;
mod refusal;
mod reply;
mod standard;
#[cfg(test)]
mod trips;
mod values;

pub use call::Call;
pub use given::{BadCode, BadParameter, Given};
pub use inbox::Inbox;
pub use reply::Reply;
pub use standard::{About, standard};

pub(super) use object::Object;
pub(super) use refusal::Asked;
pub(super) use reply::IncomingReply;

/// The interface's name, which each method and error begins with.
pub const INTERFACE: &str = "io.cloud2fa";
