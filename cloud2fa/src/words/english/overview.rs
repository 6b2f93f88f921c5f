//! How the command shows users and machines, in English.

use crate::words::command::{Examination, Overview};

pub const OVERVIEW: Overview = Overview {
    local_time: "%Y-%m-%d %H:%M",
    user: "User:",
    second_factor: "Second factor:",
    last_used: "Last used:",
    asked_by: "Asked by:",
    sshd_unknown: "(sshd's own settings matter, too. Only root can read them.)",
    no_login: "no login yet",
    backup_codes_left: "Backup codes left:",
    wrong_in_a_row: "Wrong codes in a row:",
    wait: "Wait:",
    wrong_in_30_days: "Wrong in 30 days:",
    on_since: |time| format!("on, since {time}"),
    never: "never",
    of: |count, of| format!("{count} of {of}"),
    locked: |unlocks| format!("locked; {unlocks}"),
    no_wait: "none",
    seconds: |seconds| format!("{seconds} s"),
    not_enrolled: |user, enable| format!("{user} has no second factor. To set it up: {enable}"),
    nobody: "Nobody is enrolled.",
    columns: ["USER", "SINCE", "LAST USED", "CODES", "WRONG", "STATE"],
    state_ok: "ok",
    state_locked: "locked",
    state_wait: |seconds| format!("wait {seconds} s"),
    state_in_30_days: |used| format!("; wrong in 30 days: {used}"),
    state_unknown: "; the system has no such user",
    state_renamed: |new| {
        format!("; the system has no such user, and the uid is {new}'s, who is not enrolled")
    },
    decisions: "Last decisions:",
    accepted: "accepted",
    wrong: "wrong",
    used: "used code",
    app: "app",
    backup_code: "backup code",
    from: |address| format!("from {address}"),
    times: |count| format!("{count} times"),
};

pub const EXAMINATION: Examination = Examination {
    summary: |[critical, warnings, notes], accepted| {
        let counted = |count, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let wrong =
            [counted(critical, "critical", "critical"), counted(warnings, "warning", "warnings")];
        let mut parts: Vec<_> = wrong.into_iter().flatten().collect();
        let nothing = if parts.is_empty() { "Nothing is wrong." } else { "" };
        parts.extend(counted(notes, "note", "notes"));
        parts.extend(counted(accepted, "accepted", "accepted"));
        let rest = parts.join(", ");
        match (nothing.is_empty(), rest.is_empty()) {
            (_, true) => nothing.to_owned(),
            (true, false) => format!("{rest}."),
            (false, false) => format!("{nothing} {rest}."),
        }
    },
    is_critical: "CRITICAL",
    is_warning: "warning ",
    is_note: "note    ",
    is_accepted: "accepted",
    explained_by: "To see why a finding matters and how to fix it: cloud2fa doctor ID",
    nothing_asks: "No login asks for a code yet. Next, when you are enrolled: sudo cloud2fa setup ssh",
    not_found: "Nothing like that was found.",
    critical: "CRITICAL: people get in without a code, or nobody can log in",
    warning: "WARNING: this will cause problems for some people, or later",
    note: "NOTE: good to know",
    accepted: "ACCEPTED in cloud2fa.toml: known, and not counted",
    marked_accepted: " (accepted)",
    why: "Why:",
    fix: "Fix:",
    nothing_wrong: "Nothing wrong.",
    looked_at: "Checked:",
};
