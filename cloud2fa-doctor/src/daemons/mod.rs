//! Programs that get to the module, and whose way with PAM does not go with a code as it is.

mod read;
mod texts;

pub use read::{Daemons, read};

use crate::finding::Finding;
use crate::pam::AskingService;
use crate::programs_of_pam::{Habit, Manner, Program, of_service};
use cloud2fa::UserName;
use read::OTHER;
use std::collections::{BTreeMap, BTreeSet};

/// What does not go with a code, in the order of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    GoesRound,
    OneAnswer,
    /// Likewise, and OpenVPN can be told better.
    NotTold,
    EachRequest,
    WithoutRoot,
    Remembers,
}

/// The findings for the services that ask for a code. `verifiers` are the accounts that may have codes of others
/// verified.
pub fn check(asked: &[AskingService], daemons: &Daemons, verifiers: &[UserName]) -> Vec<Finding> {
    let mut found = BTreeMap::<Trouble, Vec<String>>::new();
    for service in asked {
        for trouble in troubles(service, daemons, verifiers) {
            found.entry(trouble).or_default().push(service.service.clone());
        }
    }
    let screen = daemons.screen_has_no_file && asked.iter().any(|it| it.service == OTHER);
    let findings = found.into_iter().map(|(trouble, services)| {
        let finding = match trouble {
            Trouble::GoesRound => texts::goes_round(&services),
            Trouble::OneAnswer => texts::one_answer(&services),
            Trouble::NotTold => texts::openvpn(&services),
            Trouble::EachRequest => texts::each_request(&services),
            Trouble::WithoutRoot => texts::without_root(&services, &to_name(&services, verifiers)),
            Trouble::Remembers => texts::remembered(&services),
        };
        finding.about_services(&services)
    });
    findings.chain(screen.then(texts::screen)).collect()
}

/// What is wrong with the program of one service.
fn troubles(it: &AskingService, daemons: &Daemons, verifiers: &[UserName]) -> Vec<Trouble> {
    let program = of_service(&it.service);
    // OpenVPN asks by the service that it is told; of one that its files do not name, others may know.
    let told = daemons.of_openvpn.get(&it.service).copied();
    let is_its = program.is_some_and(|it| it.manner == Manner::AnswersAsConfigured);
    if !it.one_field && told.or(is_its.then_some(false)) == Some(false) {
        return vec![Trouble::NotTold];
    }
    let Some(program) = program else { return Vec::new() };
    let is_named = |user| verifiers.iter().any(|it| it.as_str() == user);
    let may_ask = program.user.is_none_or(is_named) || daemons.run_as_root.contains(program.name);
    let goes_round = program.habit == Some(Habit::AsksOthersToo) && daemons.proftpd_asks_others;
    let remembers = match program.habit {
        Some(Habit::RemembersWithC) => daemons.saslauthd_remembers,
        Some(Habit::RemembersInCache) => daemons.dovecot_remembers,
        Some(Habit::AsksOthersToo) | None => false,
    };
    let of_manner = match program.manner {
        // They refuse everybody, whatever they make of the answers.
        _ if !may_ask => Some(Trouble::WithoutRoot),
        _ if goes_round => Some(Trouble::GoesRound),
        Manner::OneAnswer | Manner::OneAnswerEachRequest if !it.one_field => {
            Some(Trouble::OneAnswer)
        }
        Manner::OneAnswerEachRequest => Some(Trouble::EachRequest),
        Manner::OneAnswer
        | Manner::AsksEach
        | Manner::AnswersAsConfigured
        | Manner::AuthenticatesNobody => None,
    };
    of_manner.into_iter().chain(remembers.then_some(Trouble::Remembers)).collect()
}

/// The verifiers that there should be, for the programs of these services. None where that does not help: who
/// asks anew at each request has no use for it.
fn to_name(services: &[String], verifiers: &[UserName]) -> BTreeSet<String> {
    let asks_once = |it: &&Program| it.manner != Manner::OneAnswerEachRequest;
    let programs = services.iter().filter_map(|it| of_service(it)).filter(asks_once);
    let users: BTreeSet<_> = programs.filter_map(|it| it.user.map(str::to_owned)).collect();
    let named = verifiers.iter().map(ToString::to_string).filter(|_| !users.is_empty());
    named.chain(users.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(service: &str, one_field: bool) -> AskingService {
        AskingService {
            service: service.to_owned(),
            unenrolled: None,
            code_alone: false,
            after_key: false,
            one_field,
            at: String::new(),
        }
    }

    /// What is found of services that ask question by question, as `id: services`.
    fn found(services: &[&str], daemons: &Daemons) -> Vec<String> {
        let asked: Vec<_> = services.iter().map(|service| asking(service, false)).collect();
        said(&asked, daemons)
    }

    fn said(asked: &[AskingService], daemons: &Daemons) -> Vec<String> {
        let said = |it: Finding| {
            let services = it.about.services.into_iter().collect::<Vec<_>>();
            format!("{}: {}", it.id.word(), services.join(" "))
        };
        check(asked, daemons, &[]).into_iter().map(said).collect()
    }

    #[test]
    fn programs_that_work_are_no_finding() {
        let services = ["sshd", "login", "sudo", "cockpit", "mariadb", "mysql", "openvpn"];
        let told = [("openvpn".to_owned(), true)];
        let openvpn = Daemons { of_openvpn: told.into(), ..Daemons::default() };
        assert_eq!(found(&services, &openvpn), [""; 0]);
        let asked = ["dovecot", "vsftpd", "smtp", "i3lock"].map(|service| asking(service, true));
        assert_eq!(said(&asked, &Daemons::default()), [""; 0]);
    }

    #[test]
    fn each_kind_of_program_is_told_what_helps_it() {
        let usual = Daemons::default();
        let none = |services| found(services, &usual);
        assert_eq!(none(&["dovecot", "cups", "sudo"]), ["one_answer: cups dovecot"]);
        assert_eq!(none(&["monit", "pwauth", "screen"]), ["one_answer: monit pwauth screen"]);
        assert_eq!(said(&[asking("monit", true)], &usual), ["asks_each_request: monit"]);
        // They refuse everybody, which comes before all that they do with the answers.
        assert_eq!(none(&["nginx", "postgresql"]), ["daemon_not_root: nginx postgresql"]);
        assert_eq!(none(&["radiusd"]), ["daemon_not_root: radiusd"]);
        let as_root = Daemons { run_as_root: ["FreeRADIUS"].into(), ..Daemons::default() };
        assert_eq!(found(&["radiusd"], &as_root), ["one_answer: radiusd"]);
        assert_eq!(said(&[asking("radiusd", true)], &as_root), [""; 0]);
        // Nor is it one whom the configuration names.
        let radius = [asking("radiusd", true), asking("postgresql", true)];
        let named = UserName::new("freerad").unwrap();
        let findings = check(&radius, &usual, &[named]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].fix.contains("verifiers = [\"freerad\", \"postgres\"]"),
            "{findings:?}"
        );
    }

    #[test]
    fn what_a_configuration_says_makes_a_program_unfit() {
        let round = Daemons { proftpd_asks_others: true, ..Daemons::default() };
        assert_eq!(found(&["proftpd"], &round), ["goes_round_pam: proftpd"]);
        assert_eq!(said(&[asking("proftpd", true)], &round), ["goes_round_pam: proftpd"]);
        let cached =
            Daemons { saslauthd_remembers: true, dovecot_remembers: true, ..Daemons::default() };
        let asked = ["dovecot", "smtp"].map(|service| asking(service, true));
        assert_eq!(said(&asked, &cached), ["answers_remembered: dovecot smtp"]);
        let not_told = [("login".to_owned(), false)];
        let openvpn = Daemons { of_openvpn: not_told.into(), ..Daemons::default() };
        assert_eq!(found(&["login", "openvpn"], &openvpn), ["one_answer: login openvpn"]);
        let one_field = ["login", "openvpn"].map(|service| asking(service, true));
        assert_eq!(said(&one_field, &openvpn), [""; 0]);
        let screen = Daemons { screen_has_no_file: true, ..Daemons::default() };
        assert_eq!(found(&["other"], &screen), ["one_answer: other"]);
        assert_eq!(found(&["login"], &screen), [""; 0]);
    }
}
