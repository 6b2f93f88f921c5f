//! What the command asks.

/// Questions, and why one is asked again.
#[derive(Debug, Clone, Copy)]
pub struct Questions {
    /// Asks for the password, which is not shown.
    pub password: &'static str,
    /// Asks for a code, of the app or a backup code.
    pub code: &'static str,
    /// Asks for a backup code, where nothing else is taken.
    pub backup_code: &'static str,
    /// Asks for a code of the enrolment that is to be changed.
    pub current_code: &'static str,
    /// Asks whether the backup codes are saved.
    pub are_codes_saved: &'static str,
    /// The word that says yes, of which the first letter is enough for [`Self::are_codes_saved`]. ASCII, since
    /// case is ignored.
    pub yes: &'static str,
    /// The word that says no, likewise.
    pub no: &'static str,
    /// Asks for the code after the one that was typed, which the app shows in so many seconds: to try it, or
    /// for nothing, to leave it.
    pub next_code: fn(u64) -> String,
    /// Asks whether to turn the second factor off all the same.
    pub turn_off: &'static str,
    /// Asks somebody to make room for a picture, or go on without. Stands behind how much is needed.
    pub make_room: &'static str,
    /// The password is wrong.
    pub wrong_password: &'static str,
    /// This is no code of the enrolment that is to be changed.
    pub wrong_current_code: &'static str,
    /// What was typed cannot be a code of the app.
    pub not_digits: &'static str,
    /// What was typed can be neither a code of the app nor a backup code.
    pub not_a_code: &'static str,
    /// The code is wrong.
    pub wrong_code: &'static str,
    /// The code is of another time: the phone's clock minus the system's, in seconds.
    pub clock_is_off: fn(i64) -> String,
    /// So many tries are left. Stands behind why.
    pub tries_left: fn(u32) -> String,
    /// No code of the app is taken for so many seconds.
    pub must_wait: fn(u64) -> String,
    /// No code of the app is taken until somebody unlocks.
    pub locked: &'static str,
    /// A backup code is taken all the same. Stands behind `must_wait` or `locked`.
    pub backup_code_is_taken: &'static str,
}
