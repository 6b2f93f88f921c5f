//! How the command shows a new key and new backup codes, in English.

use crate::words::command::Enrolment;

pub const ENROLMENT: Enrolment = Enrolment {
    title: |user, issuer| format!("Two-factor login for {user} on {issuer}"),
    open_the_app: "Open your authenticator app (Google Authenticator, Authy, ...).",
    scan_or_type: "Tap + and scan the picture. Can't scan it? Type in this key:",
    type_the_key: "Tap + and type in this key:",
    is_called: |account| {
        format!("(The app calls it {account}. Delete the old entry when you are done.)")
    },
    type_the_code: "Type the 6 digits that it shows.",
    nothing_is_saved_yet: "Nothing is saved until the code is right. Ctrl-C stops here.",
    too_small: |(columns, rows), (has_columns, has_rows)| {
        format!(
            "This window is too small for a QR code: it is {has_columns}x{has_rows}, and {columns}x{rows} would do."
        )
    },
    half_is_enough: "With UTF-8 (LANG=C.UTF-8), half of that is enough.",
    backup_codes: |user, host, date| {
        format!(
            "Backup codes for {user} on {host}, {date}. Each works once, instead of a code from the app:"
        )
    },
    keep_backup_codes: |regenerate| {
        format!(
            "Print them or write them down. Keep them in a safe place, not on the phone. You won't see them again; \
             {regenerate} makes new ones."
        )
    },
    if_not_saved: |regenerate| {
        format!("If you have not saved them, make new ones with {regenerate}.")
    },
    codes_are_in: |file| {
        format!(
            "The backup codes are in {file}, which only you can read. Print it, or move it to a safe place."
        )
    },
};
