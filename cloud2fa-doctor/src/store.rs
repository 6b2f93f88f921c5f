//! The store: whether it can be used, and what stands in it.

use crate::finding::{Finding, Id, Severity, listed, shell};
use crate::named::NamedStore;
use crate::programs;
use crate::record::Record;
use nix::sys::statfs::{BTRFS_SUPER_MAGIC, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};
use std::path::Path;

/// The index of uids.
#[derive(Debug, Default)]
pub struct Index {
    /// Whether the index says that it is complete.
    pub is_complete: bool,
    /// Users who are missing in it, enrolled or with a record that cannot be used.
    pub lacks: Vec<String>,
}

/// The file system that the store is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ground {
    pub is_read_only: bool,
    /// A btrfs that writes every change to a new place, which a full disk does not have.
    pub copies_on_write: bool,
}

/// Looks at the file system.
pub fn ground(state_dir: &Path) -> Ground {
    let is_read_only =
        statvfs(state_dir).is_ok_and(|status| status.flags().contains(FsFlags::ST_RDONLY));
    let is_btrfs = is_on_btrfs(state_dir);
    // The flag is read by a program: the call is an ioctl, which takes unsafe code. Where there
    // is no such program, there is no btrfs that anybody looks after, and nothing is said.
    let attributes = |option: &str| {
        let said = programs::ask("lsattr", &[option, "--", &state_dir.to_string_lossy()])?;
        said.success.then_some(said.output)
    };
    let all = || Some(attributes("-d")? + &attributes("-a")?);
    let copies_on_write = is_btrfs && all().is_some_and(|listed| has_copying_file(&listed));
    Ground { is_read_only, copies_on_write }
}

fn is_on_btrfs(state_dir: &Path) -> bool {
    statfs(state_dir).is_ok_and(|it| it.filesystem_type() == BTRFS_SUPER_MAGIC)
}

/// Has the files that are made in a new store written in place, which a full disk does not hinder. By chattr(1),
/// since the call itself takes unsafe code; where it fails, an examination says so.
pub fn write_in_place(state_dir: &Path) {
    if is_on_btrfs(state_dir) {
        let _ = programs::ask("chattr", &["+C".as_ref(), "--".as_ref(), state_dir.as_os_str()]);
    }
}

/// Whether the store's directory or an account file lacks the flag `C` in lsattr's list.
fn has_copying_file(listed: &str) -> bool {
    let lines = listed.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let mut ours =
        lines.enumerate().filter(|(number, (_, path))| *number == 0 || path.ends_with(".account"));
    ours.any(|(_, (flags, _))| !flags.contains('C'))
}

/// The findings for a store that opens.
pub fn check(
    store: &NamedStore,
    ground: Ground,
    index: &Index,
    records: &[Record],
) -> Vec<Finding> {
    let (directory, command) = (store.state_dir(), store.command());
    let mut findings: Vec<_> = records.iter().filter_map(|it| unusable(it, &command)).collect();
    findings.extend(ground.is_read_only.then(|| read_only(directory)));
    findings.extend(ground.copies_on_write.then(|| copies_on_write(directory)));
    findings.extend(index_incomplete(directory, index, &command));
    let names = |is: &dyn Fn(&Record) -> bool| {
        let found = records.iter().filter(|record| is(record));
        found.map(|record| record.user.clone()).collect::<Vec<_>>()
    };
    let locked = names(&|it| it.status.as_ref().is_some_and(|status| status.locked));
    let unknown = names(&|it| !it.is_known && it.renamed_to.is_none() && it.status.is_some());
    let without = names(&|it| it.status.as_ref().is_some_and(|it| it.backup_codes_left == 0));
    findings.extend((!locked.is_empty()).then(|| users_locked(&locked, &command)));
    findings.extend(records.iter().filter_map(|record| user_renamed(record, &command)));
    findings.extend((!unknown.is_empty()).then(|| users_unknown(&unknown, &command)));
    findings.extend((!without.is_empty()).then(|| without_backup_codes(&without)));
    findings
}

fn unusable(record: &Record, command: &str) -> Option<Finding> {
    let why = record.unusable.as_deref()?;
    let user = &record.user;
    Some(Finding::new(
        Severity::Critical,
        Id::RecordUnusable,
        format!("{user}: {why}"),
        format!("Each login of {user} that asks for a code is refused."),
        format!(
            "Restore the file from a backup, or enrol the user anew, or turn the second factor off:\n    \
             {command} enable --replace --user {user}\n    {command} disable --user {user}"
        ),
    )
    .about_users(std::slice::from_ref(user)))
}

fn read_only(directory: &Path) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::StoreReadOnly,
        format!("{} is on a file system that is mounted read-only", directory.display()),
        "What a code is worth must be written down: every login that asks for one is refused.",
        format!(
            "Mount it to be written, or see in the kernel's log why it is not:\n    \
             mount -o remount,rw \"$(findmnt -n -o TARGET -T {})\"",
            shell(directory)
        ),
    )
    .about_file(directory)
}

fn copies_on_write(directory: &Path) -> Finding {
    let (new, mut old) = (shell(directory), directory.as_os_str().to_owned());
    old.push(".old");
    let old = shell(Path::new(&old));
    Finding::new(
        Severity::Warning,
        Id::StoreCopiesOnWrite,
        format!("{} is on btrfs, and its files are copied on write", directory.display()),
        "When the disk is full, no login that asks for a code gets through: each takes a new block.",
        // In one: nothing goes before its copy is there. The directory stays: it may be a mount point.
        format!(
            "Make the files anew in a directory that does without (no login may happen meanwhile):\n    \
             cp -aT {new} {old} && find {new} -mindepth 1 -delete && chattr +C {new} && \
             cp -aT --reflink=never {old} {new} && rm -r {old}"
        ),
    )
    .about_file(directory)
}

fn index_incomplete(directory: &Path, index: &Index, command: &str) -> Option<Finding> {
    let (severity, what, why) = match (index.is_complete, index.lacks.is_empty()) {
        (true, true) => return None,
        (true, false) => (
            Severity::Critical,
            format!("with a record, and not in the index of uids: {}", listed(&index.lacks)),
            "Where users without an enrolment are let in, other names of these users' uids are asked for no code.",
        ),
        (false, _) => (
            Severity::Warning,
            format!("the index of uids in {} is not complete", directory.display()),
            "Each login of a user without an enrolment looks at all records, and is refused where that takes \
             longer than 5 s.",
        ),
    };
    let fix = format!("Complete it:\n    {command} init");
    let finding = Finding::new(severity, Id::IndexIncomplete, what, why, fix);
    Some(finding.about_users(&index.lacks).about_file(directory))
}

fn users_locked(names: &[String], command: &str) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::UserLocked,
        format!("locked after too many wrong codes: {}", listed(names)),
        "Only a backup code lets them in. Somebody who has their password may have guessed.",
        format!("Look at the log, let them change the password, then:\n    {command} unlock NAME"),
    )
    .about_users(names)
}

fn user_renamed(record: &Record, command: &str) -> Option<Finding> {
    let (old, new) = (&record.user, record.renamed_to.as_deref()?);
    record.status.as_ref()?;
    Some(Finding::new(
        Severity::Warning,
        Id::UserRenamed,
        format!(
            "{old} is enrolled, and not known to the system any more; the uid is {new}'s, who is not"
        ),
        format!(
            "{old}'s enrolment counts for nobody else. If {new} is the same person, {new} is asked for no code any \
             more where users without an enrolment are let in."
        ),
        format!(
            "If it is the same person, enrol the new name. In any case turn off what is left under the old one:\n    \
             {command} enable --user {new}\n    {command} disable --user {old}"
        ),
    )
    .about_users(&[old.clone(), new.to_owned()]))
}

fn users_unknown(names: &[String], command: &str) -> Finding {
    Finding::new(
        Severity::Note,
        Id::UserUnknown,
        format!("enrolled, and not known to the system any more: {}", listed(names)),
        "They count for nobody else. A user who gets one of these names later is refused, since the uid is another one.",
        format!("If they are gone for good:\n    {command} disable --user NAME"),
    )
    .about_users(names)
}

fn without_backup_codes(names: &[String]) -> Finding {
    Finding::new(
        Severity::Note,
        Id::NoBackupCodes,
        format!("no backup code left: {}", listed(names)),
        "If they lose the phone, only root can help.",
        "Let them make new ones:\n    cloud2fa regenerate",
    )
    .about_users(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_or_an_account_file_that_is_copied_on_write_is_found() {
        let none = "---------------C------ /s\n---------------C------ /s/.\n---------------------- /s/..\n\
                    ---------------C------ /s/anna.account\n---------------------- /s/.store\n";
        assert!(!has_copying_file(none));
        assert!(has_copying_file(&none.replacen('C', "-", 1)));
        assert!(has_copying_file(&none.replace("C------ /s/anna", "------- /s/anna")));
    }

    #[test]
    fn commands_take_a_directory_with_a_blank_as_one_word_and_stop_at_what_fails() {
        let directory = Path::new("/run/my store");
        let fix = copies_on_write(directory).fix;
        let (_, commands) = fix.split_once("\n    ").unwrap();
        assert_eq!(commands.split(" && ").last(), Some("rm -r '/run/my store.old'"));
        assert!(!commands.contains(['\n', ';']), "{commands}");
        assert!(read_only(directory).fix.ends_with(" -T '/run/my store')\""));
    }
}
