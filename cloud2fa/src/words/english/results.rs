//! What the command says that it did, in English.

use crate::words::command::{Losses, Results, Trial};

pub const RESULTS: Results = Results {
    enabled: |user| format!("Two-factor login is on for {user}."),
    these_ask: |services| format!("These logins now ask for a code: {services}."),
    nothing_asks: "No login on this machine asks for a code yet. An administrator can change that: cloud2fa setup ssh",
    regenerated: |user| format!("{user} has new backup codes. The old ones no longer work."),
    refused_without: |user, services, replace| {
        format!(
            "Without a second factor, {user} can no longer log in with: {services}.\n\
             To move to a new phone, use {replace} instead."
        )
    },
    disabled: |user| format!("Two-factor login is off for {user}."),
    unlocked: |user| format!("{user} is unlocked."),
    unlocked_and_ahead: |user, until, is_right_now, replace| {
        let what = format!(
            "{user} is unlocked. But app codes do not work until {until}, because a code\n\
             was accepted while the clock was ahead. Backup codes work."
        );
        if is_right_now {
            format!("{what}\nThe clock is right now. For a new key that works at once: {replace}")
        } else {
            format!("{what}\nSet the clock right. If it is right already: {replace}")
        }
    },
    cleared: |since_login, in_30_days| {
        format!(
            "Wrong codes since the last login: {since_login}. App codes in 30 days: {in_30_days}; they no longer count."
        )
    },
    opened: "App codes work again. If the wrong ones came from someone else, that person may know\n\
             the password: change it.",
    is_about: |user, whose| {
        format!(
            "{user} has no second factor of its own. Logins as {user} ask for the codes of {whose}, who has\n\
             the same uid, so this is about {whose}."
        )
    },
    store_is_made: |directory| format!("Created the store {directory}. Nobody is enrolled yet."),
    store_is_as_it_was: |directory| format!("{directory} is already a store. Nothing was changed."),
    store_is_completed: |directory| {
        format!("{directory} is already a store. Its index of uids is now complete.")
    },
    records_in_format_1: |count| format!("Records in format 1: {count}"),
    lost: |count, what| format!("lost of {count}: {what}"),
    losses: Losses {
        budget: "the count of wrong codes in 30 days",
        tolls: "waits at daemons that verify for others",
        decisions: "the last decisions",
        remembered_keys: "the memory of proven ssh keys",
        notices: "messages for the user",
        ticket: "the ticket",
        last_attempt: "the last attempt's answer",
        codes_not_seen: "that the backup codes were not confirmed",
        ignorable: "what a later version left in the record",
    },
    all_went_back: "Install the earlier version now. A login or a change before that writes this version's\n\
                    format again; you can run `cloud2fa init --format 1` as often as you like. Until\n\
                    `cloud2fa init --format 2` brings the index of uids back, people who are not enrolled\n\
                    log in more slowly.",
    some_did_not_go_back: "The records named above are unchanged; an earlier version will refuse those users.",
    index_is_not_complete: "warning: the store's index of uids is incomplete; `cloud2fa init` completes it",
    old_copy_is_left: |user, why| {
        format!(
            "warning: the old copy in {user}'s account file could not be wiped ({why}); the next change will do it"
        )
    },
    waiting_for_the_service: "The machine is busy. Waiting for the service ...",
};

pub const TRIAL: Trial = Trial {
    right: "The code is right. It is still good for a login.",
    right_backup_code: "The backup code is right. It is still good for a login.",
    wrong: |in_a_row| format!("Wrong code. Wrong codes in a row: {in_a_row}."),
    wrong_and_must_wait: |seconds| format!("Wrong code. Try again in {seconds} s."),
    wrong_and_locked: "Wrong code, and one too many: app codes are locked.",
    wrong_backup_code: "Wrong backup code.",
    wrong_backup_code_and_locked: "Wrong backup code. App codes are locked.",
    used: "This code was already used or is too old. Wait for the next one.",
    used_backup_code: "This backup code has already been used.",
    locked: |unlocks| format!("Locked after too many wrong codes; {unlocks}."),
};
