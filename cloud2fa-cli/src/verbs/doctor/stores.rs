//! The stores that logins and the command go by: one for each `state_dir` of a configuration that
//! a line names.

use super::finding::{Finding, listed, shell};
use super::pam::{self, Asked, Facts};
use super::store::Index;
use super::store::{self, Record};
use super::{clock, row, unopened};
use crate::machine;
use cloud2fa::{Config, Known, StoreError, User, UserName};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A store, and who goes by it.
#[derive(Debug, Clone)]
pub struct Named {
    pub config: Config,
    /// The configuration's file, where it is not the usual one.
    pub file: Option<PathBuf>,
    /// The services whose module goes by it.
    pub services: BTreeSet<String>,
    /// Whether there are others, from which it must be told.
    pub is_one_of_several: bool,
}

impl Named {
    /// The usual configuration's.
    pub fn usual(config: &Config) -> Self {
        Self {
            config: config.clone(),
            file: None,
            services: BTreeSet::new(),
            is_one_of_several: false,
        }
    }

    pub fn state_dir(&self) -> &Path {
        &self.config.state_dir
    }

    /// The command, so that it goes by this store.
    pub fn command(&self) -> String {
        let config = self.file.as_deref().map(|file| format!(" --config {}", shell(file)));
        format!("cloud2fa{}", config.unwrap_or_default())
    }

    /// Those of `asked` that go by this store.
    pub fn asked(&self, asked: &[Asked]) -> Vec<Asked> {
        let ours = |it: &&Asked| self.services.contains(&it.service);
        asked.iter().filter(ours).cloned().collect()
    }

    /// Says in a finding which store it is about.
    pub fn tell(&self, finding: Finding) -> Finding {
        if !self.is_one_of_several {
            return finding;
        }
        let what = format!("{} ({})", finding.what, self.which());
        Finding { what, ..finding }
    }

    fn which(&self) -> String {
        let services: Vec<_> = self.services.iter().cloned().collect();
        let services =
            if services.is_empty() { "no service".to_owned() } else { listed(&services) };
        format!("the store {}, for {services}", self.state_dir().display())
    }
}

/// The usual configuration's store first, which the command goes by; then those of others.
pub fn named(facts: &Facts, usual: &Config, asked: &[Asked]) -> Vec<Named> {
    let mut stores = vec![Named::usual(usual)];
    for (file, services) in pam::services_by_config(facts, asked) {
        // A file that cannot be used names no store; what is wrong with it is said elsewhere.
        let Some(Ok(config)) = facts.configs.get(&file) else {
            stores[0].services.extend(services);
            continue;
        };
        let same = stores.iter_mut().find(|it| it.state_dir() == config.state_dir);
        if let Some(store) = same {
            store.services.extend(services);
        } else {
            stores.push(Named { file, services, ..Named::usual(config) });
        }
    }
    let is_one_of_several = stores.len() > 1;
    stores.into_iter().map(|store| Named { is_one_of_several, ..store }).collect()
}

/// What stands in a store, what is wrong with it, and what was looked at.
#[derive(Debug)]
pub struct Looked {
    pub records: Vec<Record>,
    pub findings: Vec<Finding>,
    pub at: String,
}

/// Opens a store, and looks at all that is in it.
pub fn look(store: &Named, clock: clock::Clock) -> Looked {
    let at = if store.is_one_of_several {
        store.which().replacen("the store ", "store: ", 1)
    } else {
        format!("store: {}", store.state_dir().display())
    };
    match records(&store.config) {
        Ok((records, index)) => {
            let enrolled = records.iter().filter(|record| record.status.is_some()).count();
            let ground = store::ground(store.state_dir());
            let mut findings = store::check(store, ground, &index, &records);
            findings.extend(clock::against(clock, machine::now(), store, &records));
            Looked { records, findings, at: format!("{at}, {enrolled} enrolled") }
        }
        Err(error) => {
            let findings = unopened::check(&error, store).into_iter().collect();
            Looked { records: Vec::new(), findings, at }
        }
    }
}

/// What is in the store, and what its index says of that.
fn records(config: &Config) -> Result<(Vec<Record>, Index), StoreError> {
    let mut store = machine::store(config)?;
    let mut rows = Vec::new();
    cloud2fa::store::walk(&mut store, &machine::now, |store, listed| {
        rows.push(Record::from(row(listed, store)));
        Ok::<(), StoreError>(())
    })?;
    let mut index = Index { is_complete: store.index_is_complete()?, lacks: Vec::new() };
    // Others count for no other name, whatever the index says of them.
    for record in rows.iter().filter(|record| counts(record)) {
        let Some(user) = user_of(record) else { continue };
        if !store.index_finds(&user)? {
            index.lacks.push(record.user.clone());
        }
    }
    Ok((rows, index))
}

/// Whether a record is asked for at logins of other names, too. One that cannot be read refuses them;
/// one of a uid that its name had before does not.
fn counts(record: &Record) -> bool {
    let is_unreadable = record.unusable.is_some() && record.uid.is_none();
    (record.status.is_some() || is_unreadable) && record.is_known
}

/// Whose a record is; of one that cannot be used, who has the name.
fn user_of(record: &Record) -> Option<User> {
    let name = UserName::new(&record.user).ok()?;
    let uid = record.uid.or_else(|| match machine::names().uid_of(&name) {
        Known::Uid(uid) => Some(uid),
        Known::NoSuchUser | Known::LookUpFailed => None,
    })?;
    Some(User { name, uid })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::doctor::pam::Files;
    use std::collections::BTreeMap;

    /// Two services by the usual configuration, one by another.
    fn facts(of_other: &str) -> Facts {
        let files = [
            ("su", "auth required pam_unix.so\nauth required pam_cloud2fa.so\n"),
            ("sudo", "auth required pam_unix.so\nauth required pam_cloud2fa.so\n"),
            ("login", "auth required pam_unix.so\nauth required pam_cloud2fa.so config=/etc/b\n"),
        ];
        let files = files.map(|(name, text)| (Path::new("/etc/pam.d").join(name), text.into()));
        let other = Config { state_dir: PathBuf::from(of_other), ..Config::default() };
        let configs = [(None, Ok(Config::default())), (Some("/etc/b".into()), Ok(other))];
        Facts { files: Files(files.into()), configs: configs.into(), ..Facts::default() }
    }

    fn stores(facts: &Facts) -> BTreeMap<PathBuf, Vec<String>> {
        let (_, asked) = pam::check(facts, "sshd");
        let stores = named(facts, &Config::default(), &asked).into_iter();
        stores.map(|it| (it.config.state_dir, it.services.into_iter().collect())).collect()
    }

    #[test]
    fn each_store_is_looked_at_once_for_all_services_that_go_by_it() {
        let usual = Config::default().state_dir;
        let expected = [
            (usual.clone(), vec!["su".to_owned(), "sudo".to_owned()]),
            ("/srv/b".into(), vec!["login".to_owned()]),
        ];
        assert_eq!(stores(&facts("/srv/b")), expected.into());
        let all = ["login", "su", "sudo"].map(str::to_owned).to_vec();
        assert_eq!(stores(&facts("/var/lib/cloud2fa/")), [(usual, all)].into());
    }
}
