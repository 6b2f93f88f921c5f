//! A line of the log, as C takes it.

#![forbid(unsafe_code)]

use std::ffi::CString;

/// A line for C. None is left out for a NUL in it, which would end it there.
pub fn c_line(line: &str) -> CString {
    CString::new(line.replace('\0', "\\x00")).expect("no NUL is left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_nul_is_logged_all_the_same() {
        assert_eq!(c_line("user=\"a\0b\"").as_c_str(), c"user=\"a\\x00b\"");
    }
}
