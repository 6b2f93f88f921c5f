//! The log: lines on standard error, which the unit sends to the system's log.

#![forbid(unsafe_code)]

/// How much a line matters; sd-daemon(3)'s prefixes, the levels of syslog(3).
#[derive(Debug, Clone, Copy)]
pub enum Severity {
    Alert = 1,
    Error = 3,
    Notice = 5,
    Info = 6,
}

/// Writes a line. If that fails there is nobody to tell.
pub fn line(severity: Severity, text: &str) {
    use std::io::Write;
    let line = format!("<{}>{}\n", severity as u8, text.replace('\n', " "));
    let _ = std::io::stderr().write_all(line.as_bytes());
}
