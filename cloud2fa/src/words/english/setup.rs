//! What `setup` says, in English.

use crate::words::command::{Setup, SetupFailures};

pub const SETUP: Setup = Setup {
    password_then_code: |service| {
        format!("{service} will ask for the password, then for the code.")
    },
    key_then_code: |service| {
        format!(
            "{service} will ask for a code behind the key. Whoever is not enrolled cannot log in by {service} any more,\n\
             nor can programs that use a key, such as backups and Ansible: --by-key-alone NAME leaves them as they are."
        )
    },
    enough_for: |names| format!("For {names}, all stays as it is."),
    shuts_out: |names| format!("This would shut out: {names}."),
    file: |path, is_new| {
        if is_new { format!("New file {path}:") } else { format!("{path}, added:") }
    },
    go_on: "Go on? Type yes: ",
    asks_now: |service, within, names| {
        format!(
            "{service} asks for a code now. Keep this session open, and in another terminal, {}.\n\
             Unless that works within {}, the change takes itself back.",
            proof(service, names),
            duration(within)
        )
    },
    asks_now_unproven: |service, within| {
        format!(
            "{service} asks for a code now. Neither root nor whoever called sudo is enrolled, to prove that it works\n\
             (--by NAME names somebody who is). Log in in another terminal, and there run \"cloud2fa setup --keep\"\n\
             within {}, or the change takes itself back.",
            duration(within)
        )
    },
    asks_for_good: |service| format!("{service} asks for a code now."),
    asks_already: |service| format!("{service} asks for a code."),
    is_not_there: |service| format!("{service}: not on this machine."),
    asks_not: |service| {
        format!("{service} asks for no code. To change that: cloud2fa setup {service}")
    },
    is_unconfirmed: |service, seconds| {
        format!(
            "{service} is not confirmed yet: it is taken back in {} unless an administrator logs in with a code.",
            duration(seconds)
        )
    },
    was_taken_back: |service| {
        format!("The last change of {service} was taken back: nobody had confirmed it in time.")
    },
    is_confirmed: |service| format!("Confirmed: {service} goes on asking for a code."),
    is_undone: |service| format!("{service} asks for no code any more."),
    is_undone_as_found: |service| {
        format!(
            "{service} asks for no code any more. What setup had changed was known by its marks in the files alone: \
             lines that a recipe has put there with the same marks are out, too."
        )
    },
    nothing_to_undo: "Nothing to take back: setup has changed nothing here.",
    nothing_to_keep: "Nothing waits to be confirmed.",
    taken_back: |service| {
        format!(
            "cloud2fa: {service} asks for no code any more: nobody had confirmed the change in time, so it was \
             taken back"
        )
    },
    not_taken_back: |service, error| {
        format!("the change of {service} cannot be taken back ({error}); it is tried again")
    },
    not_without_effect: |service, error| {
        format!(
            "the lines for {service} are out of its files again, but it may not go by that yet ({error}); that is \
             tried again"
        )
    },
    no_journal: |error| {
        format!(
            "/etc/cloud2fa/setup.json, which says what setup has changed, cannot be read ({error}): all of that stays \
             as it is. To take it back, by its marks in the files: cloud2fa setup --undo"
        )
    },
    journal_written_anew: |error| {
        format!(
            "/etc/cloud2fa/setup.json, which says what setup has changed, could not be read any more ({error}); it is \
             written anew as it was"
        )
    },
    no_journal_all_goes: |error| {
        format!(
            "/etc/cloud2fa/setup.json, which says what setup has changed and what of that nobody has confirmed yet, \
             cannot be read ({error}): all of it is taken back, by its marks in the files"
        )
    },
    kept: |service| {
        format!("the change of {service} is confirmed: an administrator has logged in with a code")
    },
};

pub const SETUP_FAILURES: SetupFailures = SetupFailures {
    cannot_be_done: |error| format!("this machine cannot be set up now ({error})"),
    busy: "another cloud2fa setup is running; wait until it is done",
    no_systemd: "without systemd nothing would take the change back if it locked you out; to do it all the same: --now",
    no_watch: |error| {
        format!(
            "nothing was changed: the unit that would take the change back does not run ({error})"
        )
    },
    nobody_enrolled: "nobody who could prove the change is enrolled, and whoever is not enrolled would be refused; \
                      enrol first: cloud2fa enable",
    not_enrolled: |name| {
        format!(
            "{name} is not enrolled, and cannot prove the change; enrol first: cloud2fa enable --user {name}"
        )
    },
    no_password: |path| {
        format!(
            "{path} has no line that checks a password, so that it does not say where the code belongs; add the line by hand"
        )
    },
    set_on_the_command_line: |keyword| {
        format!(
            "SSHD_OPTS in /etc/default/ssh sets {keyword}, and wins over all files; take it out there first"
        )
    },
    sshd_fails: |why| format!("sshd cannot use its own files; mend them first: {why}"),
    would_go_wrong: |what| format!("nothing was changed, since doctor finds on a copy: {what}"),
    cannot_be_tried: |error| {
        format!(
            "nothing was changed: it cannot be tried on a copy ({error}); to do it all the same: --untried"
        )
    },
    edited_meanwhile: |path| {
        format!("nothing was changed: somebody has edited {path} meanwhile; start again")
    },
    failed: |error| format!("it did not work, and is taken back ({error})"),
    left: |error| {
        format!("it did not work, and is taken back as soon as that is possible ({error})")
    },
    left_for_good: |error, left| {
        format!("it did not work ({error}), and nothing takes it back by itself: {left}")
    },
    lines_are_left: |service, files, error| {
        format!(
            "lines for {service} may be left in {files}, which cannot be taken out now ({error}); when that is mended: \
             cloud2fa setup {service} --undo"
        )
    },
    effect_is_left: |service, error| {
        format!(
            "the lines for {service} are out of its files again, but it may not go by that yet ({error}); when that is \
             mended: cloud2fa setup {service} --undo"
        )
    },
    lines_are_out: "the lines are not in the files any more, so that there is nothing to confirm",
    old_session: "this session was there before the change, so that it proves nothing; log in anew and say it there",
    needs_yes: "nothing was changed: say --yes",
    shuts_out: |names, list| {
        let root = if names.split(", ").any(|name| name == "root") {
            "\n(root may answer no questions by ssh: PermitRootLogin says so.)"
        } else {
            ""
        };
        format!(
            "{names} could not log in by ssh any more.{root} One of these helps:\n    \
             cloud2fa enable --user NAME\n    \
             cloud2fa setup ssh --by-key-alone {list}\n    \
             cloud2fa setup ssh --shut-out\n\
             The second leaves them as they are, as programs need it, which can type no code."
        )
    },
    key_logins_partly: "The journal does not go back 30 days: who has logged in by ssh with a key only before it begins is not \
                        known. If there\nis nobody else, or nobody who matters, add --shut-out.",
    is_not_asked: |name| {
        format!(
            "a login of {name} would prove nothing: it is asked for no code; name another administrator"
        )
    },
    asks_already: "it asks already; to change for whom a key is enough, take that back first (--undo)",
    has_our_lines: |path| {
        format!(
            "{path} has lines of cloud2fa already, which setup has not written; take them out first, as the recipe's \
             README says"
        )
    },
    key_logins_unknown: |error| {
        format!(
            "Who logs in by ssh with a key cannot be found out from the journal ({error}).\nIf there is nobody, or nobody \
             who matters, add --shut-out."
        )
    },
    not_for_sshd: |name| format!("sshd's files have no way to name {name} alone"),
    is_about_ssh: "--by-key-alone is about ssh; name it among the services",
    no_place_for_match: "sshd reads no file in /etc/ssh/sshd_config.d before its own settings: --by-key-alone cannot be set \
                         there; include that directory first",
    has_match: "how people log in is set otherwise for some (Match in sshd's files), and what is set for all might let them \
                in where they are shut out; take a recipe, and look at these blocks by hand",
    pam_off: "sshd does not use PAM (UsePAM no), and with it lets in some whom it refuses by itself, such as locked \
              accounts with a key; switch that on by hand first",
    set_up_before: |service| {
        format!(
            "setup has changed {service} before; take that back first: cloud2fa setup {service} --undo"
        )
    },
};

/// What proves that a service works.
fn proof(service: &str, names: &str) -> String {
    match service {
        "sudo" => format!("as {names}, use sudo: sudo -k; sudo true"),
        "su" => format!("become {names} by su"),
        _ => format!("log in as {names}"),
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}
