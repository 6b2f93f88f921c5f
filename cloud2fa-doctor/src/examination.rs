//! The examination: all areas, one after the other, and what they have of each other.

use crate::accepted::{self, Scope};
use crate::finding::{Finding, Id, Report, Severity, listed};
use crate::named::NamedStore;
use crate::pam::{AskingService, Unenrolled};
use crate::sshd::Look;
use crate::stores::StoreReport;
use crate::tools::Tools;
use crate::{
    clock, config, daemons, listeners, network, pam, service, setup, sshd, stores, sudo, users,
};
use cloud2fa::Config;
use cloud2fa::config::{ConfigError, DEFAULT_PATH};
use std::path::Path;

/// Examines a configuration alone, which may lie anywhere and be anybody's: it must be root's where
/// logins read it, and who makes or checks it elsewhere need not be root. What is legal, however
/// unwise, is a note: a validator that refuses a documented choice could not install it.
pub fn candidate(path: &Path) -> Report {
    let findings = match Config::load_candidate(path) {
        Ok(config) => {
            let findings = config::check(&config).into_iter().map(|finding| match finding.id {
                Id::BadConfig => finding,
                _ => Finding { severity: Severity::Note, ..finding },
            });
            accepted::apply(accept(&config), findings.collect(), Scope::Configuration)
        }
        Err(error) => vec![pam::bad_config(&error.to_string()).about_file(path)],
    };
    Report::new(vec![format!("the configuration {}", path.display())], findings)
}

/// The ids that the administrator knows; none where the list is wrong, which is a finding itself.
fn accept(config: &Config) -> &[String] {
    config.accept.as_deref().unwrap_or_default()
}

/// A PAM service whose logins ask for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The service's name.
    pub service: String,
    /// Whether it refuses whoever has no enrolment.
    pub refuses_unenrolled: bool,
    /// Whether it asks behind a key of sshd's alone.
    pub after_key: bool,
}

/// The PAM services whose logins ask for a code, by PAM's files, which everybody may read.
pub fn services_that_ask(root: u32) -> Vec<Asking> {
    let config = Config::load(None, root).map_err(|error| error.to_string());
    let facts = pam::read(config, root);
    let (_, asked) = pam::check(&facts, USUAL_SSHD);
    let asking = asked.into_iter().map(|it| Asking {
        service: it.service,
        refuses_unenrolled: it.unenrolled != Some(Unenrolled::LetIn),
        after_key: it.after_key,
    });
    asking.collect()
}

/// The PAM service of sshd, unless it is told another one.
const USUAL_SSHD: &str = "sshd";

/// Examines the machine as it is.
pub fn examine(tools: &Tools<'_>) -> Report {
    let (mut findings, mut looked_at) = (Vec::new(), Vec::new());
    let loaded = Config::load(None, tools.root);
    looked_at.push(format!("configuration: {DEFAULT_PATH}"));
    findings.extend(loaded.as_ref().map_or_else(unusable, config::check));
    let facts =
        pam::read(loaded.as_ref().map(Clone::clone).map_err(ToString::to_string), tools.root);
    // What else there is can be looked at by the defaults.
    let config = loaded.unwrap_or_default();
    let mut sshd = sshd::read();
    let (of_pam, asked) = pam::check(&facts, &sshd.service());
    looked_at.push(services_looked_at(facts.files.services().len(), &asked));
    findings.extend(of_pam);
    let verifiers = config.verifiers.as_deref().unwrap_or_default();
    findings.extend(daemons::check(&asked, &daemons::read(), verifiers));

    let clock = clock::read();
    let stores = stores::named(&facts, &config, &asked).into_iter();
    let stores: Vec<_> = stores.map(|store| (stores::look(tools, &store, clock), store)).collect();
    for (looked, store) in &stores {
        looked_at.push(looked.at.clone());
        findings.extend(looked.findings.iter().cloned().map(|finding| store.tell(finding)));
    }
    let accounts = users::read();
    let before = of_sshd(&mut sshd, &asked, &stores, &accounts, &mut findings, &mut looked_at);
    findings.extend(of_sudo(&asked, &stores, &accounts));
    findings.extend(of_network(&facts, &sshd, !asked.is_empty(), &mut looked_at));
    looked_at.push("clock: whether it is kept right, and the times of the last codes".to_owned());
    findings.extend(clock::check(clock));
    findings.extend(setup::check(setup::read().as_ref()));
    looked_at.push("service: cloud2fad, its units, socket and PAM file".to_owned());
    findings.extend(service::check(&service::read(), &config.state_dir));
    looked_at.push(format!("users: {} with shell and password", accounts.who_can_log_in().len()));
    findings.extend(of_users(tools.root, &accounts, &asked, &stores, &before));
    let findings = accepted::apply(accept(&config), findings, Scope::Machine);
    Report { nothing_asks: asked.is_empty(), ..Report::new(looked_at, findings) }
}

/// Examines sshd with the stack that it has. Gives what must be done before it gets another one.
fn of_sshd(
    sshd: &mut Look,
    asked: &[AskingService],
    stores: &[(StoreReport, NamedStore)],
    accounts: &users::Accounts,
    findings: &mut Vec<Finding>,
    looked_at: &mut Vec<String>,
) -> sshd::Before {
    // The usual store, if sshd asks by none so far.
    let by = stores.iter().find(|(_, store)| store.services.contains(&sshd.service()));
    let records = by.or(stores.first()).map_or(&[][..], |(looked, _)| &looked.records);
    let enrolled = records.iter().filter(|record| record.status.is_some());
    let enrolled: Vec<_> = enrolled.map(|record| record.user.clone()).collect();
    if let Look::Settings(sshd) = sshd {
        sshd.ask_for(&enrolled);
    }
    let root = sshd::Root {
        is_enrolled: accounts.enrolled(records).contains("root"),
        has_password: accounts.has_password("root"),
    };
    let before = sshd::before_switching_on(sshd);
    let at_sshd = asked.iter().find(|asked| asked.service == sshd.service());
    let is_to_be = asked.is_empty() && !enrolled.is_empty() && before == sshd::Before::Unknown;
    match (sshd, at_sshd) {
        (Look::Failed(failed), at_sshd) if at_sshd.is_some() || is_to_be => {
            findings.push(sshd::unreadable(failed));
        }
        (Look::Settings(sshd), Some(asked)) => {
            looked_at.push("sshd: what `sshd -T` says".to_owned());
            findings.extend(sshd::check(sshd, asked, root));
        }
        _ => {}
    }
    before
}

fn unusable(config: &ConfigError) -> Vec<Finding> {
    vec![pam::bad_config(&config.to_string()).about_file(DEFAULT_PATH)]
}

/// Looks whose code sudo asks for.
fn of_sudo(
    asked: &[AskingService],
    stores: &[(StoreReport, NamedStore)],
    accounts: &users::Accounts,
) -> Option<Finding> {
    let has_root = |looked: &StoreReport| accounts.enrolled(&looked.records).contains("root");
    sudo::check(sudo::read(), asked, stores.iter().any(|(looked, _)| has_root(looked)))
}

/// Looks who reaches what from outside.
fn of_network(
    facts: &pam::Facts,
    sshd: &Look,
    is_asked: bool,
    looked_at: &mut Vec<String>,
) -> Vec<Finding> {
    let (takes_passwords, uses_pam) = match sshd {
        Look::Settings(it) => (sshd::takes_password_alone(it), it.settings().is_on("usepam")),
        Look::Absent | Look::Failed(_) => (false, true),
    };
    let ssh = network::Ssh { service: sshd.service(), takes_passwords, uses_pam };
    let reachable = listeners::reachable();
    let names: Vec<_> = reachable.iter().map(|name| (*name).to_owned()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { listed(&names) };
    looked_at.push(format!("network: of the programs that use PAM, it reaches {names}"));
    network::check(facts, &ssh, &reachable, is_asked)
}

fn services_looked_at(count: usize, asked: &[AskingService]) -> String {
    let names: Vec<_> = asked.iter().map(|asked| asked.service.clone()).collect();
    let asked = if names.is_empty() {
        "none asks for a code".to_owned()
    } else {
        format!("a code is asked for by {}", listed(&names))
    };
    format!("PAM: {count} services; {asked}")
}

/// Compares the users with each store, for the services that go by it.
fn of_users(
    root: u32,
    accounts: &users::Accounts,
    asked: &[AskingService],
    stores: &[(StoreReport, NamedStore)],
    before: &sshd::Before,
) -> Vec<Finding> {
    let by = users::how_to_switch_on(root);
    let of = |(looked, store): &(StoreReport, NamedStore)| {
        let asked = store.asked(asked);
        let findings = users::check(accounts, &looked.records, &asked, by, before);
        findings.into_iter().map(|finding| store.tell(finding)).collect::<Vec<_>>()
    };
    stores.iter().flat_map(of).collect()
}
