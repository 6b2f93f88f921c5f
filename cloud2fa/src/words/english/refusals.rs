//! Why a second factor was not changed, in English.

use crate::words::command::Refusals;

pub const REFUSALS: Refusals = Refusals {
    not_permitted: "only root can use --user; leave it out to manage your own second factor",
    unknown_user: |name| format!("this system has no user {name:?}; check the spelling"),
    no_password: "this account has no password (or it is locked), so it cannot manage its second factor; ask an administrator",
    password_required: "the password must be checked first",
    wrong_password: "the password is wrong",
    unavailable: "this cannot be done right now; the system log says why",
    current_code_required: "a current code or a backup code is needed",
    wrong_code: "the code is wrong",
    wrong_backup_code: "the backup code is wrong",
    used_code: "the code was already used or is too old",
    used_backup_code: "the backup code was already used",
    locked: "app codes are locked after too many wrong ones; a backup code unlocks them, or an administrator",
    must_wait: |seconds| format!("too many wrong codes; wait {seconds} s, or use a backup code"),
    clock_is_behind: |seconds| {
        format!(
            "this machine's clock is {seconds} s behind the last accepted code; use a backup code"
        )
    },
    changed: "the enrolment was changed in the meantime; start again",
    not_a_code: "that is not a code: a code is 6 digits, or a backup code like XXXX-XXXX-XXXXX",
    already_enrolled: |name| format!("{name} is already enrolled"),
    enrolled_as: |name, whose| {
        format!(
            "{name} has the same uid as {whose} and uses {whose}'s codes; only root can enrol {name} separately"
        )
    },
    no_enrolment_begun: "no enrolment was begun",
    not_proven: "that code does not match the new key; nothing was saved",
    not_enrolled: |name| format!("{name} is not enrolled"),
    enrolment_changed: |name| {
        format!("the enrolment of {name} was changed in the meantime; check it, and start again")
    },
    nothing_was_changed: |why| format!("{why}; nothing was changed"),
    of_the_machine: |why| why.to_string(),
};
