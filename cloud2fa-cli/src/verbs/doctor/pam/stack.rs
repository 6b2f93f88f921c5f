//! The auth stack of a service: its lines in order, with what they include put in their place.

use super::control::Control;
use super::line::{Line, Place, Word, lines};
use super::modules::{Kind, kind};
use cloud2fa::module_arguments::{Arguments, BadArgument};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Where service files are. The first that has a file wins.
pub const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// What is read where there is no directory.
pub const PAM_CONF: &str = "/etc/pam.conf";

/// libpam's own limit of files in files (`PAM_SUBSTACK_MAX_LEVEL` is lower).
const DEEPEST: usize = 32;

/// No stack that anybody has written is longer.
const LONGEST: usize = 400;

/// All files that say how programs log in, by path.
#[derive(Debug, Default)]
pub struct Files(pub BTreeMap<PathBuf, Vec<u8>>);

/// A module as a line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// As it is written: a name, or an absolute path.
    pub path: String,
    pub arguments: Vec<String>,
    pub kind: Kind,
}

impl Module {
    /// Ours, and what it makes of its arguments.
    pub fn ours(&self) -> Option<Result<Arguments, BadArgument>> {
        let arguments = self.arguments.iter().map(String::as_bytes);
        (self.kind == Kind::Ours).then(|| Arguments::parse(arguments))
    }
}

/// What a line does in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    Module(Module),
    /// A stack of its own begins behind it.
    Substack,
    /// libpam cannot read the line, or not what it includes: it refuses.
    Refusal,
}

/// A line of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    pub at: Place,
    /// How many stacks it is in.
    pub level: usize,
    pub job: Job,
    pub control: Control,
}

impl Handler {
    pub fn module(&self) -> Option<&Module> {
        match &self.job {
            Job::Module(module) => Some(module),
            Job::Substack | Job::Refusal => None,
        }
    }

    pub fn is_ours(&self) -> bool {
        self.module().is_some_and(|module| module.kind == Kind::Ours)
    }
}

/// Copies that packages and editors leave behind; no program has such a name.
fn is_left_over(name: &str) -> bool {
    let endings = ["~", ".bak", ".orig", ".old", ".pam-old", ".rpmsave", ".rpmnew", ".swp"];
    name.contains(".dpkg-")
        || name.contains(".ucf-")
        || endings.iter().any(|end| name.ends_with(end))
}

/// Files that are there to be included: Debian's, Fedora's and Arch's.
fn is_fragment(name: &str) -> bool {
    name.starts_with("common-")
        || name.ends_with("-auth")
        || [
            "postlogin",
            "system-login",
            "system-local-login",
            "system-remote-login",
            "system-services",
        ]
        .contains(&name)
}

impl Files {
    /// The services that a program may have. `other` stands for all that have no file.
    pub fn services(&self) -> Vec<String> {
        let is_there =
            |path: &Path| DIRECTORIES.iter().any(|it| path.parent() == Some(Path::new(it)));
        let paths = self.0.keys().filter(|path| is_there(path));
        let names = paths.filter_map(|path| path.file_name()?.to_str());
        let mut names: Vec<_> = names
            .filter(|name| !is_left_over(name) && !is_fragment(name))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The lines of that type that a login at `service` goes through.
    pub fn stack(&self, service: &str, kind_of_line: &str) -> Vec<Handler> {
        let mut stack = Vec::new();
        if let Some(path) = self.find(service) {
            self.gather(path, kind_of_line, 0, 0, &mut stack);
        }
        stack
    }

    /// The lines of a file.
    fn lines(&self, path: &Path) -> Vec<Line> {
        let content = self.0.get(path).map(Vec::as_slice).unwrap_or_default();
        lines(&Rc::from(path), content)
    }

    /// All lines of all files, for what is wrong with a line whatever includes it.
    pub fn all_lines(&self) -> impl Iterator<Item = Line> {
        let is_left_over = |path: &Path| {
            path.file_name().is_some_and(|name| is_left_over(&name.to_string_lossy()))
        };
        let used =
            self.0.keys().filter(move |path| !is_left_over(path) && *path != Path::new(PAM_CONF));
        used.flat_map(|path| self.lines(path))
    }

    /// Lines that name our module in the file that does not count where there are directories.
    pub fn lines_of_pam_conf(&self) -> Vec<Line> {
        let names_ours =
            |line: &Line| line.words.get(3).is_some_and(|it| kind(&it.text) == Kind::Ours);
        self.lines(Path::new(PAM_CONF)).into_iter().filter(names_ours).collect()
    }

    /// Files elsewhere that are included and were not read yet.
    pub fn unread(&self) -> Vec<PathBuf> {
        let named = self.all_lines().filter_map(|line| {
            let included = included(&line)?;
            included.name.starts_with('/').then(|| PathBuf::from(included.name))
        });
        named.filter(|path| !self.0.contains_key(path)).collect()
    }

    fn find(&self, name: &str) -> Option<&Path> {
        let candidates: Vec<_> = if name.starts_with('/') {
            vec![PathBuf::from(name)]
        } else {
            DIRECTORIES.iter().map(|directory| Path::new(directory).join(name)).collect()
        };
        let found = candidates.iter().find_map(|path| self.0.get_key_value(path));
        found.map(|(path, _)| path.as_path())
    }

    fn gather(
        &self,
        path: &Path,
        wanted: &str,
        level: usize,
        depth: usize,
        stack: &mut Vec<Handler>,
    ) {
        for line in self.lines(path) {
            if stack.len() >= LONGEST {
                return;
            }
            let handler = |job, control| Handler { at: line.at.clone(), level, job, control };
            if let Some(included) = included(&line) {
                if !included.of_every_type && !is_of_type(&line.words[0], wanted) {
                    continue;
                }
                let found = self.find(included.name).filter(|_| depth < DEEPEST && level < DEEPEST);
                let Some(found) = found else {
                    stack.push(handler(Job::Refusal, Control::refusal()));
                    continue;
                };
                if included.is_substack {
                    stack.push(handler(Job::Substack, Control::refusal()));
                }
                let level = level + usize::from(included.is_substack);
                self.gather(found, wanted, level, depth + 1, stack);
            } else if is_of_type(&line.words[0], wanted) {
                stack.push(match module(&line) {
                    Some(module) => handler(Job::Module(module), Control::parse(&line.words[1])),
                    None => handler(Job::Refusal, Control::refusal()),
                });
            }
        }
    }
}

struct Included<'a> {
    name: &'a str,
    of_every_type: bool,
    is_substack: bool,
}

/// The file that a line includes: Debian's `@include FILE`, `TYPE include FILE`, `TYPE substack FILE`.
fn included(line: &Line) -> Option<Included<'_>> {
    let word = |index: usize| line.words.get(index).map(|word| word.text.as_str());
    let is =
        |index, expected: &str| word(index).is_some_and(|word| word.eq_ignore_ascii_case(expected));
    if is(0, "@include") {
        return Some(Included { name: word(1)?, of_every_type: true, is_substack: false });
    }
    let is_substack = is(1, "substack");
    (is_substack || is(1, "include"))
        .then(|| Some(Included { name: word(2)?, of_every_type: false, is_substack }))?
}

/// Whether a line's first word is that type. A `-` before it is about the log alone.
fn is_of_type(word: &Word, wanted: &str) -> bool {
    word.text.strip_prefix('-').unwrap_or(&word.text).eq_ignore_ascii_case(wanted)
}

/// The module of a line that includes nothing.
pub fn module(line: &Line) -> Option<Module> {
    let path = line.words.get(2)?.text.clone();
    let arguments = line.words[3..].iter().map(|word| word.text.clone()).collect();
    Some(Module { kind: kind(&path), path, arguments })
}
