//! The service `cloud2fad` as its clients see it: connection, calls, and the wire that both sides share.
//!
//! This is the one client of it that the module and the command have. Its answers are bounded in time
//! and size.

mod connection;
mod error;
mod manager;
pub mod wire;

pub use connection::EachSecond;
pub use error::ServiceError;
pub use manager::Client;

/// Where the service listens.
pub const SOCKET: &str = "/run/cloud2fa/socket";
