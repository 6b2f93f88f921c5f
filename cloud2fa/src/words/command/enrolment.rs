//! How the command shows a new key and new backup codes.

/// A new key, its picture, and backup codes.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment {
    /// Stands above the key: the account's name, and the issuer.
    pub key: fn(&str, &str) -> String,
    /// Stands above the `otpauth:` link.
    pub link: &'static str,
    /// Asks for the app's code. Stands below the link, where there is no picture.
    pub type_code: &'static str,
    /// Like `type_code`, above the picture.
    pub scan_or_type_code: &'static str,
    /// The picture needs so many columns, of so many that there are; it is not drawn.
    pub too_wide: fn(usize, usize) -> String,
    /// A picture of half the width is possible. Stands below `too_wide`.
    pub half_is_enough: &'static str,
    /// The picture needs so many rows, of so many that there are; it is not drawn without `--qr STYLE`.
    pub too_high: fn(usize, usize, &str) -> String,
    /// The picture needs so many rows, of so many that there are; it is drawn.
    pub scrolls_away: fn(usize, usize) -> String,
    /// Stands above the backup codes.
    pub backup_codes: &'static str,
    /// Stands below the backup codes: how to keep them, and the command that makes new ones.
    pub keep_backup_codes: fn(&str) -> String,
    /// Nobody has said that the backup codes are saved: the command that makes new ones.
    pub if_not_saved: fn(&str) -> String,
}
