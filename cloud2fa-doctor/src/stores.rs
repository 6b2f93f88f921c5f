//! The stores that logins and the command go by: one for each `state_dir` of a configuration that
//! a line names.

use crate::clock::{self, Clock};
use crate::finding::Finding;
use crate::named::NamedStore;
use crate::pam::{self, AskingService, Facts};
use crate::record::Record;
use crate::store::{self, Index};
use crate::tools::Tools;
use crate::unopened;
use cloud2fa::names::{Names, Nss, NssInBulk};
use cloud2fa::roster;
use cloud2fa::{Config, Known, StoreError, User, UserName};

/// The usual configuration's store first, which the command goes by; then those of others.
pub fn named(facts: &Facts, usual: &Config, asked: &[AskingService]) -> Vec<NamedStore> {
    let mut stores = vec![NamedStore::usual(usual)];
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
            stores.push(NamedStore { file, services, ..NamedStore::usual(config) });
        }
    }
    let is_one_of_several = stores.len() > 1;
    stores.into_iter().map(|store| NamedStore { is_one_of_several, ..store }).collect()
}

/// What stands in a store, what is wrong with it, and what was looked at.
#[derive(Debug)]
pub struct StoreReport {
    pub records: Vec<Record>,
    pub findings: Vec<Finding>,
    pub at: String,
}

/// Opens a store, and looks at all that is in it.
pub fn look(tools: &Tools<'_>, store: &NamedStore, clock: Clock) -> StoreReport {
    let at = if store.is_one_of_several {
        store.which().replacen("the store ", "store: ", 1)
    } else {
        format!("store: {}", store.state_dir().display())
    };
    match records(tools, &store.config) {
        Ok((records, index)) => {
            let enrolled = records.iter().filter(|record| record.status.is_some()).count();
            let ground = store::ground(store.state_dir());
            let mut findings = store::check(store, ground, &index, &records);
            findings.extend(clock::against(clock, (tools.now)(), tools.written, store, &records));
            StoreReport { records, findings, at: format!("{at}, {enrolled} enrolled") }
        }
        Err(error) => {
            let findings = unopened::check(&error, store).into_iter().collect();
            StoreReport { records: Vec::new(), findings, at }
        }
    }
}

/// What is in the store, and what its index says of that.
fn records(tools: &Tools<'_>, config: &Config) -> Result<(Vec<Record>, Index), StoreError> {
    let mut store = (tools.open)(config)?;
    let mut records = Vec::new();
    roster::walk(
        &mut store,
        &mut NssInBulk::default(),
        tools.now,
        |_| true,
        |person| {
            records.push(Record::from(person));
            Ok::<(), StoreError>(())
        },
    )?;
    let mut index = Index { is_complete: store.index_is_complete()?, lacks: Vec::new() };
    // Others count for no other name, whatever the index says of them.
    for record in records.iter().filter(|record| counts(record)) {
        let Some(user) = user_of(record) else { continue };
        if !store.index_finds(&user)? {
            index.lacks.push(record.user.clone());
        }
    }
    Ok((records, index))
}

/// Whether logins of other names of the uid are asked for this record, too. One that cannot be read
/// refuses them; one with a uid that its user had before does not.
fn counts(record: &Record) -> bool {
    let is_unreadable = record.unusable.is_some() && record.uid.is_none();
    (record.status.is_some() || is_unreadable) && record.is_known
}

/// The user of a record. If it cannot be used, the user who has its name.
fn user_of(record: &Record) -> Option<User> {
    let name = UserName::new(&record.user).ok()?;
    let uid = record.uid.or_else(|| match Nss.uid_of(&name) {
        Known::Uid(uid) => Some(uid),
        Known::NoSuchUser | Known::LookUpFailed => None,
    })?;
    Some(User { name, uid })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Files;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

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
