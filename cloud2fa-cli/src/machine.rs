//! The machine that the command runs on: its configuration, store and clock.

use crate::arguments::Arguments;
use crate::language::WORDS;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::config::ConfigError;
use cloud2fa::{Config, FileStore, StoreError, UnixTime};
use jiff::Timestamp;
use jiff::tz::TimeZone;
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

/// The time. The one place where the command reads the clock.
pub fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(since_1970.as_secs())
}

/// The machine's name, as far as it is known.
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "localhost".to_owned())
}

/// A time as RFC 3339 has it, UTC. For programs.
pub fn rfc_3339(time: UnixTime) -> String {
    written(time, |timestamp| timestamp.to_string())
}

/// A time for people: to the minute, in this machine's or the caller's time zone (tzset(3)).
pub fn local_time(time: UnixTime) -> String {
    written(time, |timestamp| {
        timestamp
            .to_zoned_datetime(TimeZone::system())
            .strftime(WORDS.overview.local_time)
            .to_string()
    })
}

/// Today, likewise.
pub fn today() -> String {
    written(now(), |timestamp| timestamp.to_zoned_datetime(TimeZone::system()).date().to_string())
}

fn written(time: UnixTime, write: impl Fn(Timestamp) -> String) -> String {
    let timestamp = i64::try_from(time.0).ok().and_then(|it| Timestamp::from_second(it).ok());
    timestamp.map_or_else(|| format!("@{}", time.0), write)
}
