//! The machine that the command runs on: its configuration, store and clock.

use crate::arguments::Arguments;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::config::ConfigError;
use cloud2fa::{Config, FileStore, StoreError, UnixTime};
use std::time::{SystemTime, UNIX_EPOCH};

/// The uid that must own configuration and store.
pub const ROOT: u32 = 0;

/// Reads the configuration.
pub fn config(arguments: &Arguments) -> Result<Config, ConfigError> {
    Config::load(arguments.config.as_deref(), ROOT)
}

/// Opens the store that the configuration names.
pub fn store(config: &Config) -> Result<FileStore, StoreError> {
    FileStore::open(&config.state_dir, ROOT, config.rules(), Box::new(HeapMemory::default()))
}

/// The PAM services of this machine whose logins ask for a code.
pub fn asked_by() -> Vec<String> {
    cloud2fa_doctor::services_that_ask(ROOT)
}

/// The time. The one place where the command reads the clock.
pub fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(since_1970.as_secs())
}

/// A time as RFC 3339 has it, UTC.
pub fn rfc_3339(time: UnixTime) -> String {
    let timestamp =
        i64::try_from(time.0).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(|| format!("@{}", time.0), |timestamp| timestamp.to_string())
}
