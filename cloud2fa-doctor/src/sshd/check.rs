//! What sshd's settings come to, with the stack that it has or is to have.

use super::settings::{KEYBOARD, PASSWORD, Settings, has_secret};
use super::texts::{Texts, of_match, reopened, some_differ};
use super::{Look, Sshd};
use crate::finding::{Finding, Id, Severity};
use crate::pam::{AskingService, Unenrolled};
use std::collections::BTreeMap;

/// What the checks must know of root.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    pub is_enrolled: bool,
    /// Whether some password is right for root.
    pub has_password: bool,
}

/// What must be done before the stack asks for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    Nothing,
    /// This; without it, enrolled users could not log in.
    Do(String),
    /// sshd does not say how it is set.
    Unknown,
}

/// The findings for the ways in. `asked` is sshd's service, whose stack has the module.
pub fn check(sshd: &Sshd, asked: &AskingService, root: Root) -> Vec<Finding> {
    let texts = Texts { files: &sshd.files, options: &sshd.options };
    let settings = &sshd.everybody;
    if !settings.is_on("usepam") {
        let finding = texts.pam_is_off(asked, &lines_with_pam(settings, asked, &texts));
        return vec![finding.about_services(std::slice::from_ref(&asked.service))];
    }
    let mut findings = of_ways(settings, &settings.ways(), asked, &texts);
    findings.extend(reopened_ways(sshd, asked));
    findings.extend(of_root(sshd, asked, root, &texts));
    let differing = of_users(sshd, asked, &findings, &texts);
    findings.extend(differing);
    findings.extend(settings.is_on("usedns").then(|| texts.use_dns()));
    if sshd.files.has_match() {
        findings.push(some_differ(sshd.of_users.len()));
    }
    let service = std::slice::from_ref(&asked.service);
    findings.into_iter().map(|finding| finding.about_services(service)).collect()
}

/// What to set when PAM is switched on, so that enrolled users can answer the question.
fn lines_with_pam(
    settings: &Settings,
    asked: &AskingService,
    texts: &Texts,
) -> super::settings::Lines {
    let mut lines = vec![("UsePAM", "yes".to_owned())];
    if of_ways(settings, &settings.ways(), asked, texts).iter().any(shuts_out) {
        lines.extend(settings.asking());
    }
    lines
}

/// Whether enrolled users, or some with their clients, cannot log in.
fn shuts_out(finding: &Finding) -> bool {
    finding.id == Id::SshdPasswordMethod
        || finding.id == Id::SshdNoQuestion && finding.severity == Severity::Critical
}

fn of_ways(
    settings: &Settings,
    all_ways: &[Vec<&str>],
    asked: &AskingService,
    texts: &Texts,
) -> Vec<Finding> {
    let has = |way: &[&str], method| way.contains(&method);
    // Behind a key alone, the module takes no part in the other ways.
    let ways: Vec<_> = all_ways.iter().filter(|way| !asked.after_key || takes_key(way)).collect();
    let by_one_field = ways.iter().any(|way| has(way, PASSWORD) && !has(way, KEYBOARD));
    // The method `password` is one question: enough where both are typed at once.
    let by_password = by_one_field && !asked.one_field;
    let asks = ways.iter().any(|way| has(way, KEYBOARD)) || by_one_field && asked.one_field;
    let by_key_alone = ways.iter().any(|way| !has_secret(way));
    let without_key = all_ways.iter().any(|way| !takes_key(way));
    let findings = [
        (!asks).then(|| texts.no_question(settings, by_password)),
        (asks && by_password).then(|| texts.password_method()),
        // Where the methods are named, somebody has meant it.
        (by_key_alone && !settings.has_methods()).then(|| texts.key_alone(settings)),
        (asked.after_key && without_key).then(|| texts.not_asked_without_key(settings)),
        (asked.code_alone && without_key).then(|| texts.code_alone(settings, asked)),
    ];
    findings.into_iter().flatten().collect()
}

/// A password alone lets in who is not enrolled, by PAM's questions, where a file of somebody else's says that no
/// password does.
fn reopened_ways(sshd: &Sshd, asked: &AskingService) -> Option<Finding> {
    let by_questions = |way: &Vec<&str>| way.contains(&KEYBOARD) && !takes_key(way);
    let is_open = asked.unenrolled == Some(Unenrolled::LetIn)
        && sshd.everybody.ways().iter().any(by_questions);
    let shut_by = sshd.files.shuts_what_another_file_opens().filter(|_| is_open)?;
    Some(reopened(&shut_by))
}

/// Whether what is typed lets in, as far as sshd goes. PAM's questions are asked with PAM alone.
pub fn takes_password_alone(sshd: &Sshd) -> bool {
    let settings = &sshd.everybody;
    let is_asked = |way: &[&str]| settings.is_on("usepam") || !way.contains(&KEYBOARD);
    settings.ways().iter().any(|way| !takes_key(way) && is_asked(way))
}

fn takes_key(way: &[&str]) -> bool {
    way.iter().any(|it| ![KEYBOARD, PASSWORD].contains(it))
}

/// The findings that are about root alone.
fn of_root(sshd: &Sshd, asked: &AskingService, root: Root, texts: &Texts) -> Vec<Finding> {
    let settings = sshd.of_root();
    let ways = settings.ways_of_root();
    let by_password = settings.is_on("permitrootlogin") && ways.iter().any(|way| !takes_key(way));
    let is_known = !root.is_enrolled && root.has_password;
    let without_factor = by_password && asked.unenrolled == Some(Unenrolled::LetIn) && is_known;
    let has_way = !settings.ways().is_empty();
    let locked_out = settings.root_has_keys_alone() && has_way && ways.is_empty();
    let findings = [
        without_factor.then(|| texts.root_without_factor()),
        locked_out.then(|| texts.root_locked_out(settings, sshd.root_has_key)),
    ];
    let root = ["root".to_owned()];
    let findings = findings.into_iter().flatten().map(|finding| finding.about_users(&root));
    let is_his_own = !settings.has_ways_of(&sshd.everybody);
    findings.map(|it| if is_his_own { of_match(it, &root) } else { it }).collect()
}

/// What is found for some users, and not for everybody.
fn of_users(sshd: &Sshd, asked: &AskingService, found: &[Finding], texts: &Texts) -> Vec<Finding> {
    let mut differing: BTreeMap<_, (Finding, Vec<String>)> = BTreeMap::new();
    for (user, settings) in &sshd.of_users {
        let ways = if user == "root" { settings.ways_of_root() } else { settings.ways() };
        for finding in of_ways(settings, &ways, asked, texts) {
            let is_known =
                found.iter().any(|it| it.id == finding.id && it.severity == finding.severity);
            // Who has no way in but a key is not asked, and that is another finding.
            let says_nothing = finding.id == Id::SshdNoQuestion && !shuts_out(&finding);
            if !is_known && !says_nothing {
                let key = (finding.id, finding.severity);
                differing.entry(key).or_insert_with(|| (finding, Vec::new())).1.push(user.clone());
            }
        }
    }
    differing.into_values().map(|(finding, users)| of_match(finding, &users)).collect()
}

/// What would be wrong for enrolled users, if the usual line were added to sshd's stack.
pub fn before_switching_on(look: &Look) -> Before {
    let sshd = match look {
        Look::Failed(failed) if failed.is_used => return Before::Unknown,
        Look::Absent | Look::Failed(_) => return Before::Nothing,
        Look::Settings(sshd) => sshd,
    };
    let future = AskingService {
        service: sshd.service(),
        unenrolled: Some(Unenrolled::LetIn),
        code_alone: false,
        after_key: false,
        one_field: false,
        at: String::new(),
    };
    let root = Root { is_enrolled: true, has_password: true };
    let findings = check(sshd, &future, root).into_iter().filter(shuts_out);
    let fixes: Vec<_> = findings.map(|finding| finding.fix).collect();
    if fixes.is_empty() { Before::Nothing } else { Before::Do(fixes.join("\n")) }
}
