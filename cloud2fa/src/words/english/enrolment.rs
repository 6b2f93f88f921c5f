//! How the command shows a new key and new backup codes, in English.

use crate::words::command::Enrolment;

pub const ENROLMENT: Enrolment = Enrolment {
    key: |account, issuer| {
        format!(
            "For an authenticator app (Google Authenticator, Authy, or any other).\n\
             Account {account}, issuer {issuer}. The key, to type in:"
        )
    },
    link: "As a link:",
    type_code: "Then type the code that the app shows.\nNothing is saved before it is right.",
    scan_or_type_code: "Or scan the picture. Then type the code that the app shows.\nNothing is saved before it is right.",
    too_wide: |needed, columns| {
        format!(
            "The QR code needs {needed} columns, and this terminal has {columns}:\n\
             make it wider and start again, or type the key."
        )
    },
    half_is_enough: "(Where characters are UTF-8, as with LANG=C.UTF-8, half of them are enough.)",
    too_high: |needed, rows, style| {
        format!(
            "The QR code needs {needed} rows, and this terminal has {rows}:\n\
             make it higher and start again, or type the key.\n\
             (With `--qr {style}` it is drawn all the same.)"
        )
    },
    scrolls_away: |needed, rows| {
        format!(
            "The QR code needs {needed} rows, and this terminal has {rows}:\n\
             its top scrolls away. Make it higher, or type the key.\n\
             (With `--qr none` it is not drawn.)"
        )
    },
    backup_codes: "Backup codes. Each works once, in place of a code of the app:",
    keep_backup_codes: |regenerate| {
        format!(
            "Print them or write them down. Keep them in a safe place, not on the phone.\n\
             They are not shown again; {regenerate} makes new ones."
        )
    },
    if_not_saved: |regenerate| {
        format!("If you have not saved them, make new ones with {regenerate}.")
    },
};
