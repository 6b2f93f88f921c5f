//! What setup may have changed, by its lines in the files: where its journal cannot be read.

use super::block;
use super::files;
use super::journal::{Change, Changed, Journal};
use super::plan::pam_file;
use super::service::Service;
use cloud2fa_doctor::ssh::{DROP_IN, Ssh};
use std::io;
use std::path::{Path, PathBuf};

/// Where sshd begins to read.
const SSHD: &str = "/etc/ssh/sshd_config";

/// The files that setup may write for each service, in the order in which it does.
pub fn files() -> Vec<(Service, Vec<PathBuf>)> {
    Service::ALL.into_iter().map(|service| (service, files_of(service))).collect()
}

fn files_of(service: Service) -> Vec<PathBuf> {
    let mut names: Vec<_> = service.pam_files().iter().map(|name| (*name).to_owned()).collect();
    let mut paths = Vec::new();
    if service == Service::Ssh {
        paths.extend([DROP_IN, SSHD].map(PathBuf::from));
        let other = Ssh::read().ok().flatten().map(|ssh| ssh.pam_service());
        names.extend(other.filter(|name| !service.pam_files().contains(&name.as_str())));
    }
    paths.extend(names.iter().map(|name| pam_file(name)));
    paths
}

/// The journal of a machine on which these files were changed, as far as our lines are in them. Who was to
/// confirm what, nobody can say: it stays until somebody takes it back.
pub fn journal(files: &[(Service, Vec<PathBuf>)]) -> io::Result<Journal> {
    let mut journal = Journal::default();
    for (service, paths) in files {
        let found = paths.iter().filter_map(|path| changed(path).transpose());
        let files = found.collect::<io::Result<Vec<_>>>()?;
        if !files.is_empty() {
            journal.changes.push(Change { service: *service, files, unconfirmed: None });
        }
    }
    Ok(journal)
}

fn changed(path: &Path) -> io::Result<Option<Changed>> {
    let text = files::text(path)?.unwrap_or_default();
    // Nobody else names a file so.
    let is_new = path == Path::new(DROP_IN);
    Ok(block::is_in(&text).then(|| Changed { path: path.to_owned(), is_new }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_our_lines_is_what_was_changed() {
        let home = tempfile::tempdir().unwrap();
        let [ours, other, none] = ["ours", "other", "none"].map(|name| home.path().join(name));
        std::fs::write(&ours, format!("a\n{}b\n", block::block("auth x"))).unwrap();
        std::fs::write(&other, "a\n# cloud2fa: end\nb\n").unwrap();
        let all =
            [(Service::Sudo, vec![other.clone(), ours.clone()]), (Service::Su, vec![other, none])];
        let journal = journal(&all).unwrap();
        assert_eq!(journal.changes.len(), 1);
        assert_eq!(journal.changes[0].service, Service::Sudo);
        assert_eq!(journal.changes[0].files, [Changed { path: ours, is_new: false }]);
        assert_eq!(journal.unconfirmed().count(), 0);
    }

    #[test]
    fn setup_may_write_what_each_service_has() {
        let all = files();
        let of = |service| &all.iter().find(|(it, _)| *it == service).unwrap().1;
        assert!(of(Service::Ssh).starts_with(&[DROP_IN, SSHD].map(PathBuf::from)));
        assert_eq!(of(Service::Sudo), &["/etc/pam.d/sudo", "/etc/pam.d/sudo-i"].map(PathBuf::from));
    }
}
