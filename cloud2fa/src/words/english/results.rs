//! What the command says that it did, in English.

use crate::words::command::{Losses, Results, Trial};

pub const RESULTS: Results = Results {
    enabled: |user| format!("The second factor of {user} is on."),
    these_ask: |services| format!("These logins ask for its codes from now on: {services}."),
    nothing_asks: "No login of this machine asks for a code yet. An administrator changes that: cloud2fa setup ssh",
    regenerated: |user| format!("{user} has new backup codes; the old ones do not work any more."),
    refused_without: |user, services, replace| {
        format!(
            "Without a second factor, {user} gets in no more: refused by {services}.\n\
             For a new phone, use {replace} instead."
        )
    },
    disabled: |user| format!("The second factor of {user} is off."),
    unlocked: |user| format!("{user} may try again at once."),
    cleared: |since_login, in_30_days| {
        format!(
            "Wrong codes since the last login: {since_login}. Of the app in 30 days: {in_30_days}, which count no more."
        )
    },
    opened: "Codes of the app work again. If the wrong ones were somebody else's, the password may be\n\
             known: change it.",
    is_about: |user, whose| {
        format!(
            "{user} has no enrolment of its own: logins as {user} are asked for the codes of {whose}, who\n\
             has the same uid. This is about {whose}'s."
        )
    },
    store_is_made: |directory| format!("Made the store {directory}. Nobody is enrolled in it yet."),
    store_is_as_it_was: |directory| format!("{directory} is a store already. Nothing was changed."),
    store_is_completed: |directory| {
        format!("{directory} is a store already. Its index of uids is complete now.")
    },
    records_in_format_1: |count| format!("Records in format 1: {count}"),
    lost: |count, what| format!("lost of {count}: {what}"),
    losses: Losses {
        budget: "the count of wrong codes in 30 days",
        decisions: "the list of the last decisions",
        remembered_keys: "the memory of proven ssh keys",
        notices: "what the user was to be told",
        ticket: "the ticket",
        last_attempt: "the last attempt's answer",
        codes_not_seen: "that the backup codes were not confirmed",
        ignorable: "what a later version left in the record",
    },
    all_went_back: "Install the earlier version now. Who logs in before, and every change, has a record of\n\
                    this version's format again; `cloud2fa init --format 1` may be run as often as you like.\n\
                    Until `cloud2fa init --format 2` makes the index of uids count again, who has no enrolment\n\
                    logs in more slowly.",
    some_did_not_go_back: "The records that are named above are as they were: an earlier version refuses their users.",
    index_is_not_complete: "warning: the store's index of uids is not complete; `cloud2fa init` completes it",
    old_copy_is_left: |user, why| {
        format!(
            "warning: the old copy in the account file of {user} could not be wiped ({why}); the next change does it"
        )
    },
    waiting_for_the_service: "The machine is busy. Waiting for the service ...",
};

pub const TRIAL: Trial = Trial {
    right: "The code is right; a login would accept it. It was not spent.",
    right_backup_code: "The backup code is right; a login would accept it. It was not spent.",
    wrong: |in_a_row| format!("The code is wrong. Wrong codes in a row: {in_a_row}."),
    wrong_and_must_wait: |seconds| {
        format!("The code is wrong. The next one is looked at in {seconds} s.")
    },
    wrong_and_locked: "The code is wrong, and it was one too many: the second factor is locked.",
    wrong_backup_code: "The backup code is wrong.",
    wrong_backup_code_and_locked: "The backup code is wrong, and it was one too many: the second factor is locked.",
    used: "The code was used already, or is older than one that was.",
    used_backup_code: "The backup code was used already, or is older than one that was.",
    locked: |unlocks| format!("Locked after too many wrong codes; {unlocks}."),
};
