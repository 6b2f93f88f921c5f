//! `doctor`: looks at the machine as it is, and says what would go wrong before it does. Each area
//! has a file: what it reads of the machine, and what it makes of that, apart from each other.

mod clock;
mod config;
mod finding;
mod id;
mod pam;
mod programs;
mod service;
mod sshd;
mod store;
mod stores;
mod unopened;
mod users;

pub use finding::{Finding, Report, Severity};
#[cfg(test)]
pub use id::Id;

use super::row;
use crate::arguments::Arguments;
use crate::caller::require_root;
use crate::dialogue::Dialogue;
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa::Config;
use pam::Asked;
use std::path::Path;
use std::process::ExitCode;
use store::Record;
use stores::{Looked, Named};

/// Looks at the machine, or at a configuration that is to be installed.
pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    let report = if let Some(path) = &arguments.config {
        candidate(path)
    } else {
        require_root()?;
        machine_as_it_is()
    };
    dialogue.report(&report)?;
    Ok(if report.is_healthy() { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}

/// A configuration alone, which may lie anywhere and be anybody's: that it is root's is asked for
/// where logins read it, and who makes or checks it elsewhere need not be root. What is legal,
/// however unwise, is a note: a validator that refuses a documented choice could not install it.
fn candidate(path: &Path) -> Report {
    let findings = match Config::load_candidate(path) {
        Ok(config) => config::check(&config)
            .into_iter()
            .map(|finding| Finding { severity: Severity::Note, ..finding })
            .collect(),
        Err(error) => vec![pam::bad_config(&error.to_string())],
    };
    Report::new(vec![format!("the configuration {}", path.display())], findings)
}

/// All areas.
fn machine_as_it_is() -> Report {
    let (mut findings, mut looked_at) = (Vec::new(), Vec::new());
    let loaded = Config::load(None, machine::ROOT);
    looked_at.push(format!("configuration: {}", cloud2fa::config::DEFAULT_PATH));
    match &loaded {
        Ok(config) => findings.extend(config::check(config)),
        Err(error) => findings.push(pam::bad_config(&error.to_string())),
    }
    let facts =
        pam::read(loaded.as_ref().map(Clone::clone).map_err(ToString::to_string), machine::ROOT);
    // What else there is can be looked at by the defaults.
    let config = loaded.unwrap_or_default();
    let sshd = sshd::read();
    let sshd_service = match &sshd {
        sshd::Look::Settings(sshd) => sshd.service(),
        sshd::Look::Absent | sshd::Look::Failed(_) => "sshd",
    };
    let (of_pam, asked) = pam::check(&facts, sshd_service);
    looked_at.push(services_looked_at(facts.files.services().len(), &asked));
    findings.extend(of_pam);

    let clock = clock::read();
    let stores = stores::named(&facts, &config, &asked).into_iter();
    let stores: Vec<_> = stores.map(|store| (stores::look(&store, clock), store)).collect();
    for (looked, store) in &stores {
        looked_at.push(looked.at.clone());
        findings.extend(looked.findings.iter().cloned().map(|finding| store.tell(finding)));
    }
    if let Some(asked) = asked.iter().find(|asked| asked.service == sshd_service) {
        findings.extend(of_sshd(&sshd, asked, &stores, &mut looked_at));
    }
    looked_at.push("clock: whether it is kept right, and the times of the last codes".to_owned());
    findings.extend(clock::check(clock));
    looked_at.push("service: cloud2fad, its units, socket and PAM file".to_owned());
    findings.extend(service::check(&service::read(), &config.state_dir));
    findings.extend(of_users(&asked, &stores, &mut looked_at));
    Report::new(looked_at, findings)
}

fn services_looked_at(count: usize, asked: &[Asked]) -> String {
    let names: Vec<_> = asked.iter().map(|asked| asked.service.clone()).collect();
    let asked = if names.is_empty() {
        "none asks for a code".to_owned()
    } else {
        format!("a code is asked for by {}", finding::listed(&names))
    };
    format!("PAM: {count} services; {asked}")
}

/// sshd's own settings; nothing where there is no sshd.
fn of_sshd(
    sshd: &sshd::Look,
    asked: &Asked,
    stores: &[(Looked, Named)],
    looked_at: &mut Vec<String>,
) -> Vec<Finding> {
    let of_sshd = stores.iter().filter(|(_, store)| store.services.contains(&asked.service));
    let is_root = |record: &Record| record.user == "root" && record.status.is_some();
    let root_is_enrolled = of_sshd.flat_map(|(looked, _)| &looked.records).any(is_root);
    match sshd {
        sshd::Look::Absent => Vec::new(),
        sshd::Look::Failed(why) => vec![sshd::unreadable(why)],
        sshd::Look::Settings(sshd) => {
            looked_at.push("sshd: what `sshd -T` says".to_owned());
            sshd::check(sshd, asked, root_is_enrolled)
        }
    }
}

/// Users, against each store for the services that go by it.
fn of_users(
    asked: &[Asked],
    stores: &[(Looked, Named)],
    looked_at: &mut Vec<String>,
) -> Vec<Finding> {
    let accounts = users::read();
    looked_at.push(format!("users: {} with shell and password", accounts.who_can_log_in().len()));
    let by = users::how_to_switch_on(machine::ROOT);
    let of = |(looked, store): &(Looked, Named)| {
        let findings = users::check(&accounts, &looked.records, &store.asked(asked), by);
        findings.into_iter().map(|finding| store.tell(finding)).collect::<Vec<_>>()
    };
    stores.iter().flat_map(of).collect()
}
