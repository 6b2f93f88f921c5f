//! The service `cloud2fad` as its clients see it: names, connection, calls.
//!
//! The interface is `conf/io.cloud2fa.varlink`; this is the one client of it that the module
//! and the command share. Its answers are bounded in time and size.

mod client;
mod connection;
mod object;
mod reply;

pub use client::Client;
pub use connection::ServiceError;
pub use reply::parse_reply;

/// Where the service listens.
pub const SOCKET: &str = "/run/cloud2fa/socket";

/// The interface's name, which each method and error begins with.
pub const INTERFACE: &str = "io.cloud2fa";

/// Bytes of the longest message, either way.
pub const LONGEST_MESSAGE: usize = 64 * 1024;
