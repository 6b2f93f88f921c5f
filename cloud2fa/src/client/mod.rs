//! The service `cloud2fad` as its clients see it: names, connection, calls.
//!
//! The interface is `conf/io.cloud2fa.varlink`; this is the one client of it that the module
//! and the command share. Its answers are bounded in time and size.

mod client;
mod connection;
mod inbox;
mod object;
mod reply;
#[cfg(test)]
mod reply_properties;

pub use client::Client;
pub use connection::{EachSecond, ServiceError};
pub use inbox::Inbox;

/// Where the service listens.
pub const SOCKET: &str = "/run/cloud2fa/socket";

/// The interface's name, which each method and error begins with.
pub const INTERFACE: &str = "io.cloud2fa";
