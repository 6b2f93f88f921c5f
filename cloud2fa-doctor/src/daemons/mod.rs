//! Programs that get to the module, and whose way with PAM does not go with a code as it is.

mod read;
mod texts;

pub use read::{Daemons, read};

use crate::finding::Finding;
use crate::pam::AskingService;
use crate::programs_of_pam::{Habit, Manner, Program, of_service};
use cloud2fa::UserName;
use std::collections::BTreeSet;

/// The service of all that have no file.
const OTHER: &str = "other";

/// What is said of services.
type Text = fn(&[String]) -> Finding;

/// The findings for the services that ask for a code.
/// `verifiers` are the accounts that may have codes of others verified.
pub fn check(asked: &[AskingService], daemons: &Daemons, verifiers: &[UserName]) -> Vec<Finding> {
    let known = asked.iter().filter_map(|it| Some((it, of_service(&it.service)?)));
    let known: Vec<_> = known.collect();
    let services = |is_meant: &dyn Fn(&AskingService, &Program) -> bool| {
        let meant = known.iter().filter(|(service, program)| is_meant(service, program));
        meant.map(|(it, _)| it.service.clone()).collect::<Vec<_>>()
    };
    let may_ask = |program: &Program| {
        let is_named = |user| verifiers.iter().any(|it| it.as_str() == user);
        program.user.is_none_or(is_named) || daemons.run_as_root.contains(program.name)
    };
    let round =
        services(&|_, it| it.habit == Some(Habit::AsksOthersToo) && daemons.proftpd_asks_others);
    let openvpn =
        asked.iter().filter(|it| daemons.of_openvpn.contains(&it.service) && !it.one_field);
    let openvpn: Vec<_> = openvpn.map(|it| it.service.clone()).collect();
    let one_answer = services(&|it, program| {
        let is_said_already = round.contains(&it.service) || openvpn.contains(&it.service);
        let has_one = program.manner == Manner::OneAnswer && !it.one_field;
        has_one && may_ask(program) && !is_said_already
    });
    let screen = daemons.screen_has_no_file && asked.iter().any(|it| it.service == OTHER);
    let each_request = services(&|_, it| it.manner == Manner::OneAnswerEachRequest && may_ask(it));
    let remembered = services(&|_, it| match it.habit {
        Some(Habit::RemembersWithC) => daemons.saslauthd_remembers,
        Some(Habit::RemembersInCache) => daemons.dovecot_remembers,
        Some(Habit::AsksOthersToo) | None => false,
    });
    let without_root = services(&|_, it| !may_ask(it));
    let findings: [(_, Text); 5] = [
        (round, texts::goes_round),
        (one_answer, texts::one_answer),
        (openvpn, texts::openvpn),
        (each_request, texts::each_request),
        (remembered, texts::remembered),
    ];
    let findings = findings.into_iter().filter(|(services, _)| !services.is_empty());
    let findings = findings.map(|(services, text)| text(&services).about_services(&services));
    let without_root = (!without_root.is_empty()).then(|| {
        // Who asks anew at each request has no use for it.
        let asks_once = |it: &&Program| it.manner != Manner::OneAnswerEachRequest;
        let programs = without_root.iter().filter_map(|it| of_service(it)).filter(asks_once);
        let users: BTreeSet<_> = programs.filter_map(|it| it.user.map(str::to_owned)).collect();
        let named = verifiers.iter().map(ToString::to_string).filter(|_| !users.is_empty());
        let users = named.chain(users.clone()).collect();
        texts::without_root(&without_root, &users).about_services(&without_root)
    });
    findings.chain(screen.then(texts::screen)).chain(without_root).collect()
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
        assert_eq!(found(&services, &Daemons::default()), [""; 0]);
        let asked = ["dovecot", "vsftpd", "smtp", "i3lock"].map(|service| asking(service, true));
        assert_eq!(said(&asked, &Daemons::default()), [""; 0]);
    }

    #[test]
    fn each_kind_of_program_is_told_what_helps_it() {
        let usual = Daemons::default();
        let none = |services| found(services, &usual);
        assert_eq!(none(&["dovecot", "cups", "sudo"]), ["one_answer: cups dovecot"]);
        assert_eq!(none(&["monit"]), ["asks_each_request: monit"]);
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
        let openvpn = Daemons { of_openvpn: ["login".to_owned()].into(), ..Daemons::default() };
        assert_eq!(found(&["login", "openvpn"], &openvpn), ["one_answer: login"]);
        let screen = Daemons { screen_has_no_file: true, ..Daemons::default() };
        assert_eq!(found(&["other"], &screen), ["one_answer: other"]);
        assert_eq!(found(&["login"], &screen), [""; 0]);
    }
}
