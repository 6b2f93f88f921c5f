//! What the command asks, in English.

use crate::words::command::Questions;

pub const QUESTIONS: Questions = Questions {
    password: "Password: ",
    code: "Code: ",
    backup_code: "Backup code: ",
    current_code: "Code of the app as it is now, or a backup code: ",
    are_codes_saved: "Have you saved them? [y/n] ",
    yes: "yes",
    no: "no",
    next_code: |seconds| {
        format!(
            "The app shows the next code in {seconds} s. Type that one to try it out,\n\
             or press Enter to finish: "
        )
    },
    turn_off: "Turn it off all the same? [y/N] ",
    make_room: "Make it larger now, or type the key in later. Press Enter to go on: ",
    wrong_password: "That is not the password.",
    wrong_current_code: "That is not a code of the enrolment, or a used one.",
    not_digits: "That is not a code: it has 6 digits.",
    not_a_code: "That is not a code: 6 digits, or a backup code like ABCD-EFGH-JKMNP.",
    wrong_code: "That is not the code.",
    clock_is_off: |seconds| {
        let direction = if seconds < 0 { "behind" } else { "ahead of" };
        let seconds = seconds.unsigned_abs();
        format!(
            "That is the code of another time: the phone's clock is about {seconds} s {direction} \
             this system's. Set the wrong clock right (automatic time on the phone, `timedatectl` here)."
        )
    },
    tries_left: |count| format!("Tries left: {count}."),
    must_wait: |seconds| {
        format!("Too many wrong codes; the next one of the app is looked at in {seconds} s.")
    },
    locked: "Codes of the app are locked after too many wrong ones.",
    backup_code_is_taken: "A backup code can be tried now.",
};
