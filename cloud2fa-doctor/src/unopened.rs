//! A store that does not open: why, and what helps.

use crate::finding::{Finding, Id, Severity, shell};
use crate::named::NamedStore;
use cloud2fa::StoreError;
use std::path::Path;

/// The finding for a store that does not open. `None` if it is missing and no service uses it.
pub fn check(error: &StoreError, store: &NamedStore) -> Option<Finding> {
    let (id, fix) = id_and_fix(error, store);
    let is_asked = !store.services.is_empty();
    let is_missing = id == Id::StoreMissing;
    // All logins go by other configurations.
    if is_missing && !is_asked && store.is_one_of_several {
        return None;
    }
    let (severity, why) = if is_missing && !is_asked {
        (Severity::Warning, "Nobody can be enrolled.")
    } else if is_asked {
        (Severity::Critical, "Every login that asks for a code is refused.")
    } else {
        (
            Severity::Critical,
            "Nobody can be enrolled, and every login that asks for a code will be refused.",
        )
    };
    let services: Vec<_> = store.services.iter().cloned().collect();
    let finding = Finding::new(severity, id, error.what(), why, fix);
    Some(finding.about_services(&services).about_file(store.state_dir()))
}

fn id_and_fix(error: &StoreError, store: &NamedStore) -> (Id, String) {
    match error {
        StoreError::Missing(_) | StoreError::NotInitialised(_) => {
            (Id::StoreMissing, mount_or_make(store))
        }
        StoreError::UnsafeStore { path, why, .. } if why.is_owner_or_mode() => {
            (Id::StoreUnsafe, make_root_s(path))
        }
        StoreError::UnsafeStore { path, .. } if path.as_path() == store.state_dir() => {
            let fix = format!(
                "Write the directory itself as state_dir, or move away what is there, and make a store:\n    \
                 mv {0} {0}.old && {1} init",
                shell(path),
                store.command()
            );
            (Id::StoreUnusable, fix)
        }
        StoreError::UnsafeStore { path, .. } => (Id::StoreUnusable, renew_marker(path, store)),
        StoreError::LaterFormat { found, .. } => (
            Id::StoreUnusable,
            format!(
                "Install the version of cloud2fa that has written format {found}, or a later one."
            ),
        ),
        StoreError::Busy { holder: Some(holder), .. } => (
            Id::StoreUnusable,
            format!("See what the process is; if it does not end:\n    kill -9 {holder}"),
        ),
        StoreError::Io { path, .. } => (
            Id::StoreUnusable,
            format!(
                "See what is in the way, from the top down, and what the kernel says of the disk:\n    \
                 namei -l {}\n    dmesg --level=err,crit,alert,emerg",
                shell(path)
            ),
        ),
        other => (Id::StoreUnusable, format!("Put right what is said: {other}.")),
    }
}

fn mount_or_make(store: &NamedStore) -> String {
    format!(
        "If there was one, mount the volume that holds it, or restore it from a backup. Else make one:\n    \
         {} init\n({} is what state_dir says.)",
        store.command(),
        store.state_dir().display()
    )
}

fn make_root_s(path: &Path) -> String {
    format!(
        "Find out who could change it meanwhile. Then:\n    chown root:root {0}\n    chmod go= {0}",
        shell(path)
    )
}

/// All that the marker says is that this is a store, and its format: a new one does as well if the
/// records are there.
fn renew_marker(path: &Path, store: &NamedStore) -> String {
    format!(
        "Restore the file from a backup of the store. Without one, see whether the records are there \
         (a file NAME.account for each user), and if they are, make the file anew:\n    ls -l {}\n    rm {} && {} init",
        shell(store.state_dir()),
        shell(path),
        store.command()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::backup_codes::HeapMemory;
    use cloud2fa::{Config, FileStore};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    /// A store of this process's user, broken by `break_it`; what is found, and the fix.
    fn found(number: u32, break_it: impl Fn(&Path)) -> (&'static str, String) {
        let top = std::env::temp_dir().join(format!("doctor {} {number}", std::process::id()));
        let state_dir = top.join("my store");
        fs::create_dir_all(&top).unwrap();
        let uid = top.metadata().unwrap().uid();
        FileStore::init(&state_dir, uid).unwrap();
        break_it(&state_dir);
        let config = Config { state_dir: state_dir.clone(), ..Config::default() };
        let memory = Box::new(HeapMemory::default());
        let error = FileStore::open(&state_dir, uid, config.rules(), memory).err().unwrap();
        let found = check(&error, &NamedStore::usual(&config)).unwrap();
        fs::remove_dir_all(&top).unwrap();
        let fix = found.fix.replace(top.to_str().unwrap(), "/T");
        (found.id.word(), fix)
    }

    fn marker(state_dir: &Path) -> PathBuf {
        state_dir.join(".store")
    }

    #[test]
    fn what_is_said_of_a_store_that_does_not_open_puts_it_right() {
        let set_mode =
            |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        for (number, break_it, id, command) in [
            (
                0,
                &(|it: &Path| set_mode(it, 0o755)) as &dyn Fn(&Path),
                "store_unsafe",
                "    chmod go= '/T/my store'",
            ),
            (
                1,
                &|it| set_mode(&marker(it), 0o644),
                "store_unsafe",
                "    chmod go= '/T/my store/.store'",
            ),
            (
                2,
                &|it| fs::write(marker(it), "x").unwrap(),
                "store_unusable",
                "    rm '/T/my store/.store' && cloud2fa init",
            ),
            (
                3,
                &|it| fs::write(marker(it), "#".repeat(5000)).unwrap(),
                "store_unusable",
                "    rm '/T/my store/.store' && cloud2fa init",
            ),
            (
                4,
                &|it| fs::write(marker(it), "format = 7\n").unwrap(),
                "store_unusable",
                "Install the version of cloud2fa that has written format 7, or a later one.",
            ),
            (5, &|it| fs::remove_file(marker(it)).unwrap(), "store_missing", "    cloud2fa init"),
            (
                6,
                &|it| {
                    fs::remove_dir_all(it).unwrap();
                    fs::write(it, "").unwrap();
                },
                "store_unusable",
                "    mv '/T/my store' '/T/my store'.old && cloud2fa init",
            ),
        ] {
            let (found, fix) = found(number, break_it);
            assert!(found == id && fix.lines().any(|line| line == command), "{found}: {fix}");
        }
    }
}
