//! A line of the log, as C takes it.

#![forbid(unsafe_code)]

use cloud2fa::log::Severity;
use std::ffi::{CString, c_int};

/// A line for C. None is left out for a NUL in it, which would end it there.
pub fn c_line(line: &str) -> CString {
    CString::new(line.replace('\0', "\\x00")).expect("no NUL is left")
}

/// syslog(3)'s number.
pub const fn priority(severity: Severity) -> c_int {
    match severity {
        Severity::Alert => libc::LOG_ALERT,
        Severity::Error => libc::LOG_ERR,
        Severity::Notice => libc::LOG_NOTICE,
        Severity::Info => libc::LOG_INFO,
        Severity::Debug => libc::LOG_DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_nul_is_logged_all_the_same() {
        assert_eq!(c_line("user=\"a\0b\"").as_c_str(), c"user=\"a\\x00b\"");
    }
}
