//! What the command asks, in English.

use crate::words::command::Questions;

pub const QUESTIONS: Questions = Questions {
    password: "Password: ",
    code: "Code: ",
    backup_code: "Backup code: ",
    current_code: "Current code from your app, or a backup code: ",
    are_codes_saved: "Have you saved them? [y/n] ",
    yes: "yes",
    no: "no",
    next_code: |seconds| {
        format!(
            "Your app shows the next code in {seconds} s. Type it to try it out,\n\
             or press Enter to finish: "
        )
    },
    turn_off: "Turn it off anyway? [y/N] ",
    make_room: "Make the window larger now, or type the key in later. Press Enter to go on: ",
    wrong_password: "That password is wrong.",
    wrong_current_code: "That code is wrong or already used.",
    not_digits: "That is not a code. A code has 6 digits.",
    not_a_code: "That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.",
    wrong_code: "That code is not right.",
    clock_is_off: |seconds| {
        let direction = if seconds < 0 { "behind" } else { "ahead of" };
        let time = match seconds.unsigned_abs() {
            seconds @ 0..=119 => format!("{seconds} s"),
            seconds => format!("{} minutes", (seconds + 30) / 60),
        };
        format!(
            "Your phone's clock is about {time} {direction} this machine's. Turn on automatic date and time \
             on the phone (here: timedatectl), then try the next code."
        )
    },
    tries_left: |count| match count {
        1 => "1 try left.".to_owned(),
        _ => format!("{count} tries left."),
    },
    must_wait: |seconds| {
        format!("Too many wrong codes. Wait {seconds} s before you try another app code.")
    },
    locked: "App codes are locked after too many wrong ones.",
    backup_code_is_taken: "A backup code works now.",
};
