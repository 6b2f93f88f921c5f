//! Why the command did not do what it was asked for, in English.

use crate::words::command::{Advice, Failures};

pub const FAILURES: Failures = Failures {
    see_help: |what| format!("{what}; see `cloud2fa --help`"),
    not_root: "only root can do this; ask an administrator, or run it with sudo",
    whose: "whose second factor? Under sudo, name the user: --user NAME (or --user root). \
            Without sudo, you act for yourself",
    not_root_and_configuration: "only root can use --config: the service has its own configuration",
    uid: |uid| format!("uid {uid}"),
    users_cannot_be_asked: |user, why| {
        format!("the system cannot say whether it knows {user} ({why})")
    },
    no_such_user: |user| format!("this system has no user {user}; check the spelling"),
    cannot_be_enrolled: |user, why| format!("{user} cannot be enrolled: {why}"),
    no_terminal: "this needs a terminal to ask and to show secrets; over ssh, use `ssh -t HOST cloud2fa ...`; from a program, use --json",
    no_input: |why| format!("cannot read standard input ({why})"),
    answer_is_too_long: |longest| {
        format!("the answer is longer than {longest} bytes; nothing was changed")
    },
    input_ended: "the input ended; nothing was changed",
    input_cannot_be_read: |why| format!("the input cannot be read ({why}); nothing was changed"),
    input_cannot_be_waited_for: |why| {
        format!("the input cannot be waited for ({why}); nothing was changed")
    },
    interrupted: "interrupted; nothing was changed",
    left_as_it_was: "nothing was changed",
    interrupted_and_spent: "interrupted; your enrolment is unchanged, but the backup code you typed is used up",
    and_spent: |failure| format!("{failure}. The backup code you typed is used up"),
    name_a_user: |name| format!("to name a user, use `--user {name}`"),
    terminal_cannot_hide: |why| format!("the terminal cannot hide what is typed ({why})"),
    terminal_cannot_be_written: |why| format!("the terminal cannot be written to ({why})"),
    output_cannot_be_written: |why| format!("standard output cannot be written ({why})"),
    file_cannot_be_written: |file, why| format!("cannot write {file} ({why})"),
    file_exists: |file, why| {
        format!("cannot write {file} ({why}); name a file that does not exist yet")
    },
    not_proven: "none of the codes was right; nothing was saved. Delete the new entry from your app and start again",
    no_code: "nothing you typed could be a code: 6 digits, or a backup code like XXXX-XXXX-XXXXX",
    clock_is_behind: |seconds| {
        format!(
            "this machine's clock is {seconds} s behind the last accepted code, so app codes are refused; set the \
             clock right. Backup codes still work"
        )
    },
};

pub const ADVICE: Advice = Advice {
    unlocks: |unlock| format!("a backup code unlocks, or {unlock}"),
    administrator_unlocks: |unlock| {
        format!("a backup code unlocks, or an administrator with {unlock}")
    },
    not_enrolled: |error, enable| format!("{error}; to set it up: {enable}"),
    enrolled: |error, replace| format!("{error}; to replace it: {replace}"),
    changed: |error, status| format!("{error} ({status} shows it)"),
    disk_is_full: |error| {
        format!("{error}; the disk is full: make room, and start again. Nothing was changed")
    },
};
