//! What stands in PAM's files: where the module is asked, and whether that does what it should.

#[cfg(test)]
mod any_files;
mod arguments;
mod files;
mod module_lines;
mod others;
#[cfg(test)]
pub mod tests;
mod texts;
mod ways_in;

#[cfg(test)]
pub use files::with_included;
pub use files::{has_module, read};
pub use module_lines::bad_config;
pub use ways_in::takes_password_alone;

use crate::config::set;
use crate::finding::{Finding, Id, Severity, listed};
use crate::programs_of_pam::{Manner, of_service};
use crate::stack::{self, Fault, Files, Handler, Job, Kind, Module, Place, jumps_over_the_end};
use arguments::arguments_of;
use cloud2fa::module_arguments::ModuleArguments;
use cloud2fa::{Config, PAM_SERVICE};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// All that the checks go by.
#[derive(Debug, Default)]
pub struct Facts {
    pub files: Files,
    /// Modules with which something is wrong, by their name in the line.
    pub modules: BTreeMap<String, Fault>,
    /// PAM's files and their directories, as far as others than root may write there.
    pub unsafe_paths: BTreeSet<PathBuf>,
    /// Configurations: the usual one, and those that lines name.
    pub configs: BTreeMap<Option<PathBuf>, Result<Config, String>>,
}

/// What becomes of users without an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unenrolled {
    LetIn,
    Refused,
    /// Whatever the configuration says: the stack has nothing else that lets in.
    NeverLetIn,
}

/// A service whose logins are asked for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskingService {
    pub service: String,
    /// What becomes of users without an enrolment. `None` if everybody is refused.
    pub unenrolled: Option<Unenrolled>,
    /// Whether a code, or to be without an enrolment, is enough to be let in.
    pub code_alone: bool,
    /// Whether the code is asked for behind a key alone: without one, the service asks for none.
    pub after_key: bool,
    /// Whether password and code are typed at once, so that one question is enough.
    pub one_field: bool,
    /// Where the module stands.
    pub at: String,
}

impl Facts {
    /// Whether a line of ours lets in who is not enrolled.
    fn lets_in(&self, module: &Module) -> bool {
        let Some(Ok(arguments)) = arguments_of(module) else { return false };
        let config = self.configs.get(&arguments.config).and_then(|config| config.as_ref().ok());
        config.is_some_and(|config| arguments.lets_unenrolled_in(config))
    }

    /// Like [`Facts::lets_in`] for a whole stack. `None` if one of our lines has bad arguments or an unreadable
    /// configuration.
    fn stack_lets_in(&self, stack: &[Handler]) -> Option<bool> {
        let modules: Vec<_> = stack.iter().filter_map(Handler::module).collect();
        let config_of = |arguments: ModuleArguments| self.configs.get(&arguments.config);
        let can_be_used = |ours: Result<ModuleArguments, _>| {
            ours.ok().and_then(config_of).is_some_and(Result::is_ok)
        };
        let all = modules.iter().filter_map(|module| arguments_of(module)).all(can_be_used);
        all.then(|| modules.iter().any(|module| self.lets_in(module)))
    }

    /// Configurations that lines name with `config=`.
    pub fn named_configs(&self) -> BTreeSet<PathBuf> {
        self.arguments().into_iter().filter_map(|arguments| arguments.config).collect()
    }

    /// The names of modules in the lines.
    pub fn named_modules(&self) -> BTreeSet<String> {
        let modules = self.files.all_lines().filter_map(|line| stack::module(&line));
        modules.map(|module| module.path).collect()
    }

    fn arguments(&self) -> Vec<ModuleArguments> {
        let modules = self.files.all_lines().filter_map(|line| stack::module(&line));
        modules.filter_map(|module| arguments_of(&module)?.ok()).collect()
    }
}

/// One problem, which several services may have from one line.
struct Problem {
    finding: Finding,
    services: BTreeSet<String>,
}

/// Problems, each once.
#[derive(Default)]
struct Problems(BTreeMap<(Id, Option<Place>), Problem>);

impl Problems {
    fn add(&mut self, at: Option<&Place>, service: Option<&str>, finding: Finding) {
        let key = (finding.id, at.cloned());
        let problem =
            self.0.entry(key).or_insert_with(|| Problem { finding, services: BTreeSet::new() });
        problem.services.extend(service.map(str::to_owned));
    }

    fn into_findings(self) -> Vec<Finding> {
        let with_services = |((_, at), problem): ((Id, Option<Place>), Problem)| {
            let services: Vec<_> = problem.services.into_iter().collect();
            let mut finding = problem.finding.about_services(&services);
            if !services.is_empty() {
                finding.what = format!("{} (for {})", finding.what, listed(&services));
            }
            match at {
                Some(at) => finding.about_file(&*at.file),
                None => finding,
            }
        };
        self.0.into_iter().map(with_services).collect()
    }
}

/// The services by which people log in to Debian, beside sshd's: whether anybody gets in there matters before
/// a code is asked for, too.
const LOGINS: [&str; 5] = ["login", "sudo", "sudo-i", "su", "su-l"];

/// Looks at all services. `sshd` is the name of sshd's, for which sshd's own checks say whether
/// a code may be all that it takes.
pub fn check(facts: &Facts, sshd: &str) -> (Vec<Finding>, Vec<AskingService>) {
    let mut problems = Problems::default();
    module_lines::check(facts, &mut problems);
    let mut asked = Vec::new();
    for service in facts.files.services() {
        // Who has no line of the type lets nobody in, but for sshd, which must ask for something.
        if service != sshd && !facts.files.has_lines(&service, "auth") || asks_nobody(&service) {
            continue;
        }
        let stack = facts.files.stack(&service, "auth");
        let Some(ours) = stack.iter().find(|handler| handler.is_ours()) else {
            if let Some(at) = jumps_over_the_end(&stack) {
                problems.add(Some(at), Some(&service), texts::jump_too_far(at));
            }
            if service == sshd || LOGINS.contains(&service.as_str()) {
                others::check_what_refuses(facts, &service, &stack, &mut problems);
            }
            continue;
        };
        if service == PAM_SERVICE {
            continue;
        }
        let is_sshd = service == sshd;
        let without_key = without_key(&stack);
        let after_key = !without_key.iter().any(Handler::is_ours);
        if after_key && !is_sshd {
            problems.add(Some(&ours.at), Some(&service), texts::no_key_elsewhere(&ours.at));
            continue;
        }
        let mut code_alone = ways_in::check(facts, &service, &stack, is_sshd, &mut problems);
        if without_key != stack {
            // A code behind a key is not alone.
            code_alone = ways_in::check(facts, &service, &without_key, is_sshd, &mut problems);
        }
        others::check(facts, &service, &stack, &mut problems);
        let unenrolled = ways_in::unenrolled(facts, &stack);
        let one_field = takes_one_field(&stack);
        asked.push(AskingService {
            service,
            unenrolled,
            code_alone,
            after_key,
            one_field,
            at: ours.at.to_string(),
        });
    }
    let mut findings = problems.into_findings();
    if !asked.is_empty() {
        findings.extend(facts.unsafe_paths.iter().map(|path| others::unsafe_file(path)));
    }
    // What the configuration says, somebody has meant.
    let is_said = facts.configs.get(&None).and_then(|config| config.as_ref().ok());
    if is_said.is_none_or(|config| config.unenrolled.is_none()) {
        findings.extend(policies(&asked));
    }
    (findings, asked)
}

/// Whether the lines of that service are there for nothing.
fn asks_nobody(service: &str) -> bool {
    of_service(service).is_some_and(|it| it.manner == Manner::AuthenticatesNobody)
}

/// The configurations that the module goes by, and at which of the services that ask for a code.
pub fn services_by_config(
    facts: &Facts,
    asked: &[AskingService],
) -> BTreeMap<Option<PathBuf>, BTreeSet<String>> {
    let mut services = BTreeMap::<_, BTreeSet<String>>::new();
    for AskingService { service, .. } in asked {
        let stack = facts.files.stack(service, "auth");
        for arguments in stack.iter().filter_map(|handler| arguments_of(handler.module()?)) {
            // Of arguments that it refuses, the module takes none.
            let config = arguments.ok().and_then(|arguments| arguments.config);
            services.entry(config).or_default().insert(service.clone());
        }
    }
    services
}

/// The stack as it is for a login in which sshd has proven no key: lines of ours with `after_key` take no part.
fn without_key(stack: &[Handler]) -> Vec<Handler> {
    let mut stack = stack.to_vec();
    for handler in &mut stack {
        if let Job::Module(module) = &mut handler.job
            && arguments_of(module).is_some_and(|it| it.is_ok_and(|it| it.after_key))
        {
            module.kind = Kind::Aside;
        }
    }
    stack
}

/// Whether password and code are typed at once.
fn takes_one_field(stack: &[Handler]) -> bool {
    let mut ours = stack.iter().filter_map(|handler| arguments_of(handler.module()?));
    ours.all(|arguments| arguments.is_ok_and(|it| it.forward_pass))
}

/// What holds for users without an enrolment.
fn policies(asked: &[AskingService]) -> Vec<Finding> {
    let note = |becomes: Unenrolled, id: Id, says: &str, why, fix| {
        let services = asked.iter().filter(|asked| asked.unenrolled == Some(becomes));
        let services: Vec<_> = services.map(|asked| asked.service.clone()).collect();
        let what = format!("users without an enrolment are {says} by {}", listed(&services));
        let finding = Finding::new(Severity::Note, id, what, why, fix);
        (!services.is_empty()).then(|| finding.about_services(&services))
    };
    let notes = [
        note(
            Unenrolled::LetIn,
            Id::UnenrolledAllowed,
            "let in",
            "Their password is all that it takes. Whoever knows it can also enrol them first, with a phone of their own.",
            format!("To refuse them, when all have enrolled:{}", set("unenrolled", "\"refuse\"")),
        ),
        note(
            Unenrolled::Refused,
            Id::UnenrolledRefused,
            "refused",
            "Nobody gets in with a password alone.",
            format!("To let them in until they have enrolled:{}", set("unenrolled", "\"allow\"")),
        ),
        note(
            Unenrolled::NeverLetIn,
            Id::UnenrolledRefused,
            "refused",
            "Nothing else in the stack lets anybody in, whatever `nullok` and cloud2fa.toml say.",
            "To let them in, enrol them:\n    cloud2fa enable --user NAME".to_owned(),
        ),
    ];
    notes.into_iter().flatten().collect()
}
